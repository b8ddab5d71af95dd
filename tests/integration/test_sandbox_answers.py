"""Whatever the box answers, over HTTP, the real SDK reads exactly what was given; for every operation that there is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest
from aiobotocore.config import AioConfig

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.kinds import authorization_details
from auditor.sandbox.operations import Operation, Request
from auditor.sandbox.services import OPERATIONS
from auditor.sandbox.shapes import operation_model
from tests.wired import FINE, Wire, wired

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(accounts=12, users=6, as_of=AS_OF, faulty=False, page_size=1, short_pages_every=2)
UNCHECKED = AioConfig(parameter_validation=False, retries={"total_max_attempts": 1})
TEXTS = ("<b>&amp; \"x\" 'y'</b>", " Zürich 🚀\ttab\r\nline ", "", "=1+1", "]]>", "%7B%22a", "007")
DOCUMENTS = ("Document", "PolicyDocument", "AssumeRolePolicyDocument")
TOKENS = ("NextToken", "nextToken", "Marker")
DEPTH = 7
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.name)


def sample(shape: Any, turn: int, depth: int = 0) -> Any:
    """A value that has all members of a shape; lists and maps are full or empty by turns."""
    match shape.type_name:
        case "structure":
            members = list(shape.members.items()) if depth < DEPTH else []
            if shape.is_tagged_union and members:
                members = [members[turn % len(members)]]
            return {name: sample(m, turn + n, depth + 1) for n, (name, m) in enumerate(members)}
        case "list":
            return [sample(shape.member, turn + n, depth + 1) for n in range(turn % 3)]
        case "map":
            return {sample(shape.key, 1) or "a": sample(shape.value, turn)} if turn % 2 else {}
        case "timestamp":
            return AS_OF + timedelta(days=turn, seconds=turn)
        case "boolean":
            return turn % 2 == 0
        case "integer" | "long":
            return turn * 1000
        case "double" | "float":
            return turn / 4
        case "blob":
            return TEXTS[turn % 2].encode()
        case _:
            return shape.enum[turn % len(shape.enum)] if shape.enum else TEXTS[turn % len(TEXTS)]


async def call(wire: Wire, operation: Operation, **parameters: Any) -> dict[str, Any]:
    async with wire.client(operation.client, UNCHECKED) as client:
        methods = client.meta.method_to_api_mapping
        method = next(method for method, name in methods.items() if name == operation.name)
        found: dict[str, Any] = await getattr(client, method)(**parameters)
    assert found.pop("ResponseMetadata")["RequestId"]
    return found


@every_operation
async def test_every_member_arrives_as_it_was_given(monkeypatch: pytest.MonkeyPatch, operation: Operation) -> None:
    shape = operation_model(operation.client, operation.name).output_shape
    with wired(monkeypatch, Sandbox(OPTIONS)) as wire:
        for turn in range(6):
            given = sample(shape, turn)
            answering = replace(operation, answer=partial(_given, given))
            monkeypatch.setitem(OPERATIONS, (operation.service, operation.name), answering)
            assert await call(wire, operation) == given


def _given(answer: Mapping[str, Any], _request: Request) -> Mapping[str, Any]:
    return answer


def parameters(wire: Wire) -> dict[str, dict[str, Any]]:
    """What the operations that ask for something are asked."""
    box, member = wire.box, wire.member()
    task = {"arn": "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"}
    return {
        "AssumeRole": {"RoleArn": wire.role_arn(member), **FINE},
        "AssumeRoot": {"TargetPrincipal": member, "TaskPolicyArn": task, "DurationSeconds": 900},
        "ListAccessKeys": {"UserName": box.facts(box.organization.management_id).users[0].name},
        "GetAlternateContact": {"AlternateContactType": "SECURITY"},
        "ListDelegatedServicesForAccount": {"AccountId": member},
        "ListPolicies": {"Filter": "SERVICE_CONTROL_POLICY"},
        "DescribePolicy": {"PolicyId": "p-root0000"},
        "ListTargetsForPolicy": {"PolicyId": "p-FullAWSAccess"},
        "ListTagsForResource": {"ResourceId": member},
        "ListOrganizationalUnitsForParent": {"ParentId": box.organization.root.id},
        "ListAccountsForParent": {"ParentId": box.organization.root.id},
        "DescribeInstances": {"Filters": [{"Name": "instance-state-name", "Values": ["running", "stopped"]}]},
        "GetAccountAuthorizationDetails": {"Filter": ["User", "Role", "LocalManagedPolicy"], "MaxItems": 3},
    }


@every_operation
async def test_what_the_box_has_to_say_arrives_page_by_page(
    monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    said: list[Mapping[str, Any]] = []

    def answer(request: Request) -> Mapping[str, Any]:
        said.append(operation.answer(request))
        return said[-1]

    recording = replace(operation, answer=answer)
    monkeypatch.setitem(OPERATIONS, (operation.service, operation.name), recording)
    monkeypatch.setattr(authorization_details, "_write", lambda _name, members: members)
    with wired(monkeypatch, Sandbox(OPTIONS)) as wire:
        if operation.name == "GetCredentialReport":
            await call(wire, OPERATIONS["iam", "GenerateCredentialReport"])
        asked, found = parameters(wire).get(operation.name, {}), []
        while True:
            found.append(await call(wire, operation, **asked))
            tokens = {str(name): found[-1][name] for name in TOKENS if name in found[-1]}
            if not tokens:
                break
            asked |= tokens
    assert found == [decoded(page) for page in said]


def decoded(value: Any) -> Any:
    """Documents as the SDK shows them, and times without parts of a second, which XML has not."""
    if isinstance(value, Mapping):
        return {k: _document(v) if k in DOCUMENTS else decoded(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [decoded(item) for item in value]
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


def _document(text: str) -> Any:
    try:
        return json.loads(unquote(text))
    except ValueError:
        return text
