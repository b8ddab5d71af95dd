"""The sheet Population: the merged credential reports, line by line, unedited values beside typed ones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import pandas as pd
import pyarrow as pa

from auditor import schema
from auditor.ages import days_between
from auditor.judge.assessment import Assessment
from auditor.report.workbook.book import Book
from auditor.report.workbook.rows import BLOCK_ROWS
from auditor.report.workbook.table import Column, Kind, Part, Rows, TableLayout, write_table

TITLE = "Population"
_MOST_ON_PAPER = 1_000  # rows; a longer list is for the screen
# (age, the time it is counted from)
AGES = {
    "password_age": "password_last_changed",
    "password_unused": "password_last_used",
    "key_1_age": "access_key_1_last_rotated",
    "key_1_unused": "access_key_1_last_used_date",
    "key_2_age": "access_key_2_last_rotated",
    "key_2_unused": "access_key_2_last_used_date",
}
_TYPED = (
    Column("is_root", "Root", 5.5, Kind.YES_NO),
    Column("user_creation_time", "User created (UTC)", 19, Kind.TIME),
    Column("password_enabled", "Password enabled", 9, Kind.YES_NO),
    Column("mfa_active", "MFA active", 7, Kind.YES_NO),
    Column("access_key_1_active", "Key 1 active", 7, Kind.YES_NO),
    Column("access_key_2_active", "Key 2 active", 7, Kind.YES_NO),
    Column("cert_1_active", "Cert 1 active", 7, Kind.YES_NO),
    Column("cert_2_active", "Cert 2 active", 7, Kind.YES_NO),
    Column("password_age", "Password age (days)", 9, Kind.COUNT),
    Column("password_unused", "Password unused (days)", 9, Kind.COUNT),
    Column("key_1_age", "Key 1 age (days)", 8, Kind.COUNT),
    Column("key_1_unused", "Key 1 unused (days)", 8, Kind.COUNT),
    Column("key_2_age", "Key 2 age (days)", 8, Kind.COUNT),
    Column("key_2_unused", "Key 2 unused (days)", 8, Kind.COUNT),
    Column("evidence_line", "Line", 7, Kind.COUNT),
)
# The ages on paper say the same in whole days.
_TIMES = (
    Column("password_last_used", "Password last used (UTC)", 19, Kind.TIME, on_paper=False),
    Column("password_last_changed", "Password last changed (UTC)", 19, Kind.TIME, on_paper=False),
    Column("access_key_1_last_rotated", "Key 1 last rotated (UTC)", 19, Kind.TIME, on_paper=False),
    Column("access_key_1_last_used_date", "Key 1 last used (UTC)", 19, Kind.TIME, on_paper=False),
    Column("access_key_2_last_rotated", "Key 2 last rotated (UTC)", 19, Kind.TIME, on_paper=False),
    Column("access_key_2_last_used_date", "Key 2 last used (UTC)", 19, Kind.TIME, on_paper=False),
)
COLUMNS = (
    Column("account_id", "Account id", 13, Kind.IDENTIFIER),
    Column("account_name", "Account name", 20, Kind.WRAPPED),
    Column("user", "User", 24, Kind.WRAPPED),
    *_TYPED,
    *_TIMES,
    Column("ou_path", "OU path", 32, on_paper=False),
    Column("arn", "ARN", 66, on_paper=False),
    Column("evidence_file", "Evidence file", 44, on_paper=False),
    # As AWS wrote them, under AWS's own names.
    *(Column(f"raw_{name}", name, 28, on_paper=False) for name in schema.REPORTED),
)


def write_population(book: Book, assessment: Assessment) -> list[Part]:
    rows = Rows(len(assessment.users), lambda start, stop: _blocks(assessment, start, stop))
    return write_table(
        book,
        TITLE,
        rows,
        columns_of(assessment),
        TableLayout(
            named=("is_root",), frozen=3, most_on_paper=_MOST_ON_PAPER, empty="No credential report was collected."
        ),
    )


def columns_of(assessment: Assessment) -> tuple[Column, ...]:
    """COLUMNS, then what AWS has added to its report since this was written."""
    known = {column.header.casefold() for column in COLUMNS}
    added = [name for name in assessment.users.columns if name.startswith("x_") and name[2:].casefold() not in known]
    return (*COLUMNS, *(Column(f"raw_{name}", name[2:], 28, on_paper=False) for name in added))


def _blocks(assessment: Assessment, start: int, stop: int) -> Iterator[pd.DataFrame]:
    """The rows from ``start`` up to ``stop``; the reports are read again, some accounts at a time."""
    at = 0
    for account_ids, rows in _batches(assessment.users):
        if at < stop and at + rows > start:
            first, last = max(start - at, 0), min(stop - at, rows)
            originals = pa.concat_tables(assessment.originals(account_ids), promote_options="default")
            yield _block(assessment, at + first, originals.slice(first, last - first))
        at += rows


def _batches(users: pd.DataFrame) -> Iterator[tuple[list[str], int]]:
    """Accounts that follow each other, with about a block of rows together."""
    counts = iter(users["account_id"].value_counts(sort=False).loc[lambda n: n > 0].items())
    while first := next(counts, None):
        batch, rows = [str(first[0])], int(first[1])
        while rows < BLOCK_ROWS and (more := list(islice(counts, 1))):
            batch.append(str(more[0][0]))
            rows += int(more[0][1])
        yield batch, rows


def _block(assessment: Assessment, start: int, originals: pa.Table) -> pd.DataFrame:
    users = assessment.users.iloc[start : start + originals.num_rows]
    raw = {
        f"raw_{name}": pd.Series(originals[name].to_pandas(), index=users.index)
        for name in originals.column_names
        if name not in ("user", "arn")
    }
    ages = {name: days_between(users[time], assessment.as_of) for name, time in AGES.items()}
    missing = {c.source: "" for c in columns_of(assessment) if c.source.startswith("raw_x_") and c.source not in raw}
    return users.assign(**ages, **raw, **missing)
