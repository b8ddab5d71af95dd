"""Finds the rows of a sheet again, wherever they were sorted to, and tells what became of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from auditor.report.responses.cells import Formula, Sheet, Value
from auditor.report.responses.comparing import Difference, cell_name, changed, same, same_moved
from auditor.report.responses.layout import ACCOUNT, CONTROL, Layout, Place

KEY = (ACCOUNT, CONTROL, "ARN", "User", "Credential")
"""Headers of what a row is about, as far as a sheet has them."""
_COMPUTED = "\0a formula"

Print: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A row below the header: its cells in the order of the layout's columns, and cells that no header names.

    ``marked`` are columns whose cells bear the styles that the sheet was asked for.
    """

    number: int
    locked: tuple[Value, ...]
    responses: tuple[Value, ...]
    others: tuple[tuple[int, Value], ...]
    marked: frozenset[int]


@dataclass(frozen=True)
class Pair:
    """A row of the original and what it is now; ``exact`` where all its locked cells are as they were."""

    before: Entry
    after: Entry
    exact: bool


@dataclass(frozen=True)
class Matched:
    """``copies`` are (row, row it is a copy of)."""

    pairs: tuple[Pair, ...]
    missing: tuple[Entry, ...]
    added: tuple[Entry, ...]
    copies: tuple[tuple[Entry, int], ...]


def entries(sheet: Sheet, place: Place) -> Iterator[Entry]:
    """Every row below the header in which anything stands."""
    named = {column for column in (*place.locked, *place.responses) if column is not None}
    sets: dict[frozenset[int], frozenset[int]] = {}  # rows look alike, and there may be a million of them
    for row in sheet.rows():
        cells = row.cells
        if row.number <= place.header or all(value is None for value in cells.values()):
            continue
        marked = frozenset(row.marked)
        yield Entry(
            row.number,
            tuple([None if column is None else cells.get(column) for column in place.locked]),
            tuple([None if column is None else cells.get(column) for column in place.responses]),
            tuple((column, cells[column]) for column in cells if column not in named and cells[column] is not None),
            sets.setdefault(marked, marked),
        )


def match(layout: Layout, before: Iterable[Entry], after: Iterable[Entry]) -> Matched:
    """Each row of the original is found by all its locked cells, else by what it is about, else where it stood."""
    gone = [number for number, column in enumerate(layout.returned.locked) if column is None]
    exact, missing, left = _paired(before, after, lambda entry: _fingerprint(entry, gone))
    key = [layout.locked.index(name) for name in KEY if name in layout.locked]
    about, missing, left = _paired(missing, left, lambda entry: tuple(entry.locked[i] for i in key))
    stood, missing, left = _paired(missing, left, lambda entry: (float(entry.number),))
    alike = [(one, other) for one, other in stood if _alike(one, other)]
    missing += [one for one, other in stood if (one, other) not in alike]
    left += [other for one, other in stood if (one, other) not in alike]
    found = {_fingerprint(one, gone): other.number for one, other in reversed(exact)}
    copies = [(entry, found[p]) for entry in left if (p := _fingerprint(entry, gone)) in found]
    added = [entry for entry in left if _fingerprint(entry, gone) not in found]
    pairs = [Pair(*pair, exact=True) for pair in exact] + [Pair(*pair, exact=False) for pair in (*about, *alike)]
    return Matched(
        tuple(sorted(pairs, key=lambda pair: pair.before.number)),
        tuple(sorted(missing, key=lambda entry: entry.number)),
        tuple(sorted(added, key=lambda entry: entry.number)),
        tuple(copies),
    )


def _paired(
    before: Iterable[Entry], after: Iterable[Entry], name: Callable[[Entry], Print]
) -> tuple[list[tuple[Entry, Entry]], list[Entry], list[Entry]]:
    """Entries that share a name, in their order; what is left of the first; what is left of the second."""
    waiting: dict[Print, list[Entry]] = {}
    for entry in before:
        waiting.setdefault(name(entry), []).append(entry)
    for alike in waiting.values():
        alike.reverse()
    pairs, left = [], []
    for entry in after:
        alike = waiting.get(name(entry), [])
        if alike:
            pairs.append((alike.pop(), entry))
        else:
            left.append(entry)
    return pairs, [entry for alike in waiting.values() for entry in alike], left


def _fingerprint(entry: Entry, gone: Sequence[int]) -> Print:
    """The locked cells, in a form in which what is the same is equal; columns that are gone left out."""
    cells = tuple([_form(value) for value in entry.locked])
    return tuple(cell for number, cell in enumerate(cells) if number not in gone) if gone else cells


def _form(value: Value) -> Value:
    if isinstance(value, Formula):
        return _COMPUTED
    if isinstance(value, float) and not value.is_integer():
        return float(f"{value:.12g}")
    return value


def _alike(before: Entry, after: Entry) -> bool:
    """Whether at least half of the cells are the same."""
    equal = sum(same(one, other) for one, other in zip(before.locked, after.locked, strict=True))
    return 2 * equal >= len(before.locked)


def differences(original: Sheet, layout: Layout, matched: Matched) -> Iterator[Difference]:
    """Cells of rows that were found that differ, and rows that are missing, added or copied."""
    for pair in matched.pairs:
        yield from _cell_differences(original.name, layout, pair)
        yield from _unnamed(original, pair)
    rows = [
        *((entry, f"is missing ({_about(layout, entry)})") for entry in matched.missing),
        *((entry, f"was added ({_about(layout, entry)}); its responses are not read") for entry in matched.added),
        *((entry, f"is a copy of row {number}; its responses are not read") for entry, number in matched.copies),
    ]
    for entry, told in rows:
        yield Difference(original.name, f"{entry.number}:{entry.number}", told)


def _about(layout: Layout, entry: Entry) -> str:
    """What a row is about, in a few words."""
    told = [str(entry.locked[layout.locked.index(name)] or "") for name in KEY if name in layout.locked]
    return ", ".join(text for text in told if text) or "it has no values that identify its row"


def _cell_differences(sheet: str, layout: Layout, pair: Pair) -> Iterator[Difference]:
    """Cells below the headers. Where a row was found by them, only its formulas can differ."""
    before, after = pair.before, pair.after
    places = zip(layout.original.locked, layout.returned.locked, before.locked, after.locked, strict=True)
    for column, now_column, was, now in places:
        if column is None or now_column is None or column in before.marked:
            continue
        if pair.exact and not isinstance(was, Formula):
            continue
        if not same_moved(was, now, cell_name(column, before.number), cell_name(now_column, after.number)):
            yield changed(sheet, cell_name(now_column, after.number), was, now)


def _unnamed(original: Sheet, pair: Pair) -> Iterator[Difference]:
    """Cells beside the table."""
    if pair.before.others == pair.after.others:
        return
    before, after = dict(pair.before.others), dict(pair.after.others)
    for column in sorted(before.keys() | after.keys()):
        free = column in pair.before.marked or any(column in columns for columns in original.marked_columns)
        was, now = before.get(column), after.get(column)
        if not free and not same(was, now):
            yield changed(original.name, cell_name(column, pair.after.number), was, now)
