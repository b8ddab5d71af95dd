"""Laws of judging, on reports and organizations that nobody thought of."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.catalog import Control, Selection
from auditor.judge.evaluator import Verdicts
from auditor.judge.evaluator.units import check_of
from auditor.model import CREDENTIAL_REPORT, Unit
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.tables import Frames
from tests.expected import Expected
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

# A whole organization each: what an evaluation costs hardly depends on how much it judges. All laws are tried on the
# same ones, whose verdicts are found once.
ORGANIZATIONS = pytest.mark.parametrize("number", range(5))
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


@cache
def organization(number: int) -> Reports:
    """3 to 20 accounts."""
    dice = random.Random(number)
    seeds = dice.sample(range(2**32), dice.randint(3, 20))
    return {f"{seed:012d}": written(f"{seed:012d}", seed) for seed in seeds}


@cache
def facts_of(number: int) -> Frames:
    return frames(organization(number))


@cache
def verdicts(number: int) -> Verdicts:
    """By every automated control."""
    return verdicts_of(facts_of(number))


def by(selection: Selection, found: Verdicts) -> Verdicts:
    """The part of ``found`` that ``selection`` would give."""
    ids = [control.id for control in selection.controls]
    findings, controls, counts, bridge = (
        table[table["control_id"].isin(ids)].reset_index(drop=True)
        for table in (found.findings, found.controls, found.by_account, found.bridge)
    )
    return Verdicts(findings, controls, counts, bridge)


def judged(reports: Reports, selection: Selection | None = None, as_of: datetime = AS_OF) -> Verdicts:
    kinds = selection.evidence if selection else None
    return verdicts_of(frames(reports, as_of, kinds), selection, as_of)


def frames(reports: Reports, as_of: datetime = AS_OF, kinds: Collection[str] | None = None) -> Frames:
    return frames_of({account_id: what.content for account_id, what in reports.items()}, as_of=as_of, kinds=kinds)


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


@ORGANIZATIONS
def test_every_unit_has_exactly_one_status(number: int) -> None:
    reports, facts = organization(number), facts_of(number)
    assert set(facts.accounts["outcome"]) == {"assessed"}
    found = by(OF_REPORTS, verdicts(number))
    assert found.controls["control_id"].to_list() == [control.id for control in OF_REPORTS.controls]
    for control, counts in zip(OF_REPORTS.controls, found.controls.to_dict("records"), strict=True):
        units = units_of(control, facts)
        verdict = check_of(control)(units, control.parameters, AS_OF)
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


@ORGANIZATIONS
def test_the_order_of_lines_and_columns_does_not_matter(number: int) -> None:
    reports, dice = organization(number), random.Random(f"order {number}")
    shuffled = {
        account_id: Written(dice.sample(what.rows, len(what.rows)), dice.sample(what.columns, len(what.columns)))
        for account_id, what in dice.sample(list(reports.items()), len(reports))
    }
    before, after = by(OF_REPORTS, verdicts(number)), judged(shuffled, OF_REPORTS)
    assert verdict_set(after) == verdict_set(before)
    pd.testing.assert_frame_equal(bare(after.controls), bare(before.controls))


def bare(controls: pd.DataFrame) -> pd.DataFrame:
    """The texts and numbers alone: categories depend on what else was judged."""
    return controls.astype({name: "str" for name in controls if isinstance(controls[name].dtype, pd.CategoricalDtype)})


@ORGANIZATIONS
def test_accounts_do_not_touch_each_other(number: int) -> None:
    account_id, what = random.Random(f"alone {number}").choice(sorted(organization(number).items(), key=itemgetter(0)))
    together = verdict_set(by(OF_REPORTS, verdicts(number)))
    alone = verdict_set(judged({account_id: what}, OF_REPORTS))
    assert Counter({v: n for v, n in together.items() if v[0] == account_id}) == alone


@ORGANIZATIONS
def test_ageing_never_makes_a_failure_pass(number: int) -> None:
    dice = random.Random(f"ageing {number}")
    later = AS_OF + timedelta(days=dice.randint(1, 100), seconds=dice.randrange(86_400))
    before = verdict_set(by(AGE_CONTROLS, verdicts(number)))
    after = verdict_set(judged(organization(number), AGE_CONTROLS, later))
    assert {verdict for verdict in before if verdict[4] == "FAIL"} <= set(after)
    assert {v[:4] for v in before} == {v[:4] for v in after}


@ORGANIZATIONS
def test_unknown_columns_change_nothing(number: int) -> None:
    extra = {f"new_{place}": cell for place, cell in enumerate(_unknown_cells(random.Random(f"unknown {number}")))}
    wider = {
        account_id: Written([row | extra for row in what.rows], [*what.columns[:5], *extra, *what.columns[5:]])
        for account_id, what in organization(number).items()
    }
    plain, found = verdicts(number), judged(wider)
    pd.testing.assert_frame_equal(found.findings, plain.findings)
    pd.testing.assert_frame_equal(found.controls, plain.controls)


def _unknown_cells(dice: random.Random) -> list[str]:
    """One to six texts of any characters that a report can hold."""
    letters = [chr(code) for code in range(0x3000) if unicodedata.category(chr(code)) not in ("Cs", "Cc")]
    return ["".join(dice.choices(letters, k=dice.randint(0, 8))) for _ in range(dice.randint(1, 6))]


@ORGANIZATIONS
def test_a_column_less_never_makes_a_failure_pass(number: int) -> None:
    gone = random.Random(f"gone {number}").choice(COLUMNS[2:])
    fewer = {i: Written(what.rows, [c for c in what.columns if c != gone]) for i, what in organization(number).items()}
    failed = {verdict[:4] for verdict in verdict_set(verdicts(number)) if verdict[4] == "FAIL"}
    assert not failed & {verdict[:4] for verdict in verdict_set(judged(fewer)) if verdict[4] == "PASS"}


@settings(max_examples=5, deadline=None, derandomize=True)
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
    outcomes = Expected(box).outcomes()
    gaps = Expected(box).gaps()
    # What could not be fetched has no bytes; the rest is judged, the unusable reports too.
    fetched = {i for i, o in outcomes.items() if o == "assessed" or gaps.get(i, ("",))[0] == "validate"}
    facts = frames_of({i: box.report(i) for i in sorted(fetched)}, as_of=as_of, kinds=OF_REPORTS.evidence)
    findings = verdicts_of(facts, OF_REPORTS, as_of=as_of).findings
    failed = findings[findings["status"] == "FAIL"]
    names = ("account_id", "control_id", "resource_name", "credential")
    found = set(zip(*(failed[name].astype("str") for name in names), strict=True))
    assert found == Expected(box, {"credential-report"}).failures()
    assert len(found) == len(failed) > 100
    assessed = set(facts.accounts.loc[facts.accounts["outcome"] == "assessed", "account_id"])
    assert assessed == {i for i, o in outcomes.items() if o == "assessed"}
    codes = dict(zip(facts.accounts["account_id"], facts.accounts["gap_code"], strict=True))
    assert {i: codes[i] for i in fetched - assessed} == {i: gaps[i][1] for i in fetched - assessed}
