"""The command that writes a report again, and the settings that its evidence was collected with."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from auditor.judge.assessment import Assessment
from auditor.times import iso

# Settings that change what is collected; names of people, of folders and of keys are not among them.
_COLLECTING = (
    *("role", "partition", "region", "session_duration", "ou", "account", "exclude", "concurrency", "session_policy"),
    *("regions", "ec2_instances", "account_tags", "root_audit", "report_timeout", "account_timeout", "run_timeout"),
)


def command_words(assessment: Assessment) -> str:
    """``auditor report o-...-20261124T101500Z --as-of 2026-11-24T10:15:00Z --benchmark cis-aws-7.0.0``"""
    words = ["auditor", "report", assessment.snapshot_id, "--as-of", iso(assessment.as_of), *_options(assessment)]
    return shlex.join(words)


def settings_words(assessment: Assessment) -> str:
    """``role Audit; concurrency 64; session_policy yes``: what was set, as auditor.yaml has it."""
    settings = assessment.settings
    chosen = [(name, settings[name]) for name in _COLLECTING if settings.get(name) not in (None, "", [], ())]
    return "; ".join(f"{name} {_value_text(value)}" for name, value in chosen) or "not known"


def _options(assessment: Assessment) -> Iterator[str]:
    for name, value in assessment.options.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            yield from (f"--{name.replace('_', '-')}", str(one))
    if assessment.period:
        days = assessment.period.partition(" (")
        yield from ("--period", days[0] if days[1] else days[0].replace(" to ", ".."))
    if assessment.waivers_sha256:
        yield from ("--waivers", "FILE")


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
