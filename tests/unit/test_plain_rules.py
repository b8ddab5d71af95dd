"""Every check once more in plain steps: for every unit of a boxed organization both come to the same end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.catalog import Control, Selection
from auditor.checks import CHECKS
from auditor.evaluator.units import units_of, verdict_on
from auditor.explanation.judging import facts_of, status_of
from auditor.frames import Frames, build_frames
from auditor.model import CREDENTIAL_REPORT, Status
from auditor.plain.rules import READS, RULES
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.snapshot import Snapshot
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
    settings.write_text(f"out: {out}\nreport_timeout: 4\nec2_instances: true\nbenchmark:\n{benchmarks}\n")
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


def judging() -> list[Control]:
    return [control for control in catalog().controls.values() if control.check]


def ends(control: Control, frames: Frames, as_of: datetime) -> Iterator[tuple[Any, str, Status]]:
    """(the unit's facts, where the steps end, what the check says)."""
    units = units_of(control, frames)
    verdict = verdict_on(control, units, frames, Selection((control,), {control.id: ()}), as_of)
    for position in range(len(units)):
        facts = facts_of(units.iloc[[position]])
        told = RULES[str(control.check)](facts, control.parameters, as_of)
        assert told.steps[-1].endswith(f"-> {told.status}")
        yield facts, told.status, status_of(verdict, position)


def test_every_check_has_its_steps() -> None:
    assert set(RULES) == set(CHECKS)
    of_reports = {c.check for c in judging() if c.evidence[0] == CREDENTIAL_REPORT}
    assert set(READS) == of_reports


@pytest.mark.parametrize("control_id", [c.id for c in judging()])
def test_the_steps_end_where_the_check_does(at_moments: dict[datetime, Frames], control_id: str) -> None:
    """Users of the box sit exactly on thresholds, so that a second earlier or later matters."""
    control = catalog().control(control_id)
    for as_of, frames in at_moments.items():
        found = list(ends(control, frames, as_of))
        assert [(facts["arn"], by_steps) for facts, by_steps, _ in found] == [
            (facts["arn"], by_check) for facts, _, by_check in found
        ]
        assert found, "an organization without such units proves nothing"


def test_the_organization_shows_every_status(frames: Frames) -> None:
    seen: Counter[tuple[str, str]] = Counter()
    for control in judging():
        seen.update((str(control.check), status) for _, status, _ in ends(control, frames, AS_OF))
    decided = {check for check in CHECKS if {(check, Status.PASS), (check, Status.FAIL)} <= set(seen)}
    by_person = {str(c.check) for c in judging() if c.by_hand}
    one_organization = {"root_access_centralized", "policies_delegated"}  # one unit, so one verdict
    never_passing = {"no_open_role_trust"}
    never_failing = {"policy_attached_to_nobody"}
    assert set(CHECKS) - decided == by_person | one_organization | never_passing | never_failing


@pytest.mark.parametrize("check", sorted(READS))
def test_they_agree_on_reports_in_which_a_column_is_missing(frames: Frames, check: str) -> None:
    control = next(c for c in judging() if c.check == check)
    units = units_of(control, frames).head(60)
    for name in units.columns.difference([*WHO, *DERIVED]):
        derived = DERIVED_FROM.get(name, ())
        poorer = units.assign(**{n: units[n].mask(units[n].notna()) for n in (name, *derived) if n in units})
        verdict = verdict_on(control, poorer, frames, only(control.id), AS_OF)
        for position in range(len(poorer)):
            facts = facts_of(poorer.iloc[[position]])
            told = RULES[check](facts, control.parameters, AS_OF)
            assert told.status == status_of(verdict, position), (name, facts, told)
