"""The Cover: page one says what was audited, how completely, and what came of it; page two on what that rests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from openpyxl.utils import get_column_letter

from auditor.judge.assessment import Assessment
from auditor.model import Outcome, Severity
from auditor.report import figures
from auditor.report.figures import Coverage, Result, counted
from auditor.report.scope_words import scope_words
from auditor.report.time_remarks import time_remarks
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula
from auditor.report.workbook.page import Page, Part, heading, label, text
from auditor.report.workbook.sheets.charts import draw_charts
from auditor.report.workbook.sheets.cover_basis import write_basis
from auditor.report.workbook.sheets.portrait import Portrait
from auditor.report.workbook.style import SYMBOLS, marked

TITLE = "Cover"
_WIDTHS = [18, 8, 9, 9, 9, 8, 15, 11, 8, 8, 8, 8]
_WIDTH = len(_WIDTHS)
_HALF = _WIDTH // 2
_LAST = get_column_letter(_WIDTH)
_STATUSES = ("PASS", "FAIL", "NO_EVIDENCE", "MANUAL", "NOT_APPLICABLE")
_SIGNERS = ("Prepared by", "Reviewed by")
_MOST_CHART_LINES = 20


def write_cover(book: Book, assessment: Assessment) -> None:
    """Fill the sheet; all others must be there already."""
    page = Page(book, TITLE, _WIDTHS)
    cover = figures.coverage(assessment)
    page.row(Part("IAM credential audit", style.TITLE, _WIDTH), lines=2)
    statement = page.row(Part(_statement(book, cover), style.STATEMENT, _WIDTH), lines=3)
    looks = {"PASS": style.COMPLETE, "NO_EVIDENCE": style.INCOMPLETE}
    style.colour_by_symbol(page.sheet, f"A{statement}:{_LAST}{statement}", looks)
    page.row(Part(_details(cover), style.DETAILS, _WIDTH))
    for sentence in time_remarks(assessment):
        page.row(Part(f"✘ {sentence[0].upper()}{sentence[1:]}.", style.ALARM, _WIDTH))
    page.gap()
    _write_facts(page, assessment)
    page.gap()
    _write_accounts_and_failures(page, book, assessment, cover)
    page.gap()
    _write_benchmarks(page, book, assessment)
    page.gap()
    paper = Portrait(page.sheet, book.paper)
    draw_charts(book, page, assessment, paper.lines_left(page.rows + _SIGNATURE_LINES, _MOST_CHART_LINES))
    page.gap()
    _write_signatures(page)
    paper.end_page_one(page.rows)
    write_basis(page, assessment)
    page.sheet.print_area = f"A1:{_LAST}{page.rows}"


def _statement(book: Book, cover: Coverage) -> Formula:
    """Green words are earned: an assessed account may still lack evidence."""
    assessed = _accounts(book, Outcome.ASSESSED, cover.assessed).text
    missing = _accounts(book, Outcome.NOT_ASSESSED, cover.not_assessed).text
    scope = f"({assessed})+({missing})"
    gaps = book.counted("Gaps", {"what": '"?*"'}, 0).text
    stopped = "TRUE" if cover.interrupted else "FALSE"
    whole = f"AND({scope}>0,{missing}=0,{gaps}=0,NOT({stopped}))"
    words = f'({assessed})&" of "&({scope})&" accounts in scope were assessed"'
    formula = (
        f'IF({whole},"✔ COMPLETE: "&{words}&", without any gap",'
        f'"▲ INCOMPLETE: "&{words}&IF({missing}=0,", but evidence is missing",""))'
    )
    return Formula(formula, statement_words(cover))


def statement_words(cover: Coverage) -> str:
    words = f"{cover.assessed} of {cover.in_scope} accounts in scope were assessed"
    if cover.complete:
        return f"✔ COMPLETE: {words}, without any gap"
    return f"▲ INCOMPLETE: {words}" + ("" if cover.not_assessed else ", but evidence is missing")


def _details(cover: Coverage) -> str:
    details = [
        f"{counted(cover.excluded, 'account')} excluded",
        f"{counted(cover.not_assessed, 'account')} in scope not assessed",
        f"{counted(cover.with_gaps, 'account')} with an evidence gap",
        f"{counted(cover.no_evidence, 'finding')} NO_EVIDENCE",
    ]
    if cover.interrupted:
        details.append("the collection was interrupted, so accounts may be missing that were not listed yet")
    return "; ".join(details)


def _accounts(book: Book, outcome: Outcome, number: int) -> Formula:
    return book.counted("Scope & completeness", {"outcome": f'"{marked(outcome.value)}"'}, number)


def _write_facts(page: Page, assessment: Assessment) -> None:
    facts: Sequence[tuple[str, str | datetime, str, str | datetime]] = (
        ("Organization", assessment.organization_id, "Period", assessment.period or "not stated"),
        ("As of (UTC)", assessment.as_of, "Program", f"auditor {assessment.tool_version}"),
        ("Collected from (UTC)", assessment.started_at, "Until (UTC)", assessment.finished_at),
    )
    for name, value, other, more in facts:
        page.row(label(name), text(value, _HALF - 1), label(other), text(more, _HALF - 1))
    long: dict[str, str] = {
        "Run by": assessment.caller_arn,
        "Scope": scope_words(assessment),
        "Waivers": _waivers(assessment),
        "Snapshot": assessment.snapshot_id,
        "Root hash": assessment.manifest_sha256,
        "Signature": assessment.signature or "none: the snapshot was not signed when this workbook was written",
    }
    for name, value in long.items():
        page.row(label(name), text(value, _WIDTH - 1))


def _waivers(assessment: Assessment) -> str:
    """``12 failures waived; waivers: 3 active, 1 expired; file SHA-256 ...``"""
    if not assessment.waivers_sha256:
        return "none given"
    states = [f"{number:,} {state}" for state, number in figures.waivers_by_state(assessment).items() if number]
    waived = counted(int(assessment.waivers["waived"].sum()), "failure")
    return f"{waived} waived; waivers: {', '.join(states) or 'none'}; file SHA-256 {assessment.waivers_sha256}"


def _write_accounts_and_failures(page: Page, book: Book, assessment: Assessment, cover: Coverage) -> None:
    """Two short tables side by side."""
    accounts = [(o.value, _accounts(book, o, getattr(cover, o.value))) for o in Outcome]
    listed = book.ranges["Scope & completeness"]["account_id"][0]
    accounts.append(("in the organization", Formula(f"COUNTA({listed})", cover.total)))
    failed = assessment.findings[assessment.findings["status"] == "FAIL"]
    page.row(
        heading("Accounts", _HALF),
        heading("Failures by severity", 2),
        Part("failed", style.COLUMN_HEADING, 2),
        Part("of these, waived", style.COLUMN_HEADING, 2),
    )
    for (outcome, number), severity in zip(accounts, reversed(Severity), strict=True):
        look = style.STATUS.get(outcome, style.LABEL)
        of_severity = failed[failed["severity"] == severity.value]
        waived = int((of_severity["waiver_id"] != "").sum())
        criteria = {"severity": f'"{severity.value}"'}
        page.row(
            Part(marked(outcome), look, 2),
            Part(number, style.CELL_FIGURE, 2),
            text("", _HALF - 4),
            label(severity.value, 2),
            Part(book.counted("Exceptions", criteria, len(of_severity)), style.CELL_FIGURE, 2),
            Part(book.counted("Exceptions", criteria | {"waiver_id": '"?*"'}, waived), style.CELL_FIGURE, 2),
        )


def _write_benchmarks(page: Page, book: Book, assessment: Assessment) -> None:
    """How many requirements of each benchmark came to which conclusion."""
    page.row(heading("Requirements by conclusion", _WIDTH))
    heads = [f"{SYMBOLS[status]} {status.replace('_', ' ').lower()}" for status in _STATUSES]
    page.row(Part("Benchmark", style.HEADER, 2), *(Part(head, style.CENTRED_HEADER, 2) for head in heads))
    results = figures.results(assessment)
    for benchmark in assessment.benchmarks:
        of_benchmark = [result for result in results if result.benchmark == benchmark.id]
        numbers = [_concluded(book, benchmark.id, status, of_benchmark) for status in _STATUSES]
        page.row(text(benchmark.id, 2), *(Part(number, style.CELL_FIGURE, 2) for number in numbers))


def _concluded(book: Book, benchmark: str, status: str, results: Sequence[Result]) -> Formula:
    number = sum(result.status.value == status for result in results)
    criteria = {"benchmark": f'"{benchmark}"', "conclusion": f'"{marked(status)}"'}
    return book.counted("Controls", criteria, number)


_SIGNATURE_COLUMNS = (("Name", 3), ("Role", 2), ("Workpaper reference", 2), ("Date", 2), ("Signature", 2))
_SIGNATURE_LINES = 3 + 2 * len(_SIGNERS)  # a gap, the heading, the header and two lines for each


def _write_signatures(page: Page) -> None:
    page.row(heading("Signatures", _WIDTH))
    page.row(label(""), *(label(words, span) for words, span in _SIGNATURE_COLUMNS))
    for signer in _SIGNERS:
        places = [(style.INPUT_DAY if words == "Date" else style.INPUT, span) for words, span in _SIGNATURE_COLUMNS]
        page.row(label(signer), *(Part(None, look, span) for look, span in places), lines=2)
