"""Every check once more in plain steps: for every unit of a boxed organization both come to the same end."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor.catalog import Control, Selection
from auditor.judge.checks import CHECKS
from auditor.judge.evaluator.units import units_of, verdict_on
from auditor.judge.explanation.judging import facts_of_each, status_of
from auditor.model import CREDENTIAL_REPORT, Status
from auditor.reperform.plain.rules import READS, RULES, Told
from auditor.reperform.sql_rules import engine_rule, rule_of
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from auditor.tables import Frames, build_frames
from tests.boxed import AS_OF, Box
from tests.support import catalog, only

MOMENTS = (AS_OF, AS_OF - timedelta(hours=12), AS_OF + timedelta(seconds=1), AS_OF - timedelta(seconds=1))
WHO = ("account_id", "account_name", "ou_path", "user", "arn", "credential", "is_root", "evidence_file")
DERIVED_FROM = {"last_rotated": ("age_days",), "last_used": ("unused_days",)}
DERIVED = ("age_days", "unused_days")


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A small organization with all its evidence, and what some accounts refuse."""
    out = tmp_path_factory.mktemp("steps")
    settings = out / "auditor.yaml"
    benchmarks = "\n".join(f"- {name}" for name in catalog().benchmarks)
    settings.write_text(f"out: {out}\nreport_timeout: 10\nec2_instances: true\nbenchmark:\n{benchmarks}\n")
    sandbox = Sandbox(SandboxOptions(accounts=30, users=12, as_of=AS_OF))
    with sandbox.serve() as url:
        collected = Box(sandbox, url).auditor("collect", "--config", settings)
    assert collected.returncode == 4, collected.stderr
    return Snapshot.open(Path(collected.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def at_moments(snapshot: Snapshot) -> dict[datetime, Frames]:
    return {moment: build_frames(snapshot, moment) for moment in MOMENTS}


@pytest.fixture(scope="module")
def frames(at_moments: dict[datetime, Frames]) -> Frames:
    return at_moments[AS_OF]


@pytest.fixture(scope="module")
def ends(at_moments: dict[datetime, Frames]) -> Ends:
    return Ends(at_moments)


def judging() -> list[Control]:
    return [control for control in catalog().controls.values() if control.test]


class Ends:
    """Of every control, and the frames of each moment, where its steps end; what several tests ask is done once."""

    def __init__(self, at_moments: dict[datetime, Frames]) -> None:
        self._at_moments = at_moments
        self._facts: dict[object, list[Any]] = {}
        self._found: dict[tuple[str, datetime], list[tuple[str, str, Status]]] = {}

    def of(self, control: Control, as_of: datetime) -> list[tuple[str, str, Status]]:
        """(the unit's ARN, where the steps end, what the check says) of each unit."""
        key = control.id, as_of
        if key not in self._found:
            units = units_of(control, self._at_moments[as_of])
            verdict = verdict_on(
                control, units, self._at_moments[as_of], Selection((control,), {control.id: ()}), as_of
            )
            statuses = [status_of(verdict, position) for position in range(len(units))]
            facts = self._facts_of(control, units, as_of)
            told = [_status_by_steps(control, unit, as_of) for unit in facts]
            self._found[key] = [(f["arn"], end, s) for f, end, s in zip(facts, told, statuses, strict=True)]
        return self._found[key]

    def _facts_of(self, control: Control, units: pd.DataFrame, as_of: datetime) -> list[Any]:
        of_reports = tuple(control.evidence) == (CREDENTIAL_REPORT,)
        key = as_of, control.unit, control.evidence[0], control.credentials, of_reports
        if key not in self._facts:
            self._facts[key] = facts_of_each(units)
        return self._facts[key]


def _status_by_steps(control: Control, facts: Any, as_of: datetime) -> str:
    """Where the steps of the plain rule end, and the second engine too."""
    rule = rule_of(control)
    engine = engine_rule(control) if control.table is not None else rule
    assert rule is not None
    assert engine is not None
    told = rule(facts, control.parameters, as_of)
    assert _end(engine(facts, control.parameters, as_of)) == _end(told)
    assert told.steps[-1].endswith(f"-> {told.status}")
    return told.status


def _end(told: Told) -> tuple[str, str, tuple[int, ...], str]:
    """What both the plain rule and the second engine must come to."""
    return told.status, told.observed if told.status != Status.NO_EVIDENCE else "", told.cited, told.also


def test_every_check_has_its_steps() -> None:
    assert set(RULES) == set(CHECKS) | {c.rule for c in judging() if c.rule}
    of_reports = {c.check for c in judging() if c.check and c.evidence[0] == CREDENTIAL_REPORT}
    assert set(READS) == of_reports


@pytest.mark.parametrize("control_id", [c.id for c in judging()])
def test_the_steps_end_where_the_check_does(ends: Ends, control_id: str) -> None:
    """Users of the box sit exactly on thresholds, so that a second earlier or later matters."""
    control = catalog().control(control_id)
    for as_of in MOMENTS:
        found = ends.of(control, as_of)
        assert [(arn, by_steps) for arn, by_steps, _ in found] == [(arn, by_check) for arn, _, by_check in found]
        assert found, "an organization without such units proves nothing"


def test_the_organization_shows_every_status(ends: Ends) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for control in judging():
        seen.update((str(control.second_rule), status) for _, status, _ in ends.of(control, AS_OF))
    decided = {check for check in RULES if {(check, Status.PASS), (check, Status.FAIL)} <= set(seen)}
    by_person = {str(c.check) for c in judging() if c.by_hand}
    one_organization = {"root_access_centralized", "policies_delegated"}  # one unit, so one verdict
    never_passing = {"no_open_role_trust"}
    never_failing = {"policy_attached_to_nobody"}
    assert set(RULES) - decided == by_person | one_organization | never_passing | never_failing


@pytest.mark.parametrize("check", sorted(READS))
def test_they_agree_on_reports_in_which_a_column_is_missing(frames: Frames, check: str) -> None:
    control = next(c for c in judging() if c.check == check)
    units = units_of(control, frames).head(60)
    for name in units.columns.difference([*WHO, *DERIVED]):
        derived = DERIVED_FROM.get(name, ())
        poorer = units.assign(**{n: units[n].mask(units[n].notna()) for n in (name, *derived) if n in units})
        verdict = verdict_on(control, poorer, frames, only(control.id), AS_OF)
        for position, facts in enumerate(facts_of_each(poorer)):
            told = RULES[check](facts, control.parameters, AS_OF)
            assert told.status == status_of(verdict, position), (name, facts, told)
