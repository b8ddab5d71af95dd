"""Two implementations, one verdict: on a boxed organization of 300 accounts, with all evidence and all its faults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.catalog import load_catalog
from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box
from tests.fork_server import run_command


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports")
    settings = out / "auditor.yaml"
    benchmarks = "\n".join(f"- {name}" for name in load_catalog().benchmarks)
    settings.write_text(f"out: {out}\nreport_timeout: 10\nec2_instances: true\nbenchmark:\n{benchmarks}\n")
    sandbox = Sandbox(SandboxOptions(accounts=300, users=8, as_of=AS_OF))
    with sandbox.serve() as url:
        ran = Box(sandbox, url).auditor("run", "--config", settings)
    assert ran.returncode == 4, ran.stderr
    return Path(ran.stdout.splitlines()[-1])


def test_reperform_agrees_on_the_sandboxs_300_accounts(snapshot: Path) -> None:
    found = run_command(["reperform", snapshot, "--workbook", snapshot / "audit.xlsx"])
    assert (found.returncode, found.stderr) == (0, "")
    told = re.search(r"([\d,]+) verdicts by (\d+) controls on (\d+) accounts", found.stdout)
    assert told
    verdicts, controls, accounts = (int(text.replace(",", "")) for text in told.groups())
    with (snapshot / "findings.csv").open(encoding="utf-8") as file:
        assert verdicts == sum(1 for _ in file) - 1
    assert controls == len(load_catalog().controls)
    assert 250 < accounts <= 300
