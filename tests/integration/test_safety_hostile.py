"""Hostile evidence: who answers in AWS's place, or hands on a doctored snapshot, leads nothing out of its folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.aws.verified import MAX_ANSWER
from auditor.errors import EvidenceError, SnapshotError
from auditor.kinds.credential_report import report_parser
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.store.snapshot import MAX_EVIDENCE, Snapshot
from tests.boxed import AS_OF, Box, error_line
from tests.lying import Lie, lying
from tests.support import ACCOUNT, COLUMNS, report, root, stored

PLACES = ["../../../evil", "/tmp/evil", "12345678901", "1234567890123", "\u0661" * 12, "00000000000\\u0000", ""]
MIB = 1 << 20


@pytest.fixture(scope="module")
def honest() -> Iterator[Box]:
    sandbox = Sandbox(SandboxOptions(accounts=4, users=2, as_of=AS_OF, faulty=False))
    with sandbox.serve() as url:
        yield Box(sandbox, url)


def swapped(operation: str, old: str, new: str) -> Lie:
    """In the answers to one operation, ``new`` for ``old``."""
    return lambda asked, honest: honest.replace(old.encode(), new.encode()) if asked == operation else honest


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize("place", PLACES)
def test_an_account_id_that_leads_out_of_the_folder_is_refused(honest: Box, tmp_path: Path, place: str) -> None:
    victim = next(a.id for a in honest.sandbox.organization.active if not a.is_management)
    with lying(honest.url, swapped("ListAccounts", f'"Id": "{victim}"', f'"Id": "{place}"')) as url:
        result = Box(honest.sandbox, url).auditor("run", "--out", "reports", cwd=tmp_path)
    assert result.returncode == 3, result.stderr
    assert "AWS was asked the list of accounts and answered" in result.stderr
    assert "Traceback" not in result.stderr
    assert all(path.startswith("reports") and "evil" not in path for path in files(tmp_path))


@pytest.mark.parametrize(
    ("operation", "told"),
    [("DescribeOrganization", "which organization this is"), ("GetCallerIdentity", "who is calling")],
)
@pytest.mark.parametrize("place", ["../evil", ""])
def test_an_organization_or_caller_that_is_none_is_refused(
    honest: Box, tmp_path: Path, operation: str, told: str, place: str
) -> None:
    organization = honest.sandbox.organization
    old = organization.id if operation == "DescribeOrganization" else honest.sandbox.caller_account
    with lying(honest.url, swapped(operation, old, place)) as url:
        result = Box(honest.sandbox, url).auditor("run", "--out", "reports", cwd=tmp_path)
    assert result.returncode == 3, result.stderr
    assert f"AWS was asked {told} and answered" in error_line(result)
    assert files(tmp_path) == {"reports"}


def test_a_report_without_an_end_is_a_gap_and_not_read_to_its_end(honest: Box, tmp_path: Path) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b"<GetCredentialReportResponse><GetCredentialReportResult><Content>"
        while sent < 1024 * MIB:
            yield b"A" * MIB
            sent += MIB

    def lie(asked: str, answer: bytes) -> bytes | AsyncIterator[bytes]:
        return endless() if asked == "GetCredentialReport" else answer

    with lying(honest.url, lie) as url:
        only = ("--account", honest.sandbox.caller_account, "--benchmark", "aws-iam-rules")
        result = Box(honest.sandbox, url).auditor("run", *only, "--format", "csv", "--out", "reports", cwd=tmp_path)
    assert result.returncode == 3, result.stderr
    assert "fetch: AnswerTooLarge" in result.stdout
    assert sent <= MAX_ANSWER + 64 * MIB, "one try, given up at the limit"


def test_a_report_that_is_larger_than_any_can_be_is_refused() -> None:
    line = b"\n" + report([root()]).partition(b"\n")[2]
    content = ",".join(COLUMNS).encode() + line * (report_parser.MAX_BYTES // len(line) + 1)
    with pytest.raises(EvidenceError) as caught:
        report_parser.parse(content, ACCOUNT)
    assert (caught.value.stage, caught.value.code) == ("validate", "ReportTooLarge")
    assert "67,108,864 are allowed" in caught.value.message


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return stored(tmp_path, {ACCOUNT: report([root()])})


def doctored(snapshot: Snapshot, change: Callable[[dict[str, Any]], None]) -> Snapshot:
    """The snapshot after somebody has changed its manifest."""
    file = snapshot.folder / "manifest.json"
    manifest = json.loads(file.read_bytes())
    change(manifest)
    file.write_text(json.dumps(manifest))
    return Snapshot.open(snapshot.folder)


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd",
        "/etc/passwd",
        "evidence/../../secret.csv",
        f"evidence/{ACCOUNT}/../../manifest.json",
        f"evidence/{ACCOUNT}/x\u0000.csv",
        "evidence/../secret.csv",
        "",
    ],
)
def test_a_manifest_whose_evidence_lies_outside_is_refused(snapshot: Snapshot, path: str) -> None:
    secret = snapshot.folder.parent / "secret.csv"
    secret.write_bytes(report([root()]))

    def change(manifest: dict[str, Any]) -> None:
        file = manifest["accounts"][0]["evidence"][0]
        file |= {"path": path, "sha256": hashlib.sha256(secret.read_bytes()).hexdigest()}

    with pytest.raises(SnapshotError, match=r"accounts\.0\.evidence\.0\.path: String should match pattern"):
        doctored(snapshot, change)


@pytest.mark.parametrize("place", [*PLACES, None, 7])
def test_a_manifest_whose_account_ids_are_none_is_refused(snapshot: Snapshot, place: object) -> None:
    with pytest.raises(SnapshotError, match=r"accounts\.0\.account\.id: "):
        doctored(snapshot, lambda manifest: manifest["accounts"][0]["account"].update(id=place))


def test_a_manifest_that_is_nested_without_end_is_one_sentence(snapshot: Snapshot) -> None:
    (snapshot.folder / "manifest.json").write_bytes(b'{"schema_version": ' + b"[" * 1_000_000)
    with pytest.raises(SnapshotError, match="is torn or was not written by this program"):
        Snapshot.open(snapshot.folder)


@pytest.mark.parametrize(
    "line",
    [
        '{"account": {"id": "../../evil"}, "outcome": "assessed"}',
        '{"attempt": {"number": "x"}}',
        '{"organization": []}',
        '{"attempt": {}}',
        "{}",
        "[" * 100_000,
    ],
)
def test_a_doctored_journal_is_one_sentence(honest: Box, snapshot: Snapshot, line: str) -> None:
    folder = Path(shutil.copytree(snapshot.folder, snapshot.folder.parent / "copied"))
    (folder / "manifest.json").unlink()
    (folder / "journal.jsonl").write_text(line + "\n")
    result = honest.auditor("run", "--resume", folder)
    assert result.returncode == 2, result.stderr
    assert "journal" in error_line(result)


def test_evidence_that_grew_to_a_gigabyte_is_not_read(snapshot: Snapshot) -> None:
    file = snapshot.manifest.accounts[0].evidence[0]
    with (snapshot.folder / file.path).open("r+b") as stream:
        stream.truncate(1 << 40)
    with pytest.raises(EvidenceError) as caught:
        snapshot.read(file)
    assert caught.value.code == "EvidenceChanged"
    grown = doctored(snapshot, lambda m: m["accounts"][0]["evidence"][0].update(size=1 << 40))
    with pytest.raises(EvidenceError) as caught:
        grown.read(grown.manifest.accounts[0].evidence[0])
    assert (caught.value.code, MAX_EVIDENCE >> 20) == ("EvidenceTooLarge", 512)


def test_a_link_out_of_the_evidence_is_not_read(snapshot: Snapshot, tmp_path: Path) -> None:
    file = snapshot.manifest.accounts[0].evidence[0]
    place = snapshot.folder / file.path
    place.rename(tmp_path / "moved.csv")
    place.symlink_to(tmp_path / "moved.csv")
    with pytest.raises(EvidenceError) as caught:
        snapshot.read(file)
    assert caught.value.code == "EvidenceOutside"
