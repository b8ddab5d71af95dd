"""The credentials frame: a row for every password, access key and certificate that exists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from auditor import schema
from auditor.ages import days_between
from auditor.model import CREDENTIALS

Rows = np.ndarray[Any, np.dtype[np.intp]]


def credentials_frame(users: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Columns of ``schema.CREDENTIALS``; in the order of ``users``, within a user in the order of the slots.

    A slot that is inactive and has no date holds no credential (AWS keeps the dates of inactive ones).
    """
    rows = [_existing(users, slot) for slot in CREDENTIALS]
    slots = np.repeat(np.arange(len(CREDENTIALS)), [len(r) for r in rows])
    merged = np.concatenate(rows)
    order = np.lexsort((slots, merged))
    columns = {name: users[name].array.take(merged[order]) for name in _shared(users)}
    columns |= {name: _gathered(users, name, rows).take(order) for name in schema.CREDENTIAL_SOURCES}
    columns["credential"] = pd.Categorical.from_codes(slots[order], categories=pd.Index(CREDENTIALS, dtype="str"))
    frame = pd.DataFrame(columns)
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


def _gathered(users: pd.DataFrame, name: str, rows: list[Rows]) -> Any:
    """One column of all slots, slot after slot."""
    kind = schema.CREDENTIALS[name]
    parts = [
        users[source].array.take(r) if (source := schema.CREDENTIAL_SOURCES[name].get(slot)) else _nothing(kind, len(r))
        for slot, r in zip(CREDENTIALS, rows, strict=True)
    ]
    if kind == "category":
        return union_categoricals(parts)
    return pd.concat([pd.Series(p) for p in parts], ignore_index=True).array


def _nothing(kind: str, length: int) -> Any:
    if kind == "time":
        return pd.array(np.full(length, np.datetime64("NaT", "us")), dtype=pd.DatetimeTZDtype("us", "UTC"))
    return pd.Categorical.from_codes(np.full(length, -1), categories=pd.Index([], dtype="str"))
