"""Kinds of the box are found by their place, and it can say nothing that the service models do not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session

from auditor.kinds import KINDS as DECLARED
from auditor.sandbox import kinds
from auditor.sandbox.answers import failure, success
from auditor.sandbox.kinds import KINDS
from auditor.sandbox.operations import Operation
from auditor.sandbox.services import CLIENTS, OPERATIONS
from auditor.sandbox.shapes import ShapeError, operation_model, read_parameters, service_model
from auditor.sandbox.wire import AwsError, read_call
from tests.expected.kinds import OPERATIONS as DENIABLE

TAGS = [{"Key": "a", "Value": "b c"}, {"Key": "c", "Value": ""}]
ROLE = "arn:aws:iam::012345678901:role/audit"
NEW_KIND = """from auditor.sandbox.operations import BoxedKind, Operation
KIND = BoxedKind("login-aliases", (Operation("iam:ListAccountAliases", lambda request: {"AccountAliases": ["x"]}),))
"""


def test_each_kind_of_evidence_is_the_module_of_its_name() -> None:
    assert {kind.name for kind in KINDS} == set(DECLARED)
    modules = sorted(path.stem for path in Path(kinds.__path__[0]).glob("[a-z]*.py"))
    assert [kind.name.replace("-", "_") for kind in KINDS] == modules
    assert all(kind.operations for kind in KINDS)


def test_a_kind_is_one_file_in_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "login_aliases.py").write_text(NEW_KIND)
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(tmp_path)])
    names = [kind.name for kind in kinds._kinds()]
    assert len(names) == len(KINDS) + 1
    assert names == sorted(names)
    assert "login-aliases" in names


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)
def test_every_operation_is_one_of_aws_and_signed_for_its_service(operation: Operation) -> None:
    metadata = service_model(operation.client).metadata
    assert operation.name in service_model(operation.client).operation_names
    assert metadata.get("signingName", metadata["endpointPrefix"]) == operation.service


def test_an_operation_that_kinds_share_has_one_answer() -> None:
    every = [operation for kind in KINDS for operation in kind.operations]
    assert {operation.action for operation in every} == {operation.action for operation in set(every)}
    assert len(set(every)) == len({operation.action for operation in every})
    assert DENIABLE["DescribeRegions"] == ("ec2", ("access-analyzers", "ec2-instances"))
    assert DENIABLE["ListAccessKeys"] == ("iam", ("access-keys",))


@pytest.mark.parametrize(
    ("client", "operation", "answer"),
    [
        ("iam", "GetAccountSummary", {"SummaryMaps": {}}),
        ("iam", "ListAccessKeys", {"AccessKeyMetadata": [{"UserNames": "x"}]}),
        ("iam", "ListAccessKeys", {"AccessKeyMetadata": [{"UserName": 7}]}),
        ("iam", "ListAccessKeys", {"IsTruncated": "yes"}),
        ("iam", "GetAccountSummary", {"SummaryMap": {"Users": "many"}}),
        ("sts", "GetCallerIdentity", {"AccountId": "1"}),
        ("ec2", "DescribeRegions", {"Regions": [{"regionName": "x"}]}),
        ("organizations", "ListRoots", {"Roots": [{"id": "r-1"}]}),
        ("organizations", "ListRoots", {"Roots": [{"Id": 1}]}),
        ("sso-admin", "ListInstances", {"instances": []}),
        ("account", "GetContactInformation", {"ContactInformation": {"Fullname": "x"}}),
        ("accessanalyzer", "ListAnalyzers", {"analyzers": [{"region": "x"}]}),
    ],
)
def test_an_answer_that_aws_could_not_give_fails_at_once(client: str, operation: str, answer: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match=r"has no member|is (string|boolean|integer)"):
        success(client, operation, answer, "id")


@pytest.mark.parametrize(
    ("client", "operation", "error", "message"),
    [
        ("iam", "GetLoginProfile", AwsError("NoSuchEntityException", ""), "declares the error"),
        ("organizations", "DescribePolicy", AwsError("PolicyNotThereException", ""), "declares the error"),
        ("organizations", "ListPolicies", AwsError("InvalidInputException", "", reason="X"), "no such members"),
        ("ec2", "DescribeRegions", AwsError("NoSuchEntity", ""), "declares the error"),
    ],
)
def test_an_error_that_aws_does_not_know_fails_at_once(
    client: str, operation: str, error: AwsError, message: str
) -> None:
    with pytest.raises(ShapeError, match=message):
        failure(client, operation, error, "id")


@pytest.mark.parametrize(
    ("client", "operation", "given"),
    [
        ("iam", "GetAccountAuthorizationDetails", {"Filter": ["User", "Role"], "MaxItems": 7, "Marker": "a&b"}),
        (
            "sts",
            "AssumeRole",
            {
                "RoleArn": ROLE,
                "RoleSessionName": "me",
                "Tags": [{"Key": "a", "Value": "b c"}, {"Key": "c", "Value": ""}],
            },
        ),
        ("sts", "AssumeRoot", {"TargetPrincipal": "1" * 12, "TaskPolicyArn": {"arn": ROLE}, "DurationSeconds": 900}),
        ("ec2", "DescribeInstances", {"Filters": [{"Name": "n", "Values": ["a", "b"]}], "MaxResults": 5}),
        ("ec2", "DescribeRegions", {"AllRegions": True, "RegionNames": ["a"]}),
        ("accessanalyzer", "ListAnalyzers", {"type": "ACCOUNT", "maxResults": 3, "nextToken": "x y"}),
        ("account", "GetAlternateContact", {"AlternateContactType": "SECURITY"}),
        ("organizations", "ListAccountsForParent", {"ParentId": "r-1", "MaxResults": 5}),
    ],
)
def test_parameters_are_read_as_the_sdk_writes_them(client: str, operation: str, given: dict[str, Any]) -> None:
    """Requests are written by botocore's own serializer."""
    service = next(service for service, name in CLIENTS.items() if name == client)
    headers, body, method, path = _request(client, operation, given)
    scope = f"AWS4-HMAC-SHA256 Credential=AKIA/20261124/us-east-1/{service}/aws4_request, x"
    call = read_call(CLIENTS, {**headers, "Authorization": scope}, body, method, path)
    assert (call.service, call.operation, call.region) == (service, operation, "us-east-1")
    assert read_parameters(operation_model(client, operation), call.given) == given
    if client not in ("account", "accessanalyzer"):  # whose paths are read for signed calls only
        unsigned = read_call(CLIENTS, headers, body, method, path)
        assert (unsigned.service, unsigned.operation, unsigned.access_key) == (service, operation, "")


def _request(client: str, operation: str, given: Mapping[str, Any]) -> tuple[dict[str, str], bytes, str, str]:
    session = get_session()
    built: list[Any] = []
    made = session.create_client(client, "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")

    def keep(request: Any, **_: Any) -> Any:
        built.append(request.prepare())
        raise InterruptedError

    made.meta.events.register("before-sign.*.*", keep)
    method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    with pytest.raises(InterruptedError):
        getattr(made, method)(**given)
    (sent,) = built
    body = sent.body.encode() if isinstance(sent.body, str) else sent.body or b""
    return {k: _text(v) for k, v in sent.headers.items()}, body, sent.method, sent.url.partition(".com")[2]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
