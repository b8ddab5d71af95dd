"""Puts the folders of the catalogue together, the user's own over the shipped one, and checks that all names meet."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from auditor.catalog.entries import Benchmark, Control, Crosswalk, Override
from auditor.catalog.entry import Parameter
from auditor.catalog.reading import (
    PARAMETERS_FILE,
    kind_of,
    read_benchmarks,
    read_controls,
    read_crosswalks,
    read_overrides,
)
from auditor.catalog.registry import Catalog
from auditor.catalog.sql.compiled import FieldProblem, compiled
from auditor.catalog_folders import catalog_folders, config_folder
from auditor.errors import CatalogError, nearest
from auditor.yaml_file import Place

_FOLDERS = ("controls", "benchmarks", "crosswalks", "queries")
_KNOWN = (*_FOLDERS, PARAMETERS_FILE)
_EXPECTED = {bool: "true or false", int: "a number", str: "a text", list: "a list"}
_T = TypeVar("_T")


def load_catalog(folder: Path | None = None, *more: Path) -> Catalog:
    """The catalogue of ``folder`` (by default ``catalog_folders``), its entries replaced or added to by ``more``.

    Raises CatalogError, naming the file and the entry, and PluginError.
    """
    merged = _Merged()
    for place in (*((folder,) if folder else catalog_folders()), *more):
        _refuse_other_folders(place)
        if place == config_folder():
            merged.add(_shipped(place), is_strict=False)
        else:
            merged.add(_Entries.read(place), is_strict=True)
    merged.refuse_dangling_names()
    merged.refuse_odd_overrides()
    return merged.catalog()


@dataclass(frozen=True)
class _Entries:
    """What one folder holds, with places."""

    controls: Mapping[str, tuple[Control, Place]]
    benchmarks: Mapping[str, tuple[Benchmark, Place]]
    crosswalks: Mapping[str, tuple[Crosswalk, Place]]
    overrides: Sequence[tuple[Override, Place]]

    @classmethod
    def read(cls, folder: Path) -> _Entries:
        return cls(read_controls(folder), read_benchmarks(folder), read_crosswalks(folder), read_overrides(folder))


@cache
def _shipped(folder: Path) -> _Entries:
    """Read once: it does not change while the program runs, and its files take longer to read than all the rest."""
    return _Entries.read(folder)


@dataclass
class _Merged:
    """Entries with their places, those of later folders over those of earlier ones; ``replaced`` and ``rewritten`` keep
    what was there first, ``signatures`` the parameters each check was first given."""

    controls: dict[str, tuple[Control, Place]] = field(default_factory=dict)
    benchmarks: dict[str, tuple[Benchmark, Place]] = field(default_factory=dict)
    crosswalks: dict[str, tuple[Crosswalk, Place]] = field(default_factory=dict)
    overrides: list[tuple[Override, Place]] = field(default_factory=list)
    replaced: dict[str, Control] = field(default_factory=dict)
    rewritten: dict[str, Benchmark] = field(default_factory=dict)
    signatures: dict[str, Mapping[str, Parameter]] = field(default_factory=dict)

    def add(self, entries: _Entries, *, is_strict: bool) -> None:
        """With ``is_strict`` the SQL of the controls is read as well; the shipped one was, in the tests."""
        controls, benchmarks = entries.controls, entries.benchmarks
        for control, place in controls.values():
            self._refuse_odd_parameters(control, place)
            if is_strict and control.table is not None:
                refuse_odd_sql(control, place)
        self.replaced = {i: self.controls[i][0] for i in controls if i in self.controls} | self.replaced
        self.rewritten = {i: self.benchmarks[i][0] for i in benchmarks if i in self.benchmarks} | self.rewritten
        self.controls |= controls
        self.benchmarks |= benchmarks
        self.crosswalks |= entries.crosswalks
        self.overrides += entries.overrides

    def catalog(self) -> Catalog:
        return Catalog.of(
            _plain(self.controls),
            _plain(self.benchmarks),
            _plain(self.crosswalks),
            tuple(override for override, _ in self.overrides),
            self.replaced,
            self.rewritten,
        )

    def _refuse_odd_parameters(self, control: Control, place: Place) -> None:
        """Two controls of one check have parameters of the same names and kinds."""
        if control.check is None:
            return
        known = self.signatures.setdefault(control.check, control.parameters)
        for name in known:
            if name not in control.parameters:
                where = f"{place.at(['parameters'])}: control {control.id!r}"
                raise CatalogError(f"{where}: the check {control.check!r} needs the parameter {name!r}")
        _refuse_other_parameters(control.parameters, known, place, f"control {control.id!r}")

    def refuse_odd_overrides(self) -> None:
        for number, (override, place) in enumerate(self.overrides, start=1):
            known = self.controls[override.control][0].parameters
            _refuse_other_parameters(override.parameters, known, place, f"entry number {number}: {override.control}")

    def refuse_dangling_names(self) -> None:
        """Every control that another entry names must exist."""
        for place, who, control_id in (*self._related(), *self._asked(), *self._mapped(), *self._overridden()):
            if control_id not in self.controls:
                hint = nearest(control_id, self.controls)
                raise CatalogError(f"{place}: {who} names the control {control_id!r}, which does not exist{hint}")

    def _related(self) -> Iterator[tuple[Place, str, str]]:
        for control, place in self.controls.values():
            for number, other in enumerate(control.related):
                yield place.at(["related", number]), f"control {control.id!r}", other

    def _asked(self) -> Iterator[tuple[Place, str, str]]:
        for benchmark, place in self.benchmarks.values():
            for number, requirement in enumerate(benchmark.requirements):
                who = f"benchmark {benchmark.id!r}: requirement {requirement.id!r}"
                yield place.at(["requirements", number, "control"]), who, requirement.control

    def _mapped(self) -> Iterator[tuple[Place, str, str]]:
        for crosswalk, place in self.crosswalks.values():
            for other in crosswalk.mapping:
                yield place.at(["mapping", other]), f"crosswalk {crosswalk.id!r}", other

    def _overridden(self) -> Iterator[tuple[Place, str, str]]:
        for number, (override, place) in enumerate(self.overrides, start=1):
            yield place.at(["control"]), f"entry number {number}", override.control


def refuse_odd_sql(control: Control, place: Place) -> None:
    """CatalogError for SQL that is not allowed."""
    try:
        compiled(control)
    except FieldProblem as problem:
        field = ".".join(map(str, problem.path))
        raise CatalogError(f"{place.at(problem.path)}: control {control.id!r}: {field}: {problem}") from problem


def _refuse_other_parameters(
    given: Mapping[str, Parameter], known: Mapping[str, Parameter], place: Place, label: str
) -> None:
    for name, value in given.items():
        if name not in known:
            where = place.at(["parameters", name])
            raise CatalogError(f"{where}: {label}: unknown parameter {name!r}{nearest(name, known)}")
        if type(value) is not type(known[name]):
            where = place.at(["parameters", name])
            raise CatalogError(f"{where}: {label}: {name} must be {_EXPECTED[type(known[name])]}, not {kind_of(value)}")


def _plain(entries: Mapping[str, tuple[_T, Place]]) -> list[_T]:
    return [entry for entry, _ in entries.values()]


def _refuse_other_folders(folder: Path) -> None:
    """A folder that holds no part of a catalogue, or a part under a name that nobody would read."""
    if not folder.is_dir():
        raise CatalogError(f"{folder}: there is no such folder")
    if not any((folder / part).exists() for part in _KNOWN):
        parts = ", ".join(f"{part}/" for part in _FOLDERS)
        raise CatalogError(f"{folder}: it has none of {parts} and {PARAMETERS_FILE}")
    for path in sorted(folder.iterdir()):
        close = difflib.get_close_matches(path.name, _KNOWN, n=1, cutoff=0.8)
        if close and path.name not in _KNOWN:
            raise CatalogError(f"{path}: files with this name are not read (did you mean {close[0]!r}?)")
    for path in sorted(folder.glob("*/*.yml")):
        if path.parent.name in _FOLDERS:
            raise CatalogError(f"{path}: only files that end in .yaml are read")
