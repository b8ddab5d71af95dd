"""`auditor accounts --check-permissions` tells, per account, which needed permission is missing, before a real run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auditor.aws.probes import PROBES
from auditor.cli.collectors import account_actions, organization_actions
from auditor.kinds import KINDS, evidence_kinds
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.denials import denied
from tests.boxed import AS_OF, Box, Completed, error_line
from tests.expected.kinds import OPERATIONS

Told = dict[str, set[tuple[str, tuple[str, ...]]]]
# Accounts of the box by their rank, and what is forbidden there; the management account is 0.
PLANTED = {
    0: "deny:ListPolicies,DescribeResourcePolicy,GetAccountSummary",
    1: "deny:GetAccountPasswordPolicy",
    2: "deny:ListAnalyzers@eu-west-1,ListAccessKeys,GetAlternateContact",
    3: "deny:ListAnalyzers",
    4: "denied",
    5: "report-denied",
    6: "deny:DescribeRegions,ListSAMLProviders",
    7: "throttled",
    8: "capacity",
}


@contextmanager
def served(**options: Any) -> Iterator[Box]:
    small = SandboxOptions(accounts=14, users=3, as_of=AS_OF, faulty=False)
    ranked = Sandbox(small).organization.active
    faults = {ranked[rank].id: fault for rank, fault in options.pop("planted", {}).items()}
    given = {"accounts": 14, "users": 3, "as_of": AS_OF, "faulty": False, "faults": faults}
    sandbox = Sandbox(SandboxOptions(**given | options))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def told(result: Completed, column: str = "missing") -> Told:
    rows = json.loads(result.stdout)
    found = {row["account_id"]: {(lack["action"], tuple(lack["regions"])) for lack in row[column]} for row in rows}
    return {account: lacks for account, lacks in found.items() if lacks}


def planted(box: Box, needed: set[str]) -> Told:
    """What the faults of the box forbid of all that is needed."""
    found: Told = {}
    for account, fault in box.sandbox.faults.items():
        lacks: set[tuple[str, tuple[str, ...]]] = {
            (f"{OPERATIONS[op][0]}:{op}", (region,) if region else ()) for op, region in denied(fault)
        }
        if fault == "denied":
            lacks = {("sts:AssumeRole", ())}
        if fault == "report-denied":
            lacks = {("iam:GenerateCredentialReport", ()), ("iam:GetCredentialReport", ())}
        if lacks := {lack for lack in lacks if lack[0] in {*needed, "sts:AssumeRole"}}:
            found[account] = lacks
    return found


def check(box: Box, *arguments: str, form: str = "json", cwd: Path | None = None) -> Completed:
    return box.auditor("accounts", "--check-permissions", "--format", form, *arguments, cwd=cwd)


def test_exactly_what_is_forbidden_is_told() -> None:
    every = {action for kind in evidence_kinds() for action in KINDS[kind].actions}
    with served(planted=PLANTED) as box:
        result = check(box)
        assert told(result) == planted(box, every)
        assert len(told(result)) == 7
        assert told(result, "unchecked") == {}
        assert result.returncode == 4
        checked = {row["account_id"] for row in json.loads(result.stdout)}
        assert checked == {account.id for account in box.sandbox.organization.active}
    assert "accounts checked" in result.stderr
    assert "7 do not" in result.stderr


def test_only_what_the_chosen_benchmark_needs_is_asked(tmp_path: Path) -> None:
    needed = {"iam:GenerateCredentialReport", "iam:GetCredentialReport"}
    with served(planted=PLANTED) as box:
        result = check(box, "--benchmark", "aws-iam-rules", cwd=tmp_path)
        assert told(result) == planted(box, needed)
        asked = {op for op in box.sandbox.requests if not op.startswith(("Get", "Generate"))}
        assert asked == {
            *("AssumeRole", "DescribeOrganization", "ListAccounts", "ListRoots"),
            *("ListAccountsForParent", "ListOrganizationalUnitsForParent"),
        }


def test_nothing_missing_is_exit_code_0_and_a_table_of_all_accounts() -> None:
    with served() as box:
        result = check(box, form="table")
        assert result.returncode == 0, result.stderr
        for account in box.sandbox.organization.active:
            assert account.id in result.stdout
        assert "iam:" not in result.stdout
    assert result.stderr.count("\n") == 1


def test_the_check_needs_no_right_that_the_run_does_not_need(tmp_path: Path) -> None:
    """Each call is one that a run makes, and lists are not read on."""
    (tmp_path / "auditor.yaml").write_text(
        "ec2_instances: true\naccount_tags: true\nbenchmark: [cis-aws-7.0.0, aws-iam-hygiene]\n"
    )
    with served(short_pages_every=0) as box:
        result = check(box, cwd=tmp_path)
        assert result.returncode == 0, result.stdout
        kinds = evidence_kinds()
        operations = {a.partition(":")[2] for a in (*account_actions(kinds), *organization_actions(kinds))}
        requests = box.sandbox.requests
        assert set(requests) == operations | {"AssumeRole", "GetCallerIdentity"}
        accounts = len(box.sandbox.organization.active)
        assert requests["GetAccountAuthorizationDetails"] == requests["ListAccessKeys"] == accounts
        assert requests["AssumeRole"] == accounts - 1
    assert not list(tmp_path.glob("reports"))


def test_a_table_and_csv_name_action_and_region() -> None:
    with served(planted={2: PLANTED[2]}) as box:
        table, rows = check(box, form="table"), check(box, form="csv")
        member = box.sandbox.organization.active[2].id
    assert "access-analyzer:ListAnalyzers in eu-west-1" in rows.stdout
    assert "iam:ListAccessKeys" in next(line for line in rows.stdout.splitlines() if line.startswith(member))
    assert "access-analyzer:ListAnalyzers in eu-west-1" in table.stdout


def test_what_nobody_could_find_out_is_told_apart() -> None:
    """GovCloud does not run the account service: that is no matter of permissions, and no pass either."""
    with served(partition="aws-us-gov") as box:
        result = check(box, "--benchmark", "cis-aws-7.0.0")
        unserved = {("account:GetAlternateContact", ()), ("account:GetContactInformation", ())}
        assert told(result) == {}
        assert set(map(frozenset, told(result, "unchecked").values())) == {frozenset(unserved)}
    assert result.returncode == 4


def test_a_caller_who_may_not_read_the_organization_is_told_so(tmp_path: Path) -> None:
    with served() as box:
        caller, other = (account.id for account in box.sandbox.organization.active[1:3])
        (tmp_path / "accounts.csv").write_text(f"account_id\n{other}\n")
    with served(caller_account=caller, delegated=False) as box:
        result = check(box, "--accounts-file", str(tmp_path / "accounts.csv"))
    lacks = told(result)
    assert set(lacks) == {caller}
    assert ("organizations:ListPolicies", ()) in lacks[caller]
    assert {action.partition(":")[0] for action, _ in lacks[caller]} == {"organizations"}


def test_choosing_without_checking_is_a_mistake() -> None:
    with served() as box:
        result = box.auditor("accounts", "--benchmark", "aws-iam-rules")
        assert "--benchmark chooses what to check: use it with --check-permissions" in error_line(result)
        assert (result.returncode, dict(box.sandbox.requests)) == (2, {})


def test_every_action_of_a_run_can_be_checked() -> None:
    kinds = evidence_kinds()
    assert set(PROBES) == {*account_actions(kinds), *organization_actions(kinds)}


@pytest.mark.parametrize("central", [True, False])
def test_a_session_of_root_is_tried_where_a_run_would_try_it(central: bool, tmp_path: Path) -> None:
    (tmp_path / "auditor.yaml").write_text("root_audit: assume-root\n")
    with served(planted={4: "denied"}, central_root=central) as box:
        result = check(box, cwd=tmp_path)
        member = box.sandbox.organization.active[4].id
        assert told(result) == {member: {("sts:AssumeRole", ())}}
        assert told(result, "unchecked") == ({} if central else {member: {("sts:AssumeRoot", ())}})
        assert box.sandbox.requests["AssumeRoot"] == int(central)
    assert result.returncode == 4
