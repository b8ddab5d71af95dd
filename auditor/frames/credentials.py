"""The credentials frame: a row for every password, access key and certificate that exists."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from auditor import schema
from auditor.ages import days_between
from auditor.model import CREDENTIALS, FURTHER_KEYS

Rows = np.ndarray[Any, np.dtype[np.intp]]


def credentials_frame(users: pd.DataFrame, further: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Columns of ``schema.CREDENTIALS``; in the order of ``users``, within a user in the order of the slots.

    A slot that is inactive and has no date holds no credential (AWS keeps the dates of inactive ones). ``further`` are
    the access keys that are in no slot of the report (``frames.further_keys``).
    """
    groups = {slot: further[further["credential"] == slot] for slot in FURTHER_KEYS}
    rows = [groups[slot]["at"].to_numpy() if slot in groups else _existing(users, slot) for slot in CREDENTIALS]
    slots = np.repeat(np.arange(len(CREDENTIALS)), [len(r) for r in rows])
    merged = np.concatenate(rows)
    order = np.lexsort((slots, merged))
    columns = {name: users[name].array.take(merged[order]) for name in _shared(users)}
    columns |= {name: _gathered(users, groups, name, rows).take(order) for name in schema.CREDENTIAL_SOURCES}
    columns["credential"] = pd.Categorical.from_codes(slots[order], categories=pd.Index(CREDENTIALS, dtype="str"))
    frame = _with_places(pd.DataFrame(columns), further)
    frame["age_days"] = days_between(frame["last_rotated"], as_of)
    frame["unused_days"] = days_between(frame["last_used"], as_of)
    return frame[list(schema.CREDENTIALS)]


def _shared(users: pd.DataFrame) -> list[str]:
    return [name for name in schema.CREDENTIALS if name in users.columns and name not in schema.CREDENTIAL_SOURCES]


def _existing(users: pd.DataFrame, slot: str) -> Rows:
    active, rotated = (
        users[schema.CREDENTIAL_SOURCES["active"][slot]],
        users[schema.CREDENTIAL_SOURCES["last_rotated"][slot]],
    )
    gone = active.eq(False).fillna(False) & rotated.isna()
    return np.flatnonzero(~gone.to_numpy(dtype=bool))


def _with_places(credentials: pd.DataFrame, further: pd.DataFrame) -> pd.DataFrame:
    """Further keys stand in files of their own."""
    if len(further):
        at = np.flatnonzero(credentials["credential"].isin(FURTHER_KEYS))  # in the same order
        known = credentials["evidence_file"].cat
        files = known.add_categories(further["evidence_file"].cat.categories.difference(known.categories)).array
        lines = credentials["evidence_line"].array.copy()
        files[at], lines[at] = further["evidence_file"].astype("str").to_numpy(), further["evidence_line"].array
        credentials["evidence_file"], credentials["evidence_line"] = files, lines
    return credentials


def _gathered(users: pd.DataFrame, groups: Mapping[str, pd.DataFrame], name: str, rows: list[Rows]) -> Any:
    """One column of all slots, slot after slot."""
    kind = schema.CREDENTIALS[name]
    parts = [_part(users, groups, name, slot, r) for slot, r in zip(CREDENTIALS, rows, strict=True)]
    if kind == "category":
        return union_categoricals(parts)
    return pd.concat([pd.Series(p) for p in parts], ignore_index=True).array


def _part(users: pd.DataFrame, groups: Mapping[str, pd.DataFrame], name: str, slot: str, rows: Rows) -> Any:
    if slot in groups:
        return groups[slot][name].array if name in groups[slot] else _nothing(schema.CREDENTIALS[name], len(rows))
    source = schema.CREDENTIAL_SOURCES[name].get(slot)
    return users[source].array.take(rows) if source else _nothing(schema.CREDENTIALS[name], len(rows))


def _nothing(kind: str, length: int) -> Any:
    if kind == "time":
        return pd.array(np.full(length, np.datetime64("NaT", "us")), dtype=pd.DatetimeTZDtype("us", "UTC"))
    return pd.Categorical.from_codes(np.full(length, -1), categories=pd.Index([], dtype="str"))
