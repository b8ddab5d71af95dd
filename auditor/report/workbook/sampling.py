"""Which verdicts are computed again in the workbook: all, or a sample that anybody can draw again."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.model import FURTHER_KEYS, Status
from auditor.report.workbook.recomputing import RECOMPUTED

MOST_FOR_ALL = 5_000
EACH = 30
"""How many verdicts of each control and status are drawn where there are too many for all."""
_DECIDED = (Status.PASS.value, Status.FAIL.value)


@dataclass(frozen=True)
class Sample:
    """Rows of the findings, in their order, and how they were chosen, a sentence each."""

    findings: pd.DataFrame
    words: tuple[str, ...]


def sample_of(assessment: Assessment) -> Sample:
    eligible = assessment.findings[_eligible(assessment)]
    decided = int(assessment.findings["status"].isin(_DECIDED).sum())
    if len(eligible) <= MOST_FOR_ALL:
        how = f"All {len(eligible):,} verdicts that the Population decides are computed again, no sample was drawn."
        return Sample(eligible, (how, _others(decided - len(eligible))))
    seed = assessment.snapshot_id
    groups = eligible.groupby(["control_id", "status"], observed=True, sort=True)
    places = [place for names, group in groups for place in _drawn(group, f"{seed} {' '.join(map(str, names))}")]
    chosen = eligible.loc[sorted(places)]
    how = (
        f"A sample of {len(chosen):,} of {len(eligible):,} verdicts that the Population decides: at most {EACH} of "
        f"each control and status. Seed: {seed}. Drawn by Python's random.Random('SEED CONTROL STATUS').sample("
        "range(n), k) from the n rows of that control and status in findings.csv whose evidence is a credential "
        "report, in their order."
    )
    return Sample(chosen, (how, _others(decided - len(eligible))))


def _drawn(group: pd.DataFrame, seed: str) -> list[int]:
    numbers = random.Random(seed).sample(range(len(group)), min(EACH, len(group)))  # noqa: S311 -- repeatable on purpose
    return [int(group.index[number]) for number in sorted(numbers)]


def _others(number: int) -> str:
    return f"{number:,} further verdicts rest on other evidence, and are not computed here."


def _eligible(assessment: Assessment) -> pd.Series:
    findings, credentials = assessment.findings, assessment.credentials
    checks = {control.id: control.check for control in assessment.catalog_controls}
    known = {control_id for control_id, check in checks.items() if check in RECOMPUTED}
    counting = {control_id for control_id, check in checks.items() if check == "active_key_count"}
    chosen = findings["status"].isin(_DECIDED) & findings["control_id"].isin(known)
    chosen &= ~findings["credential"].isin(FURTHER_KEYS)
    more = set(credentials.loc[credentials["credential"].isin(FURTHER_KEYS), "arn"].astype("str"))
    return chosen & ~(findings["control_id"].isin(counting) & findings["resource_arn"].isin(more))
