"""One control's rows stamped with the control, put below those of the others, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from auditor import schema
from auditor.catalog import Control, Selection
from auditor.model import CREDENTIALS, Status
from auditor.times import iso

STATUS = pd.CategoricalDtype(pd.Index([s.value for s in Status if s is not Status.NOT_APPLICABLE], dtype="str"))
CREDENTIAL = pd.CategoricalDtype(pd.Index(["", *CREDENTIALS], dtype="str"))


@dataclass(frozen=True)
class Judged:
    """One control's rows, columns of FINDINGS but for the stamped ones, and how many units it does not apply to."""

    control: Control
    rows: pd.DataFrame
    not_applicable: int = 0

    def count(self, status: Status) -> int:
        return int((self.rows["status"] == status.value).sum())


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


def counted(judged: Judged, selection: Selection) -> dict[str, Any]:
    control = judged.control
    passed, failed = judged.count(Status.PASS), judged.count(Status.FAIL)
    return {
        "control_id": control.id,
        "title": control.title,
        "severity": control.severity.value,
        "unit": control.unit.value,
        "assessment": control.assessment,
        "requirements": "; ".join(selection.requirements[control.id]),
        "population": passed + failed,
        "passed": passed,
        "failed": failed,
        "waived": 0,
        "not_applicable": judged.not_applicable,
        "no_evidence": judged.count(Status.NO_EVIDENCE),
        "manual": judged.count(Status.MANUAL),
        "looser_settings": "; ".join(selection.looser.get(control.id, ())),
        "frameworks": _frameworks(selection, control),
    }


def _frameworks(selection: Selection, control: Control) -> str:
    """``nist_800_53_r5: AC-2(1), AC-3; soc2: CC6.1``"""
    mapped = selection.frameworks.get(control.id, {})
    return "; ".join(f"{framework}: {', '.join(items)}" for framework, items in mapped.items())
