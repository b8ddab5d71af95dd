"""The whole product against moto's server: a wire that others have written, with several accounts behind it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

ROLE = "OrganizationAccountAccessRole"
USERS = {"alpha": ["ann", "bob"], "beta": ["ann", "=1+1", "007"], "gamma": ["NA", "a,b"]}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def client(endpoint: str, service: str, credentials: dict[str, str] | None = None) -> Any:
    keys = credentials or {"AccessKeyId": "testing", "SecretAccessKey": "testing", "SessionToken": ""}
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"] or None,
    )


@pytest.fixture(scope="module")
def accounts(endpoint: str) -> dict[str, str]:
    """Account name -> id, each with users of its own; one organizational unit."""
    organizations, sts = client(endpoint, "organizations"), client(endpoint, "sts")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="Prod")["OrganizationalUnit"]["Id"]
    made = {}
    for name, users in USERS.items():
        status = organizations.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]
        made[name] = status["AccountId"]
        organizations.move_account(AccountId=made[name], SourceParentId=root, DestinationParentId=unit)
        role = f"arn:aws:iam::{made[name]}:role/{ROLE}"
        got = sts.assume_role(RoleArn=role, RoleSessionName="setup")["Credentials"]
        iam = client(endpoint, "iam", got)
        for user in users:
            iam.create_user(UserName=user)
        iam.create_access_key(UserName=users[0])
        iam.create_login_profile(UserName=users[0], Password="a-Long-passw0rd!")
    return made


def auditor(endpoint: str, out: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, "-m", "auditor", *arguments, "--out", str(out)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture(scope="module")
def snapshot(endpoint: str, accounts: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = [argument for account in accounts.values() for argument in ("--account", account)]
    result = auditor(endpoint, tmp_path_factory.mktemp("moto"), "run", *names)
    assert result.returncode == 4, result.stderr  # moto's reports have no root row, so root cannot be judged
    return Path(result.stdout.splitlines()[-1])


def test_every_account_is_there_with_its_ou_path(snapshot: Path, accounts: dict[str, str]) -> None:
    found = {row["account_id"]: row for row in rows(snapshot / "accounts.csv")}
    for name, account_id in accounts.items():
        row = found[account_id]
        assert (row["account_name"], row["ou_path"], row["outcome"]) == (name, "Root/Prod", "assessed")
        assert int(row["users"]) == len(USERS[name])
    assert {row["outcome"] for i, row in found.items() if i not in accounts.values()} == {"excluded"}


def test_reports_of_different_accounts_never_mix(snapshot: Path, accounts: dict[str, str]) -> None:
    for name, account_id in accounts.items():
        text = (snapshot / "evidence" / account_id / "credential-report.csv").read_text()
        lines = text.splitlines()[1:]
        assert all(f"arn:aws:iam::{account_id}:" in line for line in lines)
        assert len(lines) == len(USERS[name])


def test_verdicts_are_those_of_new_credentials(snapshot: Path, accounts: dict[str, str]) -> None:
    findings = rows(snapshot / "findings.csv")
    assert {f["account_id"] for f in findings if f["status"] == "FAIL"} == set(accounts.values())
    failed = {(f["account_id"], f["resource_name"], f["control_id"]) for f in findings if f["status"] == "FAIL"}
    # A password without MFA is all that is wrong: every key was made a moment ago.
    expected = {(account_id, USERS[name][0], "console-user-mfa") for name, account_id in accounts.items()}
    assert failed == {(a, u if u[0] not in "=+-@" else f"'{u}", c) for a, u, c in expected}
    assert {f["control_id"] for f in findings if f["status"] == "NO_EVIDENCE"} == {
        "root-mfa",
        "root-no-access-key",
        "root-use-avoided",
    }


def test_accounts_shows_who_can_be_reached(endpoint: str, accounts: dict[str, str]) -> None:
    environment_free = auditor_accounts(endpoint)
    reachable = {row["account_id"]: row["reachable"] for row in environment_free}
    assert all(reachable[account_id] == "yes" for account_id in accounts.values())


def auditor_accounts(endpoint: str) -> list[dict[str, str]]:
    environment = os.environ | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "us-east-1",
    }
    command = [sys.executable, "-m", "auditor", "accounts", "--format", "json", "--quiet"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    found: list[dict[str, str]] = json.loads(result.stdout)
    return found
