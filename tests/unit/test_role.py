"""`auditor role` prints the least-privilege role: as CloudFormation, as Terraform, and never more than is called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import boto3
import hcl2
import pytest
import yaml
from click.testing import CliRunner
from moto import mock_aws

from auditor.aws.session import Clients
from auditor.catalog import load_catalog
from auditor.cli.aws import role_settings
from auditor.cli.collectors import account_collectors
from auditor.cli.main import cli
from auditor.cli.role import kinds_of, role_plan
from auditor.kinds import KINDS, names_of
from auditor.kinds.declaration import Owner
from auditor.model import Caller
from auditor.settings import Settings

ARN = "arn:aws:iam::000000000042:role/ci"
ORGANIZATION = "o-abcde12345"
BENCHMARKS = sorted(load_catalog().benchmarks)
WIDEST: dict[str, Any] = {
    "benchmark": tuple(BENCHMARKS),
    "ec2_instances": True,
    "account_tags": True,
    "root_audit": "assume-root",
    "source_identity": "ann",
    "session_tags": {"ticket": "AUD-7"},
    "session_duration": 7200,
}
# What a template may be asked for that changes its form, by name.
VARIANTS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "given": ("--principal", ARN, "--organization", ORGANIZATION),
    "external id": ("--external-id", "not-for-everybody"),
    "path": ("--role", "audit/read/auditor"),
    "narrow": ("--benchmark", "aws-iam-rules"),
    "organization only": ("--requirement", "2.1.1"),
    "widest": ("--config", "widest.yaml"),
}


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["role", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = yaml.safe_dump({k: list(v) if isinstance(v, tuple) else v for k, v in WIDEST.items()})
    Path("widest.yaml").write_text(text)


CASES = [
    pytest.param(account, arguments, id=f"{account} {name}")
    for account in ("member", "management")
    for name, arguments in VARIANTS.items()
    if (account, name) != ("member", "organization only")
]


def actions(document: dict[str, Any]) -> set[str]:
    found: list[str] = []
    for statement in document["Statement"]:
        listed = statement["Action"]
        found += [listed] if isinstance(listed, str) else listed
    return set(found)


def template(*arguments: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(printed(*arguments))
    return read


def properties(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = template(*arguments)["Resources"]["AuditorRole"]["Properties"]
    return found


def allowed(*arguments: str) -> set[str]:
    return actions(properties(*arguments)["Policies"][0]["PolicyDocument"])


def in_terraform(*arguments: str) -> dict[str, dict[str, Any]]:
    """The statements of each policy document by their names; its strings keep their quotes."""
    read = hcl2.loads(printed("--as", "terraform", *arguments))
    found: dict[str, dict[str, Any]] = {}
    for block in read["data"]:
        for name, document in block.get('"aws_iam_policy_document"', {}).items():
            found[name.strip('"')] = {json.loads(s["sid"]): s for s in document["statement"]}
    return found


def texts(quoted: list[str]) -> list[str]:
    return [json.loads(text) for text in quoted]


def from_the_collectors(kinds: frozenset[str]) -> set[str]:
    """The actions of the collectors that a run of these kinds makes, by the way the run itself takes."""
    clients = Clients(None, None, None, None, None)  # type: ignore[arg-type]
    return {a for collector in account_collectors(clients, Settings(), kinds) for a in collector.actions}


def in_the_session_policy(settings: Settings) -> set[str]:
    clients = Clients(None, None, None, None, None)  # type: ignore[arg-type]
    collectors = account_collectors(clients, settings, kinds_of(settings))
    policy = role_settings(settings, Caller(ARN, "000000000042"), collectors).policy
    assert policy is not None
    return actions(json.loads(policy))


@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_template_session_policy_and_collectors_agree(benchmark: str) -> None:
    settings = Settings(benchmark=(benchmark,))
    read = from_the_collectors(load_catalog().select((benchmark,)).evidence - {"ec2-instances"})
    assert read
    assert allowed("--benchmark", benchmark) == read
    assert set(texts(in_terraform("--benchmark", benchmark)["audit"]["ReadAccount"]["actions"])) == read
    assert in_the_session_policy(settings) == read


def test_everything_that_can_be_collected_can_be_asked_for() -> None:
    settings = Settings.model_validate(WIDEST)
    every = {action for kind in names_of(Owner.ACCOUNT) for action in KINDS[kind].actions}
    assert allowed("--config", "widest.yaml") == every == in_the_session_policy(settings)
    whole = {action for kind in names_of(Owner.ORGANIZATION) for action in KINDS[kind].actions}
    discovery = {"organizations:DescribeOrganization", "organizations:ListAccounts"}
    entering = {"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession", "sts:AssumeRoot"}
    assert allowed("--for", "management", "--config", "widest.yaml") == every | whole | discovery | entering


def test_a_benchmark_of_credential_reports_needs_two_actions() -> None:
    assert allowed("--benchmark", "aws-iam-rules") == {"iam:GenerateCredentialReport", "iam:GetCredentialReport"}


@pytest.mark.parametrize(("account", "arguments"), CASES)
def test_nothing_is_allowed_by_wildcard_but_the_resource(account: str, arguments: tuple[str, ...]) -> None:
    statements = properties("--for", account, *arguments)["Policies"][0]["PolicyDocument"]["Statement"]
    for statement in statements:
        assert not any("*" in action for action in statement["Action"])
        only_reads = all(
            action.partition(":")[2].startswith(("Get", "List", "Describe", "Generate"))
            for action in statement["Action"]
        )
        assert (statement["Resource"] == "*") == only_reads


@pytest.mark.parametrize(("account", "arguments"), CASES)
def test_no_template_names_a_partition(account: str, arguments: tuple[str, ...]) -> None:
    for language in ("cloudformation", "terraform"):
        text = printed("--for", account, "--as", language, *arguments)
        assert "arn:aws:" not in text.replace(ARN, "")


def cfn_lint(*files: Path) -> tuple[int, str]:
    """Exit code and output of the real tool: errors, warnings and remarks."""
    program = [sys.executable, "-c", "from cfnlint.runner import main; main()"]
    options = ["--include-checks", "I", "--regions", "us-east-1", "us-gov-west-1", "--"]
    result = subprocess.run([*program, *options, *map(str, files)], capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def test_the_templates_pass_cfn_lint(tmp_path: Path) -> None:
    files = []
    for case in CASES:
        [account, arguments] = cast("tuple[str, tuple[str, ...]]", case.values)
        files.append(tmp_path / f"{case.id}.yaml")
        files[-1].write_text(printed("--for", account, *arguments))
    assert cfn_lint(*files) == (0, "")


def test_cfn_lint_knows_the_actions(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(printed().replace("iam:GetCredentialReport", "iam:GetCredentialReprot"))
    code, told = cfn_lint(broken)
    assert code
    assert "getcredentialreprot" in told


@pytest.mark.parametrize(("account", "arguments"), CASES)
def test_terraform_says_what_cloudformation_says(account: str, arguments: tuple[str, ...]) -> None:
    role = properties("--for", account, *arguments)
    documents = in_terraform("--for", account, *arguments)
    for name, policy in (
        ("trust", role["AssumeRolePolicyDocument"]),
        ("audit", role["Policies"][0]["PolicyDocument"]),
    ):
        wanted = {
            s["Sid"]: {s["Action"]} if isinstance(s["Action"], str) else set(s["Action"]) for s in policy["Statement"]
        }
        assert {sid: set(texts(s["actions"])) for sid, s in documents[name].items()} == wanted
    text = printed("--for", account, "--as", "terraform", *arguments)
    assert f"max_session_duration = {role['MaxSessionDuration']}" in text
    assert f'path                 = "{role["Path"]}"' in text


def trust(*arguments: str, **parameters: str) -> list[dict[str, Any]]:
    """The trust policy of the role that CloudFormation makes of the template, its conditions resolved."""
    with mock_aws():
        stacks = boto3.client("cloudformation", region_name="us-east-1")
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        stacks.create_stack(StackName="s", TemplateBody=printed(*arguments), Parameters=given)
        role = boto3.client("iam", region_name="us-east-1").list_roles()["Roles"][0]
        statements: list[dict[str, Any]] = role["AssumeRolePolicyDocument"]["Statement"]
        return statements


@pytest.fixture
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_no_account")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_condition_is_there_only_when_its_parameter_is_set() -> None:
    [plain] = trust(Principal=ARN)
    assert plain["Principal"] == {"AWS": ARN}
    assert plain["Action"] == "sts:AssumeRole"
    assert "Condition" not in plain
    [asked] = trust(Principal=ARN, ExternalId="x-1")
    assert asked["Condition"] == {"StringEquals": {"sts:ExternalId": "x-1"}}
    [inside] = trust(Principal=ARN, OrganizationId=ORGANIZATION)
    assert inside["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}
    [both] = trust("--principal", ARN, "--organization", ORGANIZATION, "--external-id", "hidden", ExternalId="x-1")
    assert both["Condition"] == {"StringEquals": {"sts:ExternalId": "x-1", "aws:PrincipalOrgID": ORGANIZATION}}


@pytest.mark.usefixtures("_no_account")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_source_identity_and_session_tags_may_be_passed_where_they_are_set() -> None:
    assume, passing = trust("--config", "widest.yaml", Principal=ARN, ExternalId="x-1", OrganizationId=ORGANIZATION)
    assert assume["Action"] == "sts:AssumeRole"
    assert passing["Action"] == ["sts:SetSourceIdentity", "sts:TagSession"]
    # An external id is known of AssumeRole only: asked for here, it would deny what it guards.
    assert passing["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}


def test_the_external_id_is_asked_for_and_never_printed() -> None:
    for language in ("cloudformation", "terraform"):
        assert "not-for-everybody" not in printed("--as", language, "--external-id", "not-for-everybody")
    assert "Default" not in template("--external-id", "not-for-everybody")["Parameters"]["ExternalId"]
    assert template()["Parameters"]["ExternalId"]["Default"] == ""


def test_a_role_has_the_name_and_path_that_a_run_assumes() -> None:
    role = properties("--role", "audit/read/auditor")
    assert (role["Path"], role["RoleName"]) == ("/audit/read/", "auditor")
    management = properties("--for", "management", "--role", "audit/read/auditor")
    assert (management["Path"], management["RoleName"]) == ("/audit/read/", "auditor-management")
    entering = next(s for s in management["Policies"][0]["PolicyDocument"]["Statement"] if s["Sid"] == "EnterMembers")
    assert entering["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role/audit/read/auditor"}


def test_sessions_last_no_longer_than_a_run_asks_for() -> None:
    assert properties()["MaxSessionDuration"] == 3600
    assert properties("--config", "widest.yaml")["MaxSessionDuration"] == 7200
    assert role_plan(Settings(session_duration=900), "member").longest_session == 3600  # AWS takes no less


def test_root_may_be_read_by_the_audit_task_only() -> None:
    statements = properties("--for", "management", "--config", "widest.yaml")["Policies"][0]["PolicyDocument"]
    [root] = [s for s in statements["Statement"] if s["Action"] == ["sts:AssumeRoot"]]
    task = "arn:${AWS::Partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
    assert root["Condition"] == {"StringEquals": {"sts:TaskPolicyArn": {"Fn::Sub": task}}}
    assert "sts:AssumeRoot" not in allowed("--for", "management")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--principal", "*"), "--principal: '*' is not the ARN of a role, user or account"),
        (("--principal", "arn:aws:iam::*:role/x"), "is not the ARN of a role, user or account"),
        (("--organization", "r-abcd"), "--organization: 'r-abcd' is not the id of an organization"),
        (("--requirement", "2.1.1"), "the chosen controls read nothing in member accounts: no role is needed there"),
        (("--benchmark", "cis-aws-7.0.1"), "did you mean 'cis-aws-7.0.0'?"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(arguments: tuple[str, ...], told: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "auditor", "role", *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert told in result.stderr
    assert (len(result.stderr.splitlines()), result.stdout) == (1, "")
