"""What the role allows is what a run calls, seen on the wire: not an operation more, not one less."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from auditor.sandbox import Sandbox, SandboxOptions
from tests.boxed import AS_OF, Box

# Who is calling may be asked by everybody; the session of a member is what AssumeRole is for.
UNASKED = {"GetCallerIdentity"}


def operations(box: Box, folder: Path, *arguments: str) -> set[str]:
    """The operations that the management role allows, with those of the member role among them."""
    found = set()
    for account in ("member", "management"):
        result = box.auditor("role", "--for", account, *arguments, cwd=folder)
        if "no role is needed" in result.stderr:
            continue
        role = yaml.safe_load(result.stdout)["Resources"]["AuditorRole"]["Properties"]
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
            found |= {action.partition(":")[2] for action in statement["Action"]}
    return found


@pytest.mark.parametrize(
    "arguments",
    [
        ("--benchmark", "aws-iam-rules"),
        ("--benchmark", "cis-aws-1.2.0"),
        ("--benchmark", "cis-aws-7.0.0", "--section", "Organizations"),
        ("--config", "all.yaml"),
    ],
    ids=" ".join,
)
def test_the_role_allows_exactly_what_a_run_calls(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "all.yaml").write_text(json.dumps({"ec2_instances": True, "account_tags": True}))
    sandbox = Sandbox(SandboxOptions(accounts=40, users=5, as_of=AS_OF, faulty=False))
    with sandbox.serve() as url:
        box = Box(sandbox, url)
        result = box.auditor("collect", *arguments, cwd=tmp_path)
        assert result.returncode in (0, 3), result.stderr  # 3: accounts have no evidence of their own
        assert set(sandbox.requests) - UNASKED == operations(box, tmp_path, *arguments)


def test_the_management_role_allows_what_a_root_audit_calls(tmp_path: Path) -> None:
    """The session of root is narrowed by the task policy; what is called in it is no matter of the role."""
    arguments = ("--config", "root.yaml", "--benchmark", "cis-aws-7.0.0")
    (tmp_path / "root.yaml").write_text("root_audit: assume-root\n")
    options = {"accounts": 40, "users": 5, "as_of": AS_OF, "faulty": False}
    closed = Sandbox(SandboxOptions(**options)).organization.active[3].id  # type: ignore[arg-type]
    sandbox = Sandbox(SandboxOptions(**options, faults={closed: "denied"}))  # type: ignore[arg-type]
    with sandbox.serve() as url:
        box = Box(sandbox, url)
        assert box.auditor("collect", *arguments, cwd=tmp_path).returncode == 4
        as_root = {"GetLoginProfile", "ListMFADevices", "ListSigningCertificates"}
        assert set(sandbox.requests) - UNASKED - as_root == operations(box, tmp_path, *arguments)
