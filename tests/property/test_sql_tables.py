"""Every column that SQL may read is the same to both implementations, on organizations made by chance."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.catalog import Catalog, Control, Selection
from auditor.catalog.sql import TABLES
from tests.organizations import Made, made
from tests.property.test_two_implementations import by_frames, plainly
from tests.sql_controls import own_control

ORGANIZATIONS, AT_ONCE = 12, 6


def quoting(table: str) -> Control:
    """A control of the table whose findings quote every column."""
    columns = TABLES[table].columns
    cells = " || ' ' || ".join(f"coalesce(cast({name} as text), '?')" for name in columns)
    return own_control(
        id=f"own-{table.replace('_', '-')}",
        table=table,
        where=None,
        passes=f"{next(iter(columns))} is not null",
        observed=cells,
        reason={"pass": "a", "fail": "b", "no_evidence": "c"},
        parameters=None,
        stricter=None,
    )


CONTROLS = {control.id: control for control in map(quoting, TABLES)}


def of_tables(case: Made) -> Made:
    selection = Selection(tuple(CONTROLS.values()), dict.fromkeys(CONTROLS, ("own:1",)))
    return replace(case, catalog=Catalog.of(CONTROLS.values(), ()), selection=selection)


@pytest.mark.parametrize("first", range(0, ORGANIZATIONS, AT_ONCE))
def test_both_implementations_read_the_same_columns(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + AT_ONCE):
        case = of_tables(made(tmp_path / str(seed), seed))
        (theirs, their_counts), (ours, our_counts) = by_frames(case), plainly(case)
        assert (seed, sorted((theirs - ours).elements()), sorted((ours - theirs).elements())) == (seed, [], [])
        assert (seed, +their_counts) == (seed, +our_counts)
