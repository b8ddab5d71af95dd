"""``make bench``: measures side by side in one run and prints one table, and the same as JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.benchmarks import asking, collecting, cost, full_evidence, judging, reporting, trouble, workbook
from tests.benchmarks.table import Row, print_table

_CASES: Mapping[str, Callable[..., Iterator[Row]]] = {
    "path": collecting.path_rows,
    "cpu": collecting.cpu_rows,
    "scale": collecting.scale_rows,
    "waiting": trouble.waiting_rows,
    "throttled": trouble.throttled_rows,
    "outage": trouble.outage_rows,
    "judging": lambda **_: judging.rows(),
    "workbook": lambda **_: workbook.rows(),
    "cost": cost.rows,
    "asking": lambda **_: asking.rows(),
    "processes": cost.process_rows,
    "full": lambda **_: full_evidence.rows(),
    "million": lambda **_: reporting.million_rows(),
    "split": lambda **_: reporting.split_rows(),
    "eleven-million": lambda **_: reporting.eleven_million_rows(),
}
_ON_REQUEST = {"eleven-million"}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--only", choices=_CASES, action="append", help=f"Run these cases, not all but {', '.join(_ON_REQUEST)}."
    )
    parser.add_argument("--concurrency", type=int, help="Of collecting; default: the product's own.")
    return parser.parse_args()


def main() -> int:
    """Exit 1 when something promised was not reached."""
    given = _arguments()
    settings: dict[str, Any] = {"concurrency": given.concurrency} if given.concurrency else {}
    usual = [name for name in _CASES if name not in _ON_REQUEST]
    rows = [row for name in given.only or usual for row in _CASES[name](**settings)]
    print_table(rows)
    return int(any(row.reached is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
