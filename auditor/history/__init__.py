"""Since when each failure has been seen: the findings of a snapshot beside those of the organization's earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from auditor.errors import AuditorError
from auditor.history.earlier import Earlier, earlier_folders, read_earlier
from auditor.history.units import FAILED, UNLISTED, Numbers, Units, texts_of
from auditor.model import Status
from auditor.store.snapshot import Snapshot

__all__ = ["History", "look_back"]


@dataclass(frozen=True)
class History:
    """``first_seen`` has the index of the findings: UTC, NaT where nothing failed. ``snapshots`` are the ids of the
    earlier ones that were looked at, the newest first; ``remarks`` a sentence for each that could not be used."""

    first_seen: pd.Series
    snapshots: tuple[str, ...]
    remarks: tuple[str, ...]


def look_back(snapshot: Snapshot, findings: pd.DataFrame) -> History:
    """When the first of an unbroken row of snapshots was begun, up to this one, in which a unit has failed.

    Looked at are the sealed snapshots of the same organization beside this one that are older. One in which the
    control was not tested for the account, or its evidence left that open, neither breaks the row nor extends it; one
    in which the unit passed, was not there, or was none that the control applies to breaks it.
    """
    failed = (findings["status"] == Status.FAIL.value).to_numpy()
    units = Units(texts_of(findings[failed]))
    since = np.full(len(units), _instant(snapshot.manifest.started_at))
    unbroken = np.ones(len(units), dtype=bool)
    used, remarks = [], []
    for folder in earlier_folders(snapshot):
        if not unbroken.any():
            break
        try:
            before = read_earlier(folder, snapshot)
        except AuditorError as error:
            remarks.append(f"'first seen' passes over an earlier snapshot: {error}")
            continue
        used.append(folder.name)
        again, ended = _compared(units, before)
        since[unbroken & again] = _instant(before.started_at)
        unbroken &= ~ended
    times = np.full(len(findings), np.datetime64("NaT", "us"))
    times[failed] = since[units.numbers]
    series = pd.Series(times, index=findings.index, name="first_seen").dt.tz_localize("UTC")
    return History(series, tuple(used), tuple(remarks))


def _compared(units: Units, before: Earlier) -> tuple[Numbers, Numbers]:
    """Which units failed in an earlier snapshot too, and which certainly did not."""
    status = units.statuses(before.rows)
    known = before.tested(units) | (status != UNLISTED)
    return status == FAILED, known & (status != FAILED)


def _instant(moment: datetime) -> np.datetime64:
    return pd.Timestamp(moment).tz_convert(None).as_unit("us").to_datetime64()
