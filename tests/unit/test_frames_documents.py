"""JSON evidence as frames: findings point at the very item, and what is told of the organization as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from auditor.model import (
    ACCOUNT_SUMMARY,
    AUTHORIZATION_DETAILS,
    DELEGATED_ADMINISTRATORS,
    EC2_INSTANCES,
    ORGANIZATION_POLICIES,
    OU_TREE,
    PASSWORD_POLICY,
    RESOURCE_POLICY,
    SERVER_CERTIFICATES,
    VIRTUAL_MFA_DEVICES,
    Unit,
)
from auditor.store.evidence import Document
from auditor.store.snapshot import Snapshot
from auditor.tables import Frames, build_frames
from tests.documents import (
    GONE,
    administrators,
    certificates,
    details,
    holder,
    instance,
    instances,
    managed,
    no_resource_policy,
    organization_policies,
    ou_tree,
    policy,
    resource_policy,
    summary,
    virtual_devices,
)
from tests.support import ACCOUNT, AS_OF, OTHER, ago, excluded, frames_of, gap, only, report, root, stored, verdicts_of

REPORTS = {ACCOUNT: report([root()])}
OWN = f"arn:aws:iam::{ACCOUNT}:policy/p"


def organization_row(kind: str, document: Document) -> dict[str, object]:
    frame = frames_of(REPORTS, documents={"organization": {kind: document}}).units[Unit.ORGANIZATION, kind]
    assert len(frame) == 1
    return {str(name): value for name, value in frame.iloc[0].to_dict().items()}


def test_findings_point_at_the_line_of_their_item(tmp_path: Path) -> None:
    people = [holder("User", name, OWN) for name in ("ann", "bob")]
    listed = instances({"a": [instance("i-1"), instance("i-2")], "b": [instance("i-3")]})
    documents = {
        SERVER_CERTIFICATES: certificates(first=ago(1), second=ago(-1)),
        AUTHORIZATION_DETAILS: details(users=people, policies=[managed(OWN, {"Statement": []})]),
        EC2_INSTANCES: listed,
        VIRTUAL_MFA_DEVICES: virtual_devices("", f"arn:aws:iam::{ACCOUNT}:root"),
    }
    snapshot = stored(tmp_path, REPORTS, documents={ACCOUNT: documents})
    frames = build_frames(Snapshot.open(snapshot.folder), AS_OF)
    for unit, kind, names in (
        (Unit.CERTIFICATE, SERVER_CERTIFICATES, ["first", "second"]),
        (Unit.USER, AUTHORIZATION_DETAILS, ["ann", "bob"]),
        (Unit.POLICY, AUTHORIZATION_DETAILS, ["p"]),
        (Unit.INSTANCE, EC2_INSTANCES, ["i-1", "i-2", "i-3"]),
    ):
        frame = frames.units[unit, kind]
        assert frame["user"].to_list() == names
        for name, found in zip(names, items(snapshot.folder, frame), strict=True):
            assert f'"{name}"' in json.dumps(found)
    (device,) = items(snapshot.folder, frames.units[Unit.ACCOUNT, VIRTUAL_MFA_DEVICES])
    assert device["User"] == {"Arn": f"arn:aws:iam::{ACCOUNT}:root"}
    failed = verdicts_of(frames, only("expired-server-certs-removed")).findings.iloc[:1]
    assert items(snapshot.folder, failed)[0]["ServerCertificateName"] == "first"


def items(folder: Path, frame: pd.DataFrame) -> list[dict[str, object]]:
    """What stands on the lines that the rows point at."""
    places = zip(frame["evidence_file"], frame["evidence_line"], strict=True)
    return [json.loads((folder / file).read_text().splitlines()[line - 1].removesuffix(",")) for file, line in places]


def test_evidence_that_was_changed_on_disk_is_a_gap_of_its_kind(tmp_path: Path) -> None:
    documents = {ACCOUNT: {PASSWORD_POLICY: policy(), ACCOUNT_SUMMARY: summary()}}
    snapshot = stored(tmp_path, REPORTS, documents=documents)
    file = snapshot.folder / "evidence" / ACCOUNT / "password-policy.json"
    file.write_bytes(file.read_bytes().replace(b"14", b"15"))
    frames = build_frames(Snapshot.open(snapshot.folder), AS_OF)
    found = verdicts_of(frames, only("password-policy-min-length-14")).findings
    assert found["status"].to_list() == ["NO_EVIDENCE"]
    assert found["reason"][0].startswith("read: EvidenceChanged: ")
    assert frames.accounts["outcome"].to_list() == ["assessed"]
    assert frames.accounts["gap_evidence"].to_list() == [PASSWORD_POLICY]
    assert verdicts_of(frames, only("root-no-access-key")).findings["status"].to_list() == ["PASS"]


def test_users_are_counted_by_the_report_and_by_aws() -> None:
    documents = {ACCOUNT: {ACCOUNT_SUMMARY: summary(users=7)}, "000000000009": {ACCOUNT_SUMMARY: summary(users=GONE)}}
    frames = frames_of(REPORTS | {OTHER: report([root(OTHER)])}, documents=documents)
    counts = frames.accounts[["account_id", "users", "users_counted_by_aws"]].astype("object")
    assert counts.fillna("-").values.tolist() == [
        [ACCOUNT, 0, 7], ["000000000009", "-", "-"], [OTHER, 0, "-"]
    ]  # fmt: skip


def test_excluded_accounts_give_no_units() -> None:
    frames = frames_of(REPORTS, excluded(OTHER), documents={ACCOUNT: {PASSWORD_POLICY: policy()}})
    assert frames.units[Unit.ACCOUNT, PASSWORD_POLICY]["account_id"].to_list() == [ACCOUNT]


def test_partial_evidence_has_units_and_a_gap() -> None:
    document = instances({"a": [instance("i-1")], "b": "Denied"})
    told = gap(EC2_INSTANCES, "Denied", "in b")
    frames: Frames = frames_of(REPORTS, documents={ACCOUNT: {EC2_INSTANCES: document}}, gaps={ACCOUNT: [told]})
    assert frames.units[Unit.INSTANCE, EC2_INSTANCES]["user"].to_list() == ["i-1"]
    assert frames.collected[EC2_INSTANCES].owners == {ACCOUNT}
    assert frames.collected[EC2_INSTANCES].why_not(ACCOUNT) == "collect: Denied: in b"


def test_the_tree_of_ous_is_told_by_path() -> None:
    children = {"r-test": [("ou-1", "Prod"), ("ou-2", "Dev")], "ou-1": [("ou-3", "Pay")], "ou-2": [], "ou-3": []}
    row = organization_row(OU_TREE, ou_tree(children, {"r-test": 1, "ou-1": 0, "ou-3": 2}))
    assert row["ou_tree"] == "Root: 1 account; Root/Dev: 0 accounts; Root/Prod: 0 accounts; Root/Prod/Pay: 2 accounts"
    assert (row["ous"], row["account_id"]) == (3, ACCOUNT)


def test_ous_that_are_below_each_other_do_not_hang() -> None:
    row = organization_row(OU_TREE, ou_tree({"ou-1": [("ou-2", "B")], "ou-2": [("ou-1", "A")]}, {}))
    assert row["ous"] == 2


def test_policies_are_told_with_their_targets() -> None:
    listed = [
        {"Id": "p-1", "Name": "deny", "Type": "SERVICE_CONTROL_POLICY"},
        {"Id": "p-2", "Name": "idle", "Type": "SERVICE_CONTROL_POLICY"},
        {"Id": "p-3", "Name": "ring", "Type": "RESOURCE_CONTROL_POLICY"},
    ]
    targets = {"p-1": [{"Name": "Root", "TargetId": "r-test"}, {"Name": "Prod", "TargetId": "ou-1"}], "p-2": []}
    row = organization_row(ORGANIZATION_POLICIES, organization_policies(listed, targets))
    assert row["policies"] == (
        "2 SCPs, 1 RCPs; SCP deny: Root (r-test), Prod (ou-1); SCP idle: attached to nothing; "
        "RCP ring: attached to nothing"
    )


def test_delegated_administrators_are_told_with_their_services() -> None:
    row = organization_row(DELEGATED_ADMINISTRATORS, administrators(security=["b", "a"], empty=[]))
    assert row["administrators"] == "000000000100 (security): a, b; 000000000101 (empty): "


@pytest.mark.parametrize(
    ("document", "there", "delegated", "problem"),
    [
        (no_resource_policy(), False, "", False),
        (resource_policy("{"), True, "", True),
        (resource_policy('{"Statement": 7}'), True, "", True),
        (resource_policy(json.dumps({"Statement": {
            "Effect": "Allow", "Principal": {"AWS": [ACCOUNT, OTHER]}, "Action": "organizations:List*", "Resource": "*"
        }})), True, f"{ACCOUNT}, {OTHER}", False),
        (resource_policy(json.dumps({"Statement": {
            "Effect": "Deny", "Principal": {"AWS": OTHER}, "Action": "organizations:List*", "Resource": "*"
        }})), True, "", False),
    ],
)  # fmt: skip
def test_the_resource_policy_of_the_organization(
    document: Document, there: bool, delegated: str, problem: bool
) -> None:
    row = organization_row(RESOURCE_POLICY, document)
    assert (row["resource_policy"], row["delegated_to"]) == (there, delegated)
    assert str(row["problem"]).startswith("the resource policy ") == problem
