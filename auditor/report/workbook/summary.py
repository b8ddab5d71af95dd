"""The Summary sheet: what was audited, how completely, and what came of it, on the first page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import zip_longest

from openpyxl import Workbook

from auditor.assessment import Assessment
from auditor.report import figures
from auditor.report.figures import Coverage, Gap, Result, counted
from auditor.report.workbook import style
from auditor.report.workbook.page import Page, Part, count, heading, label, text
from auditor.report.workbook.style import STATUS, marked

# The requirements' table sets the grid; everything above and below it spans columns of the same grid.
_HEADERS = (
    ("Benchmark", 18),
    ("Requirement", 17),
    ("Control", 32),
    ("Title", 58),
    ("Severity", 11),
    ("Population", 12),
    ("Passed", 10),
    ("Failed", 10),
    ("No evidence (accounts)", 12),
    ("Result", 38),
)
_WIDTH = len(_HEADERS)


def write_summary(book: Workbook, assessment: Assessment) -> None:
    page = Page(book, "Summary", [width for _, width in _HEADERS])
    cover = figures.coverage(assessment)
    page.row(Part("IAM credential audit", style.TITLE, _WIDTH), lines=2)
    page.gap()
    _write_statement(page, cover)
    page.gap()
    _write_facts(page, assessment)
    _write_counts(page, assessment, cover)
    _write_results(page, figures.results(assessment))
    _write_gaps(page, figures.gaps(assessment))


def _write_statement(page: Page, cover: Coverage) -> None:
    look = style.COMPLETE if cover.complete else style.INCOMPLETE
    page.row(Part(_statement(cover), look, _WIDTH), lines=2)
    details = [
        f"{counted(cover.excluded, 'account')} excluded",
        f"{counted(cover.not_assessed, 'account')} in scope not assessed",
        f"{counted(cover.with_gaps, 'account')} with an evidence gap",
        f"{counted(cover.no_evidence, 'finding')} NO_EVIDENCE",
    ]
    if cover.interrupted:
        details.append("the collection was interrupted, so accounts may be missing that were not listed yet")
    page.row(Part("; ".join(details), style.LABEL, _WIDTH))


def _statement(cover: Coverage) -> str:
    """Green words are earned: an assessed account may still lack evidence."""
    words = f"{cover.assessed:,} of {counted(cover.in_scope, 'account')} in scope were assessed"
    if cover.complete:
        return f"✔ COMPLETE: {words}, without any gap"
    return f"▲ INCOMPLETE: {words}" + ("" if cover.not_assessed else ", but evidence is missing")


def _write_facts(page: Page, assessment: Assessment) -> None:
    facts: dict[str, str | datetime] = {
        "Organization": assessment.organization_id,
        "Snapshot": assessment.snapshot_id,
        "As of (UTC)": assessment.as_of,
        "Collected from (UTC)": assessment.started_at,
        "Collected to (UTC)": assessment.finished_at,
        "Run by": assessment.caller_arn,
        "Tool version": f"auditor {assessment.tool_version}",
        "Manifest SHA-256": assessment.manifest_sha256,
        "Catalogue hash": assessment.catalog_hash,
        "Waivers": _waivers(assessment),
        "Benchmarks": "; ".join(f"{b.id} ({b.title})" for b in assessment.benchmarks),
    }
    for name, value in facts.items():
        page.row(label(name, 2), text(value, _WIDTH - 2))


def _waivers(assessment: Assessment) -> str:
    """``12 failures waived; waivers: 3 active, 1 expired; file SHA-256 ...``"""
    if not assessment.waivers_sha256:
        return "none"
    states = [f"{number:,} {state}" for state, number in figures.waivers_by_state(assessment).items() if number]
    waived = counted(int(assessment.waivers["waived"].sum()), "failure")
    return f"{waived} waived; waivers: {', '.join(states) or 'none'}; file SHA-256 {assessment.waivers_sha256}"


def _write_counts(page: Page, assessment: Assessment, cover: Coverage) -> None:
    """Three short tables side by side."""
    accounts = {"assessed": cover.assessed, "excluded": cover.excluded, "not_assessed": cover.not_assessed}
    statuses = figures.findings_by_status(assessment)
    severities = figures.failures_by_severity(assessment)
    page.gap()
    page.row(heading("Accounts", 3), heading("Findings by status", 2), heading("Failures by severity", 5))
    for a, s, f in zip_longest(accounts.items(), statuses.items(), severities.items()):
        page.row(*_pair(a, 2, 1), *_pair(s, 1, 1), *_pair(f, 3, 2))
    page.row(
        *_pair(("in the organization", cover.total), 2, 1),
        *_pair(("rows in findings.csv", sum(statuses.values())), 1, 1),
        *_pair(("failures", sum(severities.values())), 3, 2),
    )


def _pair(entry: tuple[str, int] | None, label_span: int, count_span: int) -> Sequence[Part]:
    if entry is None:
        return (text("", label_span), text("", count_span))
    name, number = entry
    look = STATUS.get(name, style.LABEL)
    return (Part(marked(name), look, label_span), Part(number, style.FIGURE, count_span))


def _write_results(page: Page, results: Sequence[Result]) -> None:
    page.gap()
    page.row(heading("Requirements of the chosen benchmarks", _WIDTH))
    page.row(*(Part(name, style.HEADER) for name, _ in _HEADERS), lines=2)
    for r in results:
        page.row(
            text(r.benchmark),
            Part(r.requirement, style.IDENTIFIER),
            text(r.control_id),
            text(r.title),
            text(r.severity),
            count(r.population),
            count(r.passed),
            count(r.failed),
            count(r.no_evidence),
            Part(marked(r.status.value, r.words), STATUS[r.status.value]),
        )


def _write_gaps(page: Page, gaps: Sequence[Gap]) -> None:
    page.gap()
    page.row(heading(f"Evidence gaps: {len(gaps):,}", _WIDTH))
    if not gaps:
        page.row(text("None: every account in scope gave all the evidence that was asked for.", _WIDTH))
        return
    names = [("Account id", 1), ("Stage", 1), ("Code", 1), ("Account name", 1), ("Message", 6)]
    page.row(*(Part(name, style.HEADER, span) for name, span in names))
    for gap in gaps:
        page.row(
            Part(gap.account_id, style.IDENTIFIER),
            text(gap.stage),
            text(gap.code),
            text(gap.account_name),
            text(gap.message, 6),
        )
