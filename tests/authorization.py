"""The rows of authorization details as frames, by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from auditor.kinds.authorization_details import KIND, rows
from auditor.kinds.declaration import Row
from auditor.model import Unit
from auditor.store.evidence import Document

_DTYPES = {table.unit: table.dtypes for table in KIND.tables}
_WHICH = {"account_id": "str", "name": "str", "arn": "str"}
PRINCIPALS = {**_WHICH, **_DTYPES[Unit.USER], "line": "Int64"}
POLICIES = {**_WHICH, **_DTYPES[Unit.POLICY], "line": "Int64"}
ACCOUNTS = {"account_id": "str", **_DTYPES[Unit.ACCOUNT]}
AccountRows = dict[Unit, list[Row]]


@dataclass(frozen=True)
class Authorization:
    """One row per user in ``principals``, per managed policy in force in ``policies``, per account in ``accounts``."""

    principals: pd.DataFrame
    policies: pd.DataFrame
    accounts: pd.DataFrame


def authorization_rows(account_id: str, document: Document) -> AccountRows:
    found = rows(account_id, document)
    return {unit: [{"account_id": account_id} | row for row in listed] for unit, listed in found.items()}


def authorization_frames(accounts: Iterable[AccountRows]) -> Authorization:
    """The rows of all accounts as frames, in the order given."""
    found = list(accounts)
    return Authorization(
        *(
            pd.DataFrame([row for rows in found for row in rows[unit]], columns=list(columns)).astype(columns)
            for unit, columns in ((Unit.USER, PRINCIPALS), (Unit.POLICY, POLICIES), (Unit.ACCOUNT, ACCOUNTS))
        )
    )
