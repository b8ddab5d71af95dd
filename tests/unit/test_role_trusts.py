"""Whom the trust policies of roles let in from outside their account, one principal a row."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.kinds.authorization_details.details import read_details
from auditor.kinds.authorization_details.outsiders import trust_rows
from tests.documents import details, holder
from tests.support import ACCOUNT, OTHER


def rows(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    document = {"Statement": list(statements)}
    return trust_rows(read_details(details(roles=[holder("Role", "r", AssumeRolePolicyDocument=document)])))


def allowing(**members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": "sts:AssumeRole", **members}


@pytest.mark.parametrize(
    ("principal", "found"),
    [
        ("*", [("everybody", "*", "")]),
        ({"AWS": "*"}, [("everybody", "*", "")]),
        ({"AWS": OTHER}, [("AWS", OTHER, OTHER)]),
        ({"AWS": f"arn:aws:iam::{OTHER}:user/x"}, [("AWS", f"arn:aws:iam::{OTHER}:user/x", OTHER)]),
        (
            {"AWS": f"arn:aws-cn:sts::{OTHER}:assumed-role/a/b"},
            [("AWS", f"arn:aws-cn:sts::{OTHER}:assumed-role/a/b", OTHER)],
        ),
        ({"AWS": "AROAEXAMPLE"}, [("AWS", "AROAEXAMPLE", "")]),
        ({"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/a"]}, []),
        ({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, []),
        ({"Federated": "accounts.google.com"}, [("Federated", "accounts.google.com", "")]),
        ({"CanonicalUser": "79a5"}, [("CanonicalUser", "79a5", "")]),
    ],
)
def test_principals(principal: Any, found: list[tuple[str, str, str]]) -> None:
    told = rows(allowing(Principal=principal))
    assert [(row["principal_type"], row["principal"], row["principal_account"]) for row in told] == found


def test_everybody_but_some_is_everybody() -> None:
    (row,) = rows(allowing(NotPrincipal={"AWS": OTHER}))
    assert (row["principal_type"], row["principal"]) == ("everybody", f"all but {OTHER}")


def test_statements_are_numbered_and_denials_let_nobody_in() -> None:
    told = rows(
        {"Effect": "Deny", "Action": "*", "Principal": "*"},
        allowing(Principal={"AWS": OTHER}, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}),
    )
    assert [(row["statement"], row["conditions"]) for row in told] == [(2, "Bool aws:MultiFactorAuthPresent true")]
