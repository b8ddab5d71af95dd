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
    """With the policies that AWS itself manages, which moto leaves out unless it is asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
        yield from served()


def served() -> Iterator[str]:
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
        _permit(iam, name, users[0])
    return made


def _permit(iam: Any, name: str, user: str) -> None:
    """What IAM holds besides users: alpha keeps to the rules, beta breaks them, gamma has nothing of all this."""
    if name == "gamma":
        return
    good = name == "alpha"
    iam.update_account_password_policy(MinimumPasswordLength=14 if good else 13, PasswordReusePrevention=24)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    if good:
        trust["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
    iam.create_role(RoleName="support", AssumeRolePolicyDocument=policy_document(trust))
    if good:
        iam.attach_role_policy(RoleName="support", PolicyArn="arn:aws:iam::aws:policy/AWSSupportAccess")
    statement = {"Effect": "Allow", "Action": "s3:Get*" if good else ["*"], "Resource": "*"}
    made = iam.create_policy(PolicyName="own", PolicyDocument=policy_document(statement))["Policy"]["Arn"]
    iam.create_group(GroupName="team")
    iam.attach_group_policy(GroupName="team", PolicyArn=made)
    iam.add_user_to_group(GroupName="team", UserName=user)
    if not good:
        iam.put_user_policy(UserName=user, PolicyName="direct", PolicyDocument=policy_document(statement))
    iam.create_open_id_connect_provider(Url="https://id.example.com", ThumbprintList=["a" * 40])
    company = iam.create_saml_provider(SAMLMetadataDocument="x" * 1024, Name="company")["SAMLProviderArn"]
    federated = {"Effect": "Allow", "Action": "sts:AssumeRoleWithSAML", "Principal": {"Federated": company}}
    iam.create_role(RoleName="people", AssumeRolePolicyDocument=policy_document(federated))
    iam.upload_server_certificate(ServerCertificateName="www", CertificateBody="body", PrivateKey="key")


def policy_document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


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


CREDENTIAL_REPORT_CONTROLS = {"console-user-mfa", "access-key-rotated-90d", "credentials-unused-45d"}


def statuses(snapshot: Path, accounts: dict[str, str], control: str) -> dict[str, set[tuple[str, str]]]:
    """Account name -> (resource name, status) of every row of one control."""
    names = {account_id: name for name, account_id in accounts.items()}
    found: dict[str, set[tuple[str, str]]] = {name: set() for name in accounts}
    for row in rows(snapshot / "findings.csv"):
        if row["control_id"] == control and row["account_id"] in names:
            found[names[row["account_id"]]].add((row["resource_name"].removeprefix("'"), row["status"]))
    return found


def test_verdicts_are_those_of_new_credentials(snapshot: Path, accounts: dict[str, str]) -> None:
    """A password without MFA is all that is wrong with credentials: every key was made a moment ago."""
    findings = rows(snapshot / "findings.csv")
    failed = [f for f in findings if f["status"] == "FAIL" and f["control_id"] in CREDENTIAL_REPORT_CONTROLS]
    assert {f["control_id"] for f in failed} == {"console-user-mfa"}
    assert {(f["account_id"], f["resource_name"].removeprefix("'")) for f in failed} == {
        (account_id, USERS[name][0]) for name, account_id in accounts.items()
    }


def test_the_password_policy_is_judged(snapshot: Path, accounts: dict[str, str]) -> None:
    assert statuses(snapshot, accounts, "password-policy-min-length-14") == {
        "alpha": {("", "PASS")},
        "beta": {("", "FAIL")},
        "gamma": {("", "FAIL")},  # there is none
    }
    assert statuses(snapshot, accounts, "password-policy-reuse-24")["gamma"] == {("", "FAIL")}


def test_permissions_are_judged(snapshot: Path, accounts: dict[str, str]) -> None:
    groups = statuses(snapshot, accounts, "user-permissions-via-groups")
    assert groups["alpha"] == {(user, "PASS") for user in USERS["alpha"]}
    assert groups["beta"] == {("ann", "FAIL"), ("=1+1", "PASS"), ("007", "PASS")}
    admin = statuses(snapshot, accounts, "no-full-admin-policy")
    assert admin["alpha"] == {("own", "PASS"), ("AWSSupportAccess", "PASS")}
    assert admin["beta"] == {("own", "FAIL")}
    support = statuses(snapshot, accounts, "support-role-exists")
    assert support == {"alpha": {("", "PASS")}, "beta": {("", "FAIL")}, "gamma": {("", "FAIL")}}
    trust = statuses(snapshot, accounts, "resource-policy-no-open-principal")
    assert (trust["alpha"], trust["beta"]) == ({("", "MANUAL")}, {("support", "FAIL"), ("", "MANUAL")})


def test_certificates_and_identity_providers_are_read(snapshot: Path, accounts: dict[str, str]) -> None:
    assert statuses(snapshot, accounts, "expired-server-certs-removed") == {
        "alpha": {("www", "FAIL")},  # moto says of every certificate that it expired in 2012
        "beta": {("www", "FAIL")},
        "gamma": set(),
    }
    shown = [f for f in rows(snapshot / "findings.csv") if f["control_id"] == "identity-managed-centrally"]
    told = {f["account_id"]: f["observed"] for f in shown}
    listed, trusted = "of the account: company, id.example.com", "that its roles trust: company"
    assert told[accounts["alpha"]].endswith(f"identity providers {listed}; identity providers {trusted}")
    assert "identity providers of the account: none" in told[accounts["gamma"]]


def test_what_moto_does_not_serve_is_a_gap_of_its_kind_only(snapshot: Path, accounts: dict[str, str]) -> None:
    findings = [f for f in rows(snapshot / "findings.csv") if f["status"] == "NO_EVIDENCE"]
    assert {f["control_id"] for f in findings} >= {"root-mfa", "root-no-access-key", "root-use-avoided"}
    assert not {f["control_id"] for f in findings} & (CREDENTIAL_REPORT_CONTROLS | {"no-full-admin-policy"})
    found = {row["account_id"]: row["outcome"] for row in rows(snapshot / "accounts.csv")}
    assert {found[account_id] for account_id in accounts.values()} == {"assessed"}


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


def test_a_web_identity_signs_in_as_in_any_aws_tool(endpoint: str, accounts: dict[str, str], tmp_path: Path) -> None:
    """A token file and a role, no keys: what EKS and CI systems hand out. The token itself is written nowhere."""
    token = tmp_path / "token"
    token.write_text("eyJhbGciOiJub25lIn0.e30.a-web-identity-token")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci",
        "AWS_ROLE_SESSION_NAME": "ci-run-7",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1",
    }
    command = [sys.executable, "-m", "auditor", "run", "--benchmark", "aws-iam-rules", "--format", "csv"]
    names = [argument for account in accounts.values() for argument in ("--account", account)]
    result = subprocess.run(
        [*command, *names, "--out", str(tmp_path / "out")], env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    snapshot = Path(result.stdout.splitlines()[-1])
    assert json.loads((snapshot / "manifest.json").read_text())["caller"]["arn"].endswith("assumed-role/ci/ci-run-7")
    assessed = {row["account_id"] for row in rows(snapshot / "accounts.csv") if row["outcome"] == "assessed"}
    assert assessed == set(accounts.values())
    for file in snapshot.rglob("*"):
        assert not file.is_file() or b"a-web-identity-token" not in file.read_bytes()
