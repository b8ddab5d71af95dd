"""The tables that a query opens: those on disk, made again where they are not there or are of something else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.ask.stored_tables import StoredTables, cache_folder, reasons_to_make, wanted_derivation
from auditor.cli.console import busy, remark

if TYPE_CHECKING:  # slow to load, so they are loaded where they are used
    from auditor.ask.derivation import Derivation
    from auditor.settings import Settings


def tables_of_snapshots(folders: Sequence[Path], settings: Settings) -> list[StoredTables]:
    """The tables of each snapshot, made of what these settings ask for.

    Those of the snapshot's report where they are; else those that are kept in the cache, which are made where they are
    missing: a query writes nothing into a snapshot.
    """
    return [_tables_of(folder, settings) for folder in folders]


def _tables_of(folder: Path, settings: Settings) -> StoredTables:
    found = StoredTables.in_folder(folder)
    wanted = wanted_derivation(folder, settings, found)
    reasons = reasons_to_make(wanted, found)
    if found and not reasons:
        return found
    place = cache_folder() / wanted.key()
    kept = StoredTables.in_folder(place)
    if kept and not reasons_to_make(wanted, kept):
        kept.mark_opened()
        return kept
    return _made(folder, wanted, place, settings, " and ".join(reasons))


def _made(folder: Path, derivation: Derivation, place: Path, settings: Settings, why: str) -> StoredTables:
    """The tables, made now and kept in ``place``; that is said once all that they are made of is in order."""
    from auditor.cli.judging import judged
    from auditor.cli.options import catalog_of, selection_of
    from auditor.cli.sealed import remark_on_changes
    from auditor.cli.waivers import waivers_of
    from auditor.report.table_files import write_cached
    from auditor.store.snapshot import Snapshot

    catalog = catalog_of(settings)
    selection_of(settings, catalog)
    waivers = waivers_of(settings, catalog)
    opened = Snapshot.open(folder)
    if not settings.quiet:
        report = f"'auditor report {folder}' writes them into it"
        remark(f"the tables of {folder} are made again, because {why}; {report}")
    with (
        busy("judging", quiet=settings.quiet) as say,
        # The workers of a cluster do not see the cache.
        judged(opened, place, settings.model_copy(update={"engine": "local"}), catalog, waivers, say) as assessment,
    ):
        stored = write_cached(assessment, derivation, place)
    remark_on_changes(opened)
    return stored
