"""A snapshot's evidence as typed pandas frames: accounts, users, credentials."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from auditor.frames.accounts import accounts_frame
from auditor.frames.credentials import credentials_frame
from auditor.frames.reports import read_reports
from auditor.frames.users import users_frame
from auditor.snapshot import Snapshot

__all__ = ["Frames", "build_frames"]


@dataclass(frozen=True)
class Frames:
    """The evidence of one snapshot. Columns and dtypes: ``auditor.schema``.

    ``accounts`` has a row per account of the organization, in the order of their ids; ``users`` one per line of each
    usable credential report (root included), in account and line order, plus a text column ``x_<name>`` for every
    column AWS does not document; ``credentials`` one per credential that exists, in users' order and slot order.
    """

    accounts: pd.DataFrame
    users: pd.DataFrame
    credentials: pd.DataFrame


def build_frames(snapshot: Snapshot, as_of: datetime) -> Frames:
    """Read, merge and type all evidence; what cannot be read becomes a gap of its account, never silence."""
    records, reports = read_reports(snapshot)
    users = users_frame(records, reports)
    return Frames(accounts_frame(records, users), users, credentials_frame(users, as_of))
