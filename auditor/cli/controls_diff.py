"""The comparison of two benchmarks: their requirements, and on a snapshot their verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.catalog import Benchmark, Catalog, Change, compare, differing
from auditor.cli.console import show_data
from auditor.cli.options import CONFIG, CONFIG_DIR, catalog_of, options, settings_from
from auditor.cli.sealed import remark_on_changes
from auditor.cli.tables import show_sentence, show_table

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    import pandas as pd

_Row = Mapping[str, Any]


@click.command("diff")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("snapshot", type=click.Path(path_type=Path), required=False)
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", help="[table]")
@options(CONFIG, CONFIG_DIR)
def diff(old: str, new: str, snapshot: Path | None, form: str, **given: Any) -> None:
    """What changes from benchmark OLD to benchmark NEW, and which verdicts change on SNAPSHOT.

    \b
    auditor controls diff cis-aws-3.0.0 cis-aws-7.0.0 reports/o-example-20261124T101500Z

    json lists everything; csv the units whose status differs, or without a snapshot the requirements.
    """
    catalog = catalog_of(settings_from(given))
    pair = catalog.benchmark(old), catalog.benchmark(new)
    changes = compare(*pair, catalog.controls)
    rows = [_row(change) for change in changes if change.kind != "same"]
    units = _units(catalog, pair, changes, snapshot) if snapshot else None
    if form == "csv":
        _print_csv(rows if units is None else units.to_dict("records"), _REQUIREMENT if units is None else _columns())
    elif form == "json":
        print(json.dumps(_whole(pair, rows, len(changes) - len(rows), units), indent=2))
    else:
        _show(pair, rows, len(changes) - len(rows), units)


_REQUIREMENT = ("change", "old_id", "new_id", "old_control", "new_control", "details")


def _row(change: Change) -> dict[str, str]:
    controls = change.controls
    return {
        "change": change.kind,
        "old_id": change.old.id if change.old else "",
        "new_id": change.new.id if change.new else "",
        "old_control": controls[0] or "",
        "new_control": controls[1] or "",
        "details": "; ".join(change.details),
    }


def _units(
    catalog: Catalog, pair: tuple[Benchmark, Benchmark], changes: Sequence[Change], folder: Path
) -> pd.DataFrame:
    """The units whose status differs; only controls that one of the benchmarks does not have are judged."""
    import pandas as pd

    from auditor.judge.assessing import assess
    from auditor.report.verdict_changes import COLUMNS, verdict_changes
    from auditor.store.snapshot import Snapshot

    snapshot, pairs = Snapshot.open(folder), [change.controls for change in differing(changes)]
    if not pairs:
        return pd.DataFrame(columns=list(COLUMNS))
    wanted = {control for names in pairs for control in names if control}
    selection = catalog.select([b.id for b in pair], requirements=sorted(wanted))
    assessment = assess(snapshot, catalog=catalog, selection=selection)
    remark_on_changes(snapshot)
    return verdict_changes(assessment, pairs)


def _columns() -> Sequence[str]:
    from auditor.report.verdict_changes import COLUMNS

    return COLUMNS


def _whole(
    pair: tuple[Benchmark, Benchmark], rows: Sequence[_Row], unchanged: int, units: pd.DataFrame | None
) -> dict[str, Any]:
    whole = {"old": pair[0].id, "new": pair[1].id, "requirements": rows, "unchanged": unchanged}
    if units is None:
        return whole
    from auditor.report.verdict_changes import counted

    return whole | {"verdicts": list(counted(units)), "units": units.to_dict("records")}


def _show(pair: tuple[Benchmark, Benchmark], rows: Sequence[_Row], unchanged: int, units: pd.DataFrame | None) -> None:
    if rows:
        header = ("change", "old", "new", "control, what else changes")
        show_table(header, [_cells(row) for row in rows], wrapping=header[-1:])
        print()
    show_sentence(f"{pair[0].id} to {pair[1].id}: {_summed(rows)}{unchanged} unchanged")
    if units is None:
        return
    from auditor.report.verdict_changes import counted

    counts = list(counted(units))
    print(f"\nunits whose status differs: {len(units)}")
    if counts:
        show_table(
            ("control", "old status", "new status", "units"),
            [_counted_cells(count) for count in counts],
            wrapping=("control",),
        )


def _summed(rows: Sequence[_Row]) -> str:
    kinds = [row["change"] for row in rows]
    return "".join(f"{kinds.count(kind)} {kind}, " for kind in ("came", "went", "moved", "changed") if kind in kinds)


def _cells(row: _Row) -> tuple[object, ...]:
    """The control, and below it the new one where that is another, and what else changes."""
    first, *others = _controls(row)
    details = [*(f"-> {name}" for name in others), *filter(None, row["details"].split("; "))]
    return row["change"], row["old_id"], row["new_id"], (first, *(f"  {text}" for text in details))


def _counted_cells(count: _Row) -> tuple[object, ...]:
    first, *others = _controls(count)
    lines = (first, *(f"  -> {name}" for name in others))
    return lines, count["old_status"], count["new_status"], str(count["units"])


def _controls(row: _Row) -> list[str]:
    return list(dict.fromkeys(name for name in (row["old_control"], row["new_control"]) if name))


def _print_csv(rows: Sequence[Mapping[Any, Any]], columns: Sequence[str]) -> None:
    import pandas as pd

    from auditor.report.csv_files import csv_blocks

    show_data(csv_blocks(pd.DataFrame(list(rows), columns=list(columns))))
