"""What is kept of earlier attempts, and what is on the disk when a snapshot is sealed."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.collect import Collectors, Discovery, Resume, RunPlan, collect
from auditor.collect.scope import Scope
from auditor.errors import EvidenceError, InterruptedRunError
from auditor.model import Account, AccountRecord, Outcome
from auditor.settings import Settings
from auditor.store.journal import read_attempts
from auditor.store.seal.contents import FolderContents
from auditor.store.seal.verifying import verify
from auditor.store.snapshot import Snapshot
from tests.unit.test_collect import (
    FakeAccess,
    FakeCollector,
    FakeCommonCollector,
    FakeDirectory,
    FakeProgress,
    numbered,
)

ONE, TWO, THREE = (f"{number:012d}" for number in (1, 2, 3))


class Summary(FakeCollector):
    """A second kind of evidence."""

    kind = "account-summary"


class Denied(FakeCollector):
    """A kind that no account gives."""

    kind = "password-policy"

    async def collect(self, owner_id: str, *_: Any) -> Any:
        raise EvidenceError("fetch", "AccessDenied", "no")


class Hook(FakeProgress):
    """Runs something after each account."""

    def __init__(self, after: Callable[[AccountRecord], None]) -> None:
        super().__init__()
        self._after = after

    def finished(self, record: AccountRecord) -> None:
        super().finished(record)
        self._after(record)


async def run(out: Path, pages: list[list[Account]], *collectors: FakeCollector, **more: Any) -> Snapshot:
    settings, progress = Settings(out=out), more.pop("progress", FakeProgress())
    directory = FakeDirectory(pages, {}, on_page=more.pop("on_page", lambda _: None))
    discovery = Discovery(directory, Scope(), progress)
    plan = RunPlan(settings, Collectors(collectors, [FakeCommonCollector()]), more.pop("resume", Resume()))
    return await collect(plan, discovery, lambda _: FakeAccess(), progress, **more)


def changed_since_sealed(folder: Path) -> list[str]:
    return [difference.name for difference in verify(FolderContents(folder)).differences]


def unsealed(snapshot: Snapshot) -> Path:
    """The folder as a power cut leaves it: the manifest was never written."""
    (snapshot.folder / "manifest.json").unlink()
    (snapshot.folder / "evidence.sha256").unlink()
    return snapshot.folder


@pytest.mark.parametrize("left", [b"", b"report of 0000", None])
async def test_torn_evidence_of_an_account_with_a_gap_is_collected_again(tmp_path: Path, left: bytes | None) -> None:
    kinds = (FakeCollector(), Denied())
    folder = unsealed(await run(tmp_path, [numbered(1, 2)], *kinds))
    torn = folder / "evidence" / ONE / "credential-report.csv"
    torn.unlink() if left is None else torn.write_bytes(left)
    resumed = await run(tmp_path, [numbered(1, 2)], *kinds, resume=Resume(folder))
    first, second = resumed.manifest.accounts
    assert resumed.read(first.evidence[0]) == b"report of 000000000001"
    assert (first.attempt, second.attempt) == (2, 1)
    assert changed_since_sealed(folder) == []


@pytest.mark.parametrize("left", [b"", None])
async def test_evidence_that_is_lost_while_others_are_collected_is_a_gap(tmp_path: Path, left: bytes | None) -> None:
    def lose(record: AccountRecord) -> None:
        for file in tmp_path.glob(f"*/evidence/{ONE}/credential-report.csv"):
            file.unlink() if left is None else file.write_bytes(left)

    kinds = (FakeCollector(), Summary())
    snapshot = await run(tmp_path, [numbered(1, 2)], *kinds, progress=Hook(lose))
    first, second = snapshot.manifest.accounts
    assert [(gap.kind, gap.stage, gap.code) for gap in first.gaps] == [("credential-report", "seal", "EvidenceLost")]
    assert (first.outcome, second.outcome) == (Outcome.NOT_ASSESSED, Outcome.ASSESSED)
    assert [file.kind for file in first.evidence] == ["account-summary"]
    assert changed_since_sealed(snapshot.folder) == []
    again = await run(tmp_path, [numbered(1, 2)], *kinds, resume=Resume(snapshot.folder))
    assert [record.gaps for record in again.manifest.accounts] == [(), ()]
    assert changed_since_sealed(again.folder) == []


async def test_lost_evidence_of_the_organization_is_a_gap(tmp_path: Path) -> None:
    def lose(record: AccountRecord) -> None:
        for file in tmp_path.glob("*/evidence/organization/*"):
            file.write_bytes(b"")

    hook = Hook(lose)
    snapshot = await run(tmp_path, [numbered(1), numbered(2)], FakeCollector(), progress=hook, on_page=asyncio.sleep)
    assert snapshot.manifest.organization_record
    assert [gap.code for gap in snapshot.manifest.organization_record.gaps] == ["EvidenceLost"]
    assert changed_since_sealed(snapshot.folder) == []


async def test_everything_is_on_the_disk_before_the_manifest_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is waited for is told by inode; a manifest that has its name by then came too early."""
    settled, real = dict[int, bool](), os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        settled.setdefault(os.fstat(descriptor).st_ino, bool(list(tmp_path.glob("*/manifest.json"))))

    monkeypatch.setattr(os, "fsync", fsync)
    folder = (await run(tmp_path, [numbered(1, 2)], FakeCollector(), Summary())).folder
    evidence = [*(folder / "evidence").rglob("*"), folder / "evidence", folder / "journal.jsonl"]
    assert len(evidence) == 10
    for path in [*evidence, folder / "evidence.sha256", folder, folder / "manifest.json"]:
        assert settled.get(path.stat().st_ino) is False, path
    assert settled.get(tmp_path.stat().st_ino) is True, "the name of the snapshot itself"
    assert stat.S_ISDIR(folder.stat().st_mode)


async def stopped(out: Path, pages: list[list[Account]], collector: FakeCollector, at: str, **more: Any) -> Snapshot:
    """A run that is cancelled while it waits for ``at``, an account or a page."""
    reached, never = asyncio.Event(), asyncio.Event()

    async def wait(name: object) -> None:
        if str(name) == at:
            reached.set()
            await never.wait()

    collector.wait = wait
    task = asyncio.create_task(run(out, pages, collector, on_page=wait, **more))
    await reached.wait()
    task.cancel()
    with pytest.raises(InterruptedRunError) as caught:
        await task
    return Snapshot.open(caught.value.folder)


async def test_resuming_that_is_stopped_while_accounts_are_listed_keeps_the_others(tmp_path: Path) -> None:
    pages = [numbered(1), numbered(2, 3)]
    folder = unsealed(await run(tmp_path, pages, FakeCollector()))
    snapshot = await stopped(tmp_path, pages, FakeCollector(), "1", resume=Resume(folder))
    assert snapshot.manifest.interrupted
    assert [record.account.id for record in snapshot.manifest.accounts] == [ONE, TWO, THREE]
    assert all(snapshot.read(file) for record in snapshot.manifest.accounts for file in record.evidence)
    assert sum(1 for _ in snapshot.manifest.evidence) == 4


async def test_what_was_not_tried_again_keeps_the_evidence_that_it_has(tmp_path: Path) -> None:
    """``--retry-gaps``, stopped before it comes to an account."""
    faulty = FakeCollector(unusable={TWO: EvidenceError("validate", "NotAReport", "html")})
    folder = (await run(tmp_path, [numbered(1, 2)], faulty)).folder
    snapshot = await stopped(tmp_path, [numbered(1, 2)], FakeCollector(), TWO, resume=Resume(folder, True))
    second = snapshot.manifest.accounts[1]
    assert [gap.code for gap in second.gaps] == ["NotAReport"]
    assert snapshot.read(second.evidence[0]) == b"report of 000000000002"


async def test_an_attempt_whose_line_is_torn_was_never_begun(tmp_path: Path) -> None:
    folder = (await run(tmp_path, [numbered(1)], FakeCollector())).folder
    journal = folder / "journal.jsonl"
    line = journal.read_bytes().splitlines()[0]
    for end in range(1, len(line), 7):
        journal.write_bytes(line + b"\n" + line[:-end])
        assert [attempt.number for attempt in read_attempts(folder)] == [1]
    journal.write_bytes(line + b"\n" + line)
    assert [attempt.number for attempt in read_attempts(folder)] == [1]
