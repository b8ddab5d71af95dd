"""Service-specific credentials: what the box planted is what the audit finds, pages and odd answers included."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from auditor.judge.assessing import assess
from auditor.kinds.service_specific_credentials import KIND
from auditor.reperform.plain.document import read as read_plainly
from auditor.reperform.plain.kinds import service_specific_credentials as plain
from auditor.report import FORMATS, write_reports
from auditor.report.redaction import redacted
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.kinds.service_specific_credentials import planted_credentials
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from tests.boxed import AS_OF, Box
from tests.planted import every_text
from tests.support import ACCOUNT, catalog, stored

ACTION = "iam:ListServiceSpecificCredentials"
ITEM: dict[str, object] = {
    "UserName": "eve",
    "ServiceSpecificCredentialId": "ACCA1",
    "ServiceName": "bedrock.amazonaws.com",
    "Status": "Active",
    "CreateDate": "2026-08-25T10:15:00Z",
}


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sandbox, Path]:
    sandbox = Sandbox(SandboxOptions(accounts=16, users=4, as_of=AS_OF, faulty=False))
    out = tmp_path_factory.mktemp("credentials")
    with sandbox.serve() as url:
        chosen = ("--benchmark", "aws-iam-hygiene", "--section", "Credentials")
        more = ("--as-of", AS_OF.isoformat(), "--format", "csv", "--out", out)
        done = Box(sandbox, url).auditor("run", *chosen, *more)
    assert done.returncode == 0, done.stderr
    return sandbox, Path(done.stdout.splitlines()[-1])


def found(snapshot: Path, control: str) -> set[tuple[str, str, str]]:
    with (snapshot / "findings.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["control_id"] == control]
    return {(row["account_id"], row["resource_name"].rpartition("/")[2], row["status"]) for row in rows}


def planted(sandbox: Sandbox) -> list[tuple[str, dict[str, object]]]:
    ids = [account.id for account in sandbox.organization.active]
    every = [(i, item) for i in ids for item in sandbox.evidence(i).of(planted_credentials)]
    return [(i, item) for i, item in every if item["Status"] == "Active"]


def test_each_active_credential_is_judged_at_the_boundary(audited: tuple[Sandbox, Path]) -> None:
    sandbox, snapshot = audited
    young = AS_OF - timedelta(days=91)  # a credential of 91 days is made at this instant, and is too old
    expected = {
        (account, item["ServiceSpecificCredentialId"], "PASS" if item["CreateDate"] > young else "FAIL")  # type: ignore[operator]
        for account, item in planted(sandbox)
    }
    assert {status for *_, status in expected} == {"PASS", "FAIL"}
    assert found(snapshot, "service-credential-rotated-90d") == expected


def test_each_active_credential_has_an_end_or_not(audited: tuple[Sandbox, Path]) -> None:
    sandbox, snapshot = audited
    expected = {
        (account, item["ServiceSpecificCredentialId"], "PASS" if "ExpirationDate" in item else "FAIL")
        for account, item in planted(sandbox)
    }
    assert {status for *_, status in expected} == {"PASS", "FAIL"}
    assert found(snapshot, "service-credential-expires") == expected


def test_the_second_implementation_agrees(audited: tuple[Sandbox, Path]) -> None:
    sandbox, snapshot = audited
    with sandbox.serve() as url:
        done = Box(sandbox, url).auditor("reperform", snapshot)
    assert done.returncode == 0, done.stdout + done.stderr


def documents(*pages: list[dict[str, object]]) -> Document:
    answers = [Answer(ACTION, response={"ServiceSpecificCredentials": page}, request_id="r") for page in pages]
    return evidence.read(evidence.write(Document(KIND.name, tuple(answers))))


def by_chance(dice: Random, as_of: datetime, *_: object) -> Document:
    """Pages of credentials, some with what AWS would not answer; for organizations made by chance."""
    days, odd = (0, 89, 90, 91, 400, -1), ("", "soon", 7, None)
    times = [(as_of - timedelta(days=n, seconds=s)).isoformat() for n in days for s in (-1, 0, 1)]
    items = []
    for number in range(dice.choice((0, 1, 3))):
        item: dict[str, object] = ITEM | {
            "ServiceSpecificCredentialId": f"ACCA{number}",
            "CreateDate": dice.choice(times),
        }
        item["Status"] = dice.choice(("Active", "Active", "Inactive", "Expired", "Odd"))
        item |= {"ExpirationDate": dice.choice(times)} if dice.random() < 0.5 else {}
        name = dice.choice(list(item))
        if dice.random() < 0.08:
            item[name] = dice.choice(odd)
        if dice.random() < 0.08:
            item.pop(name)
        items.append(item)
    pages = [items, items[:1]] if dice.random() < 0.2 else [items]
    return Document(KIND.name, tuple(Answer(ACTION, {"ServiceSpecificCredentials": page}) for page in pages))


def test_one_on_two_pages_is_one_in_both_implementations() -> None:
    document = documents([ITEM], [ITEM, ITEM | {"ServiceSpecificCredentialId": "ACCA2"}])
    (table,) = KIND.tables
    rows = list(table.rows_of(ACCOUNT, document))
    theirs = plain.read(read_plainly(evidence.write(document), KIND.name), ACCOUNT)["resource"]
    assert [(row["name"], row["line"]) for row in rows] == [(facts["name"], facts["line"]) for facts in theirs]
    assert [row["name"] for row in rows] == ["eve/ACCA1", "eve/ACCA2"]


def test_a_user_who_is_in_no_report_is_redacted_too(tmp_path: Path) -> None:
    """The account has no usable report, so that the name stands in this evidence alone."""
    item = ITEM | {"UserName": "quentina"}
    snapshot = stored(tmp_path, {ACCOUNT: b"no report"}, documents={ACCOUNT: {KIND.name: documents([item])}})
    plain_text = assess(snapshot, ["aws-iam-hygiene"], catalog=catalog())
    hidden = redacted(plain_text, bytes(range(32)))
    for assessment, expected in ((plain_text, True), (hidden, False)):
        write_reports(assessment, tmp_path / str(expected), list(FORMATS))
        assert (b"quentina" in every_text(tmp_path / str(expected))) == expected
        assert ("quentina" in str(assessment.evidence["service_credentials"].to_dict())) == expected
    assert any(str(name).endswith("/ACCA1") for name in hidden.findings["resource_name"])
