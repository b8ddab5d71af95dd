"""The faults an account of the box can have, and what they do to its report."""

from __future__ import annotations

from collections.abc import Callable

from auditor.sandbox.facts import MISSING_COLUMNS

# In the order in which they are planted when there is not room for all.
DEFAULT_FAULTS = (
    "denied",
    "stuck",
    "html",
    "truncated",
    "expires",
    "report-denied",
    "capacity",
    "missing-columns",
    "no-root-row",
    "empty",
    "header-only",
    "bad-value",
    "hang",
    "deny:GetAccountSummary",
    "deny:GetAccountPasswordPolicy",
    "deny:GetAccountAuthorizationDetails",
    "deny:ListAnalyzers@us-east-1",
    "deny:GetAlternateContact,GetContactInformation",
)
# wrong-account stops a run; the others need the client's own words or tell of the wire only. For those who ask.
FAULTS = frozenset(DEFAULT_FAULTS) | {
    "wrong-account",
    "service-failure",
    "bad-signature",
    "throttled",
    "cut-short",
    "hang-sts",
    "line-twice",
    "contradiction",
    "cut-at-line-end",
}
# How often, before all is well.
CAPACITY_REFUSALS, THROTTLES, CUTS = 2, 5, 2
HTML = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><h1>Proxy, please</h1></body></html>"

Table = list[list[str]]


def spoil(fault: str, table: Table) -> Table:
    """The rows (header first) of a report after the faults that touch cells, rows or columns."""
    change = _TABLE_FAULTS.get(fault)
    return change(table) if change else table


def spoil_text(fault: str, text: str) -> str:
    """The report's text after the faults that do not leave a table."""
    if fault == "html":
        return HTML
    if fault == "empty":
        return ""
    if fault == "truncated":
        head, _, last = text.rpartition("\n")
        return f"{head}\n{last[: len(last) // 2]}"
    return text


def _header_only(table: Table) -> Table:
    return table[:1]


def _without_columns(table: Table) -> Table:
    kept = [i for i, column in enumerate(table[0]) if column not in MISSING_COLUMNS]
    return [[row[i] for i in kept] for row in table]


def _bad_date(table: Table) -> Table:
    row = list(table[-1])
    row[table[0].index("access_key_1_last_rotated")] = "2024-13-45T25:61:61Z"
    return [*table[:-1], row]


def _line_twice(table: Table) -> Table:
    return [*table, table[-1]]


def _contradiction(table: Table) -> Table:
    """The last user once more, made at another time."""
    row = list(table[-1])
    row[table[0].index("user_creation_time")] = "2011-03-01T00:00:00+00:00"
    return [*table, row]


def _cut_at_line_end(table: Table) -> Table:
    return table[:-1]


_TABLE_FAULTS: dict[str, Callable[[Table], Table]] = {
    "header-only": _header_only,
    "missing-columns": _without_columns,
    "bad-value": _bad_date,
    "line-twice": _line_twice,
    "contradiction": _contradiction,
    "cut-at-line-end": _cut_at_line_end,
}
# Reports with these are written in the plainest layout, so that nothing else is odd about them.
PLAIN_LAYOUT_FAULTS = frozenset(_TABLE_FAULTS) | {"truncated"}
