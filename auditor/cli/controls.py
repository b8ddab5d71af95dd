"""The controls command: what is tested, and what each test means."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import click

from auditor.catalog import Benchmark, Catalog, Control, Crosswalk, Found, Requirement, natural
from auditor.catalog.examples import in_words
from auditor.cli.console import show_page
from auditor.cli.controls_check import check
from auditor.cli.controls_diff import diff
from auditor.cli.options import CONFIG, CONFIG_DIR, catalog_of, options, settings_from
from auditor.cli.page import page
from auditor.cli.tables import line_width, show_sentence, show_table
from auditor.errors import ConfigurationError

_CONTROL = "control, evidence"
_WIDTH = 34  # characters; the evidence is broken there
_LINE, _GAP, _NARROWEST = 80, 2, 19  # of a terminal, between two columns, of a title
_Row = dict[str, Any]

FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="table or json  [table]"
)


@click.group(invoke_without_command=True)
@click.pass_context
def controls(context: click.Context) -> None:
    """List the controls and benchmarks, show one, compare two benchmarks, or check a folder of your own."""
    if context.invoked_subcommand is None:
        context.invoke(list_controls)


@controls.command("list")
@click.option("--benchmark", metavar="ID", help="The requirements of this benchmark")
@click.option("--framework", metavar="ID", help="The items of this framework")
@options(CONFIG, CONFIG_DIR, FORMAT)
def list_controls(
    benchmark: str | None = None, framework: str | None = None, form: str = "table", **given: Any
) -> None:
    """Every control with the evidence it reads, the requirements of a benchmark, or the items of a framework."""
    if benchmark and framework:
        raise ConfigurationError("give --benchmark or --framework, not both")
    catalog = catalog_of(settings_from(given))
    if benchmark:
        rows = _requirements(catalog, catalog.benchmark(benchmark))
    else:
        rows = _items(catalog, catalog.framework(framework)) if framework else _controls(catalog)
    if form == "json":
        print(json.dumps(rows, indent=2))
    elif benchmark:
        _show_by_section(rows)
    else:
        _show(rows, ("item", "control", "title") if framework else ("control", "severity", "decided_by", "title"))
        print()
        show_sentence(f"benchmarks: {', '.join(catalog.benchmarks)}")
        show_sentence(f"frameworks: {', '.join(catalog.crosswalks)}")


@controls.command("show")
@click.argument("name", metavar="ID")
@options(CONFIG, CONFIG_DIR, FORMAT)
def show_control(name: str, form: str, **given: Any) -> None:
    """One control, by its id or by a requirement's (AWS_IAM_50, cis-aws-7.0.0:2.12)."""
    catalog = catalog_of(settings_from(given))
    shown = _whole(catalog, catalog.find(name))
    show_page(json.dumps(shown, indent=2) if form == "json" else page(_readable(shown)))


def _readable(shown: _Row) -> _Row:
    """The special reasons as sentences."""
    reason = shown.get("reason")
    if not reason:
        return shown
    special = [f"{one['text']} (where {one['when']})" for one in reason["special"]]
    return shown | {"reason": reason | {"special": special}}


controls.add_command(check)
controls.add_command(diff)


def _controls(catalog: Catalog) -> list[_Row]:
    return [_about(control) | {"title": control.title} for control in catalog.controls.values()]


def _about(control: Control) -> _Row:
    """``assessment`` tells whether the evidence decides (automated) or a person does (manual), ``decided_by`` how: by
    SQL, by a predicate of the program, or by a person."""
    return {
        "control": control.id,
        "severity": control.severity.value,
        "unit": control.unit.value,
        "assessment": control.assessment,
        "decided_by": control.decided_by,
        "evidence": list(control.evidence),
    }


def _requirements(catalog: Catalog, benchmark: Benchmark) -> list[_Row]:
    return [_requirement(catalog, requirement) for requirement in benchmark.requirements]


def _requirement(catalog: Catalog, requirement: Requirement) -> _Row:
    """``type`` is how the benchmark says that the requirement is assessed."""
    control = catalog.control(requirement.control)
    head = {
        "id": requirement.id,
        "section": requirement.section,
        "level": requirement.level,
        "type": requirement.assessment.value,
    }
    return head | _about(control) | {"title": requirement.title or control.title}


def _items(catalog: Catalog, crosswalk: Crosswalk) -> list[_Row]:
    """A row for each item and control, in the framework's own order of numbers."""
    pairs = [
        (item, control)
        for control in catalog.controls.values()
        for item in catalog.frameworks_of(control.id).get(crosswalk.id, ())
    ]
    pairs.sort(key=lambda pair: (natural(pair[0]), pair[1].id))
    return [{"item": item, **_about(control), "title": control.title} for item, control in pairs]


def _show_by_section(rows: Sequence[_Row]) -> None:
    for number, (section, group) in enumerate(groupby(rows, key=lambda row: row["section"])):
        print("\n" * bool(number), end="")
        _show(list(group), ("id", "level", "type", "assessment", "control"), title=section)


def _show(rows: Sequence[_Row], columns: Sequence[str], title: str = "") -> None:
    """Those of the columns that the rows have; below each control the evidence it reads, in lines of its own."""
    shown = [name for name in columns if name in rows[0]]
    header = [_CONTROL if name == "control" else name.replace("_", " ") for name in shown]
    others = sum(_width(rows, name) + _GAP for name in shown if name != "title")
    # A terminal has its own width, for which the table itself breaks titles.
    left = 0 if line_width(0) else max(_LINE - others, _NARROWEST)
    show_table(header, [[_cell(row, name, left) for name in shown] for row in rows], title, wrapping=("title",))


def _width(rows: Sequence[_Row], column: str) -> int:
    """In characters, with the heading."""
    heading = _WIDTH if column == "control" else len(column)
    return max(heading, *(len(str(row[column])) for row in rows))


def _cell(row: _Row, column: str, left: int) -> object:
    """The title runs on beside the evidence, broken at ``left`` characters where that is not 0."""
    if column == "title":
        return tuple(textwrap.wrap(row["title"], left)) if left else row["title"]
    if column != "control":
        return str(row.get(column))
    evidence = textwrap.wrap(", ".join(row["evidence"]), _WIDTH - 2, break_on_hyphens=False)
    return (row["control"], *(f"  {line}" for line in evidence))


def _whole(catalog: Catalog, found: Found) -> _Row:
    control = found.control
    compliance = catalog.compliance(control.id)
    head: _Row = {}
    if found.benchmark and found.requirement:
        head = {"id": found.requirement.id, "name": found.requirement.title or control.title}
        head["benchmark"] = f"{found.benchmark.id} ({found.benchmark.title})"
        head |= {"section": found.requirement.section, "level": found.requirement.level}
        head["type"] = found.requirement.assessment.value
    hidden = {"id", "peers", "check", "rule", "by_hand", "credentials", "stricter", "examples"}
    body = control.model_dump(mode="json", by_alias=True, exclude=hidden)
    return head | {
        "control": control.id,
        **body,
        "assessment": control.assessment,
        "decided_by": control.decided_by,
        "examples": [in_words(example) for example in control.examples],
        "other_parameters": _overrides(catalog, control),
        "looser_settings": list(catalog.looser(control.id)),
        "requirements": list(compliance.requirements),
        "frameworks": {name: list(items) for name, items in compliance.frameworks.items()},
        "other_tools": control.peers.model_dump(mode="json"),
    }


def _overrides(catalog: Catalog, control: Control) -> dict[str, str]:
    """``ou Root/Dev``: ``max_age_days 60 (reason)``"""
    mine = [override for override in catalog.overrides if override.control == control.id]
    texts = (", ".join(f"{name} {value}" for name, value in override.parameters.items()) for override in mine)
    return {o.scope: f"{text} ({o.reason})" for o, text in zip(mine, texts, strict=True)}
