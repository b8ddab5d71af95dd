"""Two sources that disagree about root: what each says, when each was made, and which is the older."""

from __future__ import annotations

import pandas as pd

from auditor.judge.checks.quoting import UNKNOWN
from auditor.model import ROOT_CREDENTIALS

COUNTED = {"mfa": "AccountMFAEnabled", "password": "AccountPasswordPresent", "keys": "AccountAccessKeysPresent"}
_REPORTED = {"mfa": "mfa_active", "password": "password_enabled", "keys": "access_key_1_active"}
_LISTED = {"mfa": "MFADevices", "password": "LoginProfile", "keys": "AccessKeyMetadata"}


def disagreements(root: pd.DataFrame, about: str, differ: pd.Series) -> pd.Series:
    """A clause for each root user where the two ``differ``, empty elsewhere. ``about``: mfa, password or keys."""
    cells = [f"{_REPORTED[about]}_spelling", f"summary_root_{about}_spelling"]
    columns = ["source", *cells, "report_made", "summary_made"]
    rows = root.loc[differ.to_numpy(dtype=bool), columns].astype("str").fillna(UNKNOWN)
    clauses = pd.Series(
        [_clause(about, *row) for row in rows.itertuples(index=False, name=None)], index=rows.index, dtype="str"
    )
    return clauses.reindex(root.index, fill_value="")


def _clause(about: str, source: str, said: str, counted: str, made: str, counted_at: str) -> str:
    """``the credential report and the account summary disagree about it: mfa_active is false in the ...``"""
    session = source == ROOT_CREDENTIALS
    name = "the session of root" if session else "the credential report"
    label = _LISTED[about] if session else _REPORTED[about]
    older, newer = _ages(made, counted_at)
    return (
        f"{name} and the account summary disagree about it: {label} is {said} in {name} made "
        f"{made or 'at an unknown time'}{older}, {COUNTED[about]} is {counted} in the summary made "
        f"{counted_at or 'at an unknown time'}{newer}"
    )


def _ages(made: str, counted_at: str) -> tuple[str, str]:
    """Times in UTC, all written in the same way, are in the order of their texts."""
    if not made or not counted_at or made == counted_at:
        return "", ""
    return (" (the older)", "") if made < counted_at else ("", " (the older)")
