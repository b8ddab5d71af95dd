"""Explanations: the same verdicts as in the reports, with the evidence as AWS gave it, or one sentence why not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from auditor.catalog import Catalog, Override
from auditor.cli.explained import as_facts, as_text
from auditor.errors import CatalogError, ScopeError
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.explanation import Explanation, Wanted, explain
from auditor.judge.explanation.judging import facts_of
from auditor.model import Status
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import Snapshot
from tests.boxed import AS_OF, Box
from tests.support import (
    ACCOUNT,
    OTHER,
    ago,
    catalog,
    excluded,
    key,
    password,
    report,
    root,
    stored,
    unreachable,
    user,
    waiver,
    waivers_of,
)

KEY_1 = "access-key-1-rotated-45d"
SHUT, GONE = "444455556666", "555566667777"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    ann = user("ann", **key(1, "2026-08-01T08:00:00Z", ago(1)), **password(ago(3), ago(9)))
    bob = user("bob", **key(1, ago(45, 86399)), **key(2, ago(200)))
    reports = {ACCOUNT: report([root(), ann, bob]), OTHER: report([root(OTHER), user("ann", OTHER)])}
    return stored(tmp_path_factory.mktemp("explain"), reports, unreachable(SHUT), excluded(GONE))


@pytest.fixture(scope="module")
def boxed(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A small organization with all its evidence, and what some accounts refuse."""
    out = tmp_path_factory.mktemp("boxed")
    settings = out / "auditor.yaml"
    benchmarks = "\n".join(f"- {name}" for name in catalog().benchmarks)
    settings.write_text(f"out: {out}\nreport_timeout: 10\nec2_instances: true\nbenchmark:\n{benchmarks}\n")
    sandbox = Sandbox(SandboxOptions(accounts=24, users=3, as_of=AS_OF))
    with sandbox.serve() as url:
        collected = Box(sandbox, url).auditor("collect", "--config", settings)
    return Snapshot.open(Path(collected.stdout.splitlines()[-1]))


def explained(
    snapshot: Snapshot, name: str, account: str = "", resource: str = "", credential: str = "", **other: Any
) -> Explanation:
    return explain(snapshot, other.pop("catalog", catalog()), name, Wanted(account, resource, credential), **other)


def test_a_key_age_is_told_from_the_column_to_the_verdict(snapshot: Snapshot) -> None:
    found = explained(snapshot, "AWS_IAM_50", ACCOUNT, "ann")
    assert (found.status, found.control.id, found.subject.credential) == (Status.FAIL, KEY_1, "access_key_1")
    assert found.comparisons == (
        "access_key_1_active TRUE: the control applies",
        "access_key_1_last_rotated 2026-08-01T08:00:00Z; as-of 2026-11-24T10:15:00Z (UTC); "
        "elapsed 115 days 02:15:00 = 115 whole days",
        "limit 45 or less; passes until 2026-09-16T07:59:59Z",
        "115 > 45 -> FAIL",
    )
    assert found.observed == "access_key_1_last_rotated 2026-08-01T08:00:00Z"
    assert found.requirements == ("access-key-rules:access-key-1-rotated-45d", "aws-iam-rules:AWS_IAM_50")


def test_the_told_boundary_is_the_last_second_that_passes(snapshot: Snapshot) -> None:
    moment = datetime(2026, 9, 16, 7, 59, 59, tzinfo=UTC)
    last = explained(snapshot, KEY_1, ACCOUNT, "ann", as_of=moment)
    next_second = explained(snapshot, KEY_1, ACCOUNT, "ann", as_of=moment.replace(hour=8, minute=0, second=0))
    assert [(e.status, e.comparisons[-1]) for e in (last, next_second)] == [
        (Status.PASS, "45 <= 45 -> PASS"),
        (Status.FAIL, "46 > 45 -> FAIL"),
    ]


def test_the_evidence_is_the_line_itself_with_its_columns_by_name(snapshot: Snapshot) -> None:
    (proof,) = explained(snapshot, KEY_1, ACCOUNT, "ann").evidence
    lines = (snapshot.folder / proof.file).read_text().splitlines()
    assert proof.raw == lines[proof.line - 1]
    assert list(proof.read.items()) == [
        ("access_key_1_active", "true"),
        ("access_key_1_last_rotated", "2026-08-01T08:00:00Z"),
    ]
    assert proof.columns["password_enabled"] == "true"
    assert "access_key_1_active" not in proof.columns


def test_a_user_is_found_by_arn_and_a_password_by_its_own_columns(snapshot: Snapshot) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/ann"
    found = explained(snapshot, "credentials-unused-45d", ACCOUNT, arn, "password")
    assert (found.status, found.subject.name) == (Status.PASS, "ann")
    assert list(found.evidence[0].read) == [
        *("password_enabled", "password_last_used", "password_last_changed", "user_creation_time")
    ]


@pytest.mark.parametrize(
    ("name", "account", "resource", "status", "reason"),
    [
        (KEY_1, OTHER, "ann", "NOT_APPLICABLE", "the report shows no access_key_1"),
        ("console-user-mfa", ACCOUNT, "bob", "NOT_APPLICABLE", ""),
        ("console-user-mfa", ACCOUNT, "<root_account>", "NOT_APPLICABLE", "root is tested by the root controls only"),
        (KEY_1, SHUT, "ann", "NO_EVIDENCE", "assume: AccessDenied: not allowed to assume the role"),
        (KEY_1, GONE, "ann", "NOT_APPLICABLE", "the account is excluded"),
        ("root-mfa", ACCOUNT, "", "PASS", ""),
        ("root-mfa", ACCOUNT, "<root_account>", "PASS", ""),
        ("password-policy-uppercase", ACCOUNT, "", "NO_EVIDENCE", "password-policy: not collected in this snapshot"),
        ("security-questions-set", ACCOUNT, "", "MANUAL", "needs manual review"),
        ("org-ou-structured", "", "", "MANUAL", "ou-tree: not collected in this snapshot"),
    ],
)
def test_what_is_not_judged_is_explained_too(
    snapshot: Snapshot, name: str, account: str, resource: str, status: str, reason: str
) -> None:
    found = explained(snapshot, name, account, resource)
    assert found.status == status
    assert reason in found.reason


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ((KEY_1, "", "ann"), "--account ID"),
        ((KEY_1, "000000000008", "ann"), f"no account '000000000008' (did you mean '{ACCOUNT}'?)"),
        ((KEY_1, ACCOUNT, "anne"), "no user 'anne' (did you mean 'ann'?)"),
        ((KEY_1, ACCOUNT), "say which user"),
        (("access-key-rotated-90d", ACCOUNT, "bob"), "one of access_key_1, access_key_2"),
        ((KEY_1, ACCOUNT, "ann", "acces_key_1"), "unknown credential 'acces_key_1' (did you mean 'access_key_1'?)"),
        ((KEY_1, ACCOUNT, "ann", "password"), "does not test password; it tests access_key_1"),
        (("console-user-mfa", ACCOUNT, "ann", "password"), "leave out --credential"),
        (("root-mfa", ACCOUNT, "ann"), "about the root user"),
        (("password-policy-uppercase", ACCOUNT, "ann"), "about whole accounts"),
        (("org-ou-structured", ACCOUNT), "about the whole organization"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(
    snapshot: Snapshot, wanted: tuple[str, ...], error: str
) -> None:
    with pytest.raises(ScopeError) as raised:
        explained(snapshot, *wanted)
    assert error in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_control_is_refused_with_the_nearest(snapshot: Snapshot) -> None:
    with pytest.raises(CatalogError, match="did you mean 'root-mfa'"):
        explained(snapshot, "rot-mfa", ACCOUNT)


def test_overrides_that_hold_are_told_and_so_is_what_is_looser(snapshot: Snapshot) -> None:
    def override(days: int, ou: str, reason: str) -> Override:
        return Override.model_validate(
            {"control": KEY_1, "parameters": {"max_age_days": days}, "ou": ou, "reason": reason}
        )

    overrides = [
        override(20, "Root", "Stricter."),
        override(120, "Root/Prod", "Old."),
        override(1, "Root/Dev", "Other."),
    ]
    own = Catalog.of(catalog().controls.values(), catalog().benchmarks.values(), overrides=overrides)
    found = explained(snapshot, KEY_1, ACCOUNT, "ann", catalog=own)
    assert found.status is Status.PASS
    assert [(s.value, s.source) for s in found.settings] == [(120, "ou Root/Prod: Old.")]
    assert found.looser == ("max_age_days 120 instead of 45 here: looser than the benchmark allows",)
    assert found.comparisons[-1] == "115 <= 120 -> PASS"


def test_a_waiver_is_told_with_its_failure_and_not_with_others(snapshot: Snapshot, tmp_path: Path) -> None:
    waivers = waivers_of(tmp_path, waiver(control=KEY_1))
    ann = explained(snapshot, KEY_1, ACCOUNT, "ann", waivers=waivers)
    assert ann.status is Status.FAIL
    assert ann.waiver
    assert ann.waiver.id == "W-1"
    assert "waived by W-1 until 2026-12-31" in as_text(ann)
    assert explained(snapshot, KEY_1, ACCOUNT, "bob", waivers=waivers).waiver is None
    assert as_facts(ann)["waiver"]["ticket"] == "SEC-1"


def test_changed_evidence_is_told_as_such(tmp_path: Path) -> None:
    snapshot = stored(tmp_path, {ACCOUNT: report([root(), user("ann", **key(1, ago(100)))])})
    (snapshot.folder / f"evidence/{ACCOUNT}/credential-report.csv").write_text("user,arn\n")
    found = explained(snapshot, KEY_1, ACCOUNT, "ann")
    assert (found.status, found.evidence) == (Status.NO_EVIDENCE, ())
    assert "EvidenceChanged" in found.lacking["credential-report"]


@pytest.fixture(scope="module")
def assessment(boxed: Snapshot) -> Assessment:
    return assess(boxed, list(catalog().benchmarks))


def _sample(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Two findings of each control and status; those about a whole account and those of a unit."""
    return [
        dict(facts_of(rows.iloc[[position]]))
        for _, rows in findings.groupby(["control_id", "status"], observed=True)
        for position in sorted({0, len(rows) - 1})
    ]


@pytest.fixture(scope="module")
def sample(boxed: Snapshot, assessment: Assessment) -> list[tuple[dict[str, Any], Explanation]]:
    """Findings, each with its explanation."""
    found = []
    for row in _sample(assessment.findings):
        control = catalog().control(row["control_id"])
        account = "" if control.unit == "organization" else row["account_id"]
        name = row["resource_arn"] or (row["resource_name"] if control.unit == "resource" else "") or ""
        if row["status"] == "NO_EVIDENCE" and row["evidence_line"] is not None:
            continue  # one row for all undecided units of the account
        unit = "" if control.unit == "root" else name
        found.append((row, explained(boxed, control.id, account, unit, row["credential"])))
    return found


def test_explanations_say_what_the_reports_say(sample: list[tuple[dict[str, Any], Explanation]]) -> None:
    assert {row["status"] for row, _ in sample} == {"PASS", "FAIL", "MANUAL", "NO_EVIDENCE"}
    for row, found in sample:
        assert (found.status, found.observed, found.reason) == (row["status"], row["observed"], row["reason"]), row
        assert not found.evidence or not found.comparisons or found.comparisons[-1].endswith(f"-> {row['status']}")
        if row["evidence_line"] is not None:
            assert row["evidence_file"] in {proof.file for proof in found.evidence}
            shown = {f"{proof.file}:{proof.line}" for proof in found.evidence}
            assert set(filter(None, row["also_seen_in"].split("; "))) <= shown, row


def test_texts_fit_80_columns_and_json_keeps_all(sample: list[tuple[dict[str, Any], Explanation]]) -> None:
    for row, found in sample:
        assert max(map(len, as_text(found).splitlines())) <= 80
        facts = json.loads(json.dumps(as_facts(found)))
        assert facts["status"] == row["status"]
        assert [proof["raw"] for proof in facts["evidence"]] == [proof.raw for proof in found.evidence]


def test_a_policy_is_shown_as_an_item(boxed: Snapshot, assessment: Assessment) -> None:
    findings = assessment.findings
    row = facts_of(
        findings[(findings["control_id"] == "no-full-admin-policy") & (findings["status"] == "FAIL")].head(1)
    )
    proof, *holders = explained(boxed, "no-full-admin-policy", row["account_id"], row["resource_name"]).evidence
    assert "; ".join(f"{holder.file}:{holder.line}" for holder in holders) == row["also_seen_in"]
    assert holders
    assert proof.line == row["evidence_line"]
    assert proof.item["Arn"] == row["resource_arn"]
    assert json.loads(proof.raw.removesuffix(",")) == proof.item
