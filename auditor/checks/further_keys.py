"""What is said of access keys beyond the two of a credential report, where the evidence does not decide."""

from __future__ import annotations

import pandas as pd

from auditor.checks.verdict import told
from auditor.model import FURTHER_KEYS, NOT_LISTED, TOO_MANY, USER_GONE

GONE = "the report tells of more credentials than it lists, and the user was deleted before they could be listed"
MORE = "the report tells of more credentials than it lists, and whether active access keys are among them is not known"


def with_further_keys(reason: pd.Series, credentials: pd.DataFrame, undecided: pd.Series, unknown: str) -> pd.Series:
    """The reasons, those of undecided further keys replaced by one that names the key and says that ``unknown`` is."""
    chosen = (undecided & credentials["credential"].isin(FURTHER_KEYS)).to_numpy(dtype=bool)
    if not chosen.any():
        return reason
    keys = credentials.loc[chosen, ["credential", "active", "last_rotated_note"]]
    replaced = told(keys, lambda name, active, note: _sentence(name, active, note, unknown))
    texts = reason.cat.add_categories(replaced.cat.categories.difference(reason.cat.categories))
    texts[chosen] = replaced.astype("str").to_numpy()
    return texts


def _sentence(name: str, active: bool | None, note: str | None, unknown: str) -> str:
    if note == NOT_LISTED:
        return MORE
    if note == USER_GONE:
        return GONE
    if note == TOO_MANY:
        return f"the user has more access keys than can be named; {name} stands for the last of them"
    if active is None:
        return f"the list of access keys does not tell whether {name} is active"
    return f"{name} is active, but the list of access keys does not tell {unknown}"
