"""Reads a waivers file and says in one sentence, with file and line, what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from auditor.catalog import Catalog
from auditor.catalog.entry import first_complaint
from auditor.errors import CatalogError, WaiverError, nearest, shown
from auditor.judge.waivers.entries import Entry, Scope
from auditor.yaml_file import Place, YamlDocument, read_yaml

_KINDS = {
    "string_type": "text",
    "tuple_type": "a text or a list of texts",
    "dict_type": "keys and values",
    "model_type": "keys and values",
}


@dataclass(frozen=True)
class Waiver:
    """Failures of ``control_id`` in ``scope`` are accepted on each day from ``created`` to ``expires`` (UTC, both
    included). ``requirement`` is what the file names in place of the control; ``line`` is where it begins."""

    id: str
    control_id: str
    requirement: str
    scope: Scope
    reason: str
    owner: str
    approver: str
    ticket: str
    created: date
    expires: date
    line: int


@dataclass(frozen=True)
class Waivers:
    """All waivers of a file, in the order of their ids, and the SHA-256 (hex) of its bytes."""

    entries: tuple[Waiver, ...] = ()
    sha256: str = ""

    @property
    def uses_tags(self) -> bool:
        """Whether the tags of an account may decide what is waived."""
        return any(waiver.scope.tag for waiver in self.entries)


def load_waivers(file: Path, catalog: Catalog, max_days: int) -> Waivers:
    """Read ``file``; no waiver may be valid for more than ``max_days`` days after it was created.

    A waiver's validity on one day or another is not looked at here: the same file is as good for an old snapshot.
    Raises WaiverError: ``file:line``, the waiver and what is wrong with it.
    """
    document = read_yaml(file, WaiverError, texts=True)
    waivers = [_waiver(entry, place, catalog, max_days) for entry, place in _entries(document)]
    _refuse_same_ids(waivers, str(file))
    _refuse_duplicates(waivers, str(file))
    return Waivers(tuple(sorted(waivers, key=lambda w: w.id)), hashlib.sha256(document.content).hexdigest())


def _entries(document: YamlDocument) -> Iterator[tuple[dict[str, Any], Place]]:
    if not isinstance(document.value, dict):
        raise WaiverError(f"{document.place(())}: the file must hold the key 'waivers' and a list below it")
    for key in document.value:
        if key != "waivers":
            raise WaiverError(f"{document.place([key])}: unknown key {shown(key)}{nearest(key, ['waivers'])}")
    entries = document.value.get("waivers")
    if not isinstance(entries, list):
        raise WaiverError(f"{document.place(['waivers'])}: 'waivers' must be a list; [] is one without any")
    for number, entry in enumerate(entries):
        place = document.place(["waivers", number])
        if not isinstance(entry, dict):
            raise WaiverError(f"{place}: a waiver must be keys and values")
        yield entry, place


def _waiver(raw: dict[str, Any], place: Place, catalog: Catalog, max_days: int) -> Waiver:
    label = f"waiver {shown(raw['id'])}" if isinstance(raw.get("id"), str) else "a waiver"
    try:
        entry = Entry.model_validate(raw)
    except ValidationError as error:
        first = first_complaint(error)
        raise WaiverError(f"{place.at(first['loc'])}: {label}: {_sentence(first)}") from error
    try:
        found = catalog.find(entry.requirement) if entry.requirement else None
        control = found.control if found else catalog.control(str(entry.control))
    except CatalogError as error:
        key = "requirement" if entry.requirement else "control"
        raise WaiverError(f"{place.at([key])}: {label}: {error}") from error
    if problem := _wrong_days(entry, max_days):
        raise WaiverError(f"{place.at(['expires'])}: {label}: {problem}")
    shared = {key: getattr(entry, key) for key in Entry.model_fields if key not in ("control", "requirement")}
    return Waiver(control_id=control.id, requirement=entry.requirement or "", line=place.line, **shared)


def _wrong_days(entry: Entry, max_days: int) -> str:
    if entry.expires < entry.created:
        return f"expires {entry.expires}, before it is created {entry.created}"
    days = (entry.expires - entry.created).days
    if days <= max_days:
        return ""
    last = entry.created + timedelta(days=max_days)
    return f"expires {days} days after {entry.created}; {max_days} are allowed, so {last} at the latest"


def _sentence(detail: ErrorDetails) -> str:
    loc = detail["loc"]
    place = ".".join(step for step in loc if isinstance(step, str))
    if detail["type"] == "extra_forbidden":
        known = Scope.model_fields if len(loc) > 1 else Entry.model_fields
        return f"unknown key {shown(place)}{nearest(str(loc[-1]), known)}"
    if detail["type"] == "missing":
        return f"{place} is missing"
    if detail["input"] is None or detail["type"] in ("string_too_short", "too_short"):
        return f"{place} is empty"
    if detail["type"] in _KINDS:
        return f"{place} must be {_KINDS[detail['type']]}"
    return f"{place}: {detail['msg'].removeprefix('Value error, ')}".removeprefix(": ")


def _refuse_same_ids(waivers: Iterable[Waiver], name: str) -> None:
    seen: dict[str, int] = {}
    for waiver in waivers:
        if waiver.id in seen:
            raise WaiverError(
                f"{name}:{waiver.line}: the waiver id {waiver.id!r} is used twice, first in line {seen[waiver.id]}"
            )
        seen[waiver.id] = waiver.line


def _refuse_duplicates(waivers: Iterable[Waiver], name: str) -> None:
    """Two waivers of one control with the same scope may follow each other, but not be valid on the same day."""
    alike: dict[Any, list[Waiver]] = {}
    for waiver in waivers:
        alike.setdefault((waiver.control_id, waiver.scope.key), []).append(waiver)
    for twins in alike.values():
        for one, other in pairwise(sorted(twins, key=lambda w: (w.created, w.line))):
            if other.created <= one.expires:
                raise WaiverError(
                    f"{name}:{other.line}: waiver {other.id!r} covers the same as {one.id!r} in line {one.line} "
                    f"({one.control_id}, {one.scope}) and both are valid on the same days"
                )
