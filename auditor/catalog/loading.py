"""Reads the YAML folders of the catalogue and says in one sentence what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from auditor.catalog.entries import Benchmark, Control, Entry, Peers, Remediation, Requirement
from auditor.catalog.registry import Catalog
from auditor.errors import CatalogError, nearest

_PACKAGE = Path(__file__).resolve().parent.parent
_NESTED: Mapping[str, type[Entry]] = {
    "remediation": Remediation,
    "peers": Peers,
    "requirements": Requirement,
}
_E = TypeVar("_E", Control, Benchmark)


class _Raw(NamedTuple):
    """One entry as YAML gave it, the file it is from, and what to call it in a message."""

    content: object
    file: Path
    label: str


def config_folder() -> Path:
    """The shipped catalogue: inside the package when installed from a wheel, beside it in a checkout."""
    installed = _PACKAGE / "_config"
    return installed if installed.is_dir() else _PACKAGE.parent / "config"


def load_catalog(folder: Path | None = None, *more: Path) -> Catalog:
    """The catalogue of ``folder`` (the shipped one by default), its entries replaced or added to by ``more``.

    Raises CatalogError, naming the file and the entry.
    """
    controls: dict[str, tuple[Control, Path]] = {}
    benchmarks: dict[str, tuple[Benchmark, Path]] = {}
    for place in (folder or config_folder(), *more):
        _refuse_other_folders(place)
        controls |= _validated(Control, _raw_controls(place))
        benchmarks |= _validated(Benchmark, _raw_benchmarks(place))
    _refuse_dangling_names(controls, benchmarks)
    return Catalog.of((c for c, _ in controls.values()), (b for b, _ in benchmarks.values()))


def _refuse_other_folders(folder: Path) -> None:
    if not any((folder / part).is_dir() for part in ("controls", "benchmarks")):
        raise CatalogError(f"{folder}: neither a controls/ nor a benchmarks/ folder is there")


def _raw_controls(folder: Path) -> Iterator[_Raw]:
    for file in sorted((folder / "controls").glob("*.yaml")):
        content = _mapping(_read(file), file)
        for key in content:
            if key != "controls":
                raise CatalogError(f"{file}: unknown key {key!r}{nearest(str(key), ['controls'])}")
        entries = content.get("controls")
        if not isinstance(entries, list):
            raise CatalogError(f"{file}: controls must be a list")
        for number, entry in enumerate(entries, start=1):
            yield _Raw(entry, file, f"control {_name(entry, number)}")


def _raw_benchmarks(folder: Path) -> Iterator[_Raw]:
    for file in sorted((folder / "benchmarks").glob("*.yaml")):
        content = _mapping(_read(file), file)
        yield _Raw(content, file, f"benchmark {_name(content, 1)}")


def _read(file: Path) -> object:
    try:
        return yaml.safe_load(file.read_bytes())
    except OSError as error:
        raise CatalogError(f"{file}: cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise CatalogError(f"{file}: not YAML{line}: {error.problem or error.context}") from error
    # PyYAML lets the ValueError of an impossible date through.
    except (yaml.YAMLError, ValueError) as error:
        raise CatalogError(f"{file}: not YAML: {' '.join(str(error).split())}") from error


def _mapping(content: object, file: Path) -> dict[Any, Any]:
    if not isinstance(content, dict):
        raise CatalogError(f"{file}: the file must hold keys and values, not {_kind(content)}")
    return content


def _validated(sort: type[_E], raws: Iterable[_Raw]) -> dict[str, tuple[_E, Path]]:
    """Entries by id; two of the same id in one folder are an error."""
    found: dict[str, tuple[_E, Path]] = {}
    for raw in raws:
        try:
            entry = sort.model_validate(raw.content)
        except ValidationError as error:
            raise CatalogError(f"{raw.file}: {raw.label}: {_sentence(sort, raw, error)}") from error
        if entry.id in found:
            raise CatalogError(f"{raw.file}: {raw.label} is declared twice, first in {found[entry.id][1].name}")
        found[entry.id] = (entry, raw.file)
    return found


def _sentence(sort: type[Entry], raw: _Raw, error: ValidationError) -> str:
    """One of pydantic's complaints in our words: an unknown key first, as it explains a missing one."""
    first = min(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    place = _place(raw.content, first["loc"])
    if first["type"] == "extra_forbidden":
        parent = _place(raw.content, first["loc"][:-1])
        return f"{parent}: {_unknown_key(sort, first['loc'])}".removeprefix(": ")
    if first["type"] == "string_type":
        return f"{place} {_must_be_text(first)}"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _unknown_key(sort: type[Entry], loc: Sequence[int | str]) -> str:
    parents = [_NESTED[part] for part in loc[:-1] if isinstance(part, str) and part in _NESTED]
    known = (parents[-1] if parents else sort).model_fields
    return f"unknown key {loc[-1]!r}{nearest(str(loc[-1]), known)}"


def _must_be_text(detail: ErrorDetails) -> str:
    value = detail["input"]
    text = f"must be text, not {_kind(value)}"
    if isinstance(value, bool | int | float):
        text += f" {value}: put it in quotes (without them 1.10 is read as 1.1, and yes as true)"
    return text


def _place(content: object, loc: Sequence[int | str]) -> str:
    """Where in an entry: ``requirement '2.12': title``."""
    entries = content.get("requirements") if isinstance(content, dict) else None
    if len(loc) > 1 and isinstance(loc[1], int) and isinstance(entries, list):
        rest = ".".join(str(part) for part in loc[2:])
        return f"requirement {_name(entries[loc[1]], loc[1] + 1)}" + (f": {rest}" if rest else "")
    return ".".join(str(part) for part in loc)


def _name(entry: object, number: int) -> str:
    """The entry's own id, or its place among its siblings when it has none."""
    own = entry.get("id") if isinstance(entry, dict) else None
    return repr(own) if own is not None else f"number {number}"


def _kind(value: object) -> str:
    words = {
        dict: "keys and values",
        list: "a list",
        str: "a text",
        type(None): "nothing",
        bool: "the truth value",
    }
    return words.get(type(value), "the number" if isinstance(value, int | float) else f"a {type(value).__name__}")


def _refuse_dangling_names(
    controls: Mapping[str, tuple[Control, Path]], benchmarks: Mapping[str, tuple[Benchmark, Path]]
) -> None:
    """Every control that a requirement or another control names must exist."""
    names = [(file, f"control {c.id!r}", other) for c, file in controls.values() for other in c.related]
    names += [
        (file, f"benchmark {b.id!r}: requirement {r.id!r}", r.control)
        for b, file in benchmarks.values()
        for r in b.requirements
    ]
    for file, who, control_id in names:
        if control_id not in controls:
            hint = nearest(control_id, controls)
            raise CatalogError(f"{file}: {who} names the control {control_id!r}, which does not exist{hint}")
