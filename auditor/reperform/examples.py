"""The examples of a control, judged by what decides it a second time."""

from __future__ import annotations

from typing import Any

from auditor.catalog import Control
from auditor.catalog.examples import ACCOUNT_ID, Example, moment_of, policy_evidence, usual_values
from auditor.catalog.sql.tables import TABLES, Sort
from auditor.model import Unit
from auditor.reperform.plain.document import read
from auditor.reperform.plain.kinds import reader_of
from auditor.reperform.plain.rules.telling import Rule
from auditor.reperform.sql_rules import engine_rule, rule_of


def second_verdicts(control: Control, example: Example) -> dict[str, str]:
    """The status by each engine that can decide the control besides the first: ``plain rule``, ``second engine``."""
    found: dict[str, str] = {}
    if control.second_rule is not None and (rule := rule_of(control)):
        found["plain rule"] = _status(rule, control, example)
    if control.table is not None:
        found["second engine"] = _status(engine_rule(control), control, example)
    return found


def _status(rule: Rule, control: Control, example: Example) -> str:
    return rule(_Facts(_facts(control, example)), {**control.parameters, **example.parameters}, example.as_of).status


class _Facts(dict[str, Any]):
    """What an example does not name is unknown."""

    def __missing__(self, name: str) -> None:
        return None


def _facts(control: Control, example: Example) -> dict[str, Any]:
    usual = {"line": 1, **usual_values(control.unit, control.credentials)}
    if example.policy is None:
        times = _times(control)
        return usual | {name: _value(value, name in times, example) for name, value in example.row.items()}
    kind = control.evidence[0]
    document = read(policy_evidence(example, control.unit, kind), kind)
    return usual | reader_of(kind)(document, ACCOUNT_ID)[control.unit][0]


def _value(value: Any, is_time: bool, example: Example) -> Any:
    return moment_of(value, example.as_of) if is_time and value is not None else value


def _times(control: Control) -> set[str]:
    unit = Unit.USER if control.unit is Unit.ROOT else control.unit  # root's row has the columns of all users
    units = unit, control.evidence[:1]
    fitting = [table for table in TABLES.values() if (table.unit, table.evidence[:1]) == units]
    return {name for table in fitting for name, sort in table.columns.items() if sort is Sort.TIME}
