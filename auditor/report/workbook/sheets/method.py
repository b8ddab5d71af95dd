"""The sheet Method: how the evidence was collected and judged, what it cannot tell, and how to check all of it."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.judge.assessment import Assessment
from auditor.report.scope_words import scope_words
from auditor.report.workbook import style
from auditor.report.workbook.book import Book
from auditor.report.workbook.page import Page, Part, heading, joined_values, label, text
from auditor.times import iso

TITLE = "Method"
_WIDTHS = [28, 138]
_COLLECTED = (
    "The accounts were listed by AWS Organizations (or by a file, where the scope says so). In each account a role "
    "was assumed, narrowed to the calls that are needed, and every answer was kept unedited: the credential report as "
    "the bytes that AWS sent, all else as JSON with the request's id. What an account did not give is a gap with "
    "AWS's code and message, never silence. An account in trouble stops no other."
)
_JUDGED = (
    "Each control was applied to every unit it is about, at one as-of time for the whole organization. Ages are whole "
    "elapsed days in UTC. 'Every N days or less' fails above N; 'unused for N days or more' fails at N. Only active "
    "credentials are judged for age and use; a key that was never used counts from when it was created. Root is judged "
    "by the controls of root only. Where the CIS text and another tool disagree, the CIS text is followed; the "
    "Catalogue says where."
)
_LIMITS = (
    "IAM makes a credential report at most every four hours and serves the last one until then: the sheet Scope & "
    "completeness tells how old each was. AWS records use of passwords and keys with delays of some hours, and of "
    "keys only since April 2015. The report lists two access keys a user; of a user who has more, the keys are listed "
    "by another call that tells no last use. Resource policies of other services are not read. What AWS does not show "
    "is NO_EVIDENCE or asked of a person, never a pass."
)
_VERIFY = (
    "Every finding names the file and line of its evidence, below the snapshot's folder. The root hash on the Cover "
    "is the SHA-256 of manifest.json, which names size and SHA-256 of every evidence file: 'sha256sum -c "
    "evidence.sha256' checks all of them, 'auditor verify' the signature and earlier snapshots as well. The sheet "
    "Re-performance computes verdicts anew with formulas from the cells of Population. Counts on the Cover, Scope & "
    "completeness, Controls and Reconciliation are formulas over the other sheets. The same snapshot, signature, "
    "earlier snapshots, catalogue, waivers, period and as-of time give the same workbook, byte for byte."
)
_TYPED = (
    "Population holds each line of each credential report: the last columns, under AWS's own names, are unedited "
    "text; '(no column)' stands where a report lacks the column. The columns before them are the same values as "
    "dates, yes or no, with ages counted at the as-of time. Characters that a workbook cannot hold are shown as "
    "\ufffd; text longer than a cell ends with a mark."
)


def write_method(book: Book, assessment: Assessment) -> None:
    page = Page(book, TITLE, _WIDTHS)
    page.row(Part("Method", style.TITLE, 2), lines=2)
    _section(page, "How the evidence was collected", _COLLECTED, _collected(assessment))
    _section(page, "How it was judged", _JUDGED, _judged(assessment))
    _section(page, "What this evidence cannot tell", _LIMITS, {})
    _section(page, "How to read the Population", _TYPED, {})
    _section(page, "How to verify", _VERIFY, {})
    page.sheet.print_area = f"A1:B{page.rows}"


def _section(page: Page, title: str, words: str, facts: Mapping[str, str]) -> None:
    page.gap()
    page.row(heading(title, 2))
    page.row(text(words, 2))
    for name, value in facts.items():
        page.row(label(name), text(value))


def _collected(assessment: Assessment) -> dict[str, str]:
    run = assessment.run
    calls = run.get("calls", {})
    return {
        "Scope": scope_words(assessment),
        "From, to (UTC)": f"{iso(assessment.started_at)}, {iso(assessment.finished_at)}",
        "By": assessment.caller_arn,
        "Role in each account": str(assessment.settings.get("role", "")),
        "AWS API calls, by service": ", ".join(f"{service} {number:,}" for service, number in sorted(calls.items())),
        "Repeated API calls": f"{run.get('retries', 0):,}",
        "Interrupted": "yes" if assessment.interrupted else "no",
    }


def _judged(assessment: Assessment) -> dict[str, str]:
    options = "; ".join(f"{name}: {joined_values(value)}" for name, value in assessment.options.items())
    return {
        "As of (UTC)": iso(assessment.as_of),
        "Benchmarks": "; ".join(
            f"{b.id}: {b.title}, version {b.version}, {b.publisher}" for b in assessment.benchmarks
        ),
        "Chosen": options,
        "Catalogue hash": assessment.catalog_hash,
        "Requirements left out": "; ".join(assessment.dropped) or "none",
        "Parameters for no account": "; ".join(assessment.idle_overrides) or "none",
        "Program": f"auditor {assessment.tool_version}",
    }
