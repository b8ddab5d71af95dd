"""Puts the folders of the catalogue together, the user's own over the shipped one, and checks that all names meet."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from auditor.catalog.entries import Benchmark, Control, Crosswalk, Override, Parameter
from auditor.catalog.reading import (
    PARAMETERS_FILE,
    kind_of,
    read_benchmarks,
    read_controls,
    read_crosswalks,
    read_overrides,
)
from auditor.catalog.registry import Catalog
from auditor.errors import CatalogError, nearest

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = ("controls", "benchmarks", "crosswalks", "queries")
_KNOWN = (*_FOLDERS, PARAMETERS_FILE)
_T = TypeVar("_T")


def config_folder() -> Path:
    """The shipped catalogue: inside the package when installed from a wheel, beside it in a checkout."""
    installed = _PACKAGE / "_config"
    return installed if installed.is_dir() else _PACKAGE.parent / "config"


def load_catalog(folder: Path | None = None, *more: Path) -> Catalog:
    """The catalogue of ``folder`` (the shipped one by default), its entries replaced or added to by ``more``.

    Raises CatalogError, naming the file and the entry.
    """
    merged = _Merged()
    for place in (folder or config_folder(), *more):
        _refuse_other_folders(place)
        merged.add(place)
    merged.refuse_dangling_names()
    merged.refuse_odd_overrides()
    return merged.catalog()


@dataclass
class _Merged:
    """Entries with their files, those of later folders over those of earlier ones; ``replaced`` and ``rewritten`` keep
    what was there first, ``signatures`` the parameters each check was first given."""

    controls: dict[str, tuple[Control, Path]] = field(default_factory=dict)
    benchmarks: dict[str, tuple[Benchmark, Path]] = field(default_factory=dict)
    crosswalks: dict[str, tuple[Crosswalk, Path]] = field(default_factory=dict)
    overrides: list[tuple[Override, Path]] = field(default_factory=list)
    replaced: dict[str, Control] = field(default_factory=dict)
    rewritten: dict[str, Benchmark] = field(default_factory=dict)
    signatures: dict[str, Mapping[str, Parameter]] = field(default_factory=dict)

    def add(self, place: Path) -> None:
        controls, benchmarks = read_controls(place), read_benchmarks(place)
        for control, file in controls.values():
            self._refuse_odd_parameters(control, file)
        self.replaced = {i: self.controls[i][0] for i in controls if i in self.controls} | self.replaced
        self.rewritten = {i: self.benchmarks[i][0] for i in benchmarks if i in self.benchmarks} | self.rewritten
        self.controls |= controls
        self.benchmarks |= benchmarks
        self.crosswalks |= read_crosswalks(place)
        self.overrides += read_overrides(place)

    def catalog(self) -> Catalog:
        return Catalog.of(
            _plain(self.controls),
            _plain(self.benchmarks),
            _plain(self.crosswalks),
            tuple(override for override, _ in self.overrides),
            self.replaced,
            self.rewritten,
        )

    def _refuse_odd_parameters(self, control: Control, file: Path) -> None:
        """Two controls of one check have parameters of the same names and kinds."""
        if control.check is None:
            return
        known = self.signatures.setdefault(control.check, control.parameters)
        for name in known:
            if name not in control.parameters:
                raise CatalogError(
                    f"{file}: control {control.id!r}: the check {control.check!r} needs the parameter {name!r}"
                )
        _refuse_other_parameters(control.parameters, known, f"{file}: control {control.id!r}")

    def refuse_odd_overrides(self) -> None:
        for number, (override, file) in enumerate(self.overrides, start=1):
            known = self.controls[override.control][0].parameters
            _refuse_other_parameters(override.parameters, known, f"{file}: entry number {number}: {override.control}")

    def refuse_dangling_names(self) -> None:
        """Every control that another entry names must exist."""
        for file, who, control_id in (*self._related(), *self._asked(), *self._mapped(), *self._overridden()):
            if control_id not in self.controls:
                hint = nearest(control_id, self.controls)
                raise CatalogError(f"{file}: {who} names the control {control_id!r}, which does not exist{hint}")

    def _related(self) -> Iterator[tuple[Path, str, str]]:
        return ((file, f"control {c.id!r}", other) for c, file in self.controls.values() for other in c.related)

    def _asked(self) -> Iterator[tuple[Path, str, str]]:
        for benchmark, file in self.benchmarks.values():
            for requirement in benchmark.requirements:
                yield file, f"benchmark {benchmark.id!r}: requirement {requirement.id!r}", requirement.control

    def _mapped(self) -> Iterator[tuple[Path, str, str]]:
        return ((file, f"crosswalk {c.id!r}", other) for c, file in self.crosswalks.values() for other in c.mapping)

    def _overridden(self) -> Iterator[tuple[Path, str, str]]:
        return ((file, f"entry number {n}", o.control) for n, (o, file) in enumerate(self.overrides, start=1))


def _refuse_other_parameters(given: Mapping[str, Parameter], known: Mapping[str, Parameter], where: str) -> None:
    for name, value in given.items():
        if name not in known:
            raise CatalogError(f"{where}: unknown parameter {name!r}{nearest(name, known)}")
        if type(value) is not type(known[name]):
            raise CatalogError(f"{where}: {name} must be {kind_of(known[name])}, not {kind_of(value)}")


def _plain(entries: Mapping[str, tuple[_T, Path]]) -> list[_T]:
    return [entry for entry, _ in entries.values()]


def _refuse_other_folders(folder: Path) -> None:
    """A folder that holds no part of a catalogue, or a part under a name that nobody would read."""
    if not folder.is_dir():
        raise CatalogError(f"{folder}: there is no such folder")
    if not any((folder / part).exists() for part in _KNOWN):
        parts = ", ".join(f"{part}/" for part in _FOLDERS)
        raise CatalogError(f"{folder}: none of {parts} and {PARAMETERS_FILE} is there")
    for path in sorted(folder.iterdir()):
        close = difflib.get_close_matches(path.name, _KNOWN, n=1, cutoff=0.8)
        if close and path.name not in _KNOWN:
            raise CatalogError(f"{path}: nobody reads this name (did you mean {close[0]!r}?)")
    for path in sorted(folder.glob("*/*.yml")):
        if path.parent.name in _FOLDERS:
            raise CatalogError(f"{path}: only files that end in .yaml are read")
