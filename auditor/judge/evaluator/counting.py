"""One control's rows stamped with the control, put below those of the others, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from auditor import schema
from auditor.catalog import Control, Selection
from auditor.judge.finding_ids import finding_ids
from auditor.model import CREDENTIALS, Organization, Status
from auditor.times import iso

Codes: TypeAlias = np.ndarray[Any, np.dtype[np.integer[Any]]]
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
_NO_CODES: Codes = np.array([], dtype=np.int64)
_NO_COUNTS: Codes = np.zeros((0, len(schema.COUNTS)), dtype=np.int64)
STATUS = pd.CategoricalDtype(pd.Index([s.value for s in Status if s is not Status.NOT_APPLICABLE], dtype="str"))
CREDENTIAL = pd.CategoricalDtype(pd.Index(["", *CREDENTIALS], dtype="str"))


@dataclass(frozen=True)
class Step:
    """Units that one control tells apart for one reason; ``units`` has a number for each account, after one for what is
    of no account."""

    name: str
    reason: str
    units: Codes


@dataclass(frozen=True)
class Judged:
    """One control's rows, columns of FINDINGS_TABLE but for the stamped ones, and the accounts of the units it does not
    apply to, a code of the rows' categories for each unit. ``steps`` lead from what there is to what was tested."""

    control: Control
    rows: pd.DataFrame
    not_applicable: Codes
    steps: tuple[Step, ...] = ()


def stamped(
    judged: Sequence[Judged], selection: Selection, organization: Organization, snapshot_id: str, as_of: datetime
) -> pd.DataFrame:
    """The rows of all controls one below the other (``schema.FINDINGS_TABLE``)."""
    if not judged:
        return schema.typed(pd.DataFrame(columns=list(schema.FINDINGS_TABLE)), schema.FINDINGS_TABLE)
    controls = [one.control for one in judged]
    stamps = {
        "snapshot_id": [snapshot_id] * len(controls),
        "as_of": [iso(as_of)] * len(controls),
        "control_id": [control.id for control in controls],
        "severity": [control.severity.value for control in controls],
        "requirements": ["; ".join(selection.requirements[control.id]) for control in controls],
        "waiver_id": [""] * len(controls),
    }
    lengths = [len(one.rows) for one in judged]
    columns = {name: _repeated(texts, lengths) for name, texts in stamps.items()}
    rows = stacked([one.rows for one in judged]).assign(**columns)
    return rows.assign(finding_id=finding_ids(rows, organization.id))[list(schema.FINDINGS_TABLE)]


def _repeated(texts: Sequence[str], lengths: Sequence[int]) -> pd.Categorical:
    """Each text as often as its length says."""
    codes, categories = pd.factorize(np.array(texts, dtype=object))
    small = codes.astype(np.int16)
    return pd.Categorical.from_codes(np.repeat(small, lengths), categories=pd.Index(categories, dtype="str"))


def stacked(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The parts, at least one, one below the other; categoricals stay categorical."""
    filled = [part for part in parts if len(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0].reset_index(drop=True)
    columns: dict[str, Any] = {}
    for name in filled[0].columns:
        if isinstance(filled[0][name].dtype, pd.CategoricalDtype):
            columns[name] = _joined([part[name].array for part in filled])
        else:
            columns[name] = pd.concat([part[name] for part in filled], ignore_index=True).array
    return pd.DataFrame(columns)


def _joined(parts: Sequence[Any]) -> pd.Categorical:
    """Categoricals one after another. Categories that are the very same object, such as a million ARNs, are not
    compared."""
    naming = [part for part in parts if (part.codes >= 0).any()] or parts[:1]  # the others fit any categories
    distinct = {id(part.categories): part.categories for part in naming}
    first, *others = distinct.values()
    if not others:
        return pd.Categorical.from_codes(np.concatenate([part.codes for part in parts]), categories=first)
    categories = first.append(others).unique()
    nowhere = np.array([-1])
    places = {key: np.append(categories.get_indexer(found), nowhere) for key, found in distinct.items()}
    codes = [places.get(id(part.categories), nowhere)[part.codes] for part in parts]
    return pd.Categorical.from_codes(np.concatenate(codes), categories=categories)


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
