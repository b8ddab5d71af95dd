"""Findings that two sources decide: both are cited, and where they disagree both times are said, in UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.explanation import Wanted, explain
from auditor.model import (
    ACCESS_ANALYZERS,
    ACCOUNT_SUMMARY,
    AUTHORIZATION_DETAILS,
    CREDENTIAL_REPORT,
    ROOT_CREDENTIALS,
    VIRTUAL_MFA_DEVICES,
    AccountRecord,
    EvidenceFile,
)
from auditor.report.narrowing import narrowed
from auditor.store.evidence import Answer, Document
from auditor.store.snapshot import Snapshot, SnapshotWriter
from tests.documents import analyzers, details, holder, managed, summary, virtual_devices
from tests.support import ACCOUNT, AS_OF, OTHER, Row, catalog, report, root, stored, user

EVIDENCE = f"evidence/{ACCOUNT}"
HOUR = timedelta(hours=1)
DISAGREE = "the credential report and the account summary disagree about it"


def with_times(snapshot: Snapshot, made: datetime | None, counted: datetime) -> Snapshot:
    """The report is of ``made`` and everything else was answered at ``counted``."""

    def timed(file: EvidenceFile) -> EvidenceFile:
        if file.kind == CREDENTIAL_REPORT:
            return replace(file, generated_at=made, collected_at=counted)
        return replace(file, collected_at=counted)

    def of_account(record: AccountRecord) -> AccountRecord:
        return replace(record, evidence=tuple(map(timed, record.evidence)))

    accounts = tuple(map(of_account, snapshot.manifest.accounts))
    return SnapshotWriter(snapshot.folder, AS_OF).seal(replace(snapshot.manifest, accounts=accounts))


def rows(found: Assessment, control: str) -> list[dict[str, Any]]:
    chosen = found.findings[found.findings["control_id"] == control].astype("str").fillna("")
    return [{str(name): value for name, value in row.items()} for row in chosen.to_dict("records")]


def one(
    folder: Path, control: str, row: Row, documents: Mapping[str, Document], **times: Any
) -> tuple[dict[str, Any], str]:
    """The finding on root, and the steps of the second implementation."""
    snapshot = stored(folder, {ACCOUNT: report([row])}, documents={ACCOUNT: documents})
    snapshot = with_times(snapshot, times.get("made", AS_OF), times.get("counted", AS_OF))
    (found,) = rows(assess(snapshot, ["cis-aws-7.0.0"], catalog=catalog()), control)
    steps = explain(snapshot, catalog(), control, Wanted(ACCOUNT)).comparisons
    return found, " ".join(steps)


@pytest.mark.parametrize(
    ("made", "counted", "report_is", "summary_is", "older"),
    [
        (AS_OF - 3 * HOUR, AS_OF, "made 2026-11-24T07:15:00Z (the older)", "made 2026-11-24T10:15:00Z", "report"),
        (AS_OF, AS_OF - HOUR, "made 2026-11-24T10:15:00Z", "made 2026-11-24T09:15:00Z (the older)", "summary"),
        (AS_OF, AS_OF, "made 2026-11-24T10:15:00Z", "made 2026-11-24T10:15:00Z", ""),
        (None, AS_OF, "made at an unknown time", "made 2026-11-24T10:15:00Z", ""),
    ],
)
def test_it_is_said_which_of_two_sources_is_older_and_when_each_was_made(
    made: datetime | None, counted: datetime, report_is: str, summary_is: str, older: str, tmp_path: Path
) -> None:
    documents = {ACCOUNT_SUMMARY: summary(mfa=1)}
    found, steps = one(tmp_path, "root-mfa", root(mfa_active="false"), documents, made=made, counted=counted)
    assert found["status"] == "FAIL"
    assert found["reason"] == (
        f"root counts as without MFA because {DISAGREE}: mfa_active is false in the credential report {report_is}, "
        f"AccountMFAEnabled is 1 in the summary {summary_is}"
    )
    for moment in (made, counted):
        if moment:
            assert f"{moment:%Y-%m-%dT%H:%M:%SZ}" in steps
    assert ("the older is the credential report" in steps) == (older == "report")
    assert ("the older is the account summary" in steps) == (older == "summary")


def test_the_password_of_root_and_its_keys_are_told_in_the_same_way(tmp_path: Path) -> None:
    documents = {ACCOUNT_SUMMARY: summary(mfa=0, password=1, keys=0)}
    row = root(mfa_active="false", password_enabled="false", access_key_1_active="true")
    found, steps = one(tmp_path / "mfa", "root-mfa", row, documents, made=AS_OF - HOUR)
    assert found["reason"] == (
        f"root has no MFA; root counts as having a password, as {DISAGREE}: password_enabled is false in the "
        "credential report made 2026-11-24T09:15:00Z (the older), AccountPasswordPresent is 1 in the summary made "
        "2026-11-24T10:15:00Z"
    )
    assert "disagree about root's password" in steps
    found, steps = one(tmp_path / "keys", "root-no-access-key", row, documents, made=AS_OF - HOUR)
    assert found["reason"].startswith(f"root has an active access key; {DISAGREE}: access_key_1_active is true in ")
    assert found["reason"].endswith("AccountAccessKeysPresent is 0 in the summary made 2026-11-24T10:15:00Z")
    assert "disagree about root's access keys" in steps


@pytest.mark.parametrize(
    ("row", "documents"), [(root(mfa_active="false"), {}), (root(mfa_active="true"), {ACCOUNT_SUMMARY: summary(mfa=1)})]
)
def test_sources_that_agree_or_stand_alone_are_not_told_apart(
    row: Row, documents: dict[str, Document], tmp_path: Path
) -> None:
    found, steps = one(tmp_path, "root-mfa", row, documents)
    assert "made" not in found["reason"]
    assert "disagree" not in steps


@pytest.mark.parametrize(
    ("control", "also"),
    [
        ("root-no-access-key", [f"{EVIDENCE}/account-summary.json:2"]),
        ("root-mfa", [f"{EVIDENCE}/account-summary.json:2"]),
        ("root-hardware-mfa", [f"{EVIDENCE}/account-summary.json:2", f"{EVIDENCE}/virtual-mfa-devices.json:5"]),
        ("root-use-avoided", []),
    ],
)
def test_the_other_sources_on_root_are_cited(control: str, also: list[str], tmp_path: Path) -> None:
    devices = virtual_devices("", f"arn:aws:iam::{ACCOUNT}:root")
    documents = {ACCOUNT_SUMMARY: summary(keys=1), VIRTUAL_MFA_DEVICES: devices}
    found, _ = one(tmp_path, control, root(), documents)
    assert (found["evidence_file"], found["evidence_line"]) == (f"{EVIDENCE}/credential-report.csv", "2")
    assert found["also_seen_in"] == "; ".join(also)


def test_a_session_of_root_is_cited_call_by_call(tmp_path: Path) -> None:
    answers = (
        Answer("iam:GetAccountSummary", {"SummaryMap": {"AccountMFAEnabled": 1}}, collected_at="2026-11-24T10:15:00Z"),
        Answer("iam:GetLoginProfile", error="NoSuchEntity", message="none"),
        Answer("iam:ListAccessKeys", {"AccessKeyMetadata": []}),
        Answer("iam:ListMFADevices", {"MFADevices": []}, collected_at="2026-11-24T10:14:00Z"),
    )
    session = {ROOT_CREDENTIALS: Document(ROOT_CREDENTIALS, answers)}
    snapshot = stored(tmp_path, {OTHER: report([root(OTHER)])}, documents={ACCOUNT: session})
    (found,) = [
        r
        for r in rows(assess(snapshot, ["cis-aws-7.0.0"], catalog=catalog()), "root-mfa")
        if r["account_id"] == ACCOUNT
    ]
    assert (
        found["observed"]
        == "LoginProfile NoSuchEntity, MFADevices none, AccountPasswordPresent unknown, AccountMFAEnabled 1"
    )
    lines = (snapshot.folder / EVIDENCE / "root-credentials.json").read_text().splitlines()
    places = [f"{EVIDENCE}/root-credentials.json:{n}" for n, line in enumerate(lines, 1) if "operation" in line]
    assert found["also_seen_in"].split("; ") == [places[1], places[3], places[0]]
    assert "MFADevices is none in the session of root made 2026-11-24T10:14:00Z (the older)" in found["reason"]


def test_the_holders_of_a_policy_are_cited_and_each_role_with_support(tmp_path: Path) -> None:
    own, support = f"arn:aws:iam::{ACCOUNT}:policy/p", "arn:aws:iam::aws:policy/AWSSupportAccess"
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    roles = [holder("Role", "a", own, support), holder("Role", "b", support)]
    document = details(users=[holder("User", "u", own)], roles=roles, policies=[managed(own, everything)])
    snapshot = stored(tmp_path, {ACCOUNT: report([root()])}, documents={ACCOUNT: {AUTHORIZATION_DETAILS: document}})
    found = assess(snapshot, ["cis-aws-7.0.0"], catalog=catalog())
    file = f"{EVIDENCE}/authorization-details.json"
    names: dict[str, str] = {}
    for number, line in enumerate((snapshot.folder / file).read_text().splitlines(), 1):
        found_names = {n for n in ("u", "a", "b") if f'Name": "{n}"' in line and "Detail" not in line}
        names |= dict.fromkeys(found_names, f"{file}:{number}")
    (policy,) = [row for row in rows(found, "no-full-admin-policy") if row["status"] == "FAIL"]
    assert policy["also_seen_in"] == f"{names['u']}; {names['a']}"
    (role,) = rows(found, "support-role-exists")
    assert f"{role['evidence_file']}:{role['evidence_line']}" == names["a"]
    assert role["also_seen_in"] == names["b"]


def with_analyzers(folder: Path) -> Assessment:
    there = {ACCESS_ANALYZERS: analyzers({"eu-west-1": ["ACCOUNT"], "us-east-1": ["ORGANIZATION"]})}
    here = {ACCESS_ANALYZERS: analyzers({"eu-west-1": ["ACCOUNT"], "us-east-1": []})}
    reports = {ACCOUNT: report([root()]), OTHER: report([root(OTHER), user("ann", OTHER)])}
    snapshot = stored(folder, reports, documents={ACCOUNT: there, OTHER: here})
    return assess(snapshot, ["cis-aws-7.0.0"], catalog=catalog())


def test_an_analyzer_of_another_account_is_cited_where_it_covers_a_region(tmp_path: Path) -> None:
    found = with_analyzers(tmp_path)
    by_account = {row["account_id"]: row for row in rows(found, "access-analyzer-all-regions")}
    assert by_account[OTHER]["status"] == "PASS"
    place = by_account[OTHER]["also_seen_in"]
    file, _, line = place.rpartition(":")
    assert file == f"{EVIDENCE}/access-analyzers.json"
    text = (tmp_path / found.snapshot_id / file).read_text().splitlines()[int(line) - 1]
    assert '"type": "ORGANIZATION"' in text
    assert by_account[ACCOUNT]["also_seen_in"] == ""


def test_the_part_of_one_account_does_not_name_the_other(tmp_path: Path) -> None:
    part = narrowed(with_analyzers(tmp_path), [OTHER], "other")
    (row,) = rows(part, "access-analyzer-all-regions")
    assert row["also_seen_in"].startswith("evidence/(another account)/access-analyzers.json:")
    assert not part.findings["also_seen_in"].str.contains(ACCOUNT).any()
