"""What collecting leaves unloaded: pandas is as big as all that a thousand accounts need together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box
from tests.expected import Expected

COLLECT = """
import sys
from auditor.cli.main import main
try:
    main(["collect", "--out", sys.argv[1]])
finally:
    print(sorted({"pandas", "duckdb"} & sys.modules.keys()), file=sys.stderr)
"""


def test_collecting_does_not_load_pandas(tmp_path: Path) -> None:
    """Reports of every layout, with names of every kind, and with columns missing."""
    options = SandboxOptions(accounts=40, users=20, as_of=AS_OF, default_faults=("missing-columns", "no-root-row"))
    sandbox = Sandbox(options)
    with sandbox.serve() as url:
        done = subprocess.run(
            [sys.executable, "-c", COLLECT, str(tmp_path)],
            env=Box(sandbox, url).environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    records = Snapshot.open(Path(done.stdout.splitlines()[-1])).manifest.accounts
    assert {r.account.id: r.outcome.value for r in records} == Expected(sandbox).outcomes()
    assert done.stderr.splitlines()[-1] == "[]"
