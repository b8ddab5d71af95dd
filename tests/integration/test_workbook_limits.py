"""A limit changed in the workbook changes the verdicts there, as it would change those of the program."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.judge.assessing import assess
from auditor.report.workbook import Workbook
from auditor.store.snapshot import Snapshot
from tests.books import grids, opened, sheet, table
from tests.office import Office
from tests.support import ACCOUNT, AS_OF, ago, catalog, key, password, report, root, stored, user

pytestmark = pytest.mark.libreoffice
AGES = (0, 9, 10, 11, 44, 45, 46, 59, 60, 61, 89, 90, 91, 99, 100, 101, 400)
# What each edited limit becomes, and the control whose verdicts it decides.
LIMITS = {
    ("access-key-rotated-90d", "max_age_days"): 60,
    ("access-key-1-rotated-45d", "max_age_days"): 10,
    ("credentials-unused-45d", "max_unused_days"): 100,
}
Verdicts = dict[tuple[str, str, str], str]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """Users at and a second before every boundary."""
    users = [
        user(
            f"user-{days}-{early}", **key(1, rotated=ago(days, early), used=ago(days, early)), **_password(days, early)
        )
        for days in AGES
        for early in (0, 1)
    ]
    return stored(tmp_path_factory.mktemp("snapshot"), {ACCOUNT: report([root(), *users])})


def _password(days: int, early: int) -> dict[str, str]:
    return password(used=ago(days, early), changed=ago(500))


@pytest.fixture(scope="module")
def books(snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The workbook as made, with other limits, and with another as-of time, each calculated anew."""
    folder = tmp_path_factory.mktemp("books")
    (made,) = Workbook().write(assess(snapshot, catalog=catalog()), folder)
    other = _edited(made, folder / "limits.xlsx", {f"{c}: {p}": value for (c, p), value in LIMITS.items()})
    later = _edited(made, folder / "later.xlsx", {"As of (UTC)": (AS_OF + timedelta(days=1)).replace(tzinfo=None)})
    done = Office(folder / "office").recalculated(made, other, later)
    return dict(zip(("made", "limits", "later"), done, strict=True))


def _edited(made: Path, to: Path, changes: dict[str, Any]) -> Path:
    book = opened(made)
    page, found = sheet(book, "Re-performance"), set()
    for name, value in page.iter_rows(max_col=2):
        if name.value in changes:
            value.value = changes[str(name.value)]
            found.add(name.value)
    assert found == set(changes)
    book.save(to)
    return to


def recomputed(path: Path) -> Verdicts:
    grid = grids(path)["Re-performance"]
    header = next(number for number, row in enumerate(grid, start=1) if row[0] == "Control")
    return {(r["Control"], r["User"], r["Credential"]): r["Recomputed"] for r in table(grid, header)}


def judged_by(snapshot: Snapshot, **other: Any) -> Verdicts:
    """The program's verdicts with the limits of LIMITS, or at another time."""
    selection = catalog().select(["aws-iam-rules", "cis-aws-7.0.0"])
    if not other:
        changed = {control: {parameter: value} for (control, parameter), value in LIMITS.items()}
        controls = tuple(
            c.model_copy(update={"parameters": {**c.parameters, **changed.get(c.id, {})}}) for c in selection.controls
        )
        selection = replace(selection, controls=controls)
    found = assess(snapshot, selection=selection, catalog=catalog(), **other).findings
    keys = ("control_id", "resource_name", "credential")
    return {(str(r[keys[0]]), str(r[keys[1]]), str(r[keys[2]])): str(r["status"]) for r in found.to_dict("records")}


def test_changing_a_limit_changes_the_verdicts(snapshot: Snapshot, books: dict[str, Path]) -> None:
    before, after, own = recomputed(books["made"]), recomputed(books["limits"]), judged_by(snapshot)
    assert len(after) > 100
    assert after == {unit: own[unit] for unit in after}
    changed = {unit[0] for unit in before if before[unit] != after[unit]}
    assert changed == {control for control, _ in LIMITS}


def test_verdicts_that_changed_are_counted(books: dict[str, Path]) -> None:
    before, after = recomputed(books["made"]), recomputed(books["limits"])
    told = {row[0]: row[1] for row in grids(books["limits"])["Re-performance"]}
    differing = sum(before[unit] != after[unit] for unit in before)
    assert told["Of these, not the same as the tool's (must be 0)"] == differing > 10


def test_changing_the_as_of_time_changes_the_verdicts(snapshot: Snapshot, books: dict[str, Path]) -> None:
    before, after = recomputed(books["made"]), recomputed(books["later"])
    own = judged_by(snapshot, as_of=AS_OF + timedelta(days=1))
    assert after == {unit: own[unit] for unit in after}
    assert before != after
