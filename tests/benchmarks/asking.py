"""The first answer to a question, as a whole process, beside a bare Python process that asks DuckDB the same."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.child import measured
from tests.benchmarks.table import Row

_ACCOUNTS, _USERS = (1075, 10_750), 25  # one in fourteen boxed accounts is not active
_QUESTIONS = ("select 1", "select count(*) from users")
_RATIO, _TIMES = 4, 5
_BARE = "import duckdb; print(duckdb.sql({sql!r}).fetchall())"


def rows() -> Iterator[Row]:
    """Each question at each size, the best of several tries of both, one beside the other."""
    for accounts in _ACCOUNTS:
        with tempfile.TemporaryDirectory() as folder:
            made = measured("cases.make_snapshot", folder=folder, accounts=accounts, users=_USERS)
            snapshot = Path(made["snapshot"])
            # Exit code 4: these snapshots have credential reports alone.
            _run([sys.executable, "-m", "auditor", "report", str(snapshot), "--format", "parquet", "--quiet"], 4)
            yield from (_first_answer(snapshot, made["accounts"], sql) for sql in _QUESTIONS)


def _first_answer(snapshot: Path, accounts: int, sql: str) -> Row:
    ours = [sys.executable, "-m", "auditor", "query", sql, "--snapshot", str(snapshot)]
    file = f"read_parquet('{snapshot / 'tables' / 'users.parquet'}')"
    bare = [sys.executable, "-c", _BARE.format(sql=sql.replace("users", file))]
    tries = [(_run(ours), _run(bare)) for _ in range(_TIMES)]
    seconds, least = (min(found) for found in zip(*tries, strict=True))
    figures = {"accounts": accounts, "seconds": seconds, "bare": least, "ratio": seconds / least}
    measure = f"{seconds:.2f} s, {figures['ratio']:.1f} x a bare process"
    what = f"first answer to {sql!r}, {accounts:,} accounts of {_USERS} users"
    return Row(what, measure, f"<= {_RATIO} x", figures["ratio"] <= _RATIO, figures)


def _run(command: Sequence[str], code: int = 0) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != code:
        raise RuntimeError(done.stderr)
    return time.perf_counter() - started
