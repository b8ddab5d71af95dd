"""Recomputed verdicts beside those that were reported: every difference, one by one."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from auditor.reperform.plain.verdicts import Row, Verdicts
from auditor.reperform.plain.words import FAIL, MANUAL, NO_EVIDENCE, NOT_APPLICABLE, PASS
from auditor.reperform.plain.written import COUNTS, unguarded

NOTHING = "no verdict"
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Difference(NamedTuple):
    """``place`` is the file or sheet that says ``theirs``; recomputed was ``ours``."""

    place: str
    account_id: str
    control_id: str
    resource: str
    credential: str
    theirs: str
    ours: str


class Cell(NamedTuple):
    """One verdict of a workbook: where it stands, what it is about, and its word."""

    place: str
    account_id: str
    control_id: str
    resource_arn: str
    credential: str
    status: str


@dataclass(frozen=True)
class Book:
    """Verdicts of a workbook by account. ``failures``, where they are not None, are to be all that there are; ``cells``
    are some verdicts of any kind."""

    failures: Mapping[str, list[Cell]] | None = None
    cells: Mapping[str, list[Cell]] = field(default_factory=dict)


Key = tuple[str, str, str]
"""Control, ARN and credential, of one account."""


class Comparison:
    """Takes the recomputed verdicts account by account and gives what differs; forgets each account afterwards."""

    def __init__(self, findings: dict[str, list[Row]], counts: Mapping[str, Mapping[str, str]], book: Book) -> None:
        self._findings, self._counted, self._book = findings, counts, book
        self._seen: set[str] = set()
        self._totals: Counter[tuple[str, str]] = Counter()
        self.verdicts = 0

    def take(self, found: Verdicts) -> Iterator[Difference]:
        """What differs of one account."""
        self._seen.add(found.account_id)
        self._totals += found.counts
        self.verdicts += len(found.rows)
        ours = [Row(*map(unguarded, row)) for row in found.rows]
        yield from _rows(self._findings.pop(found.account_id, []), ours)
        if self._book.failures is not None:
            yield from _failures(self._book.failures.get(found.account_id, []), found.rows)
        yield from _cells(self._book.cells.get(found.account_id, []), found.rows)

    def end(self, control_ids: Iterable[str]) -> Iterator[Difference]:
        """What was reported of accounts that have no verdict, and the counts that differ."""
        for rows in self._findings.values():
            yield from _rows(rows, [])
        for account_id, cells in (self._book.failures or {}).items():
            if account_id not in self._seen:
                yield from _failures(cells, [])
        for account_id, cells in self._book.cells.items():
            if account_id not in self._seen:
                yield from _cells(cells, [])
        yield from self._counts(control_ids)

    def _counts(self, control_ids: Iterable[str]) -> Iterator[Difference]:
        ours = {control_id: self._total(control_id) for control_id in control_ids}
        nothing = dict.fromkeys(COUNTS, NOTHING)
        for control_id in sorted({*ours, *self._counted}):
            theirs, recomputed = self._counted.get(control_id, nothing), ours.get(control_id, nothing)
            for name in COUNTS:
                if theirs[name] != recomputed[name]:
                    yield Difference("controls.csv", "", control_id, name, "", theirs[name], recomputed[name])

    def _total(self, control_id: str) -> dict[str, str]:
        by_status = {s: self._totals[control_id, s] for s in (PASS, FAIL, NOT_APPLICABLE, NO_EVIDENCE, MANUAL)}
        population = by_status[PASS] + by_status[FAIL]
        return dict(zip(COUNTS, map(str, (population, *by_status.values())), strict=True))


def _rows(theirs: list[Row], ours: list[Row]) -> Iterator[Difference]:
    """Rows that only one side has, those about the same unit told as one difference."""
    more, lost = Counter(theirs) - Counter(ours), Counter(ours) - Counter(theirs)
    units: dict[tuple[str, ...], tuple[list[Row], list[Row]]] = {}
    for side, rows in enumerate((more, lost)):
        for row in rows.elements():
            units.setdefault(row[:5], ([], []))[side].append(row)
    for said, recomputed in units.values():
        row, sides = (said or recomputed)[0], (said, recomputed)
        told = ([_statuses_text(rows, more) for rows in sides] for more in (_nothing, _place, _quoted, _identity))
        verdicts = next((pair for pair in told if pair[0] != pair[1]), [NOTHING, NOTHING])
        name = row.resource_arn or row.resource_name
        yield Difference("findings.csv", row.account_id, row.control_id, name, row.credential, *verdicts)


def _statuses_text(rows: list[Row], more: Callable[[Row], str]) -> str:
    """The statuses, and what ``more`` tells of each row."""
    texts = [f"{row.status}{more(row)}" for row in rows]
    return ", ".join(sorted(texts)) or NOTHING


def _nothing(_: Row) -> str:
    return ""


def _place(row: Row) -> str:
    if not row.evidence_file:
        return " (no evidence named)"
    place = f"{row.evidence_file}:{row.evidence_line}" if row.evidence_line else row.evidence_file
    return f" ({place}; {row.also_seen_in})" if row.also_seen_in else f" ({place})"


def _quoted(row: Row) -> str:
    return f" (observed: {row.observed})"


def _identity(row: Row) -> str:
    return f" ({row.finding_id})"


def _failures(cells: list[Cell], rows: list[Row]) -> Iterator[Difference]:
    """A sheet of failures must hold each of them and nothing else."""
    statuses = _statuses(rows)
    listed = Counter(_key(cell) for cell in cells)
    for cell in cells:
        ours = statuses.get(_key(cell), [NOTHING])
        if cell.status != FAIL or FAIL not in ours or listed[_key(cell)] > ours.count(FAIL):
            yield _differing(cell, ours)
    for key, ours in statuses.items():
        if ours.count(FAIL) > listed[key]:
            account_id = rows[0].account_id
            yield Difference("Exceptions", account_id, *key, NOTHING, FAIL)


def _cells(cells: list[Cell], rows: list[Row]) -> Iterator[Difference]:
    statuses = _statuses(rows)
    for cell in cells:
        ours = statuses.get(_key(cell), [NOT_APPLICABLE])
        if cell.status not in ours:
            yield _differing(cell, ours)


def _differing(cell: Cell, ours: list[str]) -> Difference:
    recomputed = ", ".join(sorted(set(ours)))
    about = (cell.account_id, cell.control_id, cell.resource_arn, cell.credential)
    return Difference(cell.place, *about, cell.status or NOTHING, recomputed)


def _key(about: Cell | Row) -> Key:
    """A cell holds U+FFFD in place of what XML cannot hold."""
    return about.control_id, _UNFIT.sub("\ufffd", about.resource_arn), about.credential


def _statuses(rows: list[Row]) -> dict[Key, list[str]]:
    found: defaultdict[Key, list[str]] = defaultdict(list)
    for row in rows:
        found[_key(row)].append(row.status)
    return found
