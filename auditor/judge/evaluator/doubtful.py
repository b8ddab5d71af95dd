"""Verdicts where it is not known which parameters hold: those that all parameters lead to, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from auditor.judge.checks import Verdict

_UNKNOWN = "the account's OU or its tags are not known, and the verdict depends on the parameters that hold for it"


def agreed(verdicts: Sequence[Verdict]) -> Verdict:
    """The first of the verdicts, undecided for the units that another one judges differently."""
    first, *others = verdicts
    if not others:
        return first
    differ = np.logical_or.reduce([_statuses(first) != _statuses(other) for other in others])
    if not differ.any():
        return first
    open_units = pd.Series(differ, index=first.passed.index)
    by_person = None if first.by_person is None else first.by_person.astype(bool) & ~open_units
    reason = first.reason.astype("str").mask(open_units, _UNKNOWN).astype("category")
    return replace(first, applies=first.applies.mask(open_units), reason=reason, by_person=by_person)


def _statuses(verdict: Verdict) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """What is said of each unit, a word each."""
    applies = verdict.applies.astype("boolean")
    passed = verdict.passed.astype("boolean")
    by_person = False if verdict.by_person is None else verdict.by_person.to_numpy(dtype=bool)
    judged = np.where(passed.fillna(False), "pass", "fail")
    judged = np.where((applies.isna() | passed.isna()).to_numpy(dtype=bool), "open", judged)
    judged = np.where(by_person, "by person", judged)
    return np.where((~applies).fillna(False).to_numpy(dtype=bool), "spared", judged)
