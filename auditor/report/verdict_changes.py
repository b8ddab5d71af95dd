"""Which verdicts differ between the controls of two benchmarks, on the same evidence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.model import Status

NOT_ASKED = "not asked"
NO_FINDING = "no finding"  # the control is asked for, but does not apply to this unit
Pair = tuple[str | None, str | None]
_UNIT = ["account_id", "account_name", "resource_arn", "resource_name", "credential"]
COLUMNS = (*_UNIT, "old_control", "new_control", "old_status", "new_status")


def verdict_changes(assessment: Assessment, pairs: Iterable[Pair]) -> pd.DataFrame:
    """The units whose status differs between the first and the second control of a pair; texts, columns COLUMNS.

    The assessment must have judged by all of these controls. A control that is missing asks for nothing. A unit that
    only one of them could tell apart, as the other had no evidence of the account, goes from or to NO_EVIDENCE.
    """
    findings = assessment.findings[["control_id", *_UNIT, "status"]]
    parts = [_changed(findings, old, new) for old, new in pairs]
    frame = pd.concat([pd.DataFrame(columns=list(COLUMNS)), *parts], ignore_index=True)
    return frame[list(COLUMNS)].astype("str")


def counted(changes: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """How many units changed from which status to which, by control."""
    keys = ["old_control", "new_control", "old_status", "new_status"]
    for values, group in changes.groupby(keys, sort=False):
        yield dict(zip(keys, values, strict=True)) | {"units": len(group)}


def _changed(findings: pd.DataFrame, old: str | None, new: str | None) -> pd.DataFrame:
    sides = [_side(findings, control, name) for control, name in ((old, "old_status"), (new, "new_status"))]
    both = sides[0].merge(sides[1], on=_UNIT, how="outer", sort=True)
    whole = _is_whole_account(both)
    for name, control in (("old_status", old), ("new_status", new)):
        blind = both.loc[whole & (both[name] == Status.NO_EVIDENCE.value), "account_id"]
        unseen = both[name].isna() & both["account_id"].isin(blind)
        both[name] = both[name].mask(unseen, Status.NO_EVIDENCE.value).fillna(NO_FINDING if control else NOT_ASKED)
    told = both["account_id"].isin(both.loc[~whole, "account_id"]) & (both == NO_FINDING).any(axis="columns")
    both = both[(both["old_status"] != both["new_status"]) & ~(whole & told)]
    return both.assign(old_control=old or "", new_control=new or "")


def _is_whole_account(rows: pd.DataFrame) -> pd.Series:
    """An account's own row, which stands for units that could not be told apart."""
    return (rows["resource_arn"] == "") & (rows["resource_name"] == "")


def _side(findings: pd.DataFrame, control: str | None, name: str) -> pd.DataFrame:
    rows = findings[findings["control_id"] == control] if control else findings.iloc[:0]
    texts = {column: rows[column].astype("str").fillna("") for column in (*_UNIT, "status")}
    return pd.DataFrame(texts).rename(columns={"status": name})
