"""The verdict that a control's SQL gives on units, in the same form as a predicate's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.catalog import Control
from auditor.catalog.sql import Compiled, Expression, Sort, bound_values, compiled, filled, rendered
from auditor.catalog.sql.entries import Reason
from auditor.judge.checks.verdict import Parameters, Verdict, constant
from auditor.judge.sql.engine import EngineError, evaluated
from auditor.times import iso

_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_TIME = pd.DatetimeTZDtype("us", "UTC")
_TYPES = {Sort.BOOLEAN: pa.bool_(), Sort.NUMBER: pa.int64(), Sort.TIME: pa.int64(), Sort.TEXT: pa.string()}
_PASS, _FAIL, _OPEN = range(3)


def sql_verdict(control: Control, units: pd.DataFrame, parameters: Parameters, as_of: datetime) -> Verdict:
    """One query over all units. If the engine refuses it, no unit is decided: an error is never a pass."""
    test, reason = compiled(control), control.reason
    assert reason is not None  # noqa: S101 -- a control with a table has one
    values = {**parameters, "as_of": (as_of - _EPOCH) // _MICROSECOND}
    try:
        found = _results(test, units, values)
    except EngineError as error:
        return _undecided(units, f"the SQL cannot be evaluated: {error}")
    applies = _flags(found["where"], units) if test.where else pd.Series(True, units.index, dtype="boolean")
    passed = _flags(found["passes"], units)
    texts = {**parameters, "as_of": iso(as_of)}
    since = _times(found["since"], units) if test.since else None
    line, also = _lines(test, units)
    special = [_flags(found[f"special {number}"], units) for number in _numbers(test)]
    return Verdict(
        applies=applies,
        passed=passed,
        observed=pd.Series(found["observed"].to_pandas().astype("str").array, index=units.index),
        reason=_reasons(reason, texts, passed.mask(applies.isna()), special),
        line=line,
        also_seen_in=also,
        not_applicable=constant(units, filled(reason.not_applicable, texts)) if test.where else None,
        violated_since=since,
    )


def _results(test: Compiled, units: pd.DataFrame, values: Mapping[str, Any]) -> Mapping[str, pa.ChunkedArray]:
    wanted: dict[str, Expression] = {"passes": test.passes, "observed": test.observed}
    wanted |= {name: one for name, one in (("where", test.where), ("since", test.since)) if one}
    wanted |= {f"special {number}": test.special[number] for number in _numbers(test)}
    lists = {name: len(value) for name, value in values.items() if isinstance(value, list)}
    types = {Sort.BOOLEAN: "BOOLEAN", Sort.TEXT: "TEXT", Sort.NUMBER: "BIGINT", Sort.TIME: "BIGINT"}
    texts = [f"CAST({rendered(one, 'duckdb', lists)} AS {types[one.sort]})" for one in wanted.values()]
    table = evaluated(_rows(test, units), texts, bound_values(wanted.values(), values))
    return dict(zip(wanted, table.columns, strict=True))


def _numbers(test: Compiled) -> range:
    return range(len(test.special))


def _rows(test: Compiled, units: pd.DataFrame) -> pa.Table:
    """The columns that the SQL reads; a table without columns would have no rows, hence their numbers."""
    columns = {name: _column(units[name], sort) for name, sort in test.columns.items()}
    return pa.table({"row number": pa.array(np.arange(len(units))), **columns})


def _column(values: pd.Series, sort: Sort) -> pa.Array:
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = pa.array(values.cat.codes, mask=(values.cat.codes < 0).to_numpy())
        return pa.array(values.cat.categories, pa.string()).take(codes)
    if sort is Sort.TIME:
        return pa.array(values.astype(_TIME), pa.timestamp("us", "UTC")).cast(pa.int64())
    return pa.array(values, _TYPES[sort])


def _flags(column: pa.ChunkedArray, units: pd.DataFrame) -> pd.Series:
    values = column.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get)
    return pd.Series(values.array, index=units.index, dtype="boolean")


def _times(column: pa.ChunkedArray, units: pd.DataFrame) -> pd.Series:
    times = column.combine_chunks().cast(pa.timestamp("us", "UTC"))
    return pd.Series(times.to_pandas().array, index=units.index, dtype=_TIME)


def _reasons(reason: Reason, texts: Mapping[str, Any], passed: pd.Series, special: list[pd.Series]) -> pd.Series:
    known = [reason.passed, reason.fail, reason.no_evidence, *(one.text for one in reason.special)]
    words, places = np.unique([filled(text, texts) for text in known], return_inverse=True)
    codes = np.where(passed.fillna(False), _PASS, _FAIL)
    codes = np.where(passed.isna(), _OPEN, codes)
    for number, holds in reversed(list(enumerate(special, start=_OPEN + 1))):
        codes = np.where(holds.fillna(False), number, codes)
    categories = pd.Index(words, dtype="str")
    return pd.Series(pd.Categorical.from_codes(places[codes], categories=categories), index=passed.index)


def _lines(test: Compiled, units: pd.DataFrame) -> tuple[pd.Series | None, pd.Series | None]:
    """The first of the lines that decide, and the places of the others; of a key beyond the report also the report."""
    if test.lines is None:
        return None, units.get("report_places")
    pairs = zip(units["evidence_file"].astype("str"), units[test.lines].fillna(""), strict=True)
    split = [(file, lines.split()) for file, lines in pairs]
    first = pd.array([int(lines[0]) if lines else None for _, lines in split], dtype="Int64")
    others = ["; ".join(f"{file}:{line}" for line in lines[1:]) for file, lines in split]
    return pd.Series(first, index=units.index), pd.Series(others, index=units.index, dtype="str")


def _undecided(units: pd.DataFrame, reason: str) -> Verdict:
    nothing = pd.Series(pd.NA, index=units.index, dtype="boolean")
    return Verdict(nothing, nothing, pd.Series("", index=units.index, dtype="str"), constant(units, reason))
