"""What is said of access keys beyond the two of a credential report, where the evidence does not decide."""

from __future__ import annotations

import pandas as pd

from auditor.judge.checks.verdict import sentences
from auditor.model import FURTHER_KEYS, NOT_LISTED, TOO_MANY, USER_GONE

GONE = "the user has more credentials than the report shows, and was deleted before they could be listed"
MORE = (
    "the user has more credentials than the report shows, and it is not known whether active access keys are among them"
)


def with_further_keys(reason: pd.Series, credentials: pd.DataFrame, undecided: pd.Series, unknown: str) -> pd.Series:
    """The reasons, those of undecided further keys replaced by one that names the key and says that ``unknown`` is."""
    chosen = (undecided & credentials["credential"].isin(FURTHER_KEYS)).to_numpy(dtype=bool)
    if not chosen.any():
        return reason
    keys = credentials.loc[chosen, ["credential", "active", "last_rotated_note"]]
    replaced = sentences(keys, lambda name, active, note: _sentence(name, active, note, unknown))
    texts = reason.cat.add_categories(replaced.cat.categories.difference(reason.cat.categories))
    texts[chosen] = replaced.astype("str").to_numpy()
    return texts


def _sentence(name: str, active: bool | None, note: str | None, unknown: str) -> str:
    if note == NOT_LISTED:
        return MORE
    if note == USER_GONE:
        return GONE
    if note == TOO_MANY:
        return f"the user has more access keys than there are names; {name} stands for the remaining keys"
    if active is None:
        return f"the list of access keys does not show whether {name} is active"
    return f"{name} is active, but the list of access keys does not show {unknown}"
