"""What nobody saw of the organization's analyzers is not taken as absent, by either implementation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.explanation import Wanted, explain
from auditor.model import ACCESS_ANALYZERS, DELEGATED_ADMINISTRATORS, AccountRecord, EvidenceGap, Organization
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.reperformance import plain_controls
from auditor.report.narrowing import narrowed
from auditor.store.evidence import Document
from auditor.store.snapshot import Snapshot, SnapshotWriter
from tests.documents import analyzers, delegates
from tests.support import (
    ACCOUNT,
    AS_OF,
    OTHER,
    Documents,
    catalog,
    excluded,
    gap,
    only,
    report,
    root,
    stored,
    unreachable,
)

CONTROL = "access-analyzer-all-regions"
PASS, FAIL, OPEN = "PASS", "FAIL", "NO_EVIDENCE"
DELEGATE, STRANGER = "222233334444", "555566667777"
SERVICE = "access-analyzer.amazonaws.com"
Regions = Mapping[str, Sequence[str] | str]
WITHOUT: Regions = {"a": [], "b": []}
DELEGATED = delegates({DELEGATE: [SERVICE], STRANGER: ["guardduty.amazonaws.com"]})
NOBODY_DELEGATED = delegates({})


def asked(regions: Regions) -> Document:
    """Of regions that the settings name: which ones are enabled was not asked."""
    document = analyzers(regions)
    return Document(document.kind, document.answers[1:])


def organization(
    folder: Path,
    regions: Mapping[str, Regions | Document | None],
    *others: AccountRecord,
    delegated: Document | None = DELEGATED,
    gaps: Mapping[str, Sequence[EvidenceGap]] | None = None,
) -> Snapshot:
    """Accounts with the analyzers of their regions; None for one of which that was not collected."""
    documents: dict[str, dict[str, Document | bytes]] = {
        i: {} if found is None else {ACCESS_ANALYZERS: found if isinstance(found, Document) else analyzers(found)}
        for i, found in regions.items()
    }
    if delegated is not None:
        documents["organization"] = {DELEGATED_ADMINISTRATORS: delegated}
    reports = {i: report([root(i)]) for i in regions}
    kinds: Documents = documents
    return stored(folder, reports, *others, documents=kinds, gaps=gaps or {})


def by_frames(snapshot: Snapshot) -> Assessment:
    return assess(snapshot, catalog=catalog(), selection=only(CONTROL))


def verdicts(snapshot: Snapshot) -> dict[str, str]:
    """By account, as both implementations say."""
    found = by_frames(snapshot).findings
    theirs = dict(zip(found["account_id"].astype("str"), found["status"].astype("str"), strict=True))
    rows = [
        row
        for verdict in reperformed(collected(snapshot.folder), plain_controls(only(CONTROL)), AS_OF)
        for row in verdict.rows
    ]
    assert {row.account_id: row.status for row in rows} == theirs
    return theirs


def reason_of(snapshot: Snapshot, account_id: str = OTHER) -> str:
    findings = by_frames(snapshot).findings
    return str(findings.loc[findings["account_id"] == account_id, "reason"].iloc[0])


COVERED = {"a": ["ORGANIZATION"], "b": []}


@pytest.mark.parametrize(
    ("management", "delegate", "expected"),
    [
        (WITHOUT, WITHOUT, FAIL),
        (COVERED, WITHOUT, FAIL),
        ({"a": ["ORGANIZATION"], "b": ["ORGANIZATION"]}, WITHOUT, PASS),
        (COVERED, {"b": ["ORGANIZATION"]}, PASS),
        (None, WITHOUT, OPEN),
        (WITHOUT, None, OPEN),
        (None, None, OPEN),
        (None, {"a": ["ORGANIZATION"], "b": ["ORGANIZATION"]}, PASS),
        ({"a": "AccessDenied", "b": []}, WITHOUT, FAIL),  # of b it is known
        ({"a": "AccessDenied", "b": ["ORGANIZATION"]}, WITHOUT, OPEN),
        ({"a": "AccessDenied", "b": ["ORGANIZATION"]}, COVERED, PASS),
        ({"b": ["ORGANIZATION"]}, {"b": []}, FAIL),  # neither has a enabled, so neither can have one there
        (asked({"b": ["ORGANIZATION"]}), {"b": []}, OPEN),  # a was not asked
        (asked({"a": [], "b": ["ORGANIZATION"]}), {"b": []}, FAIL),
        ({"a": ["ORGANIZATION DISABLED"], "b": ["ORGANIZATION_UNUSED_ACCESS"]}, WITHOUT, FAIL),
        (analyzers({}), {}, FAIL),
    ],
)
def test_a_region_fails_where_every_possible_owner_was_seen_without_an_analyzer(
    management: Regions | Document | None, delegate: Regions | None, expected: str, tmp_path: Path
) -> None:
    snapshot = organization(tmp_path, {ACCOUNT: management, DELEGATE: delegate, OTHER: WITHOUT, STRANGER: None})
    assert verdicts(snapshot)[OTHER] == expected


def test_an_account_with_analyzers_of_its_own_passes_whatever_is_known_of_others(tmp_path: Path) -> None:
    whole = {"a": ["ACCOUNT"], "b": ["ACCOUNT"]}
    snapshot = organization(tmp_path, {ACCOUNT: None, OTHER: whole, STRANGER: {"a": ["ACCOUNT"], "b": []}})
    found = verdicts(snapshot)
    assert (found[OTHER], found[STRANGER]) == (PASS, OPEN)
    assert "covers b is not known" in reason_of(snapshot, STRANGER)


def test_the_management_account_may_be_covered_by_the_delegated_administrator(tmp_path: Path) -> None:
    for delegate, expected in ((None, OPEN), (WITHOUT, FAIL), ({"a": ["ORGANIZATION"], "b": ["ORGANIZATION"]}, PASS)):
        snapshot = organization(tmp_path / expected, {ACCOUNT: WITHOUT, DELEGATE: delegate})
        assert verdicts(snapshot)[ACCOUNT] == expected


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (unreachable(DELEGATE), "assume: AccessDenied"),
        (excluded(DELEGATE), "not audited: the account's state is SUSPENDED"),
        (replace(excluded(DELEGATE), reason="excluded by --exclude"), "not audited: excluded by --exclude"),
        (None, "not among the accounts of this snapshot"),
    ],
)
def test_the_reason_names_the_account_that_was_not_seen(record: AccountRecord | None, why: str, tmp_path: Path) -> None:
    if record and record.gaps:
        record = replace(record, gaps=(replace(record.gaps[0], kind=ACCESS_ANALYZERS), *record.gaps))
    snapshot = organization(tmp_path, {ACCOUNT: WITHOUT, OTHER: WITHOUT}, *([record] if record else []))
    assert verdicts(snapshot)[OTHER] == OPEN
    assert reason_of(snapshot).endswith(
        "whether an analyzer of the organization covers a, b is not known: "
        f"account {DELEGATE}, a delegated administrator of IAM Access Analyzer: {why}"
    )


def test_the_regions_that_an_owner_did_not_answer_in_are_named(tmp_path: Path) -> None:
    regions = {ACCOUNT: {"a": "AccessDenied", "b": ["ORGANIZATION"]}, DELEGATE: WITHOUT, OTHER: WITHOUT}
    reason = reason_of(organization(tmp_path, regions))
    assert reason.endswith(f"covers a is not known: account {ACCOUNT}, the management account: no answer in a")


@pytest.mark.parametrize("is_told", [True, False])
def test_delegated_administrators_that_are_not_known_leave_it_open(is_told: bool, tmp_path: Path) -> None:
    told = {"organization": [gap(DELEGATED_ADMINISTRATORS, stage="fetch")]} if is_told else {}
    seen = {ACCOUNT: WITHOUT, DELEGATE: WITHOUT, OTHER: WITHOUT}
    snapshot = organization(tmp_path, seen, delegated=None, gaps=told)
    assert set(verdicts(snapshot).values()) == {OPEN}
    why = "fetch: AccessDenied" if is_told else "not collected in this snapshot"
    assert f"the delegated administrators are not known: {why}" in reason_of(snapshot)


def test_an_administrator_whose_services_are_not_told_may_be_one_of_access_analyzer(tmp_path: Path) -> None:
    services = delegates({STRANGER: ["guardduty.amazonaws.com"]})
    untold = Document(services.kind, services.answers[:1])
    for number, (document, expected) in enumerate(((services, FAIL), (untold, OPEN))):
        snapshot = organization(tmp_path / str(number), {ACCOUNT: WITHOUT, OTHER: WITHOUT}, delegated=document)
        assert verdicts(snapshot)[OTHER] == expected


def test_where_nobody_else_may_own_one_the_account_is_judged_by_itself(tmp_path: Path) -> None:
    snapshot = organization(tmp_path, {ACCOUNT: WITHOUT}, delegated=None)
    alone = replace(snapshot.manifest, organization=Organization(ACCOUNT, ACCOUNT))
    assert verdicts(SnapshotWriter(snapshot.folder, AS_OF).seal(alone)) == {ACCOUNT: FAIL}


def test_an_organization_whose_management_account_is_not_known(tmp_path: Path) -> None:
    snapshot = organization(tmp_path, {OTHER: WITHOUT}, delegated=NOBODY_DELEGATED)
    listed = replace(snapshot.manifest, organization=Organization("accounts-111111111111"))
    found = SnapshotWriter(snapshot.folder, AS_OF).seal(listed)
    assert verdicts(found) == {OTHER: OPEN}
    assert "the organization's management account is not known" in reason_of(found)


def test_analyzers_of_accounts_alone_need_nobody_else(tmp_path: Path) -> None:
    snapshot = organization(tmp_path, {ACCOUNT: None, OTHER: WITHOUT})
    selection = only(CONTROL, parameters={"analyzer_types": ["ACCOUNT"]})
    found = assess(snapshot, catalog=catalog(), selection=selection).findings
    assert found.loc[found["account_id"] == OTHER, "status"].to_list() == [FAIL]


def test_an_explanation_says_the_same(tmp_path: Path) -> None:
    snapshot = organization(tmp_path, {ACCOUNT: WITHOUT, OTHER: WITHOUT})
    told = explain(snapshot, catalog(), CONTROL, Wanted(OTHER))
    assert told.status == OPEN
    assert any(DELEGATE in step for step in told.comparisons)
    assert DELEGATE in told.reason


def test_a_part_carries_the_verdicts_of_the_whole_and_names_nobody_else(tmp_path: Path) -> None:
    covered = {ACCOUNT: COVERED, DELEGATE: None, OTHER: {"a": [], "b": ["ACCOUNT"]}, STRANGER: WITHOUT}
    whole = by_frames(organization(tmp_path, covered))
    wanted = dict(zip(whole.findings["account_id"], whole.findings["status"], strict=True))
    assert (wanted[OTHER], wanted[STRANGER]) == (PASS, OPEN)
    for account_id in covered:
        part = narrowed(whole, [account_id], "x")
        assert part.findings["status"].to_list() == [wanted[account_id]]
        texts = pd.concat([part.findings["reason"].astype("str"), part.evidence["analyzers"]["organization_unseen"]])
        assert not [text for text in texts for other in covered if other != account_id and other in text]
    part = narrowed(whole, [STRANGER], "x")
    assert "another account, a delegated administrator of IAM Access Analyzer" in str(part.findings["reason"][0])
