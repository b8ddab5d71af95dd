"""Rows of findings about whole accounts: no unit of theirs is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from auditor.judge.evaluator.counting import CREDENTIAL, STATUS, Codes
from auditor.model import Status
from auditor.tables import Frames

TIME = pd.DatetimeTZDtype("us", "UTC")
_STATUS_CODES = {Status(word): number for number, word in enumerate(STATUS.categories)}
_COLUMNS = ("account_id", "account_name", "ou_path", "arn", "user", "evidence_file")


class AccountRow(NamedTuple):
    """What is said of one account, or of the organization (no account id)."""

    account_id: str | None
    reason: str
    status: Status
    evidence_file: str | None = None
    evidence_line: int | None = None


class AccountRows:
    """Makes frames of rows; what all of them need of the accounts is looked up once."""

    def __init__(self, frames: Frames) -> None:
        self._categories = {name: frames.users[name].cat.categories for name in _COLUMNS}
        self.ids = self._categories["account_id"]
        self._places = {account_id: place for place, account_id in enumerate(self.ids)}
        known = frames.accounts.set_index("account_id").reindex(self.ids)
        self._names = self._codes("account_name", known["account_name"])
        self._ous = self._codes("ou_path", known["ou_path"].astype("str"))

    def _codes(self, column: str, texts: pd.Series) -> Codes:
        """The code of each account's text; at the end -1, which is no text, for no account."""
        return np.append(self._categories[column].get_indexer(texts.array), -1)

    def places(self, rows: Sequence[AccountRow]) -> Codes:
        """The number of each row's account; -1: none."""
        return np.array([self._places.get(row.account_id or "", -1) for row in rows], dtype=np.int64)

    def frame(self, rows: Sequence[AccountRow]) -> pd.DataFrame:
        """Columns of ``schema.FINDINGS_TABLE`` but for the stamped ones."""
        places, nobody = self.places(rows), np.full(len(rows), -1)
        _, reasons, statuses, files, lines = zip(*rows, strict=True) if rows else ((),) * 5
        empty = pd.array([""] * len(rows), dtype="str")
        return pd.DataFrame(
            {
                "account_id": self._category(places, "account_id"),
                "account_name": self._category(self._names[places], "account_name"),
                "ou_path": self._category(self._ous[places], "ou_path"),
                "resource_arn": self._category(nobody, "arn"),
                "resource_name": self._category(nobody, "user"),
                "evidence_file": _named_files(files, self._categories["evidence_file"]),
                "evidence_line": pd.array(lines, dtype="Int64"),
                "status": pd.Categorical.from_codes(_codes_of(statuses), dtype=STATUS),
                "credential": pd.Categorical.from_codes(np.zeros(len(rows), dtype=np.int8), dtype=CREDENTIAL),
                "observed": empty,
                "reason": pd.Categorical(pd.array(reasons, dtype="str")),
                "also_seen_in": empty,
                "in_violation_since": no_times(len(rows)),
            }
        )

    def _category(self, codes: Codes, column: str) -> Any:
        return pd.Categorical.from_codes(codes, categories=self._categories[column])


def _codes_of(statuses: Sequence[Status]) -> Codes:
    return np.array([_STATUS_CODES[status] for status in statuses], dtype=np.int8)


def no_times(length: int) -> Any:
    return pd.array(np.full(length, "NaT", dtype="datetime64[us]")).tz_localize("UTC")


def _named_files(files: Sequence[Any], reports: pd.Index) -> Any:
    """The categories are the reports, and what else is named."""
    others = pd.Index([file for file in files if file is not None], dtype="str").unique().difference(reports)
    return pd.Categorical(files, categories=reports.append(others) if len(others) else reports)
