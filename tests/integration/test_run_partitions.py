"""A whole run in every partition that the SDK knows, each with its own regions."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box, read_csv
from tests.expected import Expected
from tests.expected.kinds import DEFAULT_KINDS
from tests.partitions import PARTITIONS

ARN = re.compile(r"\barn:([a-z-]+):")
KINDS = DEFAULT_KINDS | {"ec2-instances"}


@pytest.mark.parametrize("partition", [p for p in PARTITIONS if p != "aws"])
def test_a_run_in_each_partition(partition: str, tmp_path: Path) -> None:
    regions = PARTITIONS[partition][:2]
    options = SandboxOptions(accounts=5, users=2, as_of=AS_OF, partition=partition, regions=regions, faulty=False)
    sandbox = Sandbox(options)
    (tmp_path / "auditor.yaml").write_text("ec2_instances: true\nbenchmark: [cis-aws-7.0.0]\nformat: [csv, json]\n")
    with sandbox.serve() as url:
        box = Box(sandbox, url)
        found = box.auditor(
            "run", "--region", regions[0], "--as-of", AS_OF.isoformat(), cwd=tmp_path, env={"AWS_REGION": regions[0]}
        )
        assert found.returncode in (0, 4), found.stderr
    folder = tmp_path / found.stdout.splitlines()[-1]
    accounts = {row["account_id"]: row["outcome"] for row in read_csv(folder / "accounts.csv")}
    assert accounts == Expected(sandbox).outcomes()
    findings = read_csv(folder / "findings.csv")
    assert {p for row in findings for p in ARN.findall(row["resource_arn"])} == {partition}
    made = [row for row in findings if row["control_id"] == "ec2-instance-role-used" and row["resource_arn"]]
    assert made
    failed = {(r["account_id"], r["control_id"], r["resource_name"]) for r in findings if r["status"] == "FAIL"}
    controls = {row["control_id"] for row in findings}
    assert failed == {f[:3] for f in Expected(sandbox, KINDS).failures() if f[1] in controls}
    assert json.loads((folder / "manifest.json").read_text())["caller"]["arn"].startswith(f"arn:{partition}:")
