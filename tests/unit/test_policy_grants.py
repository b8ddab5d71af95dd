"""What a policy allows over everything or to everybody: every spelling, each boundary, and its near misses."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.policy import PolicyError, allows_everything, open_principals

ROLE = "arn:aws:iam::111122223333:role/ci"
GITHUB = "token.actions.githubusercontent.com"


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def full(**elements: Any) -> list[str]:
    """What makes an administrator in a policy of one statement: Allow, and ``elements``."""
    return [str(grant) for grant in allows_everything(policy({"Effect": "Allow"} | elements))]


def trusting(condition: Any = None, principal: Any = "*") -> list[str]:
    """What lets everybody in by a trust policy of one statement."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return [str(g) for g in open_principals(policy(statement | ({"Condition": condition} if condition else {})))]


def narrows(operator: str, key: str, *values: Any) -> bool:
    return trusting({operator: {key: list(values)}}) == []


class TestEverything:
    @pytest.mark.parametrize(
        "action", ["*", "**", "***", "*:*", "**:*", "*:**", "?*", "*?", "?*:?*", "??*:*????", "*???????", "*?:*"]
    )
    def test_patterns_of_every_action(self, action: str) -> None:
        said = [f"statement 1 allows Action {action} on Resource *"]
        assert full(Action=action, Resource="*") == said
        assert full(Action=["s3:GetObject", action], Resource="*") == said

    @pytest.mark.parametrize(
        "action",
        [
            *(
                "s3:*",
                "*:Get*",
                "*:GetObject",
                "*:*Object",
                "i*",
                "*m:*",
                "iam*",
                "",
                ":",
                "?",
                "???????",
                "?:?",
                "??:*",
            ),
            *("*:?", "???*:*", "*:*?????", "*????????", "*:*:*", "*:", ":*", " *", "* ", "${*}", "[a-z]*:*", ".*"),
        ],
    )
    def test_patterns_of_some_actions(self, action: str) -> None:
        assert full(Action=action, Resource="*") == []

    @pytest.mark.parametrize(
        "resource",
        [
            *(
                "*",
                "**",
                "?*",
                "*" + "?" * 16,
                "arn:*",
                "arn:**",
                "arn:*:*",
                "arn:aws:*",
                "arn:aws-cn:*:*",
                "arn:aws-us-gov:*",
            ),
            *("arn:*:*:*:*:*", "arn:aws:*:*:*:*"),
        ],
    )
    def test_patterns_of_every_resource(self, resource: str) -> None:
        said = [f"statement 1 allows Action * on Resource {resource}"]
        assert full(Action="*", Resource=resource) == said
        assert full(Action="*", Resource=["arn:aws:s3:::a", resource]) == said

    @pytest.mark.parametrize(
        "resource",
        [
            *(
                "arn:aws:s3:::*",
                "arn:aws:*:*:111122223333:*",
                "arn:aws:iam::*:*",
                "arn:*:s3:*",
                "",
                "?",
                "arn:",
                "arn:aws:",
            ),
            *("arn:aws", "arn:*:*:*:*:*:*", "arn:aws:*:*:*:*:*", "*" + "?" * 17, "arn:?*", "*a*", "${*}", "ARN:*"),
        ],
    )
    def test_patterns_of_some_resources(self, resource: str) -> None:
        assert full(Action="*", Resource=resource) == []

    @pytest.mark.parametrize("nothing", [[], "", "nothing", "s3", "a:b:c", "s3 :GetObject", "s3:", ["none", "nil"]])
    def test_a_not_action_that_excludes_nothing(self, nothing: Any) -> None:
        assert full(NotAction=nothing, Resource="*") == [
            "statement 1 allows NotAction that excludes nothing on Resource *"
        ]

    @pytest.mark.parametrize(
        "something",
        ["iam:*", "*", "s3:DeleteBucket", ["nothing", "iam:*"], "*:*", "iam*", "?", "noservice:NoAction"],
    )
    def test_a_not_action_that_excludes_something(self, something: Any) -> None:
        assert full(NotAction=something, Resource="*") == []

    def test_power_users_are_no_administrators(self) -> None:
        excluded = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"}
        some = {"Effect": "Allow", "Action": ["account:GetAccountInformation", "iam:ListRoles"], "Resource": "*"}
        assert allows_everything(policy(excluded, some)) == []

    @pytest.mark.parametrize("nothing", [[], "", "nothing", ["a:b", "s3"], "ar"])
    def test_a_not_resource_that_excludes_nothing(self, nothing: Any) -> None:
        assert full(Action="*", NotResource=nothing) == [
            "statement 1 allows Action * on NotResource that excludes nothing"
        ]

    @pytest.mark.parametrize("something", ["*", "arn:aws:s3:::a", ["nothing", "arn:aws:s3:::a"], "a*", "?rn:*", "arn*"])
    def test_a_not_resource_that_excludes_something(self, something: Any) -> None:
        assert full(Action="*", NotResource=something) == []

    def test_both_nots_together(self) -> None:
        assert full(NotAction=[], NotResource=[]) == [
            "statement 1 allows NotAction that excludes nothing on NotResource that excludes nothing"
        ]
        assert full(Action=[], Resource="*") == full(Action="*", Resource=[]) == []

    def test_conditions_do_not_excuse_but_are_told(self) -> None:
        condition = {"Bool": {"aws:MultiFactorAuthPresent": True}, "IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "::1"]}}
        assert full(Action="*", Resource="*", Condition=condition) == [
            "statement 1 allows Action * on Resource *, on condition of "
            "Bool aws:MultiFactorAuthPresent true and IpAddress aws:SourceIp 10.0.0.0/8 or ::1"
        ]

    def test_each_such_statement_is_named_and_no_deny_is(self) -> None:
        everything = {"Action": "*", "Resource": "*"}
        grants = allows_everything(
            policy(
                {"Effect": "Deny", **everything},
                {"Effect": "Allow", "Sid": "Admins", **everything},
                {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
                {"Effect": "Allow", **everything},
            )
        )
        assert [g.statement for g in grants] == ["statement 2 (sid Admins)", "statement 4"]

    def test_all_actions_here_and_all_resources_there_are_not_both(self) -> None:
        here = {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::a"}
        there = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        assert allows_everything(policy(here, there)) == []

    def test_a_statement_without_resources_is_of_no_identity_policy(self) -> None:
        with pytest.raises(PolicyError, match="has neither Resource nor NotResource in statement 1"):
            full(Action="*", Principal="*")


class TestPrincipals:
    @pytest.mark.parametrize(
        ("principal", "who"),
        [
            ("*", "Principal *"),
            (["*"], "Principal *"),
            ({"AWS": "*"}, "Principal AWS *"),
            ({"AWS": [ROLE, "*"]}, "Principal AWS *"),
            ({"AWS": ROLE, "Federated": "*"}, "Principal Federated *"),
            ({"Service": ["*"]}, "Principal Service *"),
            ({"AWS": "**"}, "Principal AWS **"),
            ({"AWS": "arn:aws:iam::*:root"}, "Principal AWS arn:aws:iam::*:root"),
        ],
    )
    def test_everybody(self, principal: Any, who: str) -> None:
        assert trusting(principal=principal) == [f"statement 1 allows {who}"]

    @pytest.mark.parametrize(
        "principal",
        [
            *(
                {"AWS": ROLE},
                {"AWS": "111122223333"},
                {"AWS": [ROLE, "arn:aws:iam::111122223333:root"]},
                {},
                {"AWS": []},
            ),
            *({"Service": "ec2.amazonaws.com"}, {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"}),
            *({"AWS": "arn:aws:iam::111122223333:role/*"}, {"AWS": "AROAEXAMPLE"}, {"AWS": "?"}, "anybody"),
        ],
    )
    def test_somebody(self, principal: Any) -> None:
        assert trusting(principal=principal) == []

    def test_everybody_but(self) -> None:
        statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "NotPrincipal": {"AWS": ROLE}}
        (grant,) = open_principals(policy(statement))
        assert str(grant) == "statement 1 allows every principal but those of a NotPrincipal"
        inside = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}
        assert open_principals(policy(statement | inside)) == []

    def test_a_deny_neither_opens_nor_excuses(self) -> None:
        allow = {"Sid": "All", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}
        outside = {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
        deny = allow | {"Effect": "Deny", "Sid": "", "Condition": outside}
        assert open_principals(policy(deny)) == []
        assert [g.statement for g in open_principals(policy(deny, allow))] == ["statement 2 (sid All)"]

    def test_a_statement_without_principals_is_of_no_trust_policy(self) -> None:
        with pytest.raises(PolicyError, match="has neither Principal nor NotPrincipal in statement 1"):
            open_principals(policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}))

    def test_conditions_that_do_not_narrow_are_told(self) -> None:
        assert trusting({"StringEquals": {"sts:ExternalId": "a secret"}}) == [
            "statement 1 allows Principal *, on condition of StringEquals sts:ExternalId a secret"
        ]

    def test_one_test_that_narrows_suffices(self) -> None:
        loose = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
        assert trusting(loose) != []
        assert trusting(loose | {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}) == []
        two = {"StringEquals": {"aws:PrincipalTag/team": "x", "aws:PrincipalAccount": "111122223333"}}
        assert trusting(two) == []


class TestNarrowing:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("aws:PrincipalOrgID", "o-a1b2c3d4e5"),
            ("aws:PrincipalOrgID", "${aws:ResourceOrgID}"),
            ("aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"),
            ("aws:PrincipalOrgPaths", "o-a1b2c3d4e5/*"),
            ("aws:PrincipalAccount", "111122223333"),
            ("aws:PrincipalAccount", "${aws:ResourceAccount}"),
            ("aws:PrincipalArn", ROLE),
            ("aws:PrincipalArn", "arn:aws:iam::111122223333:*"),
            ("aws:PrincipalArn", "arn:*:iam::111122223333:role/ci-*"),
            ("aws:SourceAccount", "111122223333"),
            ("aws:SourceOwner", "111122223333"),
            ("aws:SourceArn", "arn:aws:sns:eu-west-1:111122223333:*"),
            ("aws:SourceArn", "arn:aws:s3:::my-bucket"),
            ("aws:SourceArn", "arn:aws:s3:::my-bucket/*"),
            ("aws:SourceOrgID", "o-a1b2c3d4e5"),
            ("aws:SourceOrgPaths", "o-a1b2c3d4e5/r-ab12/*"),
            ("aws:SourceVpc", "vpc-0123456789abcdef0"),
            ("aws:SourceVpce", "vpce-0123456789abcdef0"),
            ("aws:SourceVpcArn", "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-1"),
            ("aws:VpceAccount", "111122223333"),
            ("aws:VpceOrgID", "o-a1b2c3d4e5"),
            ("aws:VpceOrgPaths", "o-a1b2c3d4e5/r-ab12/*"),
            ("aws:userid", "AROAEXAMPLEROLEID:*"),
            ("aws:userid", "AIDAEXAMPLEUSERID"),
            ("kms:CallerAccount", "111122223333"),
            ("SAML:iss", "https://idp.example.com"),
            ("SAML:aud", "https://app.example.com/saml"),
            (f"{GITHUB}:sub", "repo:example/app:ref:refs/heads/main"),
            ("cognito-identity.amazonaws.com:aud", "eu-west-1:12345678-1234-1234-1234-123456789012"),
        ],
    )
    def test_keys_that_narrow(self, key: str, value: str) -> None:
        assert narrows("StringLike", key, value)
        assert narrows("StringEquals", key.upper(), value)
        assert narrows("ForAnyValue:StringLike", key.lower(), value)
        assert not narrows("StringLike", key, value, "*"), "one of the values suffices"
        assert not narrows("StringLike", key)

    @pytest.mark.parametrize(
        "operator",
        [
            *("StringEquals", "stringequals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"),
            *("ForAnyValue:StringEquals", "foranyvalue:arnlike"),
        ],
    )
    def test_operators_that_narrow(self, operator: str) -> None:
        assert narrows(operator, "aws:PrincipalArn", ROLE)

    @pytest.mark.parametrize(
        "operator",
        [
            *("StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike", "StringNotEqualsIgnoreCase", "Null"),
            *("StringEqualsIfExists", "StringLikeIfExists", "ArnLikeIfExists", "ForAnyValue:StringLikeIfExists"),
            *("ForAllValues:StringEquals", "ForAllValues:ArnLike", "Bool", "BinaryEquals", "NumericEquals", ""),
            *("ForAnyValue:", "xStringEquals", "StringEqualsx", "IpAddress", "NotIpAddress", "DateLessThan"),
        ],
    )
    def test_operators_that_do_not_narrow(self, operator: str) -> None:
        assert not narrows(operator, "aws:PrincipalArn", ROLE)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("aws:PrincipalOrgID", "*"),
            ("aws:PrincipalOrgID", "o-*"),
            ("aws:PrincipalOrgID", "o-?1b2c3d4e5"),
            ("aws:PrincipalOrgID", ""),
            ("aws:PrincipalOrgID", "${aws:PrincipalOrgID}"),
            ("aws:PrincipalOrgPaths", "o-*/r-ab12/*"),
            ("aws:PrincipalOrgPaths", "*/ou-ab12-11111111/*"),
            ("aws:PrincipalAccount", "1111*"),
            ("aws:PrincipalAccount", "${aws:PrincipalAccount}"),
            ("aws:PrincipalArn", "*"),
            ("aws:PrincipalArn", "arn:aws:iam::*:role/ci"),
            ("aws:PrincipalArn", "arn:aws:iam::11112222333?:role/ci"),
            ("aws:PrincipalArn", "*:role/ci"),
            ("aws:PrincipalArn", "*:aws:iam::111122223333:role/ci"),
            ("aws:PrincipalArn", "arn:aws:iam::111122223333"),
            ("aws:SourceArn", "arn:aws:s3:::*"),
            ("aws:SourceArn", "arn:aws:s3:::my-*/x"),
            ("aws:SourceArn", "arn:aws:sns:eu-west-1:*:topic"),
            ("aws:SourceVpc", "vpc-*"),
            ("aws:userid", "*:session"),
            ("aws:userid", "ARO*"),
            (f"{GITHUB}:sub", "repo:*"),
            (f"{GITHUB}:aud", "sts.amazonaws.com"),
            ("SAML:aud", "https://signin.aws.amazon.com/saml"),
            ("SAML:aud", "https://us-east-1.signin.aws.amazon.com/saml"),
            ("SAML:aud", "https://signin.amazonaws.cn/saml"),
            ("SAML:aud", "https://signin.amazonaws-us-gov.com/saml"),
            ("SAML:aud", "https://signin.amazonaws-eusc.eu/saml"),
            (f"{GITHUB}:aud", "sts.amazonaws.com.cn"),
            (f"{GITHUB}:aud", "sts.cn-north-1.amazonaws.com.cn"),
            (f"{GITHUB}:aud", "sts.amazonaws.eu"),
            (f"{GITHUB}:aud", "sts.us-iso-east-1.c2s.ic.gov"),
            (f"{GITHUB}:aud", "STS-fips.us-gov-west-1.amazonaws.com"),
            ("sts:ExternalId", "a secret"),
            ("sts:RoleSessionName", "ann"),
            ("sts:SourceIdentity", "ann"),
            ("aws:username", "ann"),
            ("aws:PrincipalTag/team", "red"),
            ("aws:PrincipalType", "AssumedRole"),
            ("aws:PrincipalIsAWSService", "true"),
            ("aws:Referer", "https://example.com"),
            ("aws:UserAgent", "x"),
            ("aws:RequestedRegion", "eu-west-1"),
            ("aws:VpcSourceIp", "10.0.0.1"),
            ("aws:SourceIp", "192.0.2.1"),  # of addresses, IpAddress asks
            ("aws:PrincipalOrg", "o-a1b2c3d4e5"),
        ],
    )
    def test_keys_and_values_that_do_not_narrow(self, key: str, value: str) -> None:
        assert not narrows("StringLike", key, value)
        assert not narrows("StringEquals", key, value)

    @pytest.mark.parametrize(
        "value", ["192.0.2.1", "192.0.2.0/24", "10.0.0.0/8", "2001:db8::/32", "2001:db8::1", "10.1.2.3/8"]
    )
    def test_addresses_that_narrow(self, value: str) -> None:
        assert narrows("IpAddress", "aws:SourceIp", value)
        assert not narrows("IpAddress", "aws:SourceIp", value, "0.0.0.0/0")
        assert not narrows("NotIpAddress", "aws:SourceIp", value)
        assert not narrows("IpAddressIfExists", "aws:SourceIp", value)
        assert not narrows("IpAddress", "aws:VpcSourceIp", value)

    @pytest.mark.parametrize(
        "value", ["0.0.0.0/0", "::/0", "10.0.0.0/7", "0.0.0.0/1", "2001:db8::/31", "", "*", "here"]
    )
    def test_addresses_that_do_not_narrow(self, value: str) -> None:
        assert not narrows("IpAddress", "aws:SourceIp", value)


@pytest.mark.parametrize("long", ["*" * 100_000, "?" * 100_000, "a" * 100_000, "*:" * 50_000, "arn:" + "*:" * 50_000])
@pytest.mark.parametrize("end", ["", "!", ":", "*"])
def test_no_pattern_is_too_long_to_judge(long: str, end: str) -> None:
    pattern = long + end
    for elements in ({"Action": pattern, "Resource": pattern}, {"NotAction": pattern, "NotResource": pattern}):
        full(**elements)
    trusting({"StringLike": {"aws:PrincipalArn": pattern}, "IpAddress": {"aws:SourceIp": pattern}}, {"AWS": pattern})
