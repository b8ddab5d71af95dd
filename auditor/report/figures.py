"""The counts that the summary and the workbook's first page both state, worked out once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pandas as pd

from auditor import schema
from auditor.judge.assessment import Assessment
from auditor.judge.waivers import State
from auditor.model import Outcome, Severity, Status


@dataclass(frozen=True)
class Gap:
    """Evidence that one account, or the organization, lacks."""

    account_id: str
    account_name: str
    evidence: str
    stage: str
    code: str
    message: str


@dataclass(frozen=True)
class Coverage:
    """How much of the organization the verdicts rest on: accounts by outcome, accounts with an evidence gap, and
    rows of findings without evidence. ``interrupted``: accounts may be missing that were not listed yet."""

    assessed: int
    excluded: int
    not_assessed: int
    with_gaps: int
    no_evidence: int
    interrupted: bool

    @property
    def total(self) -> int:
        return self.assessed + self.excluded + self.not_assessed

    @property
    def in_scope(self) -> int:
        return self.assessed + self.not_assessed

    @property
    def complete(self) -> bool:
        """Nothing is missing; a scope without any account is never complete."""
        missing = self.not_assessed + self.with_gaps + self.no_evidence
        return self.in_scope > 0 and missing == 0 and not self.interrupted


@dataclass(frozen=True)
class Result:
    """What became of one requirement; counts as in ``schema.CONTROLS``."""

    benchmark: str
    requirement: str
    control_id: str
    title: str
    severity: str
    population: int
    passed: int
    failed: int
    no_evidence: int
    manual: int
    waived: int = 0
    not_applicable: int = 0

    @property
    def status(self) -> Status:
        """The worst that can be said: a failure, then missing evidence, then what people must answer."""
        if self.failed:
            return Status.FAIL
        if self.no_evidence:
            return Status.NO_EVIDENCE
        if self.manual:
            return Status.MANUAL
        return Status.PASS if self.population else Status.NOT_APPLICABLE

    @property
    def words(self) -> str:
        """``FAIL 12 of 340; no evidence in 3 accounts``: rates are always counts."""
        lacking = f"no evidence in {counted(self.no_evidence, 'account')}"
        match self.status:
            case Status.FAIL:
                words = f"FAIL {self.failed} of {self.population}"
                words += f" ({self.waived} waived)" if self.waived else ""
                return f"{words}; {lacking}" if self.no_evidence else words
            case Status.NO_EVIDENCE:
                return f"NO_EVIDENCE: {lacking}; 0 of {self.population} failed"
            case Status.MANUAL:
                return f"MANUAL: {counted(self.manual, 'answer')} to be given"
            case Status.PASS:
                return f"PASS {self.passed} of {self.population}"
        return "NOT_APPLICABLE: nothing to test"


def counted(number: int, noun: str) -> str:
    """``1 account``, ``3 accounts``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def by_count(values: pd.Series) -> pd.Series:
    """How often each value occurs, the most frequent first, equally frequent ones in the order of their texts."""
    counts = values.astype("str").value_counts(sort=False)
    return counts.sort_index(kind="stable").sort_values(ascending=False, kind="stable")


def coverage(assessment: Assessment) -> Coverage:
    accounts, statuses = assessment.accounts, findings_by_status(assessment)
    outcomes = _counts(accounts["outcome"], Outcome)
    return Coverage(
        **outcomes,
        with_gaps=assessment.gaps["account_id"].nunique(),
        no_evidence=statuses[Status.NO_EVIDENCE.value],
        interrupted=assessment.interrupted,
    )


def findings_by_status(assessment: Assessment) -> dict[str, int]:
    """Rows of findings by status; units that a control does not apply to are not rows."""
    columns = {Status.PASS: "passed", Status.FAIL: "failed", Status.NO_EVIDENCE: "no_evidence", Status.MANUAL: "manual"}
    return {s.value: int(assessment.controls[columns[s]].sum()) for s in Status if s is not Status.NOT_APPLICABLE}


def failures_by_severity(assessment: Assessment) -> dict[str, int]:
    """Failed findings by severity, worst first."""
    failed = assessment.controls.groupby("severity", observed=True)["failed"].sum()
    return {severity.value: int(failed.get(severity.value, 0)) for severity in reversed(Severity)}


def waivers_by_state(assessment: Assessment) -> dict[str, int]:
    return _counts(assessment.waivers["state"], State)


def gaps(assessment: Assessment) -> list[Gap]:
    """Every row of the gaps frame."""
    return [Gap(*row) for row in assessment.gaps[list(schema.GAPS)].itertuples(index=False)]


def results(assessment: Assessment) -> list[Result]:
    """One entry per requirement of the chosen benchmarks, in the benchmarks' own order."""
    rows = {str(row.control_id): row for row in assessment.controls.itertuples()}
    return [
        _result(benchmark.id, requirement.id, requirement.title, rows[requirement.control])
        for benchmark in assessment.benchmarks
        for requirement in benchmark.requirements
    ]


def _counts(values: pd.Series, words: type[StrEnum]) -> dict[str, int]:
    found = values.value_counts(sort=False)
    return {word.value: int(found.get(word.value, 0)) for word in words}


def _result(benchmark: str, requirement: str, title: str | None, row: Any) -> Result:
    return Result(
        benchmark=benchmark,
        requirement=requirement,
        control_id=row.control_id,
        title=title or row.title,
        severity=row.severity,
        population=int(row.population),
        passed=int(row.passed),
        failed=int(row.failed),
        no_evidence=int(row.no_evidence),
        manual=int(row.manual),
        waived=int(row.waived),
        not_applicable=int(row.not_applicable),
    )
