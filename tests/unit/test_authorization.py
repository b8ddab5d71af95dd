"""Authorization details as frames: every page, every holder, and policies of which nothing is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from auditor.errors import EvidenceError
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from tests.authorization import (
    ACCOUNTS,
    POLICIES,
    PRINCIPALS,
    Authorization,
    authorization_frames,
    authorization_rows,
)
from tests.growth import grows_no_faster_than_its_input

ACCOUNT, OTHER = "000000000007", "111122223333"
AWS = "arn:aws:iam::aws:policy/"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ADMIN = {"Version": "2012-10-17", "Statement": [EVERYTHING]}
READER = {"Version": "2012-10-17", "Statement": [EVERYTHING | {"Action": "s3:Get*"}]}
ANYBODY = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}}
SOMEBODY = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": OTHER}}}
Item = dict[str, Any]


def attached(*arns: str) -> Item:
    return {"AttachedManagedPolicies": [{"PolicyName": a.rpartition("/")[2], "PolicyArn": a} for a in arns]}


def user(name: str, *arns: str, inline: tuple[str, ...] = (), groups: tuple[str, ...] = (), **other: Any) -> Item:
    policies = [{"PolicyName": n, "PolicyDocument": ADMIN} for n in inline]
    arn = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    return {
        "UserName": name,
        "Arn": arn,
        "UserPolicyList": policies,
        "GroupList": [*groups],
        **attached(*arns),
        **other,
    }


def group(name: str, *arns: str) -> Item:
    return {"GroupName": name, "Arn": f"arn:aws:iam::{ACCOUNT}:group/{name}", "GroupPolicyList": [], **attached(*arns)}


def role(name: str, *arns: str, trust: Any = SOMEBODY) -> Item:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return {"RoleName": name, "Arn": arn, "AssumeRolePolicyDocument": trust, "RolePolicyList": [], **attached(*arns)}


def own(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:policy/{name}"


def managed(arn: str, document: Any = READER, count: int = 1, **other: Any) -> Item:
    versions = [
        {"VersionId": "v1", "Document": ADMIN if document is READER else READER, "IsDefaultVersion": False},
        {"VersionId": "v2", "Document": document, "IsDefaultVersion": True},
    ]
    return {
        "PolicyName": arn.rpartition("/")[2],
        "Arn": arn,
        "AttachmentCount": count,
        "DefaultVersionId": "v2",
        "PolicyVersionList": versions,
    } | other


def page(
    users: tuple[Any, ...] = (),
    groups: tuple[Any, ...] = (),
    roles: tuple[Any, ...] = (),
    policies: tuple[Any, ...] = (),
    more: str = "",
) -> Item:
    lists = {"UserDetailList": users, "GroupDetailList": groups, "RoleDetailList": roles, "Policies": policies}
    return (
        {name: [*items] for name, items in lists.items()}
        | {"IsTruncated": bool(more)}
        | ({"Marker": more} if more else {})
    )


def stored(*pages: Item) -> Document:
    """The pages as they come back from an evidence file."""
    operation = "iam:GetAccountAuthorizationDetails"
    document = Document("authorization-details", tuple(Answer(operation, response=p) for p in pages))
    return evidence.read(evidence.write(document))


def frames(*pages: Item) -> Authorization:
    return authorization_frames([authorization_rows(ACCOUNT, stored(*pages))])


def policies(*items: Item, **holders: Any) -> pd.DataFrame:
    return frames(page(policies=items, **holders)).policies


def the_policy(item: Item, **holders: Any) -> Any:
    (row,) = policies(item, **holders).itertuples()
    return row


def the_account(**lists: Any) -> Any:
    (row,) = frames(page(**lists)).accounts.itertuples()
    return row


def texts(values: pd.Series) -> list[str]:
    return list(values)


def line_of(document: Document, line: Any) -> Any:
    """What stands on a line of the document's file."""
    return json.loads(evidence.write(document).decode().splitlines()[line - 1].removesuffix(","))


class TestFrames:
    def test_columns_and_types_whatever_is_in_them(self) -> None:
        some = frames(page((user("ann"),), (), (role("r"),), (managed(own("p")),)))
        for built in (some, frames(page()), authorization_frames([])):
            found = (built.principals, built.policies, built.accounts)
            for frame, columns in zip(found, (PRINCIPALS, POLICIES, ACCOUNTS), strict=True):
                assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == columns
        assert [len(some.principals), len(some.policies), len(some.accounts)] == [1, 1, 1]

    def test_accounts_stay_apart_and_in_order(self) -> None:
        first = authorization_rows(OTHER, stored(page((user("ann"),), policies=(managed(own("p")),))))
        second = authorization_rows(ACCOUNT, stored(page((user("bob"), user("cy")))))
        both = authorization_frames([first, second])
        assert texts(both.principals["account_id"]) == [OTHER, ACCOUNT, ACCOUNT]
        assert texts(both.principals["name"]) == ["ann", "bob", "cy"]
        assert texts(both.policies["account_id"]) == [OTHER]
        assert texts(both.accounts["account_id"]) == [OTHER, ACCOUNT]

    def test_lines_point_at_the_items(self) -> None:
        document = stored(
            page((user("ann"), user("bob")), policies=(managed(own("a")), managed(own("b"))), more="x"),
            page(more="y"),
            page((user("cy"),), roles=(role("s", AWS + "AWSSupportAccess"),), policies=(managed(own("c")),)),
        )
        built = authorization_frames([authorization_rows(ACCOUNT, document)])
        for frame, arns in ((built.principals, built.principals["arn"]), (built.policies, built.policies["arn"])):
            assert [line_of(document, line)["Arn"] for line in frame["line"] if line][:3] == texts(arns)[:3]
        assert line_of(document, built.accounts["support_line"][0])["RoleName"] == "s"
        assert len(built.principals) == 3
        assert len(built.policies) == 4  # AWSSupportAccess was not answered


class TestPages:
    def test_empty_pages_with_a_marker_are_passed_over(self) -> None:
        built = frames(page(more="a"), page((user("ann"),), more="b"), page(more="c"), page((user("bob"),)), page())
        assert texts(built.principals["name"]) == ["ann", "bob"]

    def test_lists_that_are_not_there_are_empty(self) -> None:
        built = frames({"IsTruncated": False})
        assert (len(built.principals), len(built.policies), len(built.accounts)) == (0, 0, 1)

    def test_an_item_on_two_pages_is_one_with_the_lists_of_both(self) -> None:
        document = stored(
            page((user("ann", own("a"), inline=("one",), groups=("g",)), user("bob")), more="x"),
            page((user("ann", own("a"), own("b"), inline=("two",), groups=("g", "h")),)),
        )
        ann, bob = authorization_frames([authorization_rows(ACCOUNT, document)]).principals.itertuples()
        assert (ann.name, bob.name) == ("ann", "bob")
        assert (ann.inline_policies, ann.attached_policies, ann.groups) == ("one; two", "a; b", "g; h")
        assert line_of(document, ann.line)["UserPolicyList"][0]["PolicyName"] == "one"
        assert bob.inline_policies == ""

    def test_an_item_on_two_pages_is_counted_once(self) -> None:
        twice = role("r", own("p"))
        built = frames(page(roles=(twice,), policies=(managed(own("p"), ADMIN),), more="x"), page(roles=(twice,)))
        (row,) = built.policies.itertuples()
        assert (row.attached_to, row.full_admin) == ("1 role", True)

    def test_versions_of_a_policy_may_come_on_two_pages(self) -> None:
        whole = managed(own("p"), ADMIN)
        first, second = ({**whole, "PolicyVersionList": [version]} for version in whole["PolicyVersionList"])
        (row,) = frames(page(policies=(first,), more="x"), page(policies=(second,))).policies.itertuples()
        assert (row.default_version, row.full_admin) == ("v2", True)

    @pytest.mark.parametrize(
        ("pages", "why"),
        [
            ((page((user("ann"),), more="x"),), "the last page says that there are more"),
            ((), "there is no last page"),
            ((page((7,)),), "line 4: an item of UserDetailList has no Arn"),
            ((page(policies=({"PolicyName": "p"},)),), "line 7: an item of Policies has no Arn"),
            ((page((user("a", AttachedManagedPolicies="x"),)),), "is no list of objects"),
            ((page((user("a", UserPolicyList=["x"]),)),), "is no list of objects"),
        ],
    )
    def test_evidence_that_is_not_whole_is_none(self, pages: tuple[Item, ...], why: str) -> None:
        with pytest.raises(EvidenceError, match=why) as raised:
            authorization_rows(ACCOUNT, stored(*pages))
        assert (raised.value.stage, raised.value.code) == ("validate", "MalformedEvidence")

    def test_an_error_in_place_of_the_last_page_is_no_evidence(self) -> None:
        answers = (Answer("iam:X", response=page((user("ann"),), more="x")), Answer("iam:X", error="AccessDenied"))
        with pytest.raises(EvidenceError, match="there is no last page"):
            authorization_rows(ACCOUNT, Document("authorization-details", answers))


class TestPrincipals:
    def test_what_a_user_holds(self) -> None:
        ann = user("ann", own("p"), AWS + "ReadOnlyAccess", inline=("i", "j"), groups=("g", "h"))
        (row,) = frames(page((ann,))).principals.itertuples()
        assert (row.account_id, row.name, row.arn, row.type) == (ACCOUNT, "ann", ann["Arn"], "user")
        assert (row.inline_policies, row.attached_policies, row.groups) == ("i; j", "p; ReadOnlyAccess", "g; h")

    def test_users_without_lists_hold_nothing(self) -> None:
        bare = {"UserName": "ann", "Arn": f"arn:aws:iam::{ACCOUNT}:user/ann"}
        built = frames(page((bare, user("bob", GroupList=None, UserPolicyList=None, AttachedManagedPolicies=None))))
        for row in built.principals.itertuples():
            assert (row.inline_policies, row.attached_policies, row.groups) == ("", "", "")

    def test_a_policy_without_a_name_is_still_one(self) -> None:
        (row,) = frames(page((user("ann", UserPolicyList=[{}]),))).principals.itertuples()
        assert row.inline_policies == "?"

    def test_groups_and_roles_are_no_users(self) -> None:
        assert frames(page(groups=(group("g", own("p")),), roles=(role("r", own("p")),))).principals.empty


class TestPolicies:
    def test_an_administrators_policy(self) -> None:
        row = the_policy(managed(own("team/p"), ADMIN), roles=(role("r", own("team/p")),))
        assert (row.name, row.arn, row.default_version) == ("p", own("team/p"), "v2")
        assert (row.full_admin, row.problem, row.attached_to) == (True, "", "1 role")
        assert row.reason == "statement 1 allows Action * on Resource *"

    def test_the_default_version_decides(self) -> None:
        row = the_policy(managed(own("p"), READER))
        assert (row.full_admin, row.problem) == (False, "")
        assert row.reason == "no statement allows every action on every resource"
        assert bool(the_policy(managed(own("p"), READER, DefaultVersionId="v1")).full_admin)

    def test_the_flag_names_the_default_version_where_the_policy_does_not(self) -> None:
        row = the_policy(managed(own("p"), ADMIN, DefaultVersionId=None))
        assert (row.default_version, row.full_admin) == ("v2", True)

    def test_policies_of_aws_count_as_any_other(self) -> None:
        row = the_policy(managed(AWS + "AdministratorAccess", ADMIN))
        assert (row.name, row.full_admin) == ("AdministratorAccess", True)

    def test_one_without_a_name_has_that_of_its_arn(self) -> None:
        assert the_policy(managed(own("team/p"), PolicyName=None)).name == "p"

    def test_only_attached_policies_are_in_force(self) -> None:
        assert policies(managed(own("p"), count=0), managed(own("q"), AttachmentCount=None)).empty
        boundary = user("ann", PermissionsBoundary={"PermissionsBoundaryArn": own("p")})
        assert policies(managed(own("p"), count=0, PermissionsBoundaryUsageCount=1), users=(boundary,)).empty

    def test_one_that_somebody_holds_is_in_force_whatever_aws_counts(self) -> None:
        row = the_policy(managed(own("p"), ADMIN, count=0), users=(user("ann", own("p")),))
        assert (row.full_admin, row.attached_to) == (True, "1 user (AWS counts 0)")

    def test_to_whom_it_is_attached(self) -> None:
        arn = own("p")
        users, groups = (user("a", arn), user("b", arn), user("c")), (group("g", arn),)
        roles = (role("r", arn), role("s", arn, own("q")), role("t"))
        row = policies(managed(arn, count=5), users=users, groups=groups, roles=roles).iloc[0]
        assert row["attached_to"] == "2 users, 1 group, 2 roles"
        assert the_policy(managed(arn, count=1), groups=groups).attached_to == "1 group"
        assert the_policy(managed(arn, count=3), groups=groups).attached_to == "1 group (AWS counts 3)"
        assert the_policy(managed(arn, count=3)).attached_to == "nobody listed (AWS counts 3)"

    @pytest.mark.parametrize(
        ("policy", "why"),
        [
            (managed(own("p"), "not JSON"), "the document of its default version v2 is not JSON"),
            (managed(own("p"), None), "the document of its default version v2 is nothing where an object is needed"),
            (managed(own("p"), ["x"]), "the document of its default version v2 is a list where an object is needed"),
            (
                managed(own("p"), SOMEBODY),
                "the document of its default version v2 has neither Resource nor NotResource",
            ),
            (managed(own("p"), DefaultVersionId="v3"), "AWS did not return its default version v3"),
            (managed(own("p"), PolicyVersionList=[]), "AWS did not return its default version v2"),
            (
                managed(own("p"), PolicyVersionList=None, DefaultVersionId=None),
                "AWS did not return its default version (unnamed)",
            ),
        ],
    )
    def test_a_document_that_cannot_be_read_is_no_pass(self, policy: Item, why: str) -> None:
        row = the_policy(policy)
        assert row.full_admin is pd.NA
        assert row.problem.startswith(why)
        assert row.reason == row.problem

    def test_a_document_as_text_is_read(self) -> None:
        assert bool(the_policy(managed(own("p"), json.dumps(ADMIN))).full_admin)

    def test_several_statements_are_all_told(self) -> None:
        mfa = {"Sid": "Mfa", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
        row = the_policy(managed(own("p"), {"Statement": [EVERYTHING, EVERYTHING | mfa]}))
        assert row.reason == (
            "statement 1 allows Action * on Resource * and statement 2 (sid Mfa) allows Action * on Resource *, "
            "on condition of Bool aws:MultiFactorAuthPresent true"
        )

    def test_one_that_is_attached_but_was_not_answered_is_unknown(self) -> None:
        document = stored(page((user("a"), user("b", own("p"))), roles=(role("r", own("p"), own("q")),)))
        first, second = authorization_frames([authorization_rows(ACCOUNT, document)]).policies.itertuples()
        assert (first.name, first.arn, first.attached_to) == ("p", own("p"), "1 user, 1 role")
        assert (first.full_admin, first.problem) == (pd.NA, "it is attached, but AWS did not return it")
        assert line_of(document, first.line)["UserName"] == "b"
        assert (second.name, line_of(document, second.line)["RoleName"]) == ("q", "r")


class TestAccounts:
    @pytest.mark.parametrize(
        "arn",
        [
            *("arn:aws:iam::aws:policy/AWSSupportAccess", "arn:aws-cn:iam::aws:policy/AWSSupportAccess"),
            *(
                "arn:aws-us-gov:iam::aws:policy/AWSSupportAccess",
                "arn:aws:iam::aws:policy/job-function/AWSSupportAccess",
            ),
        ],
    )
    def test_who_has_support_access(self, arn: str) -> None:
        roles = (role("r"), role("s", AWS + "ReadOnlyAccess", arn), role("t", arn))
        row = the_account(roles=roles, users=(user("ann", arn),), groups=(group("g", arn),))
        assert row.support_roles == "s; t"

    @pytest.mark.parametrize(
        "arn",
        [own("AWSSupportAccess"), AWS + "AWSSupportAccess2", AWS + "NoAWSSupportAccess", AWS + "awssupportaccess"],
    )
    def test_policies_of_a_like_name_are_others(self, arn: str) -> None:
        row = the_account(roles=(role("r", arn),))
        assert (row.support_roles, row.support_line) == ("", pd.NA)

    def test_who_has_cloud_shell(self) -> None:
        arn = AWS + "AWSCloudShellFullAccess"
        document = stored(page((user("a"), user("b", arn)), (group("g", arn),), (role("r", arn), role("s"))))
        (row,) = authorization_frames([authorization_rows(ACCOUNT, document)]).accounts.itertuples()
        assert (row.cloudshell_users, row.cloudshell_groups, row.cloudshell_roles) == ("b", "g", "r")
        assert line_of(document, row.cloudshell_line)["UserName"] == "b"
        nobody = the_account(users=(user("a"),))
        assert (nobody.cloudshell_users, nobody.cloudshell_groups, nobody.cloudshell_roles) == ("", "", "")
        assert nobody.cloudshell_line is pd.NA

    def test_roles_that_trust_everybody(self) -> None:
        inside = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}
        narrow = {"Statement": ANYBODY["Statement"] | inside}
        roles = (role("r"), role("s", trust=ANYBODY), role("t", trust=narrow), role("u", trust=json.dumps(ANYBODY)))
        document = stored(page(roles=roles))
        (row,) = authorization_frames([authorization_rows(ACCOUNT, document)]).accounts.itertuples()
        said = "statement 1 allows Principal AWS *"
        assert row.open_roles == f"s: {said}; u: {said}"
        assert line_of(document, row.open_line)["RoleName"] == "s"
        assert (row.unreadable_roles, row.unreadable_line) == ("", pd.NA)

    @pytest.mark.parametrize(
        ("trust", "why"),
        [
            (None, "is nothing where an object is needed"),
            ("{", "is not JSON"),
            (ADMIN, "has neither Principal nor NotPrincipal in statement 1"),
        ],
    )
    def test_a_trust_policy_that_cannot_be_read_is_told(self, trust: Any, why: str) -> None:
        row = the_account(roles=(role("r"), role("s", trust=trust)))
        assert (row.open_roles, row.open_line) == ("", pd.NA)
        assert row.unreadable_roles == f"s: its trust policy {why}"


def ten_policies_each(number: int) -> Document:
    """The stored answers of an account where each of so many users has ten policies."""
    users = [user(f"u{n}", *(own(f"p{n}-{i}") for i in range(5)), inline=tuple("abcde")) for n in range(number)]
    items = [managed(own(f"p{n}-{i}"), ADMIN if i == 0 else READER) for n in range(number) for i in range(5)]
    pages = [
        page(tuple(users[n : n + 100]), policies=tuple(items[n * 5 : n * 5 + 500]), more="x")
        for n in range(0, number, 100)
    ]
    return stored(*pages, page())


def test_users_of_ten_policies_are_all_read() -> None:
    built = authorization_frames([authorization_rows(ACCOUNT, ten_policies_each(2000))])
    assert (len(built.principals), len(built.policies), int(built.policies["full_admin"].sum())) == (2000, 10000, 2000)


def test_the_work_grows_with_users_and_no_faster() -> None:
    def work(number: int) -> Callable[[], object]:
        document = ten_policies_each(number)
        return lambda: authorization_frames([authorization_rows(ACCOUNT, document)])

    assert grows_no_faster_than_its_input(work, 200)
