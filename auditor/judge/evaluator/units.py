"""The units of a control, and the verdict on them with the parameters that hold for each account."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd

from auditor.catalog import Control, Doubt, Selection
from auditor.judge.checks import CHECKS, Check, Verdict
from auditor.judge.checks.verdict import Parameters
from auditor.judge.evaluator.doubtful import agreed
from auditor.judge.sql import sql_verdict
from auditor.model import CREDENTIAL_REPORT, Account, Unit
from auditor.tables import Frames


class Units:
    """The units of one control after another; those of the last one are kept, since many controls share theirs."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._key: tuple[object, ...] = ()
        self._last = frames.root

    def of(self, control: Control) -> pd.DataFrame:
        key = (control.unit, control.evidence[0], control.credentials, _needs_reports(control))
        if key != self._key:
            self._key, self._last = key, units_of(control, self._frames)
        return self._last


def units_of(control: Control, frames: Frames) -> pd.DataFrame:
    """The rows that are the control's units; root belongs to the root controls only."""
    kind = control.evidence[0]
    if kind != CREDENTIAL_REPORT:
        return frames.units[control.unit, kind]
    if control.unit is Unit.ROOT:
        return frames.root[frames.root["source"] == CREDENTIAL_REPORT] if _needs_reports(control) else frames.root
    frame = frames.credentials if control.unit is Unit.CREDENTIAL else frames.users
    chosen = ~frame["is_root"]
    if control.unit is Unit.CREDENTIAL:
        chosen &= frame["credential"].isin(control.credentials)
    found = frame[chosen].reset_index(drop=True)
    if control.unit is Unit.USER:
        found["further_active_keys"] = frames.further_active[chosen].array
    return found


def _needs_reports(control: Control) -> bool:
    """Whether only a credential report can tell what the control asks."""
    return tuple(control.evidence) == (CREDENTIAL_REPORT,)


def check_of(control: Control) -> Check:
    """The predicate that decides, or the control's SQL in the form of one."""
    return partial(sql_verdict, control) if control.table is not None else CHECKS[str(control.check)]


def verdict_on(control: Control, units: pd.DataFrame, frames: Frames, selection: Selection, as_of: datetime) -> Verdict:
    """The verdict of the predicate, or of the SQL; accounts with parameters of their own are judged by those."""
    check = check_of(control)
    groups = _by_parameters(control, units, frames, selection)
    if len(groups) == 1:
        return agreed([check(units, parameters, as_of) for parameters in groups[0][0]])
    parts = [agreed([check(units[chosen], p, as_of) for p in possible]) for possible, chosen in groups]
    return _together(parts, units.index)


def _by_parameters(
    control: Control, units: pd.DataFrame, frames: Frames, selection: Selection
) -> list[tuple[tuple[Parameters, ...], pd.Series]]:
    """The sets of parameters that may hold for some account, mostly one, with a mask of the units they are for."""
    codes = units["account_id"].cat.codes
    of_account: list[str] = []
    sets: dict[str, tuple[Parameters, ...]] = {}
    for account_id in units["account_id"].cat.categories:
        place, doubt = frames.places.get(account_id), frames.doubts.get(account_id)
        possible = selection.possible_parameters(control, place or Account(str(account_id)), doubt or Doubt())
        text = "" if possible[0] is control.parameters else json.dumps(possible, sort_keys=True)
        sets[text] = possible
        of_account.append(text)
    if len(sets) <= 1:
        return [(next(iter(sets.values()), (control.parameters,)), pd.Series(True, index=units.index))]
    names = list(sets)
    numbers = pd.Series([names.index(text) for text in of_account])
    number_of = pd.Series(numbers.reindex(codes).to_numpy(), index=units.index)
    return [(sets[text], number_of == number) for number, text in enumerate(names)]


def _together(parts: list[Verdict], index: pd.Index) -> Verdict:
    """The parts' rows in the order of the units."""

    def joined(name: str) -> Any:
        return pd.concat([getattr(part, name) for part in parts]).reindex(index)

    by_person = None if parts[0].by_person is None else joined("by_person")
    reason = pd.concat([part.reason.astype("str") for part in parts]).reindex(index).astype("category")
    names = ("line", "also_seen_in", "not_applicable", "violated_since")
    further = {name: None if getattr(parts[0], name) is None else joined(name) for name in names}
    return Verdict(joined("applies"), joined("passed"), joined("observed"), reason, by_person, **further)
