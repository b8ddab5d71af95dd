"""The second page of the Cover: how to read the workbook, what the audit cannot tell, and how it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.judge.assessment import Assessment
from auditor.model import Outcome, Status
from auditor.report.command_words import command_words, settings_words
from auditor.report.figures import counted
from auditor.report.workbook import style
from auditor.report.workbook.page import Page, Part, heading, label, text
from auditor.report.workbook.style import marked

_WIDTH = 12
_LEGEND: Mapping[str, str] = {
    "PASS": "The unit (an account, a user or one credential of a user) meets the control.",
    "FAIL": "The unit does not meet the control. A failure with a waiver stays a failure and names the waiver.",
    "NO_EVIDENCE": "The evidence that decides is missing, wholly or in part. This is never counted as a pass.",
    "MANUAL": "No evidence decides this: a person answers it on the sheet Manual.",
    "NOT_APPLICABLE": "There is nothing to test: the control does not apply to any unit.",
}
_COUNTS = (
    "Population: units that passed or failed. Yellow cells are for people to fill in; numbers on the sheets are "
    "formulas over the other sheets. First seen: the start of the earliest snapshot since which the unit has failed "
    "in each. In violation since: the first instant at which it failed, by the dates in the evidence; a credential "
    "that is active counts as active since it was made, as AWS does not date when it was switched on. It is empty "
    "where the evidence has no date: missing MFA, permissions, password policies and settings of the organization."
)


def write_basis(page: Page, assessment: Assessment) -> None:
    """Append the rows of the page."""
    page.row(heading("How to read this workbook", _WIDTH))
    for status, words in _LEGEND.items():
        page.row(Part(marked(status), style.STATUS[status], 2), text(words, _WIDTH - 2))
    page.row(text(_COUNTS, _WIDTH))
    page.gap()
    page.row(heading("What this audit does not show", _WIDTH))
    for number, words in enumerate(_limits(assessment), start=1):
        page.row(text(f"{number}. {words}", _WIDTH))
    page.gap()
    page.row(heading("How this workbook was made", _WIDTH))
    for name, words in _origin(assessment).items():
        page.row(label(name), text(words, _WIDTH - 1))


def _limits(assessment: Assessment) -> Iterator[str]:
    """Sentences; those with numbers stand first."""
    outcomes = assessment.accounts["outcome"].value_counts(sort=False)
    excluded, missed = (int(outcomes.get(o.value, 0)) for o in (Outcome.EXCLUDED, Outcome.NOT_ASSESSED))
    if excluded or missed:
        yield (
            f"Nothing is known of {counted(excluded, 'account')} that were excluded, nor of the users and credentials "
            f"of {counted(missed, 'account')} in scope that were not assessed. The sheet Scope & completeness says why."
        )
    asked = int((assessment.findings["status"] == Status.MANUAL.value).sum())
    if asked:
        yield f"{counted(asked, 'question')} that no evidence decides must be answered by people, on the sheet Manual."
    yield (
        "It shows one moment, the as-of time. Whether a control was in operation during a whole period takes several "
        "snapshots. A failure that was put right before the evidence was collected is not seen."
    )
    yield (
        "It covers identity and access of IAM, by the requirements of the benchmarks named on page one. It does not "
        "cover networks, logging, encryption or workloads, nor what people did with their access."
    )
    yield (
        "People who sign in through IAM Identity Center or an identity provider are not among the users. Permissions "
        "are read as written; boundaries and organization policies that narrow them are not taken into account."
    )
    yield (
        "AWS makes a credential report at most every four hours, and records the use of passwords and keys with a "
        "delay of some hours. It does not date when MFA, a password or a key was switched on or off."
    )


def _origin(assessment: Assessment) -> dict[str, str]:
    return {
        "Benchmarks": "; ".join(f"{b.id} ({b.title}, version {b.version})" for b in assessment.benchmarks) or "none",
        "Command": command_words(assessment),
        "Collected with": settings_words(assessment),
        "Catalogue hash": assessment.catalog_hash,
        "Earlier snapshots": ", ".join(assessment.earlier_snapshots) or "none was there to compare with",
        "Root hash": "the SHA-256 of manifest.json, which names the SHA-256 of every file of evidence. The command "
        "'auditor verify' compares them, and with --public-key the signature.",
        "Redacted": f"names are pseudonyms, made with key {assessment.redacted_with}"
        if assessment.redacted_with
        else "no",
    }
