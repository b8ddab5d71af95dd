"""Verdicts that need more than one account, where a run sees only some: the real command on a boxed organization."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box, read_csv
from tests.expected import Expected

CONTROL = "access-analyzer-all-regions"
COVERED, LACKING = (3, 7), 4  # ranks: only the organization's analyzer covers those, nothing covers the last
JUDGED = ("--benchmark", "cis-aws-7.0.0", "--format", "csv", "--format", "json")


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=10, users=2, as_of=AS_OF, faulty=False))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


@pytest.fixture(scope="module")
def blind() -> Iterator[Box]:
    """The same organization, whose management account does not show of its analyzers."""
    options = SandboxOptions(accounts=10, users=2, as_of=AS_OF, faulty=False)
    management = Sandbox(options).organization.management_id
    faults = {management: "deny:ListAnalyzers"}
    sandbox = Sandbox(SandboxOptions(accounts=10, users=2, as_of=AS_OF, faulty=False, faults=faults))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def account(box: Box, rank: int) -> str:
    return box.sandbox.organization.active[rank].id


def run(box: Box, out: Path, *options: str | Path) -> tuple[dict[str, dict[str, str]], Path]:
    """The control's findings by account, and the snapshot; ``reperform`` must say the same."""
    found = box.auditor("run", "--out", out, *JUDGED, *options)
    assert found.returncode in (0, 4), found.stderr
    folder = Path(found.stdout.splitlines()[-1])
    again = box.auditor("reperform", folder)
    assert again.returncode == 0, again.stdout + again.stderr
    return findings(folder), folder


def findings(folder: Path) -> dict[str, dict[str, str]]:
    return {r["account_id"]: r for r in read_csv(folder / "findings.csv") if r["control_id"] == CONTROL}


def test_where_everybody_was_seen(box: Box, tmp_path: Path) -> None:
    found, _ = run(box, tmp_path)
    assert found[account(box, COVERED[0])]["status"] == "PASS"
    assert found[account(box, LACKING)]["status"] == "FAIL"


@pytest.mark.parametrize("way", ["account", "ou", "exclude", "accounts-file"])
def test_an_owner_out_of_scope_is_no_owner_without_an_analyzer(box: Box, way: str, tmp_path: Path) -> None:
    organization = box.sandbox.organization
    management, ranked = organization.management, organization.active
    covered = next(ranked[rank] for rank in COVERED if ranked[rank].parent_id != management.parent_id)
    file = tmp_path / "accounts.csv"
    file.write_text(f"account_id\n{covered.id}\n")
    options: dict[str, tuple[str | Path, ...]] = {
        "account": ("--account", covered.id),
        "ou": ("--ou", covered.ou_ids[-1]),
        "exclude": ("--exclude", management.id),
        "accounts-file": ("--accounts-file", file),
    }
    found, _ = run(box, tmp_path, *options[way])
    row = found[covered.id]
    assert row["status"] == "NO_EVIDENCE"
    assert f"account {management.id}, the management account: not a" in row["reason"]


def test_an_owner_that_did_not_answer(blind: Box, tmp_path: Path) -> None:
    management = blind.sandbox.organization.management_id
    found, folder = run(blind, tmp_path)
    covered = {i for i, row in found.items() if row["status"] == "NO_EVIDENCE"}
    assert {account(blind, COVERED[0]), account(blind, LACKING), management} <= covered
    assert not {i for i, row in found.items() if row["status"] == "FAIL"}
    assert f"account {management}, the management account: no answer in" in found[account(blind, COVERED[0])]["reason"]
    undecided = {i for i, control in Expected(blind.sandbox).no_evidence() if control == CONTROL}
    assert covered == undecided
    told = blind.auditor("explain", CONTROL, folder, "--account", account(blind, COVERED[0]))
    assert f"account {management}, the management account" in " ".join(told.stdout.split())


@pytest.mark.parametrize("split_by", ["ou", "account"])
def test_a_part_carries_the_verdicts_of_the_whole(blind: Box, split_by: str, tmp_path: Path) -> None:
    whole, folder = run(blind, tmp_path, "--split-by", split_by)
    parts = [path.parent for path in sorted((folder / f"by-{split_by}").glob("*/findings.csv"))]
    found = {i: row for part in parts for i, row in findings(part).items()}
    assert {i: row["status"] for i, row in found.items()} == {i: row["status"] for i, row in whole.items()}
    management = blind.sandbox.organization.management_id
    for part in parts:
        own = {row["account_id"] for row in read_csv(part / "accounts.csv")}
        named = [row for row in findings(part).values() if management in row["reason"]]
        assert management in own or not named, part
