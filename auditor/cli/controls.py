"""The controls command: what is tested, and what each test means."""

from __future__ import annotations

import json
from typing import Any

import click

from auditor.catalog import Benchmark, Catalog, Control, Found, Requirement, load_catalog
from auditor.cli.console import show_table
from auditor.cli.page import page

_LONG = ("unit", "evidence", "type")  # in the JSON only: the table has 80 columns

FORMAT = click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", help="table or json  [table]"
)


@click.group(invoke_without_command=True)
@click.pass_context
def controls(context: click.Context) -> None:
    """List the controls and benchmarks, or show one whole."""
    if context.invoked_subcommand is None:
        context.invoke(list_controls)


@controls.command("list")
@click.option("--benchmark", metavar="ID", help="The requirements of this benchmark")
@FORMAT
def list_controls(benchmark: str | None = None, form: str = "table") -> None:
    """Every control, or every requirement of a benchmark in the benchmark's own order."""
    catalog = load_catalog()
    rows = _requirements(catalog, catalog.benchmark(benchmark)) if benchmark else _controls(catalog)
    if form == "json":
        print(json.dumps(rows, indent=2))
        return
    shown = [{k: v for k, v in row.items() if k not in _LONG} for row in rows]
    show_table(list(shown[0]), [list(row.values()) for row in shown])
    print("\nplanned: there is no automatic check yet; like manual ones, its findings are MANUAL")
    if not benchmark:
        print(f"benchmarks: {', '.join(catalog.benchmarks)}")


@controls.command("show")
@click.argument("name", metavar="ID")
@FORMAT
def show_control(name: str, form: str) -> None:
    """One control, by its id or by a requirement's (AWS_IAM_50, cis-aws-7.0.0:2.12)."""
    catalog = load_catalog()
    shown = _whole(catalog, catalog.find(name))
    print(json.dumps(shown, indent=2) if form == "json" else page(shown))


def status_of(control: Control) -> str:
    """automated, manual (a person decides), or planned (MANUAL until its check is built)."""
    if control.check:
        return "automated"
    return "planned" if control.planned else "manual"


def _controls(catalog: Catalog) -> list[dict[str, Any]]:
    return [
        {
            "control": control.id,
            "severity": control.severity.value,
            "unit": control.unit.value,
            "answered": status_of(control),
            "evidence": list(control.evidence),
            "title": control.title,
        }
        for control in catalog.controls.values()
    ]


def _requirements(catalog: Catalog, benchmark: Benchmark) -> list[dict[str, Any]]:
    return [_requirement(catalog, requirement) for requirement in benchmark.requirements]


def _requirement(catalog: Catalog, requirement: Requirement) -> dict[str, Any]:
    control = catalog.control(requirement.control)
    return {
        "id": requirement.id,
        "level": requirement.level,
        "type": requirement.assessment.value,
        "control": control.id,
        "severity": control.severity.value,
        "answered": status_of(control),
        "title": requirement.title or control.title,
    }


def _whole(catalog: Catalog, found: Found) -> dict[str, Any]:
    control = found.control
    compliance = catalog.compliance(control.id)
    head: dict[str, Any] = {}
    if found.benchmark and found.requirement:
        head = {"id": found.requirement.id, "name": found.requirement.title or control.title}
        head["benchmark"] = f"{found.benchmark.id} ({found.benchmark.title})"
        head |= {"level": found.requirement.level, "type": found.requirement.assessment.value}
    body = control.model_dump(mode="json", exclude={"id", "frameworks", "peers", "check", "planned", "credentials"})
    return head | {
        "control": control.id,
        **body,
        "answered": status_of(control),
        "requirements": list(compliance.requirements),
        "frameworks": {name: list(items) for name, items in compliance.frameworks.items()},
        "other_tools": control.peers.model_dump(mode="json"),
    }
