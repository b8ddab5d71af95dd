"""Findings and control counts to their contract: every unit once, every account in scope, no silence."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from auditor import schema
from auditor.catalog import Control, Selection
from auditor.errors import CatalogError
from auditor.judge.evaluator import Verdicts, evaluate
from auditor.judge.finding_ids import finding_id
from auditor.model import (
    ACCESS_ANALYZERS,
    ACCOUNT_SUMMARY,
    AUTHORIZATION_DETAILS,
    CONTACTS,
    CREDENTIAL_REPORT,
    CREDENTIALS,
    EC2_INSTANCES,
    IDENTITY_PROVIDERS,
    ORGANIZATION_FEATURES,
    OU_TREE,
    PASSWORD_POLICY,
    RESOURCE_POLICY,
    SERVER_CERTIFICATES,
    VIRTUAL_MFA_DEVICES,
    Organization,
    Unit,
)
from auditor.store.evidence import Document
from auditor.tables import Frames
from tests.documents import (
    analyzers,
    certificates,
    contacts,
    details,
    features,
    holder,
    instance,
    instances,
    managed,
    no_policy,
    ou_tree,
    policy,
    providers,
    resource_policy,
    summary,
    virtual_devices,
)
from tests.support import (
    ACCOUNT,
    AS_OF,
    ORGANIZATION,
    OTHER,
    ago,
    automated,
    catalog,
    excluded,
    frames_of,
    gap,
    judged,
    key,
    only,
    password,
    report,
    root,
    unreachable,
    user,
    verdicts_of,
    without,
)

# The contract, written out: findings.csv has these columns, in this order.
CONTRACT = (
    "snapshot_id, as_of, account_id, account_name, ou_path, control_id, severity, status, resource_arn, resource_name, "
    "credential, observed, reason, requirements, waiver_id, evidence_file, evidence_line, "
    "also_seen_in, finding_id"
)
SHUT, OLD = "444455556666", "555566667777"
KEYS = "access-key-rotated-90d"


def mixed() -> Frames:
    """Two assessed accounts (one without some columns and without a root row), one unreachable, one excluded."""
    ann = user("ann", **password(ago(3), ago(9)), **key(1, ago(91), ago(1)), **key(2, ago(9), active="false"))
    robot = user("robot", **key(1, ago(9), ago(1)), **key(2, ago(100), ago(1)))
    bob = user("bob", OTHER, **key(1, ago(200), ago(1)), **key(2, ago(200), ago(1)), **password())
    reports = {
        ACCOUNT: report([root(), ann, robot]),
        OTHER: report([bob], without("mfa_active", "access_key_2_last_rotated")),
    }
    return frames_of(reports, unreachable(SHUT), excluded(OLD))


FRAMES = mixed()


@cache
def of_mixed() -> Verdicts:
    """By every automated control."""
    return verdicts_of(FRAMES)


OF_REPORTS = Selection(
    tuple(c for c in automated().controls if c.evidence[0] == CREDENTIAL_REPORT), automated().requirements
)
ROOT_CONTROLS = {
    *("root-mfa", "root-mfa-always", "root-hardware-mfa", "root-hardware-mfa-always"),
    *("root-no-access-key", "root-use-avoided"),
}
ROOT_EVIDENCE = {ACCOUNT_SUMMARY: summary(), VIRTUAL_MFA_DEVICES: virtual_devices()}


def documented() -> Frames:
    """Evidence of every kind, some of it partial or malformed, in accounts with a credential report and without."""
    support, shell = (f"arn:aws:iam::aws:policy/{name}" for name in ("AWSSupportAccess", "AWSCloudShellFullAccess"))
    people = details(
        users=[holder("User", "ann", shell), holder("User", "bob")],
        roles=[holder("Role", "helper", support)],
        policies=[
            managed(support, {"Statement": []}),
            managed(shell, "{"),
            managed("arn:aws:iam::aws:policy/x", "", 0),
        ],
    )
    here: dict[str, Document | bytes] = {
        **ROOT_EVIDENCE,
        PASSWORD_POLICY: policy(),
        CONTACTS: contacts({"Name": "Sue"}),
        SERVER_CERTIFICATES: certificates(old=ago(1), new=ago(-1), odd=""),
        AUTHORIZATION_DETAILS: people,
        ACCESS_ANALYZERS: analyzers({"eu-west-1": ["ACCOUNT"], "us-east-1": []}),
        EC2_INSTANCES: instances({"eu-west-1": [instance("i-1"), instance("i-2", "arn:p")], "us-east-1": "Denied"}),
        IDENTITY_PROVIDERS: providers(["arn:aws:iam::1:saml-provider/x"]),
    }
    there: dict[str, Document | bytes] = {
        PASSWORD_POLICY: no_policy(),
        CONTACTS: b"{}",
        ACCESS_ANALYZERS: analyzers({"eu-west-1": "Denied"}),
    }
    common = {RESOURCE_POLICY: resource_policy("{"), ORGANIZATION_FEATURES: features(), OU_TREE: ou_tree({}, {})}
    return frames_of(
        {ACCOUNT: report([root(), user()])},
        excluded(OLD),
        documents={ACCOUNT: here, OTHER: there, "organization": common},
        gaps={ACCOUNT: [gap(EC2_INSTANCES, "Denied")]},
    )


def rows_of(findings: pd.DataFrame, **where: str) -> pd.DataFrame:
    for column, value in where.items():
        findings = findings[findings[column] == value]
    return findings


def test_columns_order_and_dtypes_are_the_contract() -> None:
    found = of_mixed()
    assert ", ".join(found.findings.columns.drop("in_violation_since")) == CONTRACT
    assert list(found.findings.columns) == list(schema.FINDINGS_TABLE)
    assert list(schema.FINDINGS) == CONTRACT.split(", ")
    for frame, columns in ((found.findings, schema.FINDINGS), (found.controls, schema.CONTROLS)):
        dtypes = {"text": "str", "category": "category", "int": "Int64"}
        assert {name: str(frame[name].dtype) for name in columns} == {n: dtypes[kind] for n, kind in columns.items()}
    assert found.findings.index.to_list() == list(range(len(found.findings)))


def test_findings_are_ordered_by_control_account_line_and_credential() -> None:
    findings = of_mixed().findings
    order = ["", *CREDENTIALS]
    columns = (findings[name] for name in ("control_id", "account_id", "evidence_line", "credential"))
    keys = [
        (control, account_id, float("inf") if pd.isna(line) else line, order.index(slot))
        for control, account_id, line, slot in zip(*columns, strict=True)
    ]
    assert keys == sorted(keys)
    assert len(keys) > 20


def test_a_finding_says_who_what_and_where() -> None:
    found = rows_of(verdicts_of(FRAMES, only(KEYS)).findings, account_id=ACCOUNT)
    assert found["resource_name"].to_list() == ["ann", "robot", "robot"]
    assert found["credential"].to_list() == ["access_key_1", "access_key_1", "access_key_2"]
    assert found["status"].to_list() == ["FAIL", "PASS", "FAIL"]
    first = {str(name): value for name, value in found.iloc[0].to_dict().items()}
    assert first.pop("in_violation_since") == AS_OF  # 91 days after it was rotated
    assert first == {
        "snapshot_id": "o-test-20261124T101500Z",
        "as_of": "2026-11-24T10:15:00Z",
        "account_id": ACCOUNT,
        "account_name": f"name of {ACCOUNT}",
        "ou_path": "Root/Prod",
        "control_id": KEYS,
        "severity": "medium",
        "status": "FAIL",
        "resource_arn": f"arn:aws:iam::{ACCOUNT}:user/ann",
        "resource_name": "ann",
        "credential": "access_key_1",
        "observed": f"access_key_1_last_rotated {ago(91)}",
        "reason": "rotated 91 days before the as-of time; the limit is 90",
        "requirements": "test:1.10",
        "waiver_id": "",
        "evidence_file": f"evidence/{ACCOUNT}/credential-report.csv",
        "evidence_line": 3,
        "also_seen_in": "",
        "finding_id": finding_id("o-test", ACCOUNT, KEYS, "access_key_1", f"arn:aws:iam::{ACCOUNT}:user/ann"),
    }


def test_root_is_judged_by_root_controls_only_and_users_by_the_others() -> None:
    old = {**key(1, ago(400), ago(300)), **key(2, ago(400), ago(300)), "mfa_active": "false"}
    reports = {ACCOUNT: report([root(**old, **password(ago(300), ago(300))), user()])}
    findings = verdicts_of(frames_of(reports), OF_REPORTS).findings
    about_root = set(findings.loc[findings["resource_name"] == "<root_account>", "control_id"])
    assert about_root == ROOT_CONTROLS
    assert (findings["resource_name"] == "<root_account>").all()
    assert (findings["credential"] == "").all()


def test_requirements_are_those_of_the_chosen_benchmarks(tmp_path: Path) -> None:
    reports = {ACCOUNT: report([root(), user(**key(1, ago(100), ago(1)))])}
    for benchmarks, control, text in (
        (("cis-aws-7.0.0", "aws-iam-rules"), "access-key-1-rotated-45d", "aws-iam-rules:AWS_IAM_50"),
        (("cis-aws-7.0.0",), KEYS, "cis-aws-7.0.0:2.12"),
        (("cis-aws-7.0.0", "cis-aws-1.2.0"), KEYS, "cis-aws-1.2.0:1.4; cis-aws-7.0.0:2.12"),
    ):
        found = judged(tmp_path, reports, benchmarks=benchmarks)
        assert set(rows_of(found.findings, control_id=control)["requirements"]) == {text}
        assert rows_of(found.controls, control_id=control)["requirements"].to_list() == [text]


def test_every_requirement_is_in_the_controls_and_every_control_answers(tmp_path: Path) -> None:
    found = judged(tmp_path, {ACCOUNT: report([root()])}, unreachable(SHUT), benchmarks=("cis-aws-7.0.0",))
    listed = [r for text in found.controls["requirements"] for r in text.split("; ")]
    wanted = [f"cis-aws-7.0.0:{r.id}" for r in catalog().benchmark("cis-aws-7.0.0").requirements]
    assert sorted(listed) == sorted(wanted)
    assert set(found.findings["control_id"]) == set(found.controls["control_id"])


@pytest.mark.parametrize("control", automated().controls, ids=lambda c: c.id)
def test_an_account_without_evidence_has_one_row_for_each_control(control: Control) -> None:
    """The organization's controls have theirs under the management account."""
    about = ACCOUNT if control.unit is Unit.ORGANIZATION else SHUT
    rows = rows_of(verdicts_of(FRAMES, only(control.id)).findings, account_id=about)
    assert rows["status"].to_list() == [unanswered(control)]
    row = rows.iloc[0]
    if control.evidence[0] == CREDENTIAL_REPORT:
        assert row["reason"] == "assume: AccessDenied: not allowed to assume the role"
    else:
        assert row["reason"] == f"{control.evidence[0]}: not collected in this snapshot"
    assert (row["observed"], row["credential"]) == ("", "")
    assert row["account_name"] == ("Shut" if about == SHUT else f"name of {ACCOUNT}")
    assert row[["resource_arn", "resource_name", "evidence_file", "evidence_line"]].isna().all()


def unanswered(control: Control) -> str:
    """The status where nothing was collected: a person answers what is by hand anyway, or was not to be collected."""
    return "MANUAL" if control.by_hand or control.optional else "NO_EVIDENCE"


def test_an_unusable_report_is_no_evidence_for_every_control() -> None:
    findings = verdicts_of(frames_of({ACCOUNT: b"<html>"})).findings
    assert findings["control_id"].to_list() == [c.id for c in automated().controls]
    assert findings["status"].to_list() == [unanswered(c) for c in automated().controls]
    of_reports = findings[findings["control_id"].isin([c.id for c in OF_REPORTS.controls])]
    assert len(of_reports) == len(OF_REPORTS.controls)
    assert set(of_reports["status"]) == {"NO_EVIDENCE"}
    assert of_reports["reason"].str.startswith("validate: NotAReport: ").all()


def test_excluded_accounts_have_no_findings_and_count_nowhere(tmp_path: Path) -> None:
    reports = {ACCOUNT: report([root()])}
    with_old, alone = judged(tmp_path, reports, excluded(OLD)), judged(tmp_path, reports)
    assert OLD in set(with_old.accounts["account_id"])
    assert OLD not in set(with_old.findings["account_id"])
    pd.testing.assert_frame_equal(with_old.controls, alone.controls)
    assert not judged(tmp_path, reports, excluded(OLD), benchmarks=("aws-iam-rules",)).has_gaps


def test_undecided_units_are_one_row_for_the_account_that_names_the_first() -> None:
    users = [user("ann"), *(user(n, password_enabled="true") for n in ("bob", "zoe")), user("eve", password_enabled="")]
    selection = only("console-user-mfa")
    rows = verdicts_of(frames_of({ACCOUNT: report([root(), *users], without("mfa_active"))}), selection)
    assert rows.findings["status"].to_list() == ["NO_EVIDENCE"]
    row = rows.findings.iloc[0]
    assert row["reason"].startswith("3 units undecided; line 4: ")
    assert (row["evidence_line"], row["evidence_file"]) == (4, f"evidence/{ACCOUNT}/credential-report.csv")
    counts = rows.controls.iloc[0]
    assert (counts["population"], counts["not_applicable"], counts["no_evidence"]) == (0, 1, 1)


def test_undecided_units_do_not_hide_the_decided_ones() -> None:
    users = [user("ann", **key(1, ago(91))), user("bob", **key(1)), user("eve", **key(2, ago(90)))]
    found = verdicts_of(frames_of({ACCOUNT: report([root(), *users])}), only(KEYS))
    assert found.findings["status"].to_list() == ["FAIL", "NO_EVIDENCE", "PASS"]
    assert found.findings["resource_name"].astype("str").fillna("-").to_list() == ["ann", "-", "eve"]
    assert "1 unit undecided; line 4: " in found.findings["reason"][1]


def test_an_account_without_a_root_row_has_no_evidence_about_root() -> None:
    reports = {ACCOUNT: report([user()]), OTHER: report([root(OTHER)])}
    documents = {ACCOUNT: ROOT_EVIDENCE, OTHER: ROOT_EVIDENCE}
    found = verdicts_of(frames_of(reports, documents=documents), OF_REPORTS)
    here = rows_of(found.findings, account_id=ACCOUNT)
    assert set(here["control_id"]) == ROOT_CONTROLS
    assert set(here["status"]) == {"NO_EVIDENCE"}
    assert set(here["reason"]) == {"the report has no root row"}
    assert set(here["evidence_file"]) == {f"evidence/{ACCOUNT}/credential-report.csv"}
    there = rows_of(found.findings, account_id=OTHER)
    assert set(there["control_id"]) == ROOT_CONTROLS
    assert set(there["status"]) == {"PASS"}


def test_an_account_with_nobody_in_it_needs_no_row() -> None:
    found = verdicts_of(frames_of({ACCOUNT: report([root()])}), only(KEYS))
    assert found.findings.empty
    assert list(found.findings.columns) == list(schema.FINDINGS_TABLE)
    assert found.controls[["population", "not_applicable", "no_evidence"]].iloc[0].to_list() == [0, 0, 0]


def test_nothing_at_all_is_judged_without_a_crash() -> None:
    found = verdicts_of(frames_of({}))
    of_organization = [c for c in automated().controls if c.unit is Unit.ORGANIZATION]
    assert found.findings["control_id"].to_list() == [c.id for c in of_organization]
    assert found.findings["status"].to_list() == [unanswered(c) for c in of_organization]
    assert found.findings["account_id"].isna().all()
    assert len(found.controls) == len(automated().controls)
    assert found.controls[["population", "not_applicable"]].sum().to_list() == [0, 0]


def test_what_a_person_answers_is_a_row_for_each_account_in_scope() -> None:
    selection = only(KEYS, check=None)
    found = verdicts_of(FRAMES, selection)
    assert found.findings["account_id"].to_list() == [ACCOUNT, OTHER, SHUT]
    assert set(found.findings["status"]) == {"MANUAL"}
    assert found.findings["resource_name"].isna().all()
    assert set(found.findings["reason"]) == {"needs manual review"}
    counts = found.controls.iloc[0]
    assert (counts["assessment"], counts["manual"]) == ("manual", 3)
    assert counts[["population", "passed", "failed", "not_applicable", "no_evidence"]].sum() == 0


@pytest.mark.parametrize(
    ("management", "named"), [(OTHER, [OTHER]), (SHUT, [SHUT]), ("", [None]), ("999999999999", [None])]
)
def test_what_a_person_answers_for_the_organization_is_one_row(management: str, named: list[str | None]) -> None:
    selection, organization = only("org-ou-structured"), Organization("o-test", management)
    found = evaluate(FRAMES, selection, organization, "s", AS_OF)
    assert [None if pd.isna(i) else i for i in found.findings["account_id"]] == named
    assert found.findings["status"].to_list() == ["MANUAL"]
    assert found.controls["manual"].to_list() == [1]


@pytest.mark.parametrize(
    "name",
    ["mixed", "documented", "unusable", "none"],
)
def test_counts_tie_with_the_findings_and_the_frames(name: str) -> None:
    of: dict[str, Callable[[], Frames]] = {"mixed": mixed, "documented": documented}
    of["unusable"], of["none"] = (lambda: frames_of({ACCOUNT: b""})), (lambda: frames_of({}))
    frames = of[name]()
    found = of_mixed() if name == "mixed" else verdicts_of(frames)
    for control, counts in zip(automated().controls, found.controls.to_dict("records"), strict=True):
        rows = rows_of(found.findings, control_id=control.id)
        by_status = rows["status"].value_counts()
        assert counts["control_id"] == control.id
        assert counts["population"] == counts["passed"] + counts["failed"]
        assert counts["passed"] == by_status.get("PASS", 0)
        assert counts["failed"] == by_status.get("FAIL", 0)
        assert counts["no_evidence"] == by_status.get("NO_EVIDENCE", 0)
        assert counts["manual"] == by_status.get("MANUAL", 0)
        shown = int((rows["evidence_line"].notna() & (rows["status"] == "MANUAL")).sum())
        undecided = rows.loc[rows["status"] == "NO_EVIDENCE", "reason"].str.extract(r"^(\d+) units? undecided")[0]
        judged_units = counts["population"] + counts["not_applicable"] + undecided.dropna().astype(int).sum() + shown
        assert judged_units == len(units(frames, control))
        units_seen = rows.loc[rows["status"].isin(["PASS", "FAIL"]), ["account_id", "resource_name", "credential"]]
        assert not units_seen.duplicated().any()


def units(frames: Frames, control: Control) -> list[tuple[str, ...]]:
    """Every unit of a control, found row by row."""
    unit, credentials = control.unit.value, control.credentials
    if control.evidence[0] != CREDENTIAL_REPORT:
        frame = frames.units[control.unit, control.evidence[0]]
        return list(zip(frame["account_id"], frame["user"], strict=True))
    if unit == "credential":
        frame = frames.credentials
        rows = zip(frame["account_id"], frame["user"], frame["credential"], strict=True)
        return [row for row in rows if row[1] != "<root_account>" and row[2] in credentials]
    rows_of_users = zip(frames.users["account_id"], frames.users["user"], strict=True)
    return [row for row in rows_of_users if (row[1] == "<root_account>") == (unit == "root")]


def test_an_unknown_check_names_the_control_and_the_nearest_check() -> None:
    with pytest.raises(CatalogError) as caught:
        verdicts_of(FRAMES, only(KEYS, check="key_ages"))
    assert str(caught.value) == f"control {KEYS!r}: there is no check 'key_ages' (did you mean 'key_age'?)"
    with pytest.raises(CatalogError):
        verdicts_of(frames_of({}), only(KEYS, check="nothing like it"))


def test_parameters_of_the_control_decide() -> None:
    frames = frames_of({ACCOUNT: report([root(), user(**key(1, ago(50), ago(1)))])})
    for limit, status in ((49, "FAIL"), (50, "PASS")):
        found = verdicts_of(frames, only(KEYS, parameters={"max_age_days": limit}))
        assert found.findings["status"].to_list() == [status]


def test_the_same_evidence_gives_the_same_findings() -> None:
    first, second = of_mixed(), verdicts_of(mixed())
    pd.testing.assert_frame_equal(first.findings, second.findings)
    pd.testing.assert_frame_equal(first.controls, second.controls)


def test_evaluating_leaves_the_frames_alone() -> None:
    frames, untouched = mixed(), mixed()
    evaluate(frames, automated(), ORGANIZATION, "s", AS_OF)
    for name in ("accounts", "users", "credentials"):
        pd.testing.assert_frame_equal(getattr(frames, name), getattr(untouched, name))
