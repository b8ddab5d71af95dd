"""From the users and accounts that there are to what each control tested: nothing is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.catalog import Control, Selection
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.model import Outcome, Unit
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.reperformance import plain_controls
from auditor.report.narrowing import narrowed
from auditor.schema import ABSENT, BY_PERSON, FURTHER, NO_EVIDENCE, NOT_APPLICABLE
from tests.organizations import Made, made

ORGANIZATIONS, AT_ONCE = 16, 8


def judged(case: Made, selection: Selection) -> Assessment:
    return assess(case.snapshot, as_of=case.as_of, catalog=case.catalog, selection=selection)


def every_control(case: Made) -> Selection:
    controls = tuple(case.catalog.controls.values())
    return Selection(controls, {c.id: ("test:1",) for c in controls}, overrides=case.selection.overrides)


def start(assessment: Assessment, control: Control) -> int | None:
    """What the control starts from, counted row by row; None: by what its own evidence lists."""
    users = [row for row in assessment.users.to_dict("records") if row["user"] != "<root_account>"]
    match control.unit:
        case Unit.USER:
            return len(users)
        case Unit.CREDENTIAL:
            return len(users) * sum(name in SLOTS for name in control.credentials)
        case Unit.ACCOUNT | Unit.ROOT:
            return int((assessment.accounts["outcome"] != Outcome.EXCLUDED.value).sum())
    return None


SLOTS = ("password", "access_key_1", "access_key_2", "cert_1", "cert_2")


def steps_of(assessment: Assessment, control: Control) -> dict[str, int]:
    rows = assessment.bridge[assessment.bridge["control_id"] == control.id]
    return {str(step): int(rows.loc[rows["step"] == step, "units"].sum()) for step in rows["step"].cat.categories}


def broken(assessment: Assessment) -> list[object]:
    """The controls whose bridge does not lead to the population, or whose steps are not the counts of controls.csv."""
    found: list[object] = []
    for control, row in zip(assessment.catalog_controls, assessment.controls.to_dict("records"), strict=True):
        steps = steps_of(assessment, control)
        taken = sum(steps.get(name, 0) for name in (ABSENT, NOT_APPLICABLE, NO_EVIDENCE, BY_PERSON))
        begun = start(assessment, control)
        reached = None if begun is None else begun + steps.get(FURTHER, 0) - taken
        if reached not in (None, row["population"]) or steps.get(NOT_APPLICABLE, 0) != row["not_applicable"]:
            found.append((control.id, begun, steps, row["population"], row["not_applicable"]))
    return found


@pytest.mark.parametrize("first", range(0, ORGANIZATIONS, AT_ONCE))
def test_the_bridge_of_every_control_leads_to_its_population(first: int, tmp_path: Path) -> None:
    """In whole organizations that nobody thought of, and in a part of each."""
    steps = 0
    for seed in range(first, first + AT_ONCE):
        case = made(tmp_path / str(seed), seed)
        whole = judged(case, every_control(case) if seed == first else case.selection)
        assert (seed, broken(whole)) == (seed, [])
        ids = list(whole.accounts["account_id"])
        part = narrowed(whole, ids[: (len(ids) + 1) // 2], "a half")
        rest = narrowed(whole, ids[(len(ids) + 1) // 2 :], "the other half")
        assert (seed, broken(part), broken(rest)) == (seed, [], [])
        steps += len(whole.bridge)
    assert steps > AT_ONCE


@pytest.mark.parametrize("first", range(0, ORGANIZATIONS, AT_ONCE))
def test_units_without_evidence_are_those_of_the_second_implementation(first: int, tmp_path: Path) -> None:
    """The one number that no file has: the reason of a NO_EVIDENCE row counts the units; its sum is the step."""
    for seed in range(first, first + AT_ONCE):
        case = made(tmp_path / str(seed), seed)
        found = judged(case, case.selection)
        theirs: dict[str, int] = {}
        for verdicts in reperformed(collected(case.snapshot.folder), plain_controls(case.selection), case.as_of):
            for (name, status), number in verdicts.counts.items():
                theirs[name] = theirs.get(name, 0) + number * (status == "NOT_APPLICABLE")
        for control in found.catalog_controls:
            rows = found.findings[
                (found.findings["control_id"] == control.id) & (found.findings["status"] == "NO_EVIDENCE")
            ]
            numbers = rows["reason"].astype("str").str.extract(r"^(\d+) units? undecided")[0].dropna().astype(int)
            steps = steps_of(found, control)
            assert (seed, control.id, steps.get(NO_EVIDENCE, 0)) == (seed, control.id, int(numbers.sum()))
            assert (seed, control.id, steps.get(NOT_APPLICABLE, 0)) == (seed, control.id, theirs.get(control.id, 0))
