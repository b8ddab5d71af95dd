"""Two implementations, one verdict: on organizations that nobody thought of."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from auditor.judge.assessing import assess
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import Row, reperformed
from auditor.reperform.reperformance import plain_controls
from tests.organizations import Made, made

ORGANIZATIONS, AT_ONCE = 200, 20
COUNTS = {"passed": "PASS", "failed": "FAIL", "not_applicable": "NOT_APPLICABLE"}
COUNTS |= {"no_evidence": "NO_EVIDENCE", "manual": "MANUAL"}
Counts = Counter[tuple[str, str]]


def by_frames(case: Made) -> tuple[Counter[Row], Counts]:
    """What the evaluator says, as it stands in findings.csv and controls.csv."""
    found = assess(case.snapshot, as_of=case.as_of, catalog=case.catalog, selection=case.selection)
    findings = found.findings.copy()
    findings.loc[~findings["status"].isin(["PASS", "FAIL"]), "observed"] = ""  # shown, not recomputed
    columns = [findings[name].astype("str").fillna("") for name in Row._fields]
    counts = Counter(
        {
            (row["control_id"], status): int(row[name])
            for row in found.controls.to_dict("records")
            for name, status in COUNTS.items()
        }
    )
    return Counter(Row(*texts) for texts in zip(*columns, strict=True)), counts


def plainly(case: Made) -> tuple[Counter[Row], Counts]:
    rows: Counter[Row] = Counter()
    counts: Counts = Counter()
    for verdicts in reperformed(collected(case.snapshot.folder), plain_controls(case.selection), case.as_of):
        rows.update(verdicts.rows)
        counts += verdicts.counts
    return rows, counts


@pytest.mark.parametrize("first", range(0, ORGANIZATIONS, AT_ONCE))
def test_reperform_agrees_on_200_randomly_generated_organizations(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + AT_ONCE):
        case = made(tmp_path / str(seed), seed)
        (theirs, their_counts), (ours, our_counts) = by_frames(case), plainly(case)
        assert (seed, sorted((theirs - ours).elements()), sorted((ours - theirs).elements())) == (seed, [], [])
        assert (seed, +their_counts) == (seed, +our_counts)
