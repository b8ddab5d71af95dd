"""The real command line, run against a boxed organization."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.sandbox import Sandbox

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
Completed = subprocess.CompletedProcess[str]


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
        return subprocess.run(
            command(arguments),
            env=self.environment() | (env or {}),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def command(arguments: Sequence[str | Path]) -> list[str]:
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
