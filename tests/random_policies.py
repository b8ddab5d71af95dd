"""Policy documents of every kind by chance: administrators, near misses, open roles, and what is no policy at all."""

from __future__ import annotations

import json
from random import Random
from typing import Any
from urllib.parse import quote

ACTIONS = (
    *("*", "**", "*:*", "?*:*", "*???????", "*????????", "??*:*????", "??:*", "*:????", "s3:*", "s3:GetObject"),
    *("iam:*", "", ":", "*:*:*", "i*", "*:Get*", "organizations:DescribePolicy", "Organizations:*", "nothing", "s3"),
    *("IAM:*", "iam:*Policy", "iam:CreatePolicyVersion", "iam:*UserPolicy", "iam:Attach*", "i?m:*p*", "iam:Put*"),
)
DELEGATED = ("organizations:DescribePolicy", "Organizations:*", "*", "", "s3:*", "organizations")
RESOURCES = (
    *("*", "**", "?*", "*" + "?" * 16, "*" + "?" * 17, "arn:*", "arn:*:*", "arn:aws:*", "arn:aws-cn:*:*", "arn:aws"),
    *("arn:*:*:*:*:*", "arn:*:*:*:*:*:*", "arn:aws:*:*:*:*", "arn:aws:*:*:*:*:*", "arn:aws:s3:::*", "", "arn:", "$x"),
    *("none", "a*", "arn*", "arnx*", "arn:aws:iam::*:*"),
)
PRINCIPALS: tuple[Any, ...] = (
    *("*", {"AWS": "*"}, {"AWS": ["123456789012", "*"]}, {"AWS": "arn:aws:iam::*:root"}, {"AWS": "?*"}, {"AWS": []}),
    *({"AWS": "arn:aws:iam::111122223333:root"}, {"Service": "ec2.amazonaws.com"}, {"AWS": "000000000007"}, ["*"]),
    *({"AWS": ["000000000007", "arn:aws:iam::444455556666:role/x"]}, {"Federated": "cognito-identity.amazonaws.com"}),
    {"AWS": "arn:aws:iam::aws:root:*"},
)
OPERATORS = (
    *("StringEquals", "StringLike", "ArnLike", "ArnEquals", "IpAddress", "NotIpAddress", "StringNotEquals", "Null"),
    *("ForAnyValue:StringLike", "ForAllValues:StringEquals", "StringEqualsIfExists", "stringequalsignorecase", "Bool"),
)
KEYS = (
    *(
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:SourceArn",
        "aws:PrincipalArn",
        "aws:userid",
        "sts:ExternalId",
    ),
    *("aws:SourceIp", "aws:VpcSourceIp", "aws:SourceAccount", "token.actions.githubusercontent.com:sub", "SAML:aud"),
    *("aws:MultiFactorAuthPresent", "saml:iss", "kms:CallerAccount", "aws:SourceVpce"),
)
VALUES: tuple[Any, ...] = (
    *("o-a1b2c3", "o-*", "o-a1b2c3/r-ab/*", "*/r-ab", "", "111122223333", "AROAEXAMPLE:*", "*:x", "repo:a/b:*", "x?"),
    *("arn:aws:iam::111122223333:role/*", "arn:aws:iam::*:role/x", "arn:aws:s3:::bucket/*", "arn:aws:s3:::*", "arn:x"),
    *("10.0.0.0/8", "10.0.0.0/7", "1.2.3.4", "::/31", "2001:db8::/32", "0.0.0.0/0", "${aws:PrincipalAccount}", True, 1),
    *(
        "${aws:ResourceAccount}",
        "x${AWS:resourceorgid}",
        "sts.amazonaws.com",
        "https://signin.aws.amazon.com/saml",
        "https://signin.amazonaws-eusc.eu/saml",
        "sts.cn-north-1.amazonaws.com.cn",
        "sts.eusc-de-east-1.amazonaws.eu",
        "sts.example.com",
        1.5,
    ),
)
NO_POLICY: tuple[Any, ...] = (
    *("", "{}", "not JSON", "[]", None, {}, {"Statement": []}, {"Statement": "x"}, {"Statement": [None]}, 7, []),
    *('{"Statement": [], "statement": []}', '{"Statement": {"Effect": "Allow", "Effect": "Deny"}}', '{"a": NaN}'),
    *({"Statement": {"Effect": "allow", "Action": "*", "Resource": "*"}}, {"Statement": {"Effect": "Allow"}}),
    *({"statement": {"Effect": "Allow", "Action": 1, "Resource": "*"}}, '"text"', '{"Statement": ' * 3),
)


def policy(
    dice: Random, actions: tuple[str, ...] = ACTIONS, *, resources: bool = True, principals: bool = False
) -> Any:
    """A document, as an object, a text or a URL-encoded text; now and then something that is none."""
    if dice.random() < 0.1:
        return dice.choice(NO_POLICY)
    listed = [_statement(dice, actions, resources, principals) for _ in range(dice.choice((1, 1, 2, 3)))]
    document = {"Version": "2012-10-17", _cased(dice, "Statement"): listed[0] if len(listed) == 1 else listed}
    text = json.dumps(document)
    return dice.choice((document, document, text, quote(text)))


def _statement(dice: Random, actions: tuple[str, ...], resources: bool, principals: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "Effect": dice.choice(("Allow", "Allow", "Allow", "Deny")),
        "Sid": dice.choice(("A", "", 1)),
    }
    found[dice.choice(("Action", "Action", "Action", "NotAction"))] = _some(dice, actions)
    if resources or dice.random() < 0.1:
        found[dice.choice(("Resource", "Resource", "Resource", "NotResource"))] = _some(dice, RESOURCES)
    if principals or dice.random() < 0.05:
        found[dice.choice(("Principal",) * 8 + ("NotPrincipal",))] = dice.choice(PRINCIPALS)
    if dice.random() < 0.4:
        found["Condition"] = _condition(dice)
    odd = dice.random()
    if odd < 0.03:
        found["notaction"] = "x"
    elif odd < 0.06:
        found.pop(dice.choice(list(found)))
    elif odd < 0.08:
        found["Condition"] = dice.choice((None, [], {"StringEquals": "x"}, {"StringEquals": {"a": {}}}, {}))
    return {_cased(dice, name): value for name, value in found.items()}


def _condition(dice: Random) -> dict[str, Any]:
    return {
        dice.choice(OPERATORS): {dice.choice(KEYS): _some(dice, VALUES) for _ in range(dice.choice((1, 1, 2)))}
        for _ in range(dice.choice((1, 1, 2)))
    }


def _some(dice: Random, values: tuple[Any, ...]) -> Any:
    return (
        dice.choice(values) if dice.random() < 0.6 else [dice.choice(values) for _ in range(dice.choice((0, 1, 2, 3)))]
    )


def _cased(dice: Random, name: str) -> str:
    return dice.choice((name, name, name, name.lower(), name.upper()))
