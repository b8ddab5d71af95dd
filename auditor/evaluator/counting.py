"""One control's rows stamped with the control, put below those of the others, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from auditor import schema
from auditor.catalog import Control, Selection
from auditor.model import CREDENTIALS, Status
from auditor.times import iso

Codes: TypeAlias = np.ndarray[Any, np.dtype[np.integer[Any]]]
_NO_CODES: Codes = np.array([], dtype=np.int64)
_NO_COUNTS: Codes = np.zeros((0, len(schema.COUNTS)), dtype=np.int64)
STATUS = pd.CategoricalDtype(pd.Index([s.value for s in Status if s is not Status.NOT_APPLICABLE], dtype="str"))
CREDENTIAL = pd.CategoricalDtype(pd.Index(["", *CREDENTIALS], dtype="str"))


@dataclass(frozen=True)
class Judged:
    """One control's rows, columns of FINDINGS but for the stamped ones, and the accounts of the units it does not
    apply to, a code of the rows' categories for each unit."""

    control: Control
    rows: pd.DataFrame
    not_applicable: Codes


def mask(by_person: pd.Series | None, units: pd.DataFrame) -> pd.Series:
    return pd.Series(False, index=units.index) if by_person is None else by_person.astype(bool)


def stamped(judged: Judged, selection: Selection, snapshot_id: str, as_of: datetime) -> pd.DataFrame:
    control = judged.control
    stamps = {
        "snapshot_id": snapshot_id,
        "as_of": iso(as_of),
        "control_id": control.id,
        "severity": control.severity.value,
        "requirements": "; ".join(selection.requirements[control.id]),
        "waiver_id": "",
    }
    codes = np.zeros(len(judged.rows), dtype=np.int8)
    constant = {name: pd.Categorical.from_codes(codes, pd.Index([text], dtype="str")) for name, text in stamps.items()}
    return judged.rows.assign(**constant)[list(schema.FINDINGS)]


def stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The parts one below the other; categoricals stay categorical."""
    if not parts:
        return schema.typed(pd.DataFrame(columns=list(schema.FINDINGS)), schema.FINDINGS)
    columns: dict[str, Any] = {}
    for name in parts[0].columns:
        if schema.FINDINGS[name] == "category":
            columns[name] = _joined([part[name].array for part in parts])
        else:
            columns[name] = pd.concat([part[name] for part in parts], ignore_index=True).array
    return pd.DataFrame(columns)


def _joined(parts: Sequence[Any]) -> Any:
    """Categoricals one after another. pandas would compare a million ARNs that are the very same object."""
    naming = [part for part in parts if (part.codes >= 0).any()]  # the others fit any categories
    categories = (naming or parts)[0].categories
    if all(part.categories is categories for part in naming):
        return pd.Categorical.from_codes(np.concatenate([part.codes for part in parts]), categories=categories)
    return union_categoricals(list(parts))


def by_account(judged: Sequence[Judged]) -> pd.DataFrame:
    """``schema.BY_ACCOUNT``; ``waived`` is 0 throughout."""
    ids = judged[0].rows["account_id"].cat.categories if judged else pd.Index([], dtype="str")
    parts = [_counts(one, len(ids)) for one in judged]
    places = [np.flatnonzero(part.any(axis=1)) for part in parts]
    controls = pd.Index([one.control.id for one in judged], dtype="str")
    numbers = np.repeat(np.arange(len(judged)), [len(found) for found in places])
    counts = np.concatenate([_NO_COUNTS, *(part[found] for part, found in zip(parts, places, strict=True))])
    columns: dict[str, Any] = {
        "account_id": pd.Categorical.from_codes(np.concatenate([_NO_CODES, *places]) - 1, categories=ids),
        "control_id": pd.Categorical.from_codes(numbers, categories=controls),
    }
    return pd.DataFrame(columns | {name: pd.array(counts[:, n], "Int64") for n, name in enumerate(schema.COUNTS)})


def _counts(judged: Judged, accounts: int) -> Codes:
    """A row for each account, after one for what is of no account; the columns are ``schema.COUNTS``."""
    width = len(STATUS.categories)
    status = judged.rows["status"].cat.set_categories(STATUS.categories).cat.codes.to_numpy(dtype=np.int64)
    account = judged.rows["account_id"].cat.codes.to_numpy(dtype=np.int64) + 1
    cells = np.bincount(account * width + status, minlength=(accounts + 1) * width).reshape(-1, width)
    found = {Status(word): cells[:, number] for number, word in enumerate(STATUS.categories)}
    columns = {
        "population": found[Status.PASS] + found[Status.FAIL],
        "passed": found[Status.PASS],
        "failed": found[Status.FAIL],
        "waived": np.zeros(accounts + 1, dtype=np.int64),
        "not_applicable": np.bincount(judged.not_applicable + 1, minlength=accounts + 1),
        "no_evidence": found[Status.NO_EVIDENCE],
        "manual": found[Status.MANUAL],
    }
    return np.column_stack([columns[name] for name in schema.COUNTS])


def described(control: Control, selection: Selection) -> dict[str, Any]:
    """What ``schema.CONTROLS`` tells of a control but for its counts."""
    return {
        "control_id": control.id,
        "title": control.title,
        "severity": control.severity.value,
        "unit": control.unit.value,
        "assessment": control.assessment,
        "requirements": "; ".join(selection.requirements[control.id]),
        "looser_settings": "; ".join(selection.looser.get(control.id, ())),
        "frameworks": _frameworks(selection, control),
    }


def totals(controls: pd.DataFrame, counts: pd.DataFrame) -> pd.DataFrame:
    """``controls`` with the sums of ``counts`` (``schema.BY_ACCOUNT``), 0 for a control that is not in them."""
    sums = counts.groupby("control_id", observed=True)[list(schema.COUNTS)].sum()
    found = sums.reindex(controls["control_id"].to_numpy(), fill_value=0)
    return controls.assign(**{name: found[name].astype("Int64").array for name in schema.COUNTS})


def _frameworks(selection: Selection, control: Control) -> str:
    """``nist_800_53_r5: AC-2(1), AC-3; soc2: CC6.1``"""
    mapped = selection.frameworks.get(control.id, {})
    return "; ".join(f"{framework}: {', '.join(items)}" for framework, items in mapped.items())
