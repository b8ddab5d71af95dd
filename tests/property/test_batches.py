"""Judged in batches, the same to the byte: on organizations that nobody thought of, and on a snapshot of a real run."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from auditor.judge.assessing import Criteria, assess
from auditor.judge.assessment import Assessment
from auditor.judge.batches import assess_in_batches, batches_of
from auditor.report import Output, write_reports
from auditor.store.snapshot import Snapshot
from tests.organizations import made
from tests.support import catalog

ORGANIZATIONS, AT_ONCE = 6, 3
STORED = Path(__file__).parents[1] / "data" / "snapshot-0.1.0" / "snapshot.zip"


def in_batches(snapshot: Snapshot, criteria: Criteria, folder: Path, batch_bytes: int) -> Assessment:
    folder.mkdir()
    batches = batches_of(snapshot, batch_bytes)
    return assess_in_batches(snapshot, criteria, batches, lambda task, items: map(task, items), folder)


def written(assessment: Assessment, folder: Path, formats: Sequence[str]) -> dict[str, bytes]:
    write_reports(assessment, folder, formats, Output(with_tables=True))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_same(whole: dict[str, bytes], batched: dict[str, bytes], told: object) -> None:
    assert (told, whole.keys()) == (told, batched.keys())
    assert (told, [name for name in whole if whole[name] != batched[name]]) == (told, [])


@pytest.mark.parametrize("first", range(0, ORGANIZATIONS, AT_ONCE))
def test_every_account_in_a_batch_of_its_own_gives_the_same_files(first: int, tmp_path: Path) -> None:
    for seed in range(first, first + AT_ONCE):
        case = made(tmp_path / str(seed), seed)
        whole = assess(case.snapshot, as_of=case.as_of, catalog=case.catalog, selection=case.selection)
        criteria = Criteria.of(case.snapshot, case.as_of, case.catalog, case.selection, None)
        batched = in_batches(case.snapshot, criteria, tmp_path / f"{seed}-segments", batch_bytes=1)
        formats = ["csv", "json"]
        files = [written(one, tmp_path / f"{seed}-{n}", formats) for n, one in enumerate((whole, batched))]
        assert_same(files[0], files[1], seed)


def test_a_snapshot_of_a_run_gives_the_same_workbook_and_tables(tmp_path: Path) -> None:
    with zipfile.ZipFile(STORED) as archive:
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    snapshot, known = Snapshot.open(folder), catalog()
    selection = known.select(["aws-iam-rules", "cis-aws-7.0.0"])
    criteria = Criteria.of(snapshot, None, known, selection, None)
    assert len(batches_of(snapshot, 60_000)) > 2
    batched = in_batches(snapshot, criteria, tmp_path / "segments", 60_000)
    whole = assess(snapshot, catalog=known, selection=selection)
    files = [written(one, tmp_path / str(n), ["xlsx", "csv"]) for n, one in enumerate((whole, batched))]
    assert_same(files[0], files[1], "run")


def test_no_account_is_lost_or_judged_twice_whatever_the_size_of_a_batch(tmp_path: Path) -> None:
    snapshot = made(tmp_path, 3).snapshot
    ids = sorted(record.account.id for record in snapshot.manifest.accounts)
    for batch_bytes in (1, 2_000, 50_000, 1 << 30):
        batches = batches_of(snapshot, batch_bytes)
        assert [record.account.id for batch in batches for record in batch] == ids
    assert len(batches_of(snapshot, 1 << 30)) == 1
