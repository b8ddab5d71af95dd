"""Since when a unit has been in violation: judged at that instant it fails, and a microsecond earlier it does not."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from auditor import schema
from auditor.catalog import Selection
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.model import Status
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import Row, reperformed
from auditor.reperform.reperformance import plain_controls
from tests.organizations import Made, made

ORGANIZATIONS, AT_ONCE = 16, 8
# Those whose verdict is a matter of time alone, so that another as-of time tells when it began.
OF_TIME = ("key_age", "unused", "certificate_valid")
# Those whose keys the report dates, so that another as-of time does not matter.
OF_KEYS = ("active_key_count", "root_no_key")


def chosen(case: Made, checks: tuple[str, ...]) -> Selection:
    controls = tuple(c for c in case.catalog.controls.values() if c.second_rule in checks)
    return Selection(controls, {c.id: ("test:1",) for c in controls}, overrides=case.selection.overrides)


def judged(case: Made, selection: Selection) -> Assessment:
    return assess(case.snapshot, as_of=case.as_of, catalog=case.catalog, selection=selection)


def plainly_failed(case: Made, selection: Selection, as_of: datetime) -> set[tuple[str, ...]]:
    """The failures by the second implementation, each by all that says what it is about."""
    rows = (v.rows for v in reperformed(collected(case.snapshot.folder), plain_controls(selection), as_of))
    return {tuple(row) for found in rows for row in found if row.status == "FAIL"}


def failures(assessment: Assessment) -> list[tuple[tuple[str, ...], datetime | None]]:
    failed = assessment.findings[assessment.findings["status"] == Status.FAIL.value]
    columns = [failed[name].astype("str").fillna("") for name in Row._fields]
    since = [None if pd.isna(t) else t.to_pydatetime() for t in failed["in_violation_since"]]
    return list(zip(zip(*columns, strict=True), since, strict=True))


@pytest.mark.parametrize("first", range(0, ORGANIZATIONS, AT_ONCE))
def test_at_the_first_instant_it_fails_and_before_it_does_not(first: int, tmp_path: Path) -> None:
    told: Counter[str] = Counter()
    for seed in range(first, first + AT_ONCE):
        case = made(tmp_path / str(seed), seed)
        selection = chosen(case, OF_TIME)
        at: dict[datetime, list[tuple[str, ...]]] = {}
        for unit, since in failures(judged(case, selection)):
            assert since is not None, (seed, unit)
            assert since <= case.as_of
            at.setdefault(since, []).append(unit)
            told[unit[1]] += 1
        for since, units in sorted(at.items())[::4]:
            assert set(units) <= plainly_failed(case, selection, since), (seed, since)
            before = plainly_failed(case, selection, since - timedelta(microseconds=1))
            assert not set(units) & before, (seed, since)
    assert len(told) > 5


@pytest.mark.parametrize("first", range(0, ORGANIZATIONS, AT_ONCE))
def test_one_key_too_many_since_it_was_made(first: int, tmp_path: Path) -> None:
    """By the cells of the report alone, read row by row."""
    for seed in range(first, first + AT_ONCE):
        case = made(tmp_path / str(seed), seed)
        found = judged(case, chosen(case, OF_KEYS))
        users = found.users.assign(line=found.users["evidence_line"])
        rows = {(r["evidence_file"], str(r["line"])): r for r in users.to_dict("records")}
        for unit, since in failures(found):
            about = Row(*unit)
            row = rows.get((about.evidence_file, about.evidence_line))
            assert since is None or row is not None
            if row is None or since is None:
                continue
            dates = sorted(d for n in (1, 2) if not pd.isna(d := row[f"access_key_{n}_last_rotated"]))
            assert since in dates, (seed, unit)
            if unit[1] == "root-no-access-key":
                assert since == dates[0]


def test_the_column_stands_in_sql_and_not_in_findings_csv() -> None:
    assert "in_violation_since" not in schema.FINDINGS
    assert list(schema.FINDINGS_TABLE) == [*schema.FINDINGS, "in_violation_since"]
