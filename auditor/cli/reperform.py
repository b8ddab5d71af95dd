"""The reperform command: every verdict recomputed by a second implementation, and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.console import busy
from auditor.cli.options import AS_OF, CONFIG, CONFIG_DIR, NARROWING, catalog_of, options, settings_from, wanted_from
from auditor.cli.sealed import remark_on_changes
from auditor.cli.tables import show_table
from auditor.times import iso

if TYPE_CHECKING:  # pydantic's models are slow to load, so they are loaded where they are used
    from auditor.reperform.reperformance import Made, Reperformance

_SHOWN = 50
_DISAGREES = 8


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option(
    "--workbook",
    metavar="BOOK",
    type=click.Path(path_type=Path),
    help="Also compare the verdict cells of this workbook",
)
@click.option("--reports", metavar="DIR", type=click.Path(path_type=Path), help="Folder of the reports  [the snapshot]")
@options(CONFIG, *NARROWING, CONFIG_DIR, AS_OF)
def reperform(snapshot: Path, workbook: Path | None, reports: Path | None, **given: Any) -> int:
    """Recompute every verdict of SNAPSHOT from its raw evidence and compare it with findings.csv and controls.csv.

    A second implementation does it, unit by unit and with the standard library alone. Benchmarks and as-of time are
    those that summary.json names, unless others are given; waivers change no verdict. Exit code 8 when anything
    differs; the first 50 differences are listed.

    \b
    auditor reperform reports/SNAPSHOT --workbook reports/SNAPSHOT/audit.xlsx
    """
    from auditor.reperform.plain.compare import Book
    from auditor.reperform.reperformance import refuse_others, reperform, reports_of, selected
    from auditor.reperform.verdict_cells import read_book
    from auditor.store.snapshot import Snapshot

    narrowing = {name: value for name, value in wanted_from(given).items() if name in _NARROWING}
    settings = settings_from(given)
    catalog = catalog_of(settings)
    opened = Snapshot.open(snapshot)
    made = reports_of(reports or snapshot)
    refuse_others(made, opened, catalog)
    selection, as_of = selected(made, catalog, narrowing), settings.as_of or made.as_of
    with busy("recomputing", quiet=settings.quiet):
        book = read_book(workbook) if workbook else Book()
        found = reperform(opened, selection, as_of, made, book, limit=_SHOWN)
    remark_on_changes(opened, found.unusable)
    print(
        f"{opened.manifest.snapshot_id}: {found.verdicts:,} verdicts by {len(selection.controls)} controls on "
        f"{found.accounts:,} accounts recomputed as of {iso(as_of)}"
    )
    _show(found, made, workbook)
    return _DISAGREES if found.total else 0


_NARROWING = ("benchmark", "level", "section", "requirement")


def _show(found: Reperformance, made: Made, workbook: Path | None) -> None:
    compared = f"findings.csv and controls.csv in {made.folder}" + (f" and with {workbook}" if workbook else "")
    if not found.total:
        print(f"they agree with {compared}")
        return
    print(f"{found.total:,} {'difference' if found.total == 1 else 'differences'} from {compared}\n")
    header = ("where", "account", "control", "resource", "credential", "reported", "recomputed")
    show_table(header, found.differences, wrapping=("where",))
    if found.total > len(found.differences):
        print(f"and {found.total - len(found.differences):,} more")
