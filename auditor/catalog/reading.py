"""Reads the YAML files of a catalogue's folder and says in one sentence what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from auditor.catalog.entries import Benchmark, Control, Crosswalk, Override, Peers, Remediation, Requirement
from auditor.catalog.entry import Entry, first_complaint
from auditor.catalog.examples import Example
from auditor.catalog.sql.entries import Reason, Special
from auditor.errors import CatalogError, nearest, shown
from auditor.yaml_file import Place, YamlDocument, read_yaml

PARAMETERS_FILE = "parameters.yaml"
_NESTED: Mapping[str, type[Entry]] = {
    "remediation": Remediation,
    "peers": Peers,
    "requirements": Requirement,
    "reason": Reason,
    "special": Special,
    "examples": Example,
}
_E = TypeVar("_E", Control, Benchmark, Crosswalk)
_Any = TypeVar("_Any", bound=Entry)


class _Raw(NamedTuple):
    """One entry as YAML gave it, where it stands, and what to call it in a message."""

    content: object
    place: Place
    label: str


def read_controls(folder: Path) -> dict[str, tuple[Control, Place]]:
    """The controls of ``controls/*.yaml`` by id, each with its place. Raises CatalogError, as all of these do."""
    return _by_id(Control, _raw_controls(folder))


def read_benchmarks(folder: Path) -> dict[str, tuple[Benchmark, Place]]:
    """The benchmarks of ``benchmarks/*.yaml`` by id, each with its place."""
    return _by_id(Benchmark, _raw_files(folder, "benchmark"))


def read_crosswalks(folder: Path) -> dict[str, tuple[Crosswalk, Place]]:
    """The crosswalks of ``crosswalks/*.yaml`` by id, each with its place."""
    return _by_id(Crosswalk, _raw_files(folder, "crosswalk"))


def read_overrides(folder: Path) -> list[tuple[Override, Place]]:
    """The entries of ``parameters.yaml``, where there is one, in their order."""
    file = folder / PARAMETERS_FILE
    if not file.exists():
        return []
    document = read_yaml(file, CatalogError)
    if not isinstance(document.value, list):
        raise CatalogError(f"{document.place(())}: the file must hold a list, not {kind_of(document.value)}")
    raws = [_Raw(entry, document.place([n]), f"entry number {n + 1}") for n, entry in enumerate(document.value)]
    return [(_validated(Override, raw), raw.place) for raw in raws]


def _raw_controls(folder: Path) -> Iterator[_Raw]:
    for file in sorted((folder / "controls").glob("*.yaml")):
        document = read_yaml(file, CatalogError)
        content = _mapping(document)
        for key in content:
            if key != "controls":
                raise CatalogError(f"{document.place([key])}: unknown key {shown(key)}{nearest(key, ['controls'])}")
        entries = content.get("controls")
        if not isinstance(entries, list):
            raise CatalogError(f"{document.place(['controls'])}: controls must be a list")
        for number, entry in enumerate(entries):
            yield _Raw(entry, document.place(["controls", number]), f"control {_name(entry, number + 1)}")


def _raw_files(folder: Path, word: str) -> Iterator[_Raw]:
    """One entry a file, in the folder that has the plural of ``word`` as its name."""
    for file in sorted((folder / f"{word}s").glob("*.yaml")):
        document = read_yaml(file, CatalogError)
        content = _mapping(document)
        yield _Raw(content, document.place(()), f"{word} {_name(content, 1)}")


def _mapping(document: YamlDocument) -> dict[str, Any]:
    if not isinstance(document.value, dict):
        raise CatalogError(f"{document.place(())}: the file must hold keys and values, not {kind_of(document.value)}")
    return document.value


def _by_id(sort: type[_E], raws: Iterable[_Raw]) -> dict[str, tuple[_E, Place]]:
    """Entries by id; two of the same id in one folder are an error."""
    found: dict[str, tuple[_E, Place]] = {}
    for raw in raws:
        entry = _validated(sort, raw)
        if entry.id in found:
            raise CatalogError(f"{raw.place}: {raw.label} is declared twice, first in {found[entry.id][1].short}")
        found[entry.id] = (entry, raw.place)
    return found


def _validated(sort: type[_Any], raw: _Raw) -> _Any:
    try:
        return sort.model_validate(raw.content)
    except ValidationError as error:
        first = first_complaint(error)
        raise CatalogError(f"{raw.place.at(first['loc'])}: {raw.label}: {_sentence(sort, raw, first)}") from error


def _sentence(sort: type[Entry], raw: _Raw, first: ErrorDetails) -> str:
    """The complaint in our words."""
    place = _place(raw.content, first["loc"])
    if first["type"] == "extra_forbidden":
        parent = _place(raw.content, first["loc"][:-1])
        return f"{parent}: {_unknown_key(sort, first['loc'])}".removeprefix(": ")
    if first["type"] == "string_type":
        return f"{place} {_must_be_text(first)}"
    return f"{place}: {first['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _unknown_key(sort: type[Entry], loc: Sequence[int | str]) -> str:
    parents = [_NESTED[part] for part in loc[:-1] if isinstance(part, str) and part in _NESTED]
    fields = (parents[-1] if parents else sort).model_fields
    known = [field.alias or name for name, field in fields.items()]
    return f"unknown key {shown(loc[-1])}{nearest(str(loc[-1]), known)}"


def _must_be_text(detail: ErrorDetails) -> str:
    value = detail["input"]
    text = f"must be text, not {kind_of(value)}"
    if isinstance(value, bool | int | float):
        text += f" {shown(value)}: put it in quotes (without them 1.10 is read as 1.1, and yes as true)"
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
    return shown(own) if own is not None else f"number {number}"


def kind_of(value: object) -> str:
    """What YAML made of a value, in words."""
    words = {
        dict: "keys and values",
        list: "a list",
        str: "a text",
        type(None): "nothing",
        bool: "the truth value",
    }
    return words.get(type(value), "the number" if isinstance(value, int | float) else f"a {type(value).__name__}")
