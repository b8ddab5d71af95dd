"""The root users: their rows of the credential reports with what other evidence says of them, or what stands in."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pandas as pd

from auditor.model import ACCOUNT_SUMMARY, CREDENTIAL_REPORT, ROOT_CREDENTIALS, ROOT_USER, VIRTUAL_MFA_DEVICES, Unit
from auditor.tables.spelling import place_of
from auditor.tables.units import UnitFrames

_FACTS: Mapping[str, Mapping[str, str]] = {
    ACCOUNT_SUMMARY: {
        "summary_root_keys": "Int64",
        "summary_root_mfa": "boolean",
        "summary_root_password": "boolean",
        "summary_root_keys_spelling": "str",
        "summary_root_mfa_spelling": "str",
        "summary_root_password_spelling": "str",
    },
    VIRTUAL_MFA_DEVICES: {"root_virtual_mfa": "str"},
}
# Where else a root user's verdict comes from, and when each source was made; texts, empty where there is none.
_PLACES = {ACCOUNT_SUMMARY: "summary_places", VIRTUAL_MFA_DEVICES: "device_places"}
_OF_A_SESSION = ("login_places", "mfa_places")
_MADE = ("report_made", "summary_made")
ROOT_FACTS: Mapping[str, str] = {
    **{name: dtype for columns in _FACTS.values() for name, dtype in columns.items()},
    **dict.fromkeys(("source", *_PLACES.values(), *_OF_A_SESSION, *_MADE), "str"),
}
"""The dtypes of the columns that a root user has besides those of every user."""


def root_frame(
    users: pd.DataFrame,
    frames: UnitFrames,
    reported: Collection[str],
    partitions: Mapping[str, str],
    made: Mapping[str, str],
) -> pd.DataFrame:
    """The root rows of ``users`` with what the account summary and the list of virtual MFA devices say of root.

    ``made`` tells of evidence files when what they hold was made (UTC, as text).

    Below them, those of accounts that are not among the ``reported`` ones and whose root credentials were read through
    AssumeRoot; column ``source`` (a kind of evidence) tells them apart. ``partitions`` are those of the accounts.
    """
    root = users[users["is_root"]].reset_index(drop=True)
    for kind, columns in _FACTS.items():
        source = frames.get((Unit.ACCOUNT, kind))
        for name, dtype in columns.items():
            facts: Any = pd.Series(dtype=dtype) if source is None else source.set_index("account_id")[name]
            facts.index = facts.index.astype("str")
            mapped: Any = root["account_id"].astype("str").map(facts)
            root[name] = mapped.astype(dtype)
        root[_PLACES[kind]] = _of_each(root, source, lambda file, line: place_of(file, line))
    root["report_made"] = root["evidence_file"].astype("str").map(made).astype("str").fillna("")
    summaries = frames.get((Unit.ACCOUNT, ACCOUNT_SUMMARY))
    root["summary_made"] = _of_each(root, summaries, lambda file, _: made.get(file, ""))
    root = root.assign(**{name: pd.array([""] * len(root), dtype="str") for name in _OF_A_SESSION})
    root["source"] = CREDENTIAL_REPORT
    read = frames.get((Unit.ROOT, ROOT_CREDENTIALS))
    return root if read is None else _with_stand_ins(root, read[~read["account_id"].isin(list(reported))], partitions)


def _of_each(root: pd.DataFrame, source: pd.DataFrame | None, text: Callable[[str, int], str]) -> Any:
    """A text about the file and line that tell of each root user's account; empty where there is none."""
    known: dict[str, str] = {}
    if source is not None:
        rows = zip(source["account_id"], source["evidence_file"], source["evidence_line"], strict=True)
        known = {account_id: text(file, line) for account_id, file, line in rows}
    return pd.array([known.get(account_id, "") for account_id in root["account_id"]], dtype="str")


def _with_stand_ins(root: pd.DataFrame, read: pd.DataFrame, partitions: Mapping[str, str]) -> pd.DataFrame:
    """Rows of the same columns, empty where only a credential report tells."""
    if read.empty:
        return root
    ids = read["account_id"].astype("str")
    rows = root.iloc[:0].reindex(range(len(read)))
    texts = {"user": ROOT_USER, "source": ROOT_CREDENTIALS, "is_root": True}
    told = {name: read[name].array for name in read.columns if name in root.columns and name not in ("user", "arn")}
    told |= {name: [text] * len(read) for name, text in texts.items()}
    for name in ("summary_places", *_OF_A_SESSION):
        told[name] = [place_of(file, line) for file, line in zip(read["evidence_file"], read[name], strict=True)]
    told["arn"] = [f"arn:{partitions[account_id]}:iam::{account_id}:root" for account_id in ids]
    for name, values in told.items():
        kind = root[name].dtype
        if isinstance(kind, pd.CategoricalDtype):
            more = pd.Index(values, dtype="str").dropna().unique().difference(kind.categories)
            kind = pd.CategoricalDtype(kind.categories.append(more)) if len(more) else kind
            root[name] = root[name].astype(kind)
        rows[name] = pd.array(values, dtype=kind)
    for name in root.columns.difference(list(told)):
        rows[name] = rows[name].astype(root[name].dtype)
    return pd.concat([root, rows], ignore_index=True)
