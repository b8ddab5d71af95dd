"""What a predicate says, and the few words all predicates share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.kinds.credential_report.report_parser import NEVER

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Verdict:
    """One row per unit, in the order of the frame that was judged.

    ``applies`` and ``passed`` are nullable booleans: where either is <NA> the evidence does not decide. ``observed``
    (text) quotes the values that decide as the evidence has them, ``reason`` (categorical) says in words how they
    compare with the limit. Where ``by_person`` is true the evidence helps, but a person has to answer; None: nowhere.
    ``line`` is where in the unit's evidence file the first of the values stands (None or <NA>: where the unit does),
    ``also_seen_in`` (``file:line; file:line``) where the others do; None: nowhere else.
    ``not_applicable`` (categorical) says why the control does not apply, where ``applies`` is false; None: it always
    applies. ``violated_since`` (UTC) is the first instant at which a unit that fails has failed ever since, NaT where
    the evidence does not show; None: it never does. It counts what AWS dates, and so takes a credential that is active
    for one that always was: AWS does not date when a credential was switched on.
    """

    applies: pd.Series
    passed: pd.Series
    observed: pd.Series
    reason: pd.Series
    by_person: pd.Series | None = None
    line: pd.Series | None = None
    also_seen_in: pd.Series | None = None
    not_applicable: pd.Series | None = None
    violated_since: pd.Series | None = None


SWITCHED_OFF = "switched off"
NO_PASSWORD = "no console password"

Check = Callable[[pd.DataFrame, Parameters, datetime], Verdict]
"""(frame of units, the control's parameters, as-of) -> Verdict. No I/O, no clock, no state."""


def never(note: pd.Series) -> pd.Series:
    """Where AWS says that a credential was never used, or not since it began to record."""
    return note.isin(NEVER)


def joined(*parts: str | pd.Series) -> pd.Series:
    """The parts of each row in one text; a missing part leaves a question mark."""
    index = next(p.index for p in parts if isinstance(p, pd.Series))
    texts = [p if isinstance(p, str) else pa.array(p.fillna("?"), pa.string()) for p in parts]
    joined_texts = (
        pc.binary_join_element_wise(*texts, "").to_pandas().astype("str").array
    )  # without an index of its own
    return pd.Series(joined_texts, index=index)


def sentences(keys: pd.DataFrame, sentence: Callable[..., str]) -> pd.Series:
    """A text for each row, made of its ``keys`` by ``sentence``, which runs once for each combination that occurs.

    Missing keys are None.
    """
    groups = keys.groupby(list(keys.columns), dropna=False, observed=True, sort=False).ngroup().to_numpy()
    _, firsts = np.unique(groups, return_index=True)
    combinations = keys.iloc[firsts].itertuples(index=False, name=None)  # in the order of the group numbers
    codes, texts = pd.factorize(np.array([sentence(*map(_or_none, c)) for c in combinations], dtype=object))
    texts = pd.Index(texts, dtype="str")
    return pd.Series(pd.Categorical.from_codes(codes[groups], categories=texts), index=keys.index)


def _or_none(value: Any) -> Any:
    return None if pd.isna(value) else value


def flag(value: bool | None) -> str:
    """TRUE, FALSE or unknown."""
    return "unknown" if value is None else str(value).upper()


def all_of(frame: pd.DataFrame, value: bool = True) -> pd.Series:
    """The same for every unit."""
    return pd.Series(value, index=frame.index, dtype="boolean")


def constant(frame: pd.DataFrame, reason: str) -> pd.Series:
    """One reason for every unit."""
    codes, categories = np.zeros(len(frame), dtype=np.int8), pd.Index([reason], dtype="str")
    return pd.Series(pd.Categorical.from_codes(codes, categories=categories), index=frame.index)


def shown(frame: pd.DataFrame, observed: pd.Series, reason: str) -> Verdict:
    """Evidence that a person looks at; none of it decides."""
    everything = all_of(frame)
    return Verdict(everything, everything.mask(everything), observed, constant(frame, reason), by_person=everything)


def named(texts: pd.Series, nothing: str = "none") -> pd.Series:
    """The texts, and a word where there is nothing to name."""
    return texts.fillna(nothing).mask(texts == "", nothing)
