"""The examples of a control, judged by the predicate or SQL that judges evidence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from auditor import schema
from auditor.catalog import Control
from auditor.catalog.examples import ACCOUNT_ID, Example, moment_of, policy_evidence, usual_values
from auditor.catalog.sql.tables import TABLES, Sort
from auditor.judge.evaluator.units import check_of
from auditor.judge.explanation.judging import status_of
from auditor.kinds import KINDS
from auditor.kinds.declaration import Row
from auditor.model import CREDENTIAL_REPORT, Status, Unit
from auditor.store import evidence
from auditor.tables.roots import ROOT_FACTS
from auditor.tables.units import ADDED_FACTS

_TIME = "datetime64[us, UTC]"
_DTYPES = {"category": "category", "text": "str", "bool": "boolean", "int": "Int64", "time": _TIME}
_SORTS = {Sort.TEXT: "str", Sort.BOOLEAN: "boolean", Sort.NUMBER: "Int64", Sort.TIME: _TIME}
_OF_ALL = {"evidence_file": "str", "evidence_line": "Int64"}
_WHOSE = dict.fromkeys(("account_id", "account_name", "ou_path", "user", "arn"), "str")
_ADDED: Mapping[Unit, Mapping[str, str]] = {
    Unit.CREDENTIAL: {"report_places": "str"},
    Unit.USER: {"further_places": "str", "further_active_keys": "Int64"},
    Unit.ROOT: ROOT_FACTS,
}
_USUAL = {"evidence_file": f"evidence/{ACCOUNT_ID}/example", "evidence_line": 1}
_AGES = {"age_days": "last_rotated", "unused_days": "last_used"}


def verdict_of(control: Control, example: Example) -> Status:
    """What the control says of the example. ValueError for a time that is none, KeyError for an unknown column."""
    parameters = {**control.parameters, **example.parameters}
    verdict = check_of(control)(example_units(control, example), parameters, example.as_of)
    return status_of(verdict)


def example_units(control: Control, example: Example) -> pd.DataFrame:
    """The example as a frame of one unit; what it does not name is unknown, ages follow from their times."""
    dtypes = _columns(control)
    if unknown := sorted(set(example.row) - set(dtypes)):
        raise KeyError(unknown[0])
    told = example.row if example.policy is None else _read(control, example)
    given = {**_USUAL, **usual_values(control.unit, control.credentials), **told}
    for age, time in _AGES.items():
        if age in dtypes and age not in given and given.get(time) is not None:
            given[age] = (example.as_of - moment_of(given[time], example.as_of)) // timedelta(days=1)
    return pd.DataFrame({name: _cell(given.get(name), dtype, example.as_of) for name, dtype in dtypes.items()})


def _read(control: Control, example: Example) -> Row:
    """What the kind of evidence tells of the example's policy."""
    kind = KINDS[control.evidence[0]]
    document = evidence.read(policy_evidence(example, control.unit, kind.name))
    return next(iter(kind.rows_of(ACCOUNT_ID, document)[control.unit]))


def _columns(control: Control) -> dict[str, str]:
    """The columns of the control's units with their dtypes."""
    kind = control.evidence[0]
    if control.table is not None and kind != CREDENTIAL_REPORT:
        facts = {name: _SORTS[sort] for name, sort in TABLES[control.table].columns.items()}
        return facts | _OF_ALL
    if kind != CREDENTIAL_REPORT:
        declared = next(table.dtypes for table in KINDS[kind].tables if table.unit is control.unit)
        return _WHOSE | declared | dict.fromkeys(ADDED_FACTS.get((control.unit, kind), ()), "str") | _OF_ALL
    columns = schema.CREDENTIALS if control.unit is Unit.CREDENTIAL else schema.USERS
    found = {name: _DTYPES[kind] for name, kind in columns.items()}
    spelt = [name for name, kind in columns.items() if kind in ("bool", "time")]
    return {**found, **{f"{name}_spelling": "str" for name in spelt}, **_ADDED[control.unit]}


def _cell(value: Any, dtype: Any, as_of: datetime) -> Any:
    if dtype == _TIME:
        moment = None if value is None else moment_of(value, as_of)
        return pd.Series([moment], dtype=_TIME)
    if dtype == "category":
        return pd.Categorical([value], categories=pd.Index([] if value is None else [value], dtype="str"))
    return pd.array([value], dtype=dtype)
