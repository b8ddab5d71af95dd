"""Managed policies and trust policies of every kind, each planted with its verdict."""

from __future__ import annotations

import json
from typing import Any

from auditor.sandbox.permissions import ManagedPolicy, PolicyVersion

Statement = dict[str, Any]
BUCKET = "arn:aws:s3:::x/*"
ATTACHED_TO_NOBODY = "full-admin-attached-to-nobody"
ONLY_A_BOUNDARY = "full-admin-as-boundary"


def allow(action: Any, resource: Any, **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any, **more: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


ORDINARY = document(allow(["s3:GetObject", "s3:ListBucket"], ["arn:aws:s3:::x", BUCKET]))
FULL = document(allow("*", "*"))


def _policy(
    name: str, allows_all: bool | None, *texts: str, default: int = 0, path: str = "/", near: bool = False
) -> ManagedPolicy:
    """``default`` is the number of the version in force, 0 the last one."""
    versions = tuple(PolicyVersion(f"v{number}", text) for number, text in enumerate(texts, 1))
    return ManagedPolicy(name, versions, f"v{default or len(texts)}", allows_all, path=path, writes_permissions=near)


def _all_but(*actions: str) -> str:
    return document({"Effect": "Allow", "NotAction": list(actions), "Resource": "*"})


def _aws(name: str, allows_all: bool, text: str, version: str = "v1") -> ManagedPolicy:
    return ManagedPolicy(name, (PolicyVersion(version, text),), version, allows_all, owner="aws")


READ_ONLY = _aws("ReadOnlyAccess", False, document(allow(["iam:Get*", "s3:Get*", "s3:List*"], "*")), "v127")
SECURITY_AUDIT = _aws("SecurityAudit", False, document(allow(["iam:Get*", "iam:List*"], "*")), "v61")
POWER_USER = _aws(
    "PowerUserAccess",
    False,
    document(
        {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
        allow(["iam:CreateServiceLinkedRole", "organizations:DescribeOrganization"], "*"),
    ),
    "v7",
)
SUPPORT = _aws("AWSSupportAccess", False, document(allow("support:*", "*")))
CLOUD_SHELL = _aws("AWSCloudShellFullAccess", False, document(allow("cloudshell:*", "*")))
ADMINISTRATOR = _aws("AdministratorAccess", True, FULL)
PLAIN = _policy("ordinary", False, ORDINARY)

# Customer managed policies, each in some account; attached unless the name says otherwise.
CUSTOMER = (
    _policy("full-admin-text", True, FULL),
    _policy("full-admin-lists", True, document(allow(["*"], ["*"])), path="/ops/"),
    _policy("full-admin-star-colon-star", True, document(allow("*:*", "*"))),
    _policy("full-admin-two-stars", True, document(allow("**", "*"))),
    _policy("full-admin-among-others", True, document(allow("s3:*", BUCKET), allow(["ec2:*", "*"], [BUCKET, "*"]))),
    _policy(
        "full-admin-with-condition",
        True,
        document(allow("*", "*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
    ),
    _policy("full-admin-beside-a-deny", True, document(allow("*", "*"), deny("*", BUCKET))),
    _policy("full-admin-one-statement", True, json.dumps({"Version": "2012-10-17", "Statement": allow("*", "*")})),
    _policy("full-admin-by-default-version", True, ORDINARY, FULL),
    _policy("full-admin-in-old-version", False, FULL, ORDINARY),
    _policy("full-admin-in-newer-version", False, ORDINARY, FULL, default=1),
    _policy(ATTACHED_TO_NOBODY, True, FULL),
    _policy(ONLY_A_BOUNDARY, True, FULL),
    _policy("all-but-iam", False, document({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})),
    _policy("all-but-a-bucket", False, document({"Effect": "Allow", "Action": "*", "NotResource": BUCKET})),
    _policy("all-of-a-bucket", False, document(allow("*", BUCKET))),
    _policy("all-of-iam", False, document(allow("iam:*", "*")), near=True),
    _policy("all-in-two-halves", False, document(allow("*", BUCKET), allow("s3:*", "*"))),
    _policy("denies-all", False, document(deny("*", "*"))),
    _policy("not-json", None, '{"Version": "2012-10-17", "Statement": ['),
    _policy("not-a-policy", None, '["Allow"]'),
    _policy("all-but-billing", False, _all_but("aws-portal:*"), near=True),
    _policy("all-but-users-policies", False, _all_but("iam:*UserPolicy", "s3:*"), near=True),
    _policy("all-but-what-writes-permissions", False, _all_but("iam:*Policy", "iam:CreatePolicyVersion")),
    _policy(
        "all-of-iam-by-names", False, document(allow(["IAM:Attach*", "iam:put*", "i?m:CreatePolicy*"], "*")), near=True
    ),
    _policy("some-of-iam", False, document(allow(["iam:Attach*", "iam:Put*"], "*"))),
    _policy("all-of-iam-on-some", False, document(allow("iam:*", "arn:aws:iam::*:role/app-*"))),
)

# Inline policies: (name, document, whether it allows everything, whether it makes a near-administrator); None where
# nobody can tell.
INLINE: tuple[tuple[str, str, bool | None, bool | None], ...] = (
    ("inline-full-admin", FULL, True, False),
    ("inline-all-but-billing", _all_but("aws-portal:*"), False, True),
    ("inline-not-json", "{", None, None),
    (
        "inline-full-with-condition",
        document(allow("*", "*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})),
        True,
        False,
    ),
    ("inline-all-but-iam", _all_but("iam:*"), False, False),
)


def trust(principal: Any, effect: str = "Allow", **more: Any) -> Statement:
    """A trust statement."""
    return {"Effect": effect, "Principal": principal, "Action": "sts:AssumeRole"} | more


def service_trust(name: str) -> str:
    return document(trust({"Service": name}))


_SOMEBODY = {"AWS": "arn:aws:iam::111122223333:root"}
_OWN_ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-example1234"}}
# Conditions that strangers can meet.
_NOT_THAT_ORGANIZATION = {"StringNotEquals": {"aws:PrincipalOrgID": "o-example1234"}}
_ANY_ORGANIZATION = {"StringLike": {"aws:PrincipalOrgID": "*"}}
_OVER_TLS = {"Bool": {"aws:SecureTransport": "true"}}
_EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "sesame"}}
# (role name, trust policy, whether it trusts everybody)
TRUSTS = (
    ("trusts-star", document(trust("*")), True),
    ("trusts-aws-star", document(trust({"AWS": "*"})), True),
    ("trusts-star-in-list", document(trust({"AWS": ["arn:aws:iam::111122223333:root", "*"]})), True),
    ("trusts-star-second", document(trust(_SOMEBODY), trust({"AWS": "*"})), True),
    ("trusts-star-over-tls", document(trust({"AWS": "*"}, Condition=_OVER_TLS)), True),
    ("trusts-star-with-external-id", document(trust("*", Condition=_EXTERNAL_ID)), True),
    ("trusts-star-of-any-organization", document(trust("*", Condition=_ANY_ORGANIZATION)), True),
    ("trusts-star-not-of-organization", document(trust("*", Condition=_NOT_THAT_ORGANIZATION)), True),
    ("trusts-star-of-organization", document(trust("*", Condition=_OWN_ORGANIZATION)), False),
    ("trusts-aws-star-of-organization", document(trust({"AWS": "*"}, Condition=_OWN_ORGANIZATION)), False),
    ("denies-star", document(trust(_SOMEBODY), trust("*", effect="Deny")), False),
)
