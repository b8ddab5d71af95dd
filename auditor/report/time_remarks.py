"""Sentences about times that do not fit together: nobody may take these for verdicts of another time by mistake."""

from __future__ import annotations

from datetime import timedelta

from auditor.judge.assessment import Assessment
from auditor.times import iso

_ANOTHER_DAY = timedelta(days=1)


def time_remarks(assessment: Assessment) -> tuple[str, ...]:
    """A sentence for each, none where all is well."""
    counted = f"ages are counted at {iso(assessment.as_of)}"
    remarks = []
    if abs(assessment.as_of - assessment.started_at) > _ANOTHER_DAY:
        remarks.append(f"{counted}, but the evidence was collected at {iso(assessment.started_at)}")
    if assessment.out_of_period:
        remarks.append(f"{counted}, which is outside the period {assessment.period}")
    return tuple(remarks)
