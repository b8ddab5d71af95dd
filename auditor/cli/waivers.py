"""The waivers command, and how waivers show in the result that run and report print."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.console import show_page
from auditor.cli.options import CONFIG, JUDGING, catalog_of, options, selection_of, settings_from
from auditor.cli.sealed import remark_on_changes
from auditor.cli.tables import show_sentence, show_table
from auditor.settings import Settings
from auditor.times import iso

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    import pandas as pd

    from auditor.catalog import Catalog
    from auditor.judge.waivers import Waivers

_SOON = timedelta(days=30)
_SHOWN = 20
_HEADER = ("waiver", "state", "control", "expires", "failures")


@click.group()
def waivers() -> None:
    """Check the file of accepted failures."""


@waivers.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("snapshot", type=click.Path(path_type=Path), required=False)
@options(CONFIG, *JUDGING[:-1])  # all but --waivers, which FILE stands for
def check(file: Path, snapshot: Path | None, **given: Any) -> None:
    """Check the waivers of FILE: errors, or which are valid, expired, or expire within 30 days.

    With SNAPSHOT, at its as-of time, also what each of them covers there, and which cover nothing. Without one, they
    are judged today. Exit code 2 when FILE is not in order.
    """

    from auditor.judge.waivers import load_waivers

    settings = settings_from(given)
    catalog = catalog_of(settings)
    catalog.select(settings.benchmark)
    loaded = load_waivers(file, catalog, settings.waiver_max_days)
    if snapshot is None:
        as_of = settings.as_of or datetime.now(UTC)
        table = _by_days(loaded, as_of)
    else:
        table, as_of = _in_snapshot(snapshot, loaded, settings, catalog)
    soon = _soon(table, as_of)
    show_sentence(
        f"{file}: {len(table)} entries, no errors; at {iso(as_of)}: {_counts(table)}; "
        f"{soon.sum()} expire within 30 days"
    )
    if snapshot is None:
        print("name a snapshot to see which failures they cover")
    _show_rows(table[soon | table["state"].isin(_lacking())], limit=None)
    _show_approved_by_owner(table, limit=None)


def waivers_of(settings: Settings, catalog: Catalog) -> Waivers | None:
    """The waivers that the settings name. Raises WaiverError."""
    if settings.waivers is None:
        return None
    from auditor.judge.waivers import load_waivers

    return load_waivers(settings.waivers, catalog, settings.waiver_max_days)


def show_waivers(table: pd.DataFrame) -> None:
    """One line with the counts, then those that do not work or cover nothing."""
    if len(table):
        print(f"\nWaivers: {table['waived'].sum()} failures waived; {_counts(table)}")
        _show_rows(table[table["state"].isin(_lacking())], limit=_SHOWN)
        _show_approved_by_owner(table, limit=_SHOWN)


def _show_approved_by_owner(table: pd.DataFrame, limit: int | None) -> None:
    """One line that names them; nothing where another person approved each."""
    from auditor.judge.waivers import SAME_PERSON, approved_by_owner

    ids = list(table.loc[approved_by_owner(table), "waiver_id"])
    shown = ids if limit is None else ids[:limit]
    if ids:
        more = f" and {len(ids) - len(shown):,} more" if len(ids) > len(shown) else ""
        show_page(f"{SAME_PERSON}: {', '.join(shown)}{more}")


def _by_days(loaded: Waivers, as_of: datetime) -> pd.DataFrame:
    """The waivers frame without a snapshot: everything that is in force counts as active."""
    from auditor.judge.waivers import in_force, waivers_frame

    return waivers_frame(loaded, {w.id: in_force(w, as_of) for w in loaded.entries})


def _in_snapshot(folder: Path, loaded: Waivers, settings: Settings, catalog: Catalog) -> tuple[pd.DataFrame, datetime]:
    from auditor.judge.assessing import assess
    from auditor.store.snapshot import Snapshot

    selection = selection_of(settings, catalog)
    opened = Snapshot.open(folder)
    assessment = assess(opened, as_of=settings.as_of, catalog=catalog, selection=selection, waivers=loaded)
    remark_on_changes(opened)
    return assessment.waivers, assessment.as_of


def _soon(table: pd.DataFrame, as_of: datetime) -> pd.Series:
    """Which of them are in force, but not for more than 30 days."""
    from auditor.judge.waivers import State, day_of

    gone = table["state"].isin([State.EXPIRED.value, State.NOT_YET_VALID.value])
    return ~gone & (table["expires"] <= (day_of(as_of) + _SOON).isoformat())


def _lacking() -> Sequence[str]:
    from auditor.judge.waivers import State

    return [State.EXPIRED.value, State.NOT_YET_VALID.value, State.UNMATCHED.value]


def _counts(table: pd.DataFrame) -> str:
    """``14 active, 2 expired``: every state that occurs."""
    from auditor.judge.waivers import State

    found = table["state"].value_counts(sort=False)
    order = (State.ACTIVE, *(s for s in State if s is not State.ACTIVE))
    return ", ".join(f"{found[s.value]} {s.value}" for s in order if found.get(s.value)) or "none"


def _show_rows(table: pd.DataFrame, limit: int | None) -> None:
    """Those that need a person, the first of each state first."""
    from auditor.judge.waivers import State

    if table.empty:
        return
    rank = {state.value: number for number, state in enumerate(State)}
    ordered = table.iloc[table["state"].astype("str").map(rank).argsort(kind="stable")]
    shown = ordered if limit is None else ordered.head(limit)
    failures = ["" if missing else int(n) for n, missing in zip(shown["matched"], shown["matched"].isna(), strict=True)]
    texts = (shown[name].astype("str") for name in ("waiver_id", "state", "control_id", "expires"))
    show_table(_HEADER, list(zip(*texts, failures, strict=True)), wrapping=("state",))
    if len(shown) < len(ordered):
        print(f"and {len(ordered) - len(shown):,} more; 'auditor waivers check FILE SNAPSHOT' lists them all")
