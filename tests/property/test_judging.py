"""Laws of judging, on reports and organizations that nobody thought of."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from auditor.catalog import Control, Selection
from auditor.checks import CHECKS
from auditor.evaluator import Verdicts
from auditor.frames import Frames
from auditor.model import CREDENTIAL_REPORT, Unit
from auditor.sandbox import Sandbox, SandboxOptions
from tests.support import (
    ACCOUNT,
    AS_OF,
    COLUMNS,
    Row,
    automated,
    frames_of,
    only,
    report,
    root,
    user,
    verdicts_of,
)

# Few examples, each a whole organization: what an evaluation costs hardly depends on how much it judges.
# Each example is a whole organization: shrinking a failing one would take longer than reading it.
FEW = settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
    phases=(Phase.explicit, Phase.generate),
)
AGE_CONTROLS = Selection(
    tuple(c for c in automated().controls if c.check in {"key_age", "unused"}), automated().requirements
)
OF_REPORTS = Selection(
    tuple(c for c in automated().controls if c.evidence[0] == CREDENTIAL_REPORT), automated().requirements
)
FLAGS = ("true", "TRUE", "false", "False", "true", "false", "N/A", "n/a", "no_information", "not_supported", "")
# Around every threshold, to the second, and anywhere.
DAYS = (0, 1, 30, 44, 45, 46, 89, 90, 91, 400, -1)
SECONDS = (-11, -10, -1, 0, 0, 1, 10, 11, 43_200)
LETTERS = "abcNA017,=+-@._"


@dataclass(frozen=True)
class Written:
    """What is written in an account's report."""

    rows: list[Row]
    columns: list[str]

    @property
    def content(self) -> bytes:
        return report(self.rows, self.columns)


Reports = dict[str, Written]


def _cell(dice: random.Random, column: str) -> str:
    if column.endswith("_active") or column == "password_enabled":
        return dice.choice(FLAGS)
    if column.endswith(("_region", "_service")):
        return dice.choice(("N/A", "s3", ""))
    if dice.random() < 0.3:
        return dice.choice(FLAGS[6:])
    moment = AS_OF - timedelta(days=dice.choice(DAYS), seconds=dice.choice(SECONDS))
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + dice.choice(("Z", "+00:00"))


def written(account_id: str, seed: int) -> Written:
    """A report of up to six users, mostly with a root row, sometimes without a column; any cell holds anything."""
    dice = random.Random(seed)
    names = {"".join(dice.choices(LETTERS, k=dice.randint(1, 12))) for _ in range(dice.randint(1, 6))}
    rows = [root(account_id)] if dice.random() < 0.8 else []
    rows += [user(name, account_id) for name in sorted(names)]
    for row in rows:
        row |= {column: _cell(dice, column) for column in COLUMNS[2:]}
    lacking = dice.sample(COLUMNS[2:], dice.choice((0, 0, 1, 3)))
    return Written(rows, [column for column in COLUMNS if column not in lacking])


SEEDS = st.lists(st.integers(0, 2**32), min_size=3, max_size=20, unique=True)
ORGANIZATIONS = SEEDS.map(lambda seeds: {f"{seed:012d}": written(f"{seed:012d}", seed) for seed in seeds})


def judged(reports: Reports, selection: Selection | None = None, as_of: datetime = AS_OF) -> Verdicts:
    return verdicts_of(frames(reports, as_of), selection, as_of)


def frames(reports: Reports, as_of: datetime = AS_OF) -> Frames:
    return frames_of({account_id: what.content for account_id, what in reports.items()}, as_of=as_of)


Verdict = tuple[str, str, str, str, str]


def verdict_set(found: Verdicts) -> Counter[Verdict]:
    """Decided verdicts without their line numbers, and which accounts have undecided units."""
    findings = found.findings
    names = ("account_id", "control_id", "resource_name", "credential", "status")
    columns = [findings[name].astype("str").fillna("-") for name in names]
    return Counter(zip(*columns, strict=True))


def units_of(control: Control, frames: Frames) -> pd.DataFrame:
    """The units of a control, chosen row by row by the words of the design."""
    if control.evidence[0] != CREDENTIAL_REPORT:
        return frames.units[control.unit, control.evidence[0]]
    frame = frames.credentials if control.credentials else frames.root if control.unit is Unit.ROOT else frames.users
    chosen = [
        (row["user"] == "<root_account>") == (control.unit.value == "root")
        and (not control.credentials or row["credential"] in control.credentials)
        for row in frame.to_dict("records")
    ]
    return frame[pd.Series(chosen, index=frame.index, dtype=bool)].reset_index(drop=True)


@FEW
@given(ORGANIZATIONS)
def test_every_unit_has_exactly_one_status(reports: Reports) -> None:
    facts = frames(reports)
    assert set(facts.accounts["outcome"]) == {"assessed"}
    found = verdicts_of(facts, OF_REPORTS)
    for control, counts in zip(OF_REPORTS.controls, found.controls.to_dict("records"), strict=True):
        units = units_of(control, facts)
        assert control.check is not None
        verdict = CHECKS[control.check](units, control.parameters, AS_OF)
        words = Counter(_status(a, p) for a, p in zip(verdict.applies, verdict.passed, strict=True))
        assert words.total() == len(units)
        rows = found.findings[found.findings["control_id"] == control.id]
        listed = Counter(rows["status"].astype("str"))
        for status, column in (("PASS", "passed"), ("FAIL", "failed")):
            assert words[status] == listed[status] == counts[column]
        assert words["NOT_APPLICABLE"] == counts["not_applicable"]
        assert counts["population"] == counts["passed"] + counts["failed"]
        assert len(units) == counts["population"] + counts["not_applicable"] + words["UNDECIDED"]
        open_accounts = {
            i for i, a, p in zip(units["account_id"], verdict.applies, verdict.passed, strict=True)
            if _status(a, p) == "UNDECIDED"
        }  # fmt: skip
        without_root = reports.keys() - set(units["account_id"]) if control.unit.value == "root" else set()
        silent = rows.loc[rows["status"] == "NO_EVIDENCE", "account_id"].to_list()
        assert sorted(silent) == sorted(open_accounts | without_root)


def _status(applies: Any, passed: Any) -> str:
    if applies is pd.NA or (applies and passed is pd.NA):
        return "UNDECIDED"
    return "NOT_APPLICABLE" if not applies else "PASS" if passed else "FAIL"


@FEW
@given(ORGANIZATIONS, st.randoms(use_true_random=True))
def test_the_order_of_lines_and_columns_does_not_matter(reports: Reports, dice: random.Random) -> None:
    shuffled = {
        account_id: Written(dice.sample(what.rows, len(what.rows)), dice.sample(what.columns, len(what.columns)))
        for account_id, what in dice.sample(list(reports.items()), len(reports))
    }
    before, after = judged(reports, OF_REPORTS), judged(shuffled, OF_REPORTS)
    assert verdict_set(after) == verdict_set(before)
    pd.testing.assert_frame_equal(after.controls, before.controls)


@FEW
@given(ORGANIZATIONS, st.data())
def test_accounts_do_not_touch_each_other(reports: Reports, data: st.DataObject) -> None:
    account_id = data.draw(st.sampled_from(sorted(reports)))
    together, alone = (
        verdict_set(judged(chosen, OF_REPORTS)) for chosen in (reports, {account_id: reports[account_id]})
    )
    assert Counter({v: n for v, n in together.items() if v[0] == account_id}) == alone


@FEW
@given(ORGANIZATIONS, st.integers(1, 100), st.integers(0, 86_399))
def test_ageing_never_makes_a_failure_pass(reports: Reports, days: int, seconds: int) -> None:
    later = AS_OF + timedelta(days=days, seconds=seconds)
    before = verdict_set(judged(reports, AGE_CONTROLS))
    after = verdict_set(judged(reports, AGE_CONTROLS, later))
    assert {verdict for verdict in before if verdict[4] == "FAIL"} <= set(after)
    assert {v[:4] for v in before} == {v[:4] for v in after}


@FEW
@given(ORGANIZATIONS, st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), max_size=6))
def test_unknown_columns_change_nothing(reports: Reports, cells: list[str]) -> None:
    extra = {f"new_{number}": cell for number, cell in enumerate(cells)}
    wider = {
        account_id: Written([row | extra for row in what.rows], [*what.columns[:5], *extra, *what.columns[5:]])
        for account_id, what in reports.items()
    }
    plain, found = judged(reports), judged(wider)
    pd.testing.assert_frame_equal(found.findings, plain.findings)
    pd.testing.assert_frame_equal(found.controls, plain.controls)


@FEW
@given(ORGANIZATIONS, st.sampled_from(COLUMNS[2:]))
def test_a_column_less_never_makes_a_failure_pass(reports: Reports, gone: str) -> None:
    fewer = {i: Written(what.rows, [c for c in what.columns if c != gone]) for i, what in reports.items()}
    failed = {verdict[:4] for verdict in verdict_set(judged(reports)) if verdict[4] == "FAIL"}
    assert not failed & {verdict[:4] for verdict in verdict_set(judged(fewer)) if verdict[4] == "PASS"}


@FEW
@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), st.integers(0, 200), st.integers(0, 86_399))
def test_whole_days_are_counted_as_python_counts_them(moment: datetime, days: int, seconds: int) -> None:
    rotated = moment.replace(microsecond=0, tzinfo=UTC)
    as_of = rotated + timedelta(days=days, seconds=seconds)
    cells = {"access_key_1_active": "true", "access_key_1_last_rotated": rotated.isoformat()}
    facts = frames_of({ACCOUNT: report([user(**cells)])}, as_of=as_of)
    assert facts.credentials["age_days"].to_list() == [days]
    found = verdicts_of(facts, only("access-key-rotated-90d"), as_of)
    assert found.findings["status"].to_list() == ["FAIL" if days > 90 else "PASS"]


@pytest.mark.parametrize("seed", [1, 2, 7, 20261124])
def test_the_boxed_organization_gets_the_verdicts_it_was_planted_for(seed: int) -> None:
    as_of = AS_OF + timedelta(seconds=seed)
    box = Sandbox(SandboxOptions(accounts=36, users=20, seed=seed, as_of=as_of))
    outcomes = box.expected_outcomes()
    gaps = box.expected_gaps()
    # What could not be fetched has no bytes; the rest is judged, the unusable reports too.
    fetched = {i for i, o in outcomes.items() if o == "assessed" or gaps.get(i, ("",))[0] == "validate"}
    facts = frames_of({i: box.report(i) for i in sorted(fetched)}, as_of=as_of)
    findings = verdicts_of(facts, OF_REPORTS, as_of=as_of).findings
    failed = findings[findings["status"] == "FAIL"]
    names = ("account_id", "control_id", "resource_name", "credential")
    found = set(zip(*(failed[name].astype("str") for name in names), strict=True))
    assert found == box.expected_failures({"credential-report"})
    assert len(found) == len(failed) > 100
    assessed = set(facts.accounts.loc[facts.accounts["outcome"] == "assessed", "account_id"])
    assert assessed == {i for i, o in outcomes.items() if o == "assessed"}
    codes = dict(zip(facts.accounts["account_id"], facts.accounts["gap_code"], strict=True))
    assert {i: codes[i] for i in fetched - assessed} == {i: gaps[i][1] for i in fetched - assessed}
