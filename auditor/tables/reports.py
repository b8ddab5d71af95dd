"""The credential reports of a snapshot, parsed; one that cannot be used becomes a gap of its account."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from auditor.errors import EvidenceError
from auditor.kinds.credential_report import report_parser
from auditor.model import CREDENTIAL_REPORT, AccountRecord, EvidenceFile, EvidenceGap, Outcome, reason_of
from auditor.store.snapshot import Snapshot
from auditor.tables.documents import Collected
from auditor.tables.repeated import LINE, Repetition, distinct

Reports = dict[str, pa.Table]
"""Account id -> the texts of its report (see ``report_parser.parse``), in the order of the ids; with a column of
line numbers where lines were left out."""


def read_reports(snapshot: Snapshot) -> tuple[list[AccountRecord], Reports, list[Repetition]]:
    """Every account's record in the order of their ids, new gaps included, the reports that can be used, and the users
    that they name more than once (see ``frames.repeated``)."""
    records = sorted(snapshot.manifest.accounts, key=lambda r: r.account.id)
    reports, gaps = _parse_all(snapshot, records)
    gaps |= _drop_malformed(reports)
    found: list[Repetition] = []
    for account_id, report in reports.items():
        reports[account_id], repetitions = distinct(report, account_id)
        found += repetitions
    return [_with_gap(r, gaps.get(r.account.id)) for r in records], reports, found


def reported(records: Iterable[AccountRecord], reports: Reports) -> Collected:
    """Who has a usable credential report, and why others in scope have none."""
    found = Collected(owners=set(reports))
    for record in records:
        if record.outcome is not Outcome.EXCLUDED and record.account.id not in reports:
            gap = next((g for g in record.gaps if g.kind == CREDENTIAL_REPORT), None)
            if gap:
                found.gaps[record.account.id] = gap
    return found


def original_reports(snapshot: Snapshot, account_ids: Sequence[str]) -> Iterator[pa.Table]:
    """The reports of these accounts once more, one at a time, in the order given. Raises EvidenceError."""
    records = {record.account.id: record for record in snapshot.manifest.accounts}
    for account_id in account_ids:
        if file := report_file(records[account_id]):
            report, _ = distinct(report_parser.parse(snapshot.read(file), account_id), account_id)
            yield report.drop_columns(LINE) if LINE in report.column_names else report


def report_file(record: AccountRecord) -> EvidenceFile | None:
    """Where the account's usable credential report lies; None when it was not collected or found unusable.

    What lies there of an account that is excluded since counts for nothing.
    """
    if record.outcome is Outcome.EXCLUDED or any(gap.kind == CREDENTIAL_REPORT for gap in record.gaps):
        return None
    return next((file for file in record.evidence if file.kind == CREDENTIAL_REPORT), None)


def _parse_all(snapshot: Snapshot, records: Iterable[AccountRecord]) -> tuple[Reports, dict[str, EvidenceGap]]:
    reports: Reports = {}
    gaps: dict[str, EvidenceGap] = {}
    for record in records:
        if file := report_file(record):
            try:
                content = snapshot.read(file)
                reports[record.account.id] = report_parser.parse(content, record.account.id)
            except EvidenceError as error:
                gaps[record.account.id] = _gap(error)
    return reports, gaps


def _drop_malformed(reports: Reports) -> dict[str, EvidenceGap]:
    """Take the reports with an unreadable value out; the check runs over all at once, then only where it must."""
    names = (*report_parser.BOOL_COLUMNS, *report_parser.TIME_COLUMNS)
    if not reports or not _malformed(pa.concat_tables([t.select(names) for t in reports.values()])):
        return {}
    gaps = {i: _gap(error) for i, table in reports.items() if (error := _malformed(table))}
    for account_id in gaps:
        del reports[account_id]
    return gaps


def _malformed(table: pa.Table) -> EvidenceError | None:
    try:
        report_parser.check_values(table)
    except EvidenceError as error:
        return error
    return None


def _gap(error: EvidenceError) -> EvidenceGap:
    return EvidenceGap(CREDENTIAL_REPORT, error.stage, error.code, error.message)


def _with_gap(record: AccountRecord, gap: EvidenceGap | None) -> AccountRecord:
    if gap is None:
        return record
    gaps = (gap, *record.gaps)
    return dataclasses.replace(record, outcome=Outcome.NOT_ASSESSED, reason=reason_of(gaps), gaps=gaps)
