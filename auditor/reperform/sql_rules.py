"""The rule that decides a control a second time: a plain one where there is one, else its SQL by another engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from auditor.catalog import Control
from auditor.catalog.sql import Compiled, bound_values, compiled, rendered
from auditor.errors import CatalogError, nearest
from auditor.reperform.plain.rules import RULES
from auditor.reperform.plain.rules.telling import Rule
from auditor.reperform.plain.sql import Query, SqlTest, sql_rule


def rule_of(control: Control) -> Rule | None:
    """None where a person answers. CatalogError for a check or rule that is unknown."""
    name = control.second_rule
    if name is not None:
        if name not in RULES:
            what = "rule" if control.table is not None else "check"
            raise CatalogError(f"control {control.id!r}: there is no {what} {name!r}{nearest(name, RULES)}")
        return RULES[name]
    return engine_rule(control) if control.table is not None else None


def engine_rule(control: Control) -> Rule:
    """The control's SQL, whether it has a plain rule or not."""
    test = compiled(control)
    words = (control.where or "", control.passes or "")
    return sql_rule(SqlTest(tuple(test.columns), _query_maker(test), control.lines, words))


def _query_maker(test: Compiled) -> Callable[[Mapping[str, Any]], Query]:
    """Translates once for each length of the parameters that are lists."""

    @cache
    def texts(lengths: tuple[tuple[str, int], ...]) -> tuple[str, str, str]:
        lists = dict(lengths)
        where = rendered(test.where, "sqlite", lists) if test.where else "1"
        return where, rendered(test.passes, "sqlite", lists), rendered(test.observed, "sqlite", lists)

    decisive = [expression for expression in (test.where, test.passes, test.observed) if expression]

    def query(parameters: Mapping[str, Any]) -> Query:
        lengths = {name: len(value) for name, value in parameters.items() if isinstance(value, list)}
        return Query(*texts(tuple(sorted(lengths.items()))), bound_values(decisive, parameters))

    return query
