"""Access keys beyond the two of a credential report, from the lists of users of whom a report tells of more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.kinds.credential_report import report_parser
from auditor.kinds.declaration import Row
from auditor.model import ACCESS_KEYS, FURTHER_KEYS, NOT_LISTED, TOO_MANY, USER_GONE, Unit
from auditor.tables.documents import Collected
from auditor.tables.spelling import place_of

_SLOTS = ("access_key_1_last_rotated", "access_key_2_last_rotated")
_TIME = pd.DatetimeTZDtype("us", "UTC")
_Who = tuple[str, str]  # account id, name of the user
_WHERE = ("account_id", "user", "evidence_file", "evidence_line", *_SLOTS)


@dataclass(frozen=True)
class FurtherKeys:
    """``keys`` has a row for each, in the order of the users and their slots: ``at`` (the user's place in the users
    frame), then columns of ``schema.CREDENTIALS``. ``active`` is how many active ones every user has: nullable,
    <NA> where that is not known. ``places`` is where the list of access keys shows them (categories), empty for none.
    """

    keys: pd.DataFrame
    active: pd.Series
    places: pd.Series


def further_keys(users: pd.DataFrame, collected: Mapping[str, Collected]) -> FurtherKeys:
    """The keys of every user but root of whom the report tells of more, one row that stands for them if none is known.

    Loops over such users and their keys only: there are few.
    """
    chosen = users.loc[_with_more(users), list(_WHERE)]
    listed, gone = _keys_by_user(collected.get(ACCESS_KEYS, Collected()))
    counts: list[Any] = []
    places: list[str] = []
    rows: list[Row] = []
    for at, user in zip(chosen.index, chosen.to_dict("records"), strict=True):
        who = str(user["account_id"]), str(user["user"])
        found = _beyond_slots(listed[who], user) if who in listed else [_unknown(user, gone.get(who))]
        counts.append(_count(found))
        places.append(_places(found) if who in listed or who in gone else "")
        rows += [
            {"at": at, "credential": slot, **row}
            for slot, row in zip(FURTHER_KEYS, _keys_with_slots(found), strict=False)
        ]
    active = pd.array(np.zeros(len(users), dtype=np.int64), dtype="Int64")
    active[chosen.index.to_numpy()] = pd.array(counts, dtype="Int64")
    codes, texts = pd.factorize(np.array(["", *places], dtype=object))
    of_users = np.zeros(len(users), dtype=np.int64)
    of_users[chosen.index.to_numpy()] = codes[1:]
    shown = pd.Categorical.from_codes(of_users, pd.Index(texts, dtype="str"))
    return FurtherKeys(_frame(rows), pd.Series(active), pd.Series(shown))


def _places(keys: Iterable[Row]) -> str:
    return "; ".join(place_of(key["evidence_file"], key["evidence_line"]) for key in keys)


def _with_more(users: pd.DataFrame) -> Any:
    info = users["additional_credentials_info"]
    if info.isna().all():
        return np.zeros(len(users), dtype=bool)
    told = report_parser.tells_of_more(pa.array(info, pa.string())).to_pandas()
    return told.fillna(False).to_numpy(dtype=bool) & ~users["is_root"].to_numpy(dtype=bool)


def _keys_by_user(collected: Collected) -> tuple[Mapping[_Who, list[Row]], Mapping[_Who, Row]]:
    """The keys, the oldest first, of every user whose keys were listed, and the answers on users who are gone."""
    found: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in collected.rows.get(Unit.CREDENTIAL, []):
        created = pd.to_datetime(row["created"], utc=True, errors="coerce", format="ISO8601")
        found[row["account_id"], row["name"]].append(row | {"created": created, "created_text": row["created"]})
    asked = {(row["account_id"], row["name"]): row for row in collected.rows.get(Unit.USER, [])}
    gone = {who: row for who, row in asked.items() if row["gone"]}
    return {who: sorted(found[who], key=_age) for who in asked if who not in gone}, gone


def _age(key: Row) -> tuple[bool, Any, str]:
    undated = bool(pd.isna(key["created"]))
    return undated, pd.Timestamp(0, tz="UTC") if undated else key["created"], key["key_id"]


def _beyond_slots(keys: Iterable[Row], user: Row) -> list[Row]:
    """The keys that are not those of the report's slots, told by when they were made; each slot is one key."""
    slots = [user[slot] for slot in _SLOTS if pd.notna(user[slot])]
    found = []
    for key in keys:
        if key["created"] in slots:
            slots.remove(key["created"])
        else:
            found.append(_known(key))
    return found


def _known(key: Row) -> Row:
    return {
        "active": key["key_active"],
        "active_spelling": key["key_status"],
        "last_rotated": key["created"],
        "last_rotated_spelling": key["created_text"],
        "last_rotated_note": None,
        "last_used_note": NOT_LISTED,
        "evidence_file": key["evidence_file"],
        "evidence_line": key["line"],
    }


def _unknown(user: Row, gone: Row | None) -> Row:
    """Stands for whatever there is beyond the report, of which its own line tells, or that the user is ``gone``."""
    if gone is None:
        return _left_open(user, NOT_LISTED)
    return _left_open({"evidence_file": gone["evidence_file"], "evidence_line": gone["line"]}, USER_GONE)


def _left_open(where: Row, note: str) -> Row:
    place = {name: where[name] for name in ("evidence_file", "evidence_line")}
    unknown = dict.fromkeys(("active", "active_spelling", "last_rotated_spelling"))
    return unknown | {"last_rotated": pd.NaT, "last_rotated_note": note, "last_used_note": note, **place}


def _count(keys: Sequence[Row]) -> Any:
    flags = [key["active"] for key in keys]
    return pd.NA if None in flags else sum(flags)


def _keys_with_slots(keys: list[Row]) -> list[Row]:
    """At most as many as there are names; the last stands for all that are left where there are more, undecided."""
    last = len(FURTHER_KEYS) - 1
    return keys if len(keys) <= last + 1 else [*keys[:last], _left_open(keys[last], TOO_MANY)]


def _frame(rows: Sequence[Row]) -> pd.DataFrame:
    def column(name: str) -> list[Any]:
        return [row[name] for row in rows]

    def category(name: str) -> Any:
        return pd.Categorical(pd.Series(column(name), dtype="str"))

    return pd.DataFrame(
        {
            "at": np.array(column("at"), dtype=np.intp),
            "credential": pd.Categorical(column("credential"), categories=pd.Index(FURTHER_KEYS, dtype="str")),
            "active": pd.array(column("active"), dtype="boolean"),
            "last_rotated": pd.Series(column("last_rotated"), dtype=_TIME),
            "last_rotated_note": category("last_rotated_note"),
            "active_spelling": category("active_spelling"),
            "last_rotated_spelling": category("last_rotated_spelling"),
            "last_used_spelling": category("last_used_note"),
            "last_used_note": category("last_used_note"),
            "evidence_file": category("evidence_file"),
            "evidence_line": pd.array(column("evidence_line"), dtype="Int64"),
        }
    )
