"""A manifest names its predecessor's root, which makes a chain across quarters; verify tests it over a folder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from auditor.errors import SnapshotError
from auditor.model import Organization, Predecessor
from auditor.store.journal import Attempt
from auditor.store.seal import Verified, verify_folder
from auditor.store.snapshot import Snapshot, SnapshotWriter
from tests.support import ACCOUNT, AS_OF, ORGANIZATION, report, root, stored

QUARTERS = [AS_OF + timedelta(days=91 * n) for n in range(4)]


def sealed(
    out: Path, moment: datetime, organization: str = "o-test", lasted: timedelta = timedelta(minutes=1)
) -> Snapshot:
    """A snapshot begun at ``moment``."""
    template = stored(out.parent / f"template-{organization}-{moment:%Y%m%d%H}", {ACCOUNT: report([root()])})
    writer = SnapshotWriter.create(out, organization, moment)
    for file in template.manifest.evidence:
        (writer.folder / file.path).parent.mkdir(parents=True)
        shutil.copy(template.folder / file.path, writer.folder / file.path)
    manifest = replace(
        template.manifest,
        snapshot_id=writer.snapshot_id,
        organization=Organization(organization, ACCOUNT),
        started_at=moment,
        finished_at=moment + lasted,
    )
    return writer.seal(manifest)


def sealed_again(snapshot: Snapshot, at: datetime) -> Snapshot:
    """As a later ``--retry-gaps`` does."""
    writer = SnapshotWriter.resume(snapshot.folder)
    journal = writer.journal
    attempt = replace(journal.attempts[0], number=len(journal.attempts) + 1, started_at=at)
    journal.begin(attempt)
    return writer.seal(replace(snapshot.manifest, finished_at=at, attempts=tuple(journal.attempts)))


def begun(snapshot: Snapshot) -> Attempt:
    manifest = snapshot.manifest
    return Attempt(1, "0.1.0", manifest.organization, manifest.caller, AS_OF, manifest.started_at)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def chain(out: Path) -> list[Snapshot]:
    return [sealed(out, moment) for moment in QUARTERS]


def by_id(found: tuple[Verified, ...]) -> dict[str, list[tuple[str, str]]]:
    return {v.snapshot_id: [(d.kind.value, d.message) for d in v.differences] for v in found}


def test_each_manifest_names_the_root_of_the_one_before(chain: list[Snapshot]) -> None:
    assert chain[0].manifest.previous is None
    for before, after in pairwise(chain):
        assert after.manifest.previous == Predecessor(before.folder.name, before.manifest_sha256())
        assert Snapshot.open(after.folder).manifest.previous == after.manifest.previous


def test_only_older_sealed_snapshots_of_the_same_organization_count(out: Path) -> None:
    mine = sealed(out, QUARTERS[1])
    sealed(out, QUARTERS[1], "o-other")
    sealed(out, QUARTERS[1], "o-test-2")
    sealed(out, QUARTERS[3])
    SnapshotWriter.create(out, "o-test", QUARTERS[1] + timedelta(days=1)).journal.close()
    found = sealed(out, QUARTERS[2]).manifest.previous
    assert found == Predecessor(mine.folder.name, mine.manifest_sha256())


def test_an_unbroken_chain_is_verified(out: Path, chain: list[Snapshot]) -> None:
    sealed(out, QUARTERS[2], "o-other")
    found = verify_folder(out)
    assert len(found) == 5
    assert all(v.unchanged for v in found), by_id(found)
    begins = {v.snapshot_id for v in found if "the chain begins here" in v.notes}
    assert begins == {chain[0].folder.name, next(v.snapshot_id for v in found if v.organization_id == "o-other")}


def test_a_predecessor_that_was_replaced_is_found_though_it_is_whole_in_itself(
    out: Path, chain: list[Snapshot], tmp_path: Path
) -> None:
    """Evidence, manifest and checksums made anew: only the next link tells."""
    forged = sealed(tmp_path / "elsewhere", QUARTERS[1], lasted=timedelta(minutes=2))
    shutil.rmtree(chain[1].folder)
    shutil.move(forged.folder, chain[1].folder)
    told = by_id(verify_folder(out))
    ((kind, message),) = told[chain[2].folder.name]
    assert kind == "chain"
    assert "changed or replaced" in message
    assert told[chain[3].folder.name] == []


def test_a_snapshot_taken_out_of_the_middle_is_missed(out: Path, chain: list[Snapshot]) -> None:
    shutil.rmtree(chain[1].folder)
    told = by_id(verify_folder(out))
    ((_, message),) = told.pop(chain[2].folder.name)
    assert message == f"its predecessor {chain[1].folder.name} is not here, though older ones are"
    assert not any(told.values())


def test_older_quarters_kept_elsewhere_are_a_note(out: Path, chain: list[Snapshot]) -> None:
    shutil.rmtree(chain[0].folder)
    found = verify_folder(out)
    assert all(v.unchanged for v in found)
    assert f"the chain goes on before it with {chain[0].folder.name}, which is not here" in found[0].notes


def test_a_snapshot_slipped_in_between_is_found(out: Path, chain: list[Snapshot], tmp_path: Path) -> None:
    forged = sealed(tmp_path / "elsewhere", QUARTERS[1] + timedelta(days=1))
    shutil.move(forged.folder, out / forged.folder.name)
    told = by_id(verify_folder(out))
    assert any("came before it, too" in message for _, message in told[chain[2].folder.name])
    assert any("names no predecessor" in message for _, message in told[forged.folder.name])


def test_a_resumed_snapshot_keeps_its_predecessor_and_its_successor_no_longer_fits(out: Path) -> None:
    first = sealed(out, QUARTERS[0])
    second = with_attempt(sealed(out, QUARTERS[1]))
    third = sealed(out, QUARTERS[2])
    assert all(v.unchanged for v in verify_folder(out))
    again = sealed_again(second, QUARTERS[2] + timedelta(days=1))
    assert again.manifest.previous == Predecessor(first.folder.name, first.manifest_sha256())
    told = by_id(verify_folder(out))
    ((kind, message),) = told.pop(third.folder.name)
    assert kind == "chain"
    assert "sealed again by a later run, which ended at" in message
    assert not any(told.values())


def with_attempt(snapshot: Snapshot) -> Snapshot:
    """The same, with a journal that can be resumed."""
    writer = SnapshotWriter(snapshot.folder, snapshot.manifest.started_at)
    writer.journal.begin(begun(snapshot))
    return writer.seal(replace(snapshot.manifest, attempts=tuple(writer.journal.attempts)))


def test_a_run_into_a_sealed_snapshot_that_did_not_end_is_told(out: Path) -> None:
    snapshot = with_attempt(sealed(out, QUARTERS[0]))
    writer = SnapshotWriter.resume(snapshot.folder)
    writer.journal.begin(replace(writer.journal.attempts[0], number=2))
    writer.journal.close()
    (found,) = verify_folder(snapshot.folder)
    (difference,) = found.differences
    assert difference.name == "journal.jsonl"
    assert "a later run into this snapshot was not finished" in difference.message
    assert all(v.unchanged for v in [verify_folder(sealed_again(snapshot, QUARTERS[1]).folder)[0]])


def test_a_snapshot_of_an_older_version_is_read_and_what_it_lacks_is_noted(out: Path) -> None:
    old, new = sealed(out, QUARTERS[0]), None
    path = old.folder / "manifest.json"
    kept = {k: v for k, v in json.loads(path.read_text()).items() if k not in ("previous", "catalog", "journal")}
    path.write_text(json.dumps(kept))
    (old.folder / "evidence.sha256").unlink()
    assert Snapshot.open(old.folder).manifest.previous is None
    new = sealed(out, QUARTERS[1])
    found = verify_folder(out)
    assert all(v.unchanged for v in found)
    assert any("without checksum files" in note for note in found[0].notes)
    assert new.manifest.previous == Predecessor(old.folder.name, old.manifest_sha256())
    next((old.folder / "evidence").rglob("*.csv")).write_bytes(b"")
    assert not verify_folder(old.folder)[0].unchanged


def test_what_was_never_sealed_is_no_pass(out: Path) -> None:
    writer = SnapshotWriter.create(out, "o-test", AS_OF)
    writer.journal.close()
    (found,) = verify_folder(writer.folder)
    ((kind, message),) = by_id((found,))[writer.snapshot_id]
    assert kind == "missing"
    assert "was interrupted or is still running" in message
    assert not verify_folder(out)[0].unchanged


def test_what_an_interrupted_account_left_is_not_sealed(out: Path) -> None:
    """The manifest names every file there is."""
    template = sealed(out, QUARTERS[0])
    writer = SnapshotWriter.create(out, ORGANIZATION.id, QUARTERS[1])
    half = writer.folder / "evidence" / "999900001111"
    half.mkdir(parents=True)
    (half / "account-summary.json").write_text("{}")
    (half / ".credential-report.csv.abcd1234.part").write_text("torn")
    (writer.folder / ".manifest.json.abcd1234.part").write_text("torn")
    none = replace(template.manifest, accounts=(), snapshot_id=writer.snapshot_id, started_at=QUARTERS[1])
    folder = writer.seal(none).folder
    assert {p.name for p in folder.iterdir()} == {"manifest.json", "journal.jsonl", "evidence.sha256"}
    assert verify_folder(folder)[0].unchanged


def test_a_link_in_place_of_the_evidence_leads_to_no_removal(out: Path, tmp_path: Path) -> None:
    template = sealed(out, QUARTERS[0])
    writer = SnapshotWriter.create(out, ORGANIZATION.id, QUARTERS[1])
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("x")
    (writer.folder / "evidence").symlink_to(tmp_path / "precious")
    writer.seal(replace(template.manifest, accounts=(), snapshot_id=writer.snapshot_id))
    assert (tmp_path / "precious" / "file").exists()
    assert not verify_folder(writer.folder)[0].unchanged


def test_the_same_snapshot_twice_is_noted(out: Path, chain: list[Snapshot]) -> None:
    shutil.copytree(chain[1].folder, out / "copy")
    found = {v.where.name: v for v in verify_folder(out)}
    assert all(v.unchanged for v in found.values())
    assert any("holds the same snapshot" in note for note in found["copy"].notes)
    assert any("another name" in note for note in found["copy"].notes)


def test_a_folder_without_snapshots_is_told(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SnapshotError, match="cannot be verified"):
            verify_folder(place)
