"""The ready-made questions give the right answers on an organization in which these are planted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from auditor.ask.query_process import Limits
from auditor.ask.ready_made import named_queries, named_query, question_of
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.model import (
    AUTHORIZATION_DETAILS,
    CONTACTS,
    CREDENTIAL_REPORT,
    IDENTITY_PROVIDERS,
    ORGANIZATION_POLICIES,
    PASSWORD_POLICY,
    SERVER_CERTIFICATES,
    Account,
    AccountRecord,
    Outcome,
)
from tests.asking import ask_frames, frames_of, run_query
from tests.documents import (
    certificates,
    contacts,
    details,
    holder,
    managed,
    no_policy,
    organization_policies,
    policy,
    providers,
)
from tests.support import (
    ACCOUNT,
    OTHER,
    ago,
    catalog,
    excluded,
    gap,
    judged,
    key,
    password,
    report,
    root,
    stored,
    user,
    waiver,
    waivers_of,
)

SHUT = "444455556666"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
NEAR = f"arn:aws:iam::{ACCOUNT}:policy/near"
ODD = f"arn:aws:iam::{ACCOUNT}:policy/odd"
SAML = f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"
ALL = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
ALMOST = {"Statement": {"Effect": "Allow", "NotAction": "iam:DeleteUser", "Resource": "*"}}


def allowing(principal: Any, **more: Any) -> dict[str, Any]:
    return {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}}


def role(name: str, principal: Any, **more: Any) -> dict[str, Any]:
    return holder("Role", name, AssumeRolePolicyDocument=allowing(principal, **more))


USERS = [
    root(password_last_used=ago(5)),
    user("ann", **password(ago(3), ago(9)), **key(1, ago(100), ago(1))),
    user("bot", **password("no_information", ago(300)), **key(1, ago(400), ago(2)), **key(2, ago(50), ago(95))),
    user("cat", mfa_active="true", **password(ago(90), ago(300))),
    user("new", user_creation_time=ago(10), **key(1, ago(10))),
    user("off", **key(1, ago(300), active="false")),
    user("dev", **key(1, ago(91), ago(89)), **key(2, ago(45), ago(1))),
]
OTHER_USERS = [root(OTHER, mfa_active="false", access_key_1_active="true", access_key_1_last_used_date=ago(90))]
HOLDERS = details(
    users=[
        holder("User", "ann", GroupList=["admins"]),
        holder("User", "bot", NEAR),
        holder("User", "cat", ADMIN),
        holder("User", "dev", UserPolicyList=[{"PolicyName": "mine", "PolicyDocument": ALL}]),
        holder("User", "new", ODD),
        holder("User", "off"),
    ],
    groups=[holder("Group", "admins", ADMIN)],
    roles=[
        role("inside", {"AWS": OTHER}),
        role("own", {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        role("service", {"Service": "ec2.amazonaws.com"}),
        role("partner", {"AWS": ["arn:aws:iam::999988887777:root", OTHER]}, Condition={"Bool": {"x": "true"}}),
        role("all", "*"),
        role("sso", {"Federated": SAML}),
        holder("Role", "torn", AssumeRolePolicyDocument={"Statement": []}),
        holder(
            "Role", "denied", AssumeRolePolicyDocument={"Statement": {**allowing("*")["Statement"], "Effect": "Deny"}}
        ),
    ],
    policies=[managed(ADMIN, ALL), managed(NEAR, ALMOST), managed(ODD, {"Statement": []})],
)
POLICIES = organization_policies(
    [
        {"Id": "p-1", "Name": "full", "Type": "SERVICE_CONTROL_POLICY"},
        {"Id": "p-2", "Name": "dev only", "Type": "SERVICE_CONTROL_POLICY"},
        {"Id": "p-3", "Name": "nothing", "Type": "SERVICE_CONTROL_POLICY"},
        {"Id": "p-4", "Name": "resources", "Type": "RESOURCE_CONTROL_POLICY"},
    ],
    {
        "p-1": [{"TargetId": "r-1", "Name": "Root"}, {"TargetId": OTHER, "Name": "other"}],
        "p-2": [{"TargetId": "ou-dev", "Name": "Dev"}],
        "p-3": [],
        "p-4": [{"TargetId": "r-1", "Name": "Root"}],
    },
)


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    folder = tmp_path_factory.mktemp("ready-made")
    place = Account(SHUT, "Shut", ou_path="Root/Dev", ou_ids=("r-1", "ou-dev"))
    refusal = gap(CREDENTIAL_REPORT, stage="assume")
    shut = AccountRecord(place, Outcome.NOT_ASSESSED, "assume: AccessDenied", (), (refusal,))
    documents = {
        ACCOUNT: {
            AUTHORIZATION_DETAILS: HOLDERS,
            CONTACTS: contacts({"Name": "Sec", "EmailAddress": "s@example.com"}),
            IDENTITY_PROVIDERS: providers(saml=[SAML]),
            PASSWORD_POLICY: policy(),
            SERVER_CERTIFICATES: certificates(gone=ago(1), soon=ago(-60), late=ago(-61), unknown=""),
        },
        OTHER: {CONTACTS: contacts(), PASSWORD_POLICY: no_policy()},
        "organization": {ORGANIZATION_POLICIES: POLICIES},
    }
    reports = {ACCOUNT: report(USERS), OTHER: report(OTHER_USERS)}
    snapshot = stored(folder, reports, shut, excluded("555566667777"), documents=documents)
    waivers = waivers_of(
        folder,
        waiver("W-1", expires="2026-12-24"),
        waiver("W-2", expires="2026-12-25", scope="{user: bot}"),
        waiver("W-3", expires="2026-11-23", created="2026-10-01", scope="{user: dev}"),
    )
    return assess(snapshot, catalog=catalog(), waivers=waivers)


def answer(planted: Assessment, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """The chosen columns of the answer; what is missing is None."""
    found = run_query(planted, named_query(name))
    kept = found[list(columns)].astype(object)
    return list(kept.where(kept.notna(), None).itertuples(index=False, name=None))


def test_there_are_at_least_twenty_and_each_begins_with_its_question() -> None:
    queries = named_queries()
    assert len(queries) >= 20
    for name, path in queries.items():
        assert path.read_text(encoding="utf-8").startswith("-- "), name
        assert question_of(path).endswith("."), name
        assert question_of(path).count(". ") == 0, name
        assert "order by" in path.read_text(encoding="utf-8"), name


def test_questions_about_an_organization_without_accounts_have_no_answers(tmp_path: Path) -> None:
    with tables_of(frames_of(judged(tmp_path, {}))) as database:
        for name in named_queries():
            assert rows(database, name) == [], name


def test_the_order_of_an_answer_does_not_depend_on_that_of_the_rows(planted: Assessment) -> None:
    frames = frames_of(planted)
    turned = {table: frame.iloc[::-1] for table, frame in frames.items()}
    with tables_of(frames) as database, tables_of(turned) as other:
        for name in named_queries():
            assert rows(database, name) == rows(other, name), name


def rows(database: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = database.sql(named_query(name)).to_arrow_reader(1000).read_all().to_pylist()
    return found


@contextmanager
def tables_of(frames: Mapping[str, pd.DataFrame]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of frames in this process: quicker than one that is confined, for what is asked of every question."""
    with duckdb.connect() as database:
        database.execute("set TimeZone = 'UTC'")
        for name, frame in frames.items():
            texts = [column for column in frame.columns if isinstance(frame[column].dtype, pd.CategoricalDtype)]
            table = pa.Table.from_pandas(frame.astype(dict.fromkeys(texts, "str")), preserve_index=False)
            database.register(name, table)
        yield database


def test_admins_without_mfa(planted: Assessment) -> None:
    assert answer(planted, "admins-without-mfa", "account_id", "user", "policy", "via_group", "full_admin") == [
        (ACCOUNT, "ann", "AdministratorAccess", "admins", True),
        (ACCOUNT, "dev", "mine", "", True),
        (ACCOUNT, "new", "odd", "", None),
        (OTHER, "<root_account>", "root user", "", True),
    ]


def test_administrators(planted: Assessment) -> None:
    assert answer(planted, "administrators", "policy", "principal_type", "principal", "full_admin") == [
        ("AdministratorAccess", "group", "admins", True),
        ("AdministratorAccess", "user", "ann", True),
        ("AdministratorAccess", "user", "cat", True),
        ("mine", "user", "dev", True),
        ("odd", "user", "new", None),
    ]
    near = run_query(planted, 'select "user", near_admin from administrators where full_admin = false')
    assert near.to_dict("records") == [{"user": "bot", "near_admin": True}]


def test_keys_by_age_and_ou(planted: Assessment) -> None:
    found = run_query(planted, named_query("keys-by-age-and-ou"))
    assert found.to_dict("records") == [
        {
            "ou_path": "Root/Prod",
            "active_keys": 7,
            "up_to_45_days": 2,
            "up_to_90_days": 1,
            "up_to_365_days": 2,
            "older": 1,
            "age_unknown": 1,
        }
    ]


def test_accounts_without_contact(planted: Assessment) -> None:
    found = answer(planted, "accounts-without-contact", "account_id", "outcome", "security_contact")
    assert found == [(OTHER, "assessed", "none"), (SHUT, "not_assessed", "not known")]


def test_scps_by_account(planted: Assessment) -> None:
    """The management account is reached by none, and by resource control policies nobody is asked about here."""
    assert answer(planted, "scps-by-account", "account_id", "ou_path", "policy", "targets") == [
        (OTHER, "Root/Prod", "full", f"other ({OTHER})"),
        (SHUT, "Root/Dev", "dev only", "Dev (ou-dev)"),
        (SHUT, "Root/Dev", "full", "Root (r-1)"),
        (None, None, "nothing", "nothing"),
    ]


def test_access_from_outside(planted: Assessment) -> None:
    columns = ("role", "principal_type", "principal", "conditions")
    assert answer(planted, "access-from-outside", *columns)[:3] == [
        ("all", "everybody", "*", ""),
        ("partner", "AWS", "arn:aws:iam::999988887777:root", "Bool x true"),
        ("sso", "Federated", SAML, ""),
    ]
    ((name, problem, provider),) = answer(planted, "access-from-outside", "role", "problem", "identity_providers")[3:]
    assert (name, problem, provider) == ("torn", "the trust policy has no Statement", "corp")


def test_users_by_last_activity(planted: Assessment) -> None:
    found = answer(planted, "users-by-last-activity", "account_id", "user", "days_ago")
    assert found == [
        (ACCOUNT, "new", None),
        (ACCOUNT, "off", None),
        (ACCOUNT, "cat", 90),
        (OTHER, "<root_account>", 90),
        (ACCOUNT, "<root_account>", 5),
        (ACCOUNT, "bot", 2),
        (ACCOUNT, "ann", 1),
        (ACCOUNT, "dev", 1),
    ]


def test_service_accounts_with_console(planted: Assessment) -> None:
    assert answer(planted, "service-accounts-with-console", "user", "password_last_used") == [("bot", None)]


def test_accounts_by_completeness(planted: Assessment) -> None:
    found = answer(planted, "accounts-by-completeness", "account_id", "outcome", "gaps", "missing")
    assert found == [
        (SHUT, "not_assessed", 1, "credential-report: AccessDenied"),
        (ACCOUNT, "assessed", 0, None),
        (OTHER, "assessed", 0, None),
        ("555566667777", "excluded", 0, None),
    ]


def test_waivers_expiring(planted: Assessment) -> None:
    found = answer(planted, "waivers-expiring", "waiver_id", "days_left", "state")
    assert found == [("W-3", -1, "expired"), ("W-1", 30, "active")]


def test_root_used_recently(planted: Assessment) -> None:
    found = answer(planted, "root-used-recently", "account_id", "credential", "days_ago")
    assert found == [(ACCOUNT, "password", 5), (OTHER, "access_key_1", 90)]


def test_users_with_several_keys(planted: Assessment) -> None:
    found = answer(planted, "users-with-several-keys", "user", "active_keys", "oldest_key_days", "without_known_use")
    assert found == [("bot", 2, 400, 0), ("dev", 2, 91, 0)]


def test_keys_never_rotated(planted: Assessment) -> None:
    assert answer(planted, "keys-never-rotated", "user", "credential", "age_days") == [("bot", "access_key_1", 400)]


def test_weak_password_policies(planted: Assessment) -> None:
    found = answer(planted, "weak-password-policies", "account_id", "weakness")
    assert found == [(OTHER, "no password policy"), (SHUT, "not known")]


def test_weaknesses_of_a_password_policy_are_named(tmp_path: Path) -> None:
    weak = {"MinimumPasswordLength": 13, "PasswordReusePrevention": 23}
    snapshot = stored(tmp_path, {ACCOUNT: report([root()])}, documents={ACCOUNT: {PASSWORD_POLICY: policy(**weak)}})
    found = answer(assess(snapshot, catalog=catalog()), "weak-password-policies", "weakness")
    assert found == [("fewer than 14 characters; remembers fewer than 24 passwords",)]


def test_expiring_certificates(planted: Assessment) -> None:
    found = answer(planted, "expiring-certificates", "certificate", "days_left")
    assert found == [("gone", -1), ("soon", 60), ("unknown", None)]


def test_unused_users(planted: Assessment) -> None:
    found = answer(planted, "unused-users", "user", "active_credentials")
    assert found == [("cat", "password")]


def test_evidence_by_age(planted: Assessment) -> None:
    found = answer(planted, "evidence-by-age", "account_id", "evidence", "age_hours")
    assert {(account, kind) for account, kind, _ in found} >= {(ACCOUNT, CREDENTIAL_REPORT), (OTHER, CONTACTS)}
    assert {hours for *_, hours in found} == {0}


FIELDS = ("snapshot_id", "account_id", "control_id", "resource_name", "status", "finding_id")
OLDEST, OLD, NEW = (f"o-x-2026{month}01T000000Z" for month in ("01", "04", "07"))


def findings(rows: Sequence[tuple[str, ...]]) -> dict[str, pd.DataFrame]:
    frame = pd.DataFrame(rows, columns=list(FIELDS), dtype="str")
    others = dict.fromkeys(("account_name", "severity", "credential", "reason"), "")
    return {"findings": frame.assign(**others)}


def changes(rows: Sequence[tuple[str, ...]]) -> dict[str, str]:
    """By resource."""
    table = ask_frames(findings(rows), named_query("changes-since-last-snapshot"), Limits(memory=256))
    return {row["resource_name"]: row["change"] for row in table.to_pylist()}


def test_changes_between_the_last_two_of_three_snapshots() -> None:
    two = [(OLD, "FAIL"), (NEW, "FAIL")]
    planted = {
        "still failing": two,
        "new": [(OLD, "PASS"), (NEW, "FAIL")],
        "fixed": [(OLD, "FAIL"), (NEW, "PASS")],
        "gone": [(OLD, "FAIL")],
        "made since": [(NEW, "FAIL")],
        "never": [(OLD, "PASS"), (NEW, "PASS")],
        "long ago": [(OLDEST, "FAIL"), (OLD, "PASS"), (NEW, "PASS")],
    }
    rows = [(s, "1", "c", name, status, name) for name, found in planted.items() for s, status in found]
    expected = {name: name for name in ("still failing", "new", "fixed", "gone")}
    assert changes(rows) == expected | {"made since": "new"}
    assert changes(rows[::-1]) == changes(rows)


def test_what_was_not_judged_on_one_side_is_not_comparable() -> None:
    rows = [
        (OLD, "1", "c", "lost", "FAIL", "lost"),
        (NEW, "1", "c", "", "NO_EVIDENCE", "none"),
        (OLD, "2", "c", "left", "FAIL", "left"),
        (NEW, "3", "c", "joined", "FAIL", "joined"),
        (OLD, "1", "d", "dropped", "FAIL", "dropped"),
        (NEW, "1", "e", "added", "FAIL", "added"),
    ]
    assert changes(rows) == dict.fromkeys(("lost", "left", "joined", "dropped", "added"), "not comparable")


def test_of_one_snapshot_its_failures_are_told_without_a_change() -> None:
    rows = [(OLD, "1", "c", "a", "FAIL", "a"), (OLD, "1", "c", "b", "PASS", "b")]
    assert changes(rows) == {"a": "failing (there is no earlier snapshot)"}
