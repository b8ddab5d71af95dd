"""The table of all measurements, for people and as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One line of the table; ``reached`` is None where nothing is promised, ``figures`` are for the JSON only."""

    what: str
    measured: str
    must_reach: str = ""
    reached: bool | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


def print_table(rows: Sequence[Row]) -> None:
    """A table, and on one line the same as JSON."""
    table = Table("what", "measured", "must reach", "reached", box=None)
    for row in rows:
        table.add_row(row.what, row.measured, row.must_reach, {True: "yes", False: "NO", None: ""}[row.reached])
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")
