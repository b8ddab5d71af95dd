"""``auditor run`` on a box in which some users have more access keys than their report shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box, read_csv
from tests.expected import Expected

OPTIONS = SandboxOptions(accounts=40, users=6, as_of=AS_OF, faulty=False)


def having_more(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Account id and name of every user with further keys."""
    ids = [account.id for account in sandbox.organization.active]
    return [(i, user.name) for i in ids for user in sandbox.facts(i).users if user.more_keys]


def _denied() -> str:
    whole = Sandbox(OPTIONS)
    return next(account_id for account_id, name in having_more(whole) if name == "further-keys")


DENIED = _denied()


@pytest.fixture(scope="module")
def more() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=40, users=6, as_of=AS_OF, faulty=False, faults=_faults()))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def _faults() -> dict[str, str]:
    """One of those accounts refuses the list; another account's report cannot be had at all."""
    lost = next(account_id for account_id, name in having_more(Sandbox(OPTIONS)) if name == "third-key")
    return {DENIED: "deny:ListAccessKeys", lost: "report-denied"}


@pytest.fixture(scope="module")
def snapshot(more: Box, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports")
    cis = ("cis-aws-1.3.0", "cis-aws-6.0.0", "aws-iam-rules")
    chosen = [part for benchmark in cis for part in ("--benchmark", benchmark)]
    ran = more.auditor("run", "--out", out, "--as-of", AS_OF.isoformat(), "--format", "csv", *chosen)
    assert ran.returncode == 4, ran.stderr
    return Path(ran.stdout.splitlines()[-1])


def test_only_those_users_cost_a_call(more: Box, snapshot: Path) -> None:
    asked = [who for who in having_more(more.sandbox) if more.sandbox.faults.get(who[0]) != "report-denied"]
    assert more.sandbox.requests["ListAccessKeys"] == len(asked) > 4
    for account in more.sandbox.organization.active:
        names = [name for account_id, name in asked if account_id == account.id]
        file = snapshot / "evidence" / account.id / "access-keys.json"
        if account.id == DENIED:
            assert not file.exists()
        elif file.exists():
            told = json.loads(file.read_text())
            assert [call["parameters"]["UserName"] for call in told["calls"]] == names
            assert bool(told["omitted"]) == (not names)
        else:
            assert not names


def test_the_verdicts_are_those_that_were_planted(more: Box, snapshot: Path) -> None:
    rows = read_csv(snapshot / "findings.csv")
    controls = {r["control_id"] for r in rows}
    found = {(r["account_id"], r["control_id"], r["resource_name"], r["credential"]) for r in rows if _is(r, "FAIL")}
    assert found == {failure for failure in Expected(more.sandbox).failures() if failure[1] in controls}
    left_open = {(r["account_id"], r["control_id"]) for r in rows if _is(r, "NO_EVIDENCE")}
    assert left_open == {pair for pair in Expected(more.sandbox).no_evidence() if pair[1] in controls}
    further = {(f[1], f[2], f[3]) for f in found if f[2] in ("further-keys", "third-key-of-setup")}
    assert {
        ("access-key-rotated-90d", "further-keys", "access_key_4"),
        ("no-access-key-at-user-setup", "third-key-of-setup", "access_key_3"),
        ("single-active-access-key", "further-keys", ""),
    } <= further


def test_a_verdict_on_a_further_key_names_its_line_of_the_list(snapshot: Path) -> None:
    rows = [r for r in read_csv(snapshot / "findings.csv") if r["credential"] in ("access_key_3", "access_key_4")]
    assert rows
    for row in rows:
        lines = (snapshot / row["evidence_file"]).read_text().splitlines()
        key = json.loads(lines[int(row["evidence_line"]) - 1].removesuffix(","))
        assert (key["UserName"], key["Status"]) == (row["resource_name"], "Active")


def test_a_refused_list_is_a_gap_that_costs_the_further_keys_only(more: Box, snapshot: Path) -> None:
    account = next(r for r in read_csv(snapshot / "accounts.csv") if r["account_id"] == DENIED)
    assert (account["outcome"], account["gap_evidence"], account["gap_code"]) == (
        "assessed",
        "access-keys",
        "AccessDenied",
    )
    rows = [r for r in read_csv(snapshot / "findings.csv") if r["account_id"] == DENIED]
    left_open = {r["control_id"]: r["reason"] for r in rows if _is(r, "NO_EVIDENCE")}
    assert all("access-keys: fetch: AccessDenied" in reason for reason in left_open.values())
    ages = [r for r in rows if r["control_id"] == "access-key-rotated-90d" and not _is(r, "NO_EVIDENCE")]
    assert {r["credential"] for r in ages} <= {"access_key_1", "access_key_2"}
    assert "further-keys" in {r["resource_name"] for r in ages}


def _is(row: dict[str, str], status: str) -> bool:
    return row["status"] == status
