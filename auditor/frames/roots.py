"""The root users: their rows of the credential reports with what other evidence says of them, or what stands in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from auditor.frames.tables import Columns
from auditor.frames.units import UnitFrames
from auditor.model import ACCOUNT_SUMMARY, CREDENTIAL_REPORT, ROOT_CREDENTIALS, ROOT_USER, VIRTUAL_MFA_DEVICES, Unit

_FACTS: Mapping[str, Columns] = {
    ACCOUNT_SUMMARY: {"summary_root_keys": "Int64", "summary_root_mfa": "boolean", "summary_root_password": "boolean"},
    VIRTUAL_MFA_DEVICES: {"root_virtual_mfa": "str"},
}


def root_frame(users: pd.DataFrame, frames: UnitFrames, reported: Collection[str], partition: str) -> pd.DataFrame:
    """The root rows of ``users`` with what the account summary and the list of virtual MFA devices say of root.

    Below them, those of accounts that are not among the ``reported`` ones and whose root credentials were read through
    AssumeRoot; column ``source`` (a kind of evidence) tells them apart.
    """
    root = users[users["is_root"]].reset_index(drop=True)
    for kind, columns in _FACTS.items():
        source = frames.get((Unit.ACCOUNT, kind))
        for name, dtype in columns.items():
            facts: Any = pd.Series(dtype=dtype) if source is None else source.set_index("account_id")[name]
            facts.index = facts.index.astype("str")
            mapped: Any = root["account_id"].astype("str").map(facts)
            root[name] = mapped.astype(dtype)
    root["source"] = CREDENTIAL_REPORT
    read = frames.get((Unit.ROOT, ROOT_CREDENTIALS))
    return root if read is None else _with_stand_ins(root, read[~read["account_id"].isin(list(reported))], partition)


def _with_stand_ins(root: pd.DataFrame, read: pd.DataFrame, partition: str) -> pd.DataFrame:
    """Rows of the same columns, empty where only a credential report tells."""
    if read.empty:
        return root
    ids = read["account_id"].astype("str")
    rows = root.iloc[:0].reindex(range(len(read)))
    texts = {"user": ROOT_USER, "source": ROOT_CREDENTIALS, "is_root": True}
    told = {name: read[name].array for name in read.columns if name in root.columns and name not in ("user", "arn")}
    told |= {name: [text] * len(read) for name, text in texts.items()}
    told["arn"] = [f"arn:{partition}:iam::{account_id}:root" for account_id in ids]
    for name, values in told.items():
        kind = root[name].dtype
        if isinstance(kind, pd.CategoricalDtype):
            more = pd.Index(values, dtype="str").unique().difference(kind.categories)
            kind = pd.CategoricalDtype(kind.categories.append(more)) if len(more) else kind
            root[name] = root[name].astype(kind)
        rows[name] = pd.array(values, dtype=kind)
    for name in root.columns.difference(list(told)):
        rows[name] = rows[name].astype(root[name].dtype)
    return pd.concat([root, rows], ignore_index=True)
