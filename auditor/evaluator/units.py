"""The units of a control, and the predicate's verdict on them with the parameters that hold for each account."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pandas as pd

from auditor.catalog import Control, Selection
from auditor.checks import CHECKS, Verdict
from auditor.checks.verdict import Parameters
from auditor.frames import Frames
from auditor.model import CREDENTIAL_REPORT, Account, Unit


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


def verdict_on(control: Control, units: pd.DataFrame, frames: Frames, selection: Selection, as_of: datetime) -> Verdict:
    """The predicate's verdict; accounts with parameters of their own are judged by those."""
    check = CHECKS[str(control.check)]
    groups = _by_parameters(control, units, frames, selection)
    if len(groups) == 1:
        return check(units, groups[0][0], as_of)
    parts = [check(units[chosen], parameters, as_of) for parameters, chosen in groups]
    return _together(parts, units.index)


def _by_parameters(
    control: Control, units: pd.DataFrame, frames: Frames, selection: Selection
) -> list[tuple[Parameters, pd.Series]]:
    """Each set of parameters that holds for some account, with a mask of the units it is for."""
    codes = units["account_id"].cat.codes
    of_account: list[str] = []
    sets: dict[str, Parameters] = {}
    for account_id in units["account_id"].cat.categories:
        parameters = selection.parameters_of(control, frames.places.get(account_id) or Account(str(account_id)))
        text = "" if parameters is control.parameters else json.dumps(parameters, sort_keys=True)
        sets[text] = parameters
        of_account.append(text)
    if len(sets) <= 1:
        return [(next(iter(sets.values()), control.parameters), pd.Series(True, index=units.index))]
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
    return Verdict(joined("applies"), joined("passed"), joined("observed"), reason, by_person)
