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
from auditor.tables.spelling import SUFFIX

_OF_A_SLOT = ("active", "last_rotated", "last_used")
_OF_THE_USER = ("user_creation_time", "password_enabled")
_SPELT = tuple(f"{name}{SUFFIX}" for name in (*_OF_A_SLOT, *_OF_THE_USER))
_NO_PLACES = pd.Index([""], dtype="str")
Rows = np.ndarray[Any, np.dtype[np.intp]]


def credentials_frame(users: pd.DataFrame, further: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Columns of ``schema.CREDENTIALS``, then spellings of AGED and the report's place of a further key as
    ``report_places``; in the order of ``users``, within a user in the order of the slots.

    A slot that is inactive and has no date holds no credential (AWS keeps the dates of inactive ones). ``further`` are
    the access keys that are in no slot of the report (``frames.further_keys``).
    """
    groups = {slot: further[further["credential"] == slot] for slot in FURTHER_KEYS}
    rows = [groups[slot]["at"].to_numpy() if slot in groups else _existing(users, slot) for slot in CREDENTIALS]
    slots = np.repeat(np.arange(len(CREDENTIALS)), [len(r) for r in rows])
    merged = np.concatenate(rows)
    order = np.lexsort((slots, merged))
    columns = {name: users[name].array.take(merged[order]) for name in _shared(users)}
    columns |= _spellings(users, groups, rows, order)
    columns |= {f"{n}{SUFFIX}": users[f"{n}{SUFFIX}"].array.take(merged[order]) for n in _OF_THE_USER}
    columns |= {name: _gathered(users, groups, name, rows).take(order) for name in schema.CREDENTIAL_SOURCES}
    columns["credential"] = pd.Categorical.from_codes(slots[order], categories=pd.Index(CREDENTIALS, dtype="str"))
    frame = _with_places(pd.DataFrame(columns), further)
    frame["age_days"] = days_between(frame["last_rotated"], as_of)
    frame["unused_days"] = days_between(frame["last_used"], as_of)
    return frame[[*schema.CREDENTIALS, *_SPELT, "report_places"]]


def _spellings(
    users: pd.DataFrame, groups: Mapping[str, pd.DataFrame], rows: list[Rows], order: Rows
) -> dict[str, Any]:
    """How the cells of each slot are spelt, of further keys the list of access keys."""
    found = {}
    for name in _OF_A_SLOT:
        parts = []
        for slot, at in zip(CREDENTIALS, rows, strict=True):
            source = schema.CREDENTIAL_SOURCES[name].get(slot)
            if slot in groups:
                parts.append(groups[slot][f"{name}{SUFFIX}"].array)
            elif source:
                parts.append(users[f"{source}{SUFFIX}"].array.take(at))
            else:
                parts.append(_nothing("category", len(at)))
        found[f"{name}{SUFFIX}"] = union_categoricals(parts).take(order)
    return found


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
    """Further keys stand in files of their own; that they are further ones is told by the report."""
    credentials["report_places"] = pd.Categorical.from_codes(np.zeros(len(credentials), dtype=np.int8), _NO_PLACES)
    if len(further):
        at = np.flatnonzero(credentials["credential"].isin(FURTHER_KEYS))  # in the same order
        known = credentials["evidence_file"].cat
        files = known.add_categories(further["evidence_file"].cat.categories.difference(known.categories)).array
        lines = credentials["evidence_line"].array.copy()
        places = credentials["evidence_file"].iloc[at].astype("str") + ":" + lines[at].astype("str")
        files[at], lines[at] = further["evidence_file"].astype("str").to_numpy(), further["evidence_line"].array
        credentials["report_places"] = credentials["report_places"].cat.add_categories(places.unique())
        credentials.loc[credentials.index[at], "report_places"] = places.to_numpy()
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
