"""The package that docs/extending.md shows, built and installed from that page, audits the box."""

from __future__ import annotations

import csv
import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.kinds.service_specific_credentials import planted_credentials
from tests.boxed import AS_OF, Box, Completed

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```\w+\n# file: (\S+)\n(.*?)```", re.DOTALL)
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


@dataclass(frozen=True)
class Installed:
    """The auditor and the package in an environment of their own; ``folder`` has the files of the page."""

    python: Path
    folder: Path
    box: Box

    def auditor(self, *arguments: str | Path) -> Completed:
        command = [str(self.python), "-m", "auditor", *map(str, arguments)]
        environment = self.box.environment() | {"PATH": os.environ["PATH"]}
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=300, check=False
        )


def fresh_environment(folder: Path, *sources: Path) -> Path:
    """The Python of a new environment with wheels of the ``sources``; what these need is shared, not installed anew."""
    venv.create(folder / "env", with_pip=False, symlinks=True)
    site = next((folder / "env").glob("lib/python3*/site-packages"))
    for source in sources:
        wheel = [
            *PIP,
            "wheel",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            str(folder / source.name),
            str(source),
        ]
        subprocess.run(wheel, check=True, capture_output=True, timeout=120)
        (built,) = (folder / source.name).glob("*.whl")
        subprocess.run([*PIP, "install", "--no-deps", "--target", str(site), str(built)], check=True, timeout=120)
    (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "env" / "bin" / "python"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("extending")
    files = BLOCK.findall(PAGE)
    assert len(files) > 8
    for name, text in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    python = fresh_environment(folder, ROOT, folder / "acme-audit")
    sandbox = Sandbox(SandboxOptions(accounts=12, users=5, as_of=AS_OF, faulty=False))
    with sandbox.serve() as url:
        yield Installed(python, folder, Box(sandbox, url))


@pytest.fixture(scope="module")
def snapshot(installed: Installed) -> Path:
    done = installed.auditor(
        "run", "--benchmark", "acme-rules", "--as-of", AS_OF.isoformat(), "--format", "csv", "--format", "markdown"
    )
    assert done.returncode == 0, done.stderr
    return installed.folder / done.stdout.splitlines()[-1]


def test_every_key_without_an_end_fails_and_is_in_the_new_format(installed: Installed, snapshot: Path) -> None:
    sandbox = installed.box.sandbox
    planted = [
        (account.id, f"{key['UserName']}/{key['ServiceSpecificCredentialId']}")
        for account in sandbox.organization.active
        for key in sandbox.evidence(account.id).of(planted_credentials)
        if key["Status"] == "Active" and "ExpirationDate" not in key
    ]
    assert len(planted) > 1
    with (snapshot / "findings.csv").open(encoding="utf-8", newline="") as file:
        failed = [(r["account_id"], r["resource_name"]) for r in csv.DictReader(file) if r["status"] == "FAIL"]
    assert sorted(failed) == sorted(planted)
    lines = (snapshot / "failures.md").read_text(encoding="utf-8").splitlines()
    assert lines == [f"- {account} {name}: it never expires" for account, name in failed]
    assert "failures.md" in (snapshot / "reports.sha256").read_text(encoding="utf-8")


def test_its_verdicts_are_computed_a_second_time(installed: Installed, snapshot: Path) -> None:
    done = installed.auditor("reperform", snapshot)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_evidence_can_be_asked_for_in_sql(installed: Installed, snapshot: Path) -> None:
    told = installed.auditor("tables", "bedrock_keys")
    assert "Active, Inactive or Expired." in told.stdout
    question = "select count(*) as keys from bedrock_keys"
    more = ("--snapshot", snapshot, "--benchmark", "acme-rules", "--format", "csv")
    asked = installed.auditor("query", question, *more)
    assert int(asked.stdout.split()[-1]) > 1


def test_the_role_gets_its_permission(installed: Installed) -> None:
    assert "iam:ListServiceSpecificCredentials" in installed.auditor("role", "--benchmark", "acme-rules").stdout


def test_the_control_without_a_package_is_checked_and_judged(installed: Installed) -> None:
    done = installed.auditor("controls", "check", "audit-config")
    assert (done.returncode, "own-no-access-keys-in-production" in done.stdout) == (0, True), done.stderr
    more = ("--config-dir", "audit-config", "--benchmark", "own-rules", "--as-of", AS_OF.isoformat(), "--format", "csv")
    run = installed.auditor("run", *more)
    assert run.returncode == 0, run.stderr
    with (installed.folder / run.stdout.splitlines()[-1] / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"FAIL"} <= {row["status"] for row in rows} <= {"PASS", "FAIL"}
    assert all(row["ou_path"].startswith("Root/Prod") for row in rows)


def test_without_a_second_reader_reperforming_says_what_is_missing(installed: Installed, snapshot: Path) -> None:
    (points,) = installed.folder.glob("env/lib/python3*/site-packages/acme_audit-*.dist-info/entry_points.txt")
    whole = points.read_text()
    points.write_text(whole.replace("[auditor.second_readers]", "[somebody.else]"))
    try:
        done = installed.auditor("reperform", snapshot)
    finally:
        points.write_text(whole)
    assert done.returncode == 2
    assert "'bedrock-keys' cannot be read a second time" in done.stderr
