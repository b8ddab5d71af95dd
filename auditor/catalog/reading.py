"""Reads the YAML files of a catalogue's folder and says in one sentence what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from auditor.catalog.entries import Benchmark, Control, Crosswalk, Entry, Override, Peers, Remediation, Requirement
from auditor.errors import CatalogError, nearest, shown
from auditor.yaml_file import YamlProblem, parse_yaml, read_bounded

PARAMETERS_FILE = "parameters.yaml"
_NESTED: Mapping[str, type[Entry]] = {
    "remediation": Remediation,
    "peers": Peers,
    "requirements": Requirement,
}
_E = TypeVar("_E", Control, Benchmark, Crosswalk)
_Any = TypeVar("_Any", bound=Entry)


class _Raw(NamedTuple):
    """One entry as YAML gave it, the file it is from, and what to call it in a message."""

    content: object
    file: Path
    label: str


def read_controls(folder: Path) -> dict[str, tuple[Control, Path]]:
    """The controls of ``controls/*.yaml`` by id, each with its file. Raises CatalogError, as all of these do."""
    return _by_id(Control, _raw_controls(folder))


def read_benchmarks(folder: Path) -> dict[str, tuple[Benchmark, Path]]:
    """The benchmarks of ``benchmarks/*.yaml`` by id, each with its file."""
    return _by_id(Benchmark, _raw_files(folder, "benchmark"))


def read_crosswalks(folder: Path) -> dict[str, tuple[Crosswalk, Path]]:
    """The crosswalks of ``crosswalks/*.yaml`` by id, each with its file."""
    return _by_id(Crosswalk, _raw_files(folder, "crosswalk"))


def read_overrides(folder: Path) -> list[tuple[Override, Path]]:
    """The entries of ``parameters.yaml``, where there is one, in their order."""
    file = folder / PARAMETERS_FILE
    content = _read(file) if file.exists() else []
    if not isinstance(content, list):
        raise CatalogError(f"{file}: the file must hold a list, not {kind_of(content)}")
    raws = [_Raw(entry, file, f"entry number {number}") for number, entry in enumerate(content, start=1)]
    return [(_validated(Override, raw), file) for raw in raws]


def _raw_controls(folder: Path) -> Iterator[_Raw]:
    for file in sorted((folder / "controls").glob("*.yaml")):
        content = _mapping(_read(file), file)
        for key in content:
            if key != "controls":
                raise CatalogError(f"{file}: unknown key {shown(key)}{nearest(shown(key), ['controls'])}")
        entries = content.get("controls")
        if not isinstance(entries, list):
            raise CatalogError(f"{file}: controls must be a list")
        for number, entry in enumerate(entries, start=1):
            yield _Raw(entry, file, f"control {_name(entry, number)}")


def _raw_files(folder: Path, word: str) -> Iterator[_Raw]:
    """One entry a file, in the folder that has the plural of ``word`` as its name."""
    for file in sorted((folder / f"{word}s").glob("*.yaml")):
        content = _mapping(_read(file), file)
        yield _Raw(content, file, f"{word} {_name(content, 1)}")


def _read(file: Path) -> object:
    try:
        return parse_yaml(read_bounded(file))
    except OSError as error:
        raise CatalogError(f"{file}: cannot be read: {error.strerror}") from error
    except YamlProblem as error:
        raise CatalogError(f"{file}: {error}") from error


def _mapping(content: object, file: Path) -> dict[Any, Any]:
    if not isinstance(content, dict):
        raise CatalogError(f"{file}: the file must hold keys and values, not {kind_of(content)}")
    return content


def _by_id(sort: type[_E], raws: Iterable[_Raw]) -> dict[str, tuple[_E, Path]]:
    """Entries by id; two of the same id in one folder are an error."""
    found: dict[str, tuple[_E, Path]] = {}
    for raw in raws:
        entry = _validated(sort, raw)
        if entry.id in found:
            raise CatalogError(f"{raw.file}: {raw.label} is declared twice, first in {found[entry.id][1].name}")
        found[entry.id] = (entry, raw.file)
    return found


def _validated(sort: type[_Any], raw: _Raw) -> _Any:
    try:
        return sort.model_validate(raw.content)
    except ValidationError as error:
        raise CatalogError(f"{raw.file}: {raw.label}: {_sentence(sort, raw, error)}") from error


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
