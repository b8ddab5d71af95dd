"""One control on one account's evidence, for the tests of the checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from auditor.catalog import Selection
from auditor.model import EvidenceGap
from auditor.store.evidence import Document
from tests.support import ACCOUNT, Row, catalog, frames_of, only, report, root, verdicts_of

Kinds = Mapping[str, Document | bytes]
Found = tuple[str, str, str]
"""Status, observed and reason."""


def judge(
    control: str,
    documents: Kinds | None = None,
    *,
    row: Row | None = None,
    gaps: Sequence[EvidenceGap] = (),
    common: Kinds | None = None,
    **parameters: Any,
) -> list[Found]:
    """The verdicts on the units of ACCOUNT, in the order of the findings; ``common`` is the organization's evidence."""
    found = findings(control, documents, row=row, gaps=gaps, common=common, **parameters)
    return [
        (str(status), str(observed), str(reason))
        for status, observed, reason in found[["status", "observed", "reason"]].values
    ]


def findings(
    control: str,
    documents: Kinds | None = None,
    *,
    row: Row | None = None,
    gaps: Sequence[EvidenceGap] = (),
    common: Kinds | None = None,
    **parameters: Any,
) -> pd.DataFrame:
    frames = frames_of(
        {ACCOUNT: report([row or root()])},
        documents={ACCOUNT: documents or {}, "organization": common or {}},
        gaps={ACCOUNT: gaps},
        kinds=catalog().control(control).evidence,
    )
    return verdicts_of(frames, only(control, **({"parameters": parameters} if parameters else {}))).findings


def status(control: str, documents: Kinds | None = None, **other: Any) -> str:
    """The one status."""
    ((found, _, _),) = judge(control, documents, **other)
    return found


def table(controls: Sequence[str], cases: Sequence[tuple[Mapping[str, str], Kinds]]) -> list[dict[str, Found]]:
    """Each case's one verdict by each control; a case is the cells of root and the documents of an account."""
    ids = [f"{number:012d}" for number in range(1, len(cases) + 1)]
    chosen = tuple(catalog().control(control) for control in controls)
    frames = frames_of(
        {i: report([root(i, **cells)]) for i, (cells, _) in zip(ids, cases, strict=True)},
        documents={i: documents for i, (_, documents) in zip(ids, cases, strict=True)},
        kinds={kind for control in chosen for kind in control.evidence},
    )
    found = verdicts_of(frames, Selection(chosen, dict.fromkeys(controls, ("test:1",)))).findings
    told: dict[str, dict[str, Found]] = {i: {} for i in ids}
    for row in found.to_dict("records"):
        assert row["control_id"] not in told[row["account_id"]]
        told[row["account_id"]][row["control_id"]] = (row["status"], row["observed"], row["reason"])
    return list(told.values())
