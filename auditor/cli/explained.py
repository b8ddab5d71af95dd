"""An explanation as text of 80 columns, and as facts for JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from auditor.cli.console import plain
from auditor.cli.tables import chopped, line_width, wrapped
from auditor.judge.explanation import Explanation, Proof, Setting, Subject
from auditor.judge.waivers import Waiver
from auditor.times import iso

_WIDTH = 80
_LONGEST = 800  # characters of a raw line that are printed
_TALLEST = 40  # lines of an item that are printed


def as_facts(found: Explanation) -> dict[str, Any]:
    """Everything that is printed, unshortened."""
    account = found.subject.account
    return {
        "snapshot_id": found.snapshot_id,
        "as_of": iso(found.as_of),
        "time_zone": "UTC",
        "control": found.control.id,
        "title": found.control.title,
        "requirements": list(found.requirements),
        "parameters": [asdict(setting) for setting in found.settings],
        "looser_settings": list(found.looser),
        "account_id": account.id if account else None,
        "account_name": account.name if account else None,
        "ou_path": account.ou_path if account else None,
        "unit": found.subject.unit,
        "resource_name": found.subject.name,
        "resource_arn": found.subject.arn,
        "credential": found.subject.credential,
        "evidence": [asdict(proof) for proof in found.evidence],
        "lacking": dict(found.lacking),
        "comparisons": list(found.comparisons),
        "status": found.status.value,
        "observed": found.observed,
        "reason": found.reason,
        "waiver": _waiver(found.waiver),
    }


def as_text(found: Explanation) -> str:
    """The control, whom it is about, the evidence, the comparisons and the verdict, in this order."""
    return "\n".join(line for part in _parts(found) for line in part)


def _parts(found: Explanation) -> Iterator[Iterator[str]]:
    yield _wrapped(f"{found.control.id}: {found.control.title}")
    yield _wrapped(f"required by: {', '.join(found.requirements) or 'no benchmark'}", "  ")
    yield from (_wrapped(_setting(setting), "  ") for setting in found.settings)
    yield from (_wrapped(f"note: {text}", "  ") for text in found.looser)
    yield _wrapped(_subject(found.subject))
    yield _wrapped(f"snapshot {found.snapshot_id}, as-of {iso(found.as_of)}; all times are UTC", "  ")
    yield from map(_proof, found.evidence)
    yield from (_wrapped(f"no {kind}, or only a part: {why}") for kind, why in found.lacking.items())
    if found.comparisons:
        yield iter(["", "comparisons:"])
    yield from (_wrapped(f"- {text}", "  ") for text in found.comparisons)
    yield iter([""])
    yield _wrapped(f"verdict: {found.status.value}{_waived(found.waiver)}")
    yield from (
        _wrapped(f"{name}: {text}", "  ")
        for name, text in (("observed", found.observed), ("reason", found.reason))
        if text
    )


def _setting(setting: Setting) -> str:
    value = json.dumps(setting.value) if isinstance(setting.value, bool | list) else setting.value
    return f"parameter {setting.name}: {value} (of {setting.source})"


def _subject(subject: Subject) -> str:
    """``credential access_key_1 of ann in account 012345678901 (Payments, Root/Prod)``"""
    account = subject.account
    place = f"account {account.id} ({account.name}, {account.ou_path})" if account else "the organization"
    if not subject.name:
        return f"about {place}" if subject.unit in ("account", "organization") else f"about {subject.unit} in {place}"
    if subject.credential:
        return f"about {subject.credential} of {subject.name} in {place}"
    return f"about {subject.unit} {subject.name} in {place}"


def _proof(proof: Proof) -> Iterator[str]:
    yield ""
    yield from _wrapped(f"evidence: {proof.file}, line {proof.line}")
    yield from _chunks(proof.raw)
    columns = [*proof.read.items(), *proof.columns.items()]
    if columns:
        yield from _wrapped("by column, those first that are read:" if proof.read else "by column:", "  ")
        width = max(len(name) for name, _ in columns)
        yield from (line for name, text in columns for line in _wrapped(f"{name:{width}}  {text}", "    "))
    else:
        yield from _pretty(proof.item)


def _chunks(raw: str) -> Iterator[str]:
    """The raw text in lines, broken anywhere: nothing of it is changed."""
    yield from chopped(f"  {plain(raw)[:_LONGEST]}", _width())
    if len(raw) > _LONGEST:
        yield f"  ... {len(raw) - _LONGEST:,} more characters"


def _pretty(item: Any) -> Iterator[str]:
    lines = json.dumps(item, indent=2).split("\n")
    yield "  that is:"
    yield from (chunk for line in lines[:_TALLEST] for chunk in _wrapped(plain(line), "    "))
    if len(lines) > _TALLEST:
        yield f"    ... {len(lines) - _TALLEST:,} more lines"


def _waiver(waiver: Waiver | None) -> Mapping[str, Any] | None:
    if waiver is None:
        return None
    names = ("id", "reason", "owner", "approver", "ticket", "line")
    days = {"created": waiver.created.isoformat(), "expires": waiver.expires.isoformat()}
    return {name: getattr(waiver, name) for name in names} | days | {"scope": str(waiver.scope)}


def _waived(waiver: Waiver | None) -> str:
    if waiver is None:
        return ""
    about = f"{waiver.reason} ({waiver.ticket}, owner {waiver.owner}, approved by {waiver.approver})"
    return f", waived by {waiver.id} until {waiver.expires.isoformat()}: {about}"


def _wrapped(text: str, indent: str = "") -> Iterator[str]:
    """Lines of at most 80 columns, indented as the text is; words longer than that are broken."""
    yield from wrapped(indent + plain(text), _width(), "  ")


def _width() -> int:
    """Of a line; terminals that are narrower have their own."""
    return min(_WIDTH, line_width(_WIDTH))
