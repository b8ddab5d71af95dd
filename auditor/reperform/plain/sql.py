"""A control's SQL once more, one unit at a time, by the SQLite of Python's standard library.

A time is the microseconds since 1970 in UTC, as in the first engine, so that both compare and count alike.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from auditor.reperform.plain.rules.telling import Facts, Parameters, Rule, Told, ended, numbers, spared
from auditor.reperform.plain.words import NO_EVIDENCE
from auditor.times import iso

_EPOCH, _MICROSECOND, _DAY = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1), 86_400_000_000
_SHIFT = 40_000_000  # days, so that whole days of a negative number round down
_WIDE = 1 << 63
_AGES = {"age_days": "last_rotated", "unused_days": "last_used"}
_READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION)


@dataclass(frozen=True)
class Query:
    """The expressions of a control, in SQLite's words, with what they name bound."""

    where: str
    passes: str
    observed: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class SqlTest:
    """``columns`` are those that the expressions read; ``query`` gives them for the parameters that hold; ``lines`` is
    the column with the lines that decide; ``words`` are the condition and the test as the catalogue has them."""

    columns: tuple[str, ...]
    query: Callable[[Parameters], Query]
    lines: str | None
    words: tuple[str, str]


def sql_rule(test: SqlTest) -> Rule:
    """The rule that a control's SQL is."""
    return lambda facts, parameters, as_of: _judge_row(test, facts, parameters, as_of)


def _judge_row(test: SqlTest, facts: Facts, parameters: Parameters, as_of: datetime) -> Told:
    cells = {name: _fact(facts, name, as_of) for name in test.columns}
    steps = [f"{name}: {_value_text(value)}" for name, value in cells.items()]
    try:
        applies, passed, observed = _evaluated(test.query({**parameters, "as_of": as_of}), cells)
    except (sqlite3.Error, OverflowError) as error:
        return ended(steps, None, f"the SQL cannot be evaluated: {error}")
    where, passes = test.words
    if where:
        steps.append(f"tested where {where}: {_value_text(_flag(applies))}")
    if applies is None:
        return ended(steps, None, "it is not known whether the control applies")
    if not applies:
        return spared(steps, "the control does not apply")
    end = ended(steps, _flag(passed), f"passes if {passes}: {_value_text(_flag(passed))}")
    cited = numbers(facts.get(test.lines)) if test.lines else ()
    return (
        end if end.status == NO_EVIDENCE else end.quoting(observed or "", facts.get("report_places") or "", cited=cited)
    )


def _fact(facts: Facts, name: str, as_of: datetime) -> Any:
    if name in _AGES and name not in facts:
        moment = facts.get(_AGES[name])
        return None if moment is None else (as_of - moment) // timedelta(days=1)
    if name.endswith("_spelling"):
        return facts.get(name, facts.get(f"{name.removesuffix('_spelling')}_raw"))
    return facts.get(name)


def _value_text(value: Any) -> str:
    if value is None:
        return "unknown"
    return iso(value) if isinstance(value, datetime) else str(value).lower() if isinstance(value, bool) else str(value)


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _evaluated(query: Query, cells: Mapping[str, Any]) -> tuple[int | None, int | None, str | None]:
    bound = {f"__column_{number}": _engine_value(value) for number, value in enumerate(cells.values())}
    row = ", ".join(f'{place} as "{name}"' for place, name in zip((f":{name}" for name in bound), cells, strict=True))
    source = f"(select {row or '1'})"
    text = f"select {query.where}, {query.passes}, {query.observed} from {source}"  # noqa: S608 -- read strictly
    values = {name: _engine_value(value) for name, value in query.values.items()}
    found: tuple[int | None, int | None, str | None] = _engine().execute(text, bound | values).fetchone()
    return found


def _engine_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    return None if isinstance(value, int) and abs(value) >= _WIDE else value


@cache
def _engine() -> sqlite3.Connection:
    """It has no table, no file and no right but to evaluate."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("pragma case_sensitive_like = on")
    functions: dict[str, Callable[..., Any]] = {
        "checked_add": lambda a, b: _checked(a + b),
        "checked_subtract": lambda a, b: _checked(a - b),
        "checked_multiply": lambda a, b: _checked(a * b),
        "boolean_text": lambda value: "true" if value else "false",
        "time_text": _time_text,
        "days_between": _days_between,
        "days_after": lambda moment, days: (
            _checked(moment + days * _DAY) if _checked(days * _DAY) is not None else None
        ),
    }
    for name, function in functions.items():
        count = 1 if name.endswith("_text") else 2
        connection.create_function(name, count, _null_for_null(function), deterministic=True)
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY)
    return connection


def _null_for_null(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: None if None in values else function(*values)


def _checked(number: int) -> int | None:
    """Nothing where the number leaves 64 bits."""
    return number if -_WIDE <= number < _WIDE else None


def _days_between(earlier: int, later: int) -> int | None:
    between = _checked(later - earlier)
    shifted = None if between is None else _checked(between + _SHIFT * _DAY)
    if shifted is None:
        return None
    return (shifted // _DAY if shifted >= 0 else -(-shifted // _DAY)) - _SHIFT


def _time_text(microseconds: int) -> str | None:
    try:
        moment = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return None
    return moment.isoformat()[:19] + "Z"
