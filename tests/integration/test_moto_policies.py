"""Policies as others serve them: AWS's own managed ones, and an account's authorization details through the SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.iam.aws_managed_policies import aws_managed_policies_data

from auditor.policy import allows_everything, parse
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from tests.authorization import Authorization, authorization_frames, authorization_rows

ACCOUNT = "123456789012"
ADMIN = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
READER = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "*"}}
SUPPORT = "arn:aws:iam::aws:policy/AWSSupportAccess"


def trust(**principal: str) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam() -> Iterator[Any]:
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        yield boto3.client("iam", region_name="us-east-1", **keys)


def collected(iam: Any) -> Authorization:
    """The frames of all pages, as they come back from an evidence file."""
    operation = "iam:GetAccountAuthorizationDetails"
    pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 5})
    answers = tuple(Answer(operation, response=_bare(page)) for page in pages)
    content = evidence.write(Document("authorization-details", answers))
    return authorization_frames([authorization_rows(ACCOUNT, evidence.read(content))])


def _bare(page: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in page.items() if name != "ResponseMetadata"}


def test_every_managed_policy_of_aws_is_read_and_one_makes_administrators() -> None:
    documents = {name: policy["Document"] for name, policy in json.loads(aws_managed_policies_data).items()}
    assert len(documents) > 1000
    assert all(parse(document) for document in documents.values())
    found = {name: grants for name, document in documents.items() if (grants := allows_everything(document))}
    assert [name for name, grants in found.items() if not grants[0].conditions] == ["AdministratorAccess"]


def test_an_account_through_the_sdk(iam: Any) -> None:
    admin = iam.create_policy(PolicyName="admins", PolicyDocument=json.dumps(READER))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=admin, PolicyDocument=json.dumps(ADMIN), SetAsDefault=True)
    iam.create_policy(PolicyName="unused", PolicyDocument=json.dumps(ADMIN))
    for n in range(7):
        iam.create_user(UserName=f"u{n}")
    iam.put_user_policy(UserName="u1", PolicyName="own", PolicyDocument=json.dumps(ADMIN))
    iam.attach_user_policy(UserName="u2", PolicyArn=admin)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u3")
    iam.attach_group_policy(GroupName="g", PolicyArn=admin)
    iam.create_role(RoleName="open", AssumeRolePolicyDocument=trust(AWS="*"))
    iam.create_role(RoleName="shut", AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
    iam.attach_role_policy(RoleName="shut", PolicyArn=SUPPORT)
    built = collected(iam)

    users = built.principals.set_index("name")
    assert sorted(users.index) == [f"u{n}" for n in range(7)]
    assert users.loc[users["inline_policies"] != "", "inline_policies"].to_dict() == {"u1": "own"}
    assert users.loc[users["attached_policies"] != "", "attached_policies"].to_dict() == {"u2": "admins"}
    assert users.loc["u3", "groups"] == "g"
    policies = built.policies.set_index("name")
    assert policies["full_admin"].to_dict() == {"admins": True, "AWSSupportAccess": False}
    assert policies["attached_to"].to_dict() == {"admins": "1 user, 1 group", "AWSSupportAccess": "1 role"}
    assert policies.loc["admins", "default_version"] == "v2"
    (account,) = built.accounts.itertuples()
    assert (account.support_roles, account.unreadable_roles) == ("shut", "")
    assert account.open_roles == "open: statement 1 allows Principal AWS *"
