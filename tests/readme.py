"""The parts of README that are made from the program; ``python -m tests.readme`` writes them anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import click

from auditor import schema
from auditor.catalog import Catalog, Control, load_catalog
from auditor.cli.main import EXIT_CODES, command
from auditor.kinds import KINDS, evidence_kinds, names_of
from auditor.kinds.declaration import Owner

README = Path(__file__).resolve().parent.parent / "README.md"
_TABLES = {
    "findings.csv": schema.FINDINGS,
    "accounts.csv": schema.ACCOUNTS,
    "controls.csv": schema.CONTROLS,
    "credentials.csv": schema.CREDENTIALS,
    "waivers.csv": schema.WAIVERS,
}


def updated(text: str) -> str:
    """README with every marked part as the program would have it."""
    for name, render in PARTS.items():
        part = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- end -->", text, re.DOTALL)
        if not part:
            raise ValueError(f"README has no part {name!r}")
        text = text[: part.start(1)] + render() + text[part.end(1) :]
    return text


def options() -> str:
    """The options of ``auditor run``; a default stands in brackets at the end of a help text."""
    rows = []
    for option in command("run").params:
        assert isinstance(option, click.Option)
        meaning, _, default = (option.help or "").partition("  [")
        name = " ".join(filter(None, (max(option.opts, key=len), option.metavar)))
        rows.append((f"`{name}`", default.removesuffix("]").removeprefix("default: "), meaning))
    return _table(("option", "default", "meaning"), rows)


def exit_codes() -> str:
    return _table(("code", "meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])


def controls() -> str:
    """Every control: what it is about, which evidence decides it, and which versions of CIS have it."""
    catalog = load_catalog()
    rows = [
        (f"`{c.id}`", c.title, c.severity.value, _judged(c), _decided(c), _versions(catalog, c))
        for c in catalog.controls.values()
    ]
    return _table(("control", "passes when", "severity", "judged", "decided by", "CIS versions"), rows)


def member_policy() -> str:
    """What the role in each account must allow: the actions of all collectors of accounts."""
    actions = sorted({action for kind in names_of(Owner.ACCOUNT) for action in KINDS[kind].actions})
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return f"```json\n{json.dumps({'Version': '2012-10-17', 'Statement': [statement]}, indent=2)}\n```"


def caller_actions() -> str:
    """What else the caller must be allowed: discovery and the collectors of the organization."""
    listed = {"organizations:DescribeOrganization", "organizations:ListAccounts", "sts:AssumeRole"}
    actions = sorted(listed | {action for kind in names_of(Owner.ORGANIZATION) for action in KINDS[kind].actions})
    return ", ".join(f"`{action}`" for action in actions)


def evidence() -> str:
    """Each kind of evidence, what it holds, what it calls and which controls read it."""
    catalog = load_catalog()
    rows = []
    for name in evidence_kinds():
        readers = [f"`{c.id}`" for c in catalog.controls.values() if name in c.evidence]
        shown = ", ".join(readers) if len(readers) <= 6 else f"{len(readers)} controls"
        kind = KINDS[name]
        rows.append((f"`{name}`", kind.about, ", ".join(f"`{a}`" for a in kind.actions), shown))
    return _table(("evidence", "what it holds", "calls", "read by"), rows)


def columns() -> str:
    return "\n".join(f"- `{file}`: {', '.join(f'`{name}`' for name in table)}" for file, table in _TABLES.items())


def _judged(control: Control) -> str:
    return ", ".join(control.credentials) or {"root": "the root user"}.get(control.unit, f"the {control.unit}")


def _decided(control: Control) -> str:
    evidence = ", ".join(control.evidence)
    if control.assessment == "automated":
        return evidence
    return f"a person, shown {evidence}" if evidence else "a person"


def _versions(catalog: Catalog, control: Control) -> str:
    asking = [b.version for b in catalog.benchmarks.values() if any(r.control == control.id for r in b.requirements)]
    cis = [v for v in asking if v in {b.version for b in catalog.benchmarks.values() if b.id.startswith("cis-aws-")}]
    return "" if not cis else cis[0] if len(cis) == 1 else f"{cis[0]} to {cis[-1]}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


PARTS: Mapping[str, Callable[[], str]] = {
    "options": options,
    "exit codes": exit_codes,
    "controls": controls,
    "columns": columns,
    "member policy": member_policy,
    "caller actions": caller_actions,
    "evidence": evidence,
}

if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
