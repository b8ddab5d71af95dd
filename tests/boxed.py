"""The real command line, run against a boxed organization."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.sandbox import Sandbox
from tests.fork_server import run_command

Completed = subprocess.CompletedProcess[str]
AS_OF = datetime.now(UTC).replace(microsecond=0)
"""Now: a box and those who ask it go by the clock of the machine, and evidence has the day of its collection."""


@dataclass(frozen=True)
class Box:
    """A served sandbox."""

    sandbox: Sandbox
    url: str

    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return clean | self.sandbox.environment(self.url) | {"COLUMNS": "80"}

    def auditor(self, *arguments: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> Completed:
        """Run the real command in a process of its own."""
        return run_command(arguments, self.environment() | (env or {}), cwd)


def day(days: int) -> str:
    """The day so many days after ``AS_OF``, as a waiver names it."""
    return f"{AS_OF + timedelta(days=days):%Y-%m-%d}"


def command(arguments: Sequence[str | Path]) -> list[str]:
    """The real command, to be started in a fresh interpreter."""
    return [sys.executable, "-m", "auditor", *map(str, arguments)]


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of one of the product's CSV files, the apostrophes that guard spreadsheets taken off."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: _bare(v) for k, v in row.items()} for row in csv.DictReader(file)]


def _bare(text: str) -> str:
    return text[1:] if text[:2] in ("'=", "'+", "'-", "'@", "'\t", "'\r") else text


def error_line(result: Completed) -> str:
    """The one line on stderr that a failed command leaves."""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return lines[0]
