"""What a worker of a cluster refuses, what the command refuses of it, and the words for both; no cluster is needed."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

import pytest

from auditor.cluster import client, worker
from auditor.cluster.client import cluster_at
from auditor.cluster.environment import environment, refuse_another
from auditor.cluster.worker import Judged, Work, WorkFile, judge_batch
from auditor.errors import BatchError, ClusterError, SnapshotError
from auditor.judge.assessing import Criteria
from auditor.judge.batches import Batch, BatchTask, assess_in_batches, batches_of
from auditor.store.snapshot import Snapshot
from tests.support import ACCOUNT, OTHER, catalog, report, root, stored, user

Numbered = Sequence[tuple[int, Batch]]
VERSIONS = {"Python": "3.11.7", "pandas": "3.1.1"}


@pytest.fixture
def snapshot(tmp_path: Path) -> Iterator[Snapshot]:
    worker._read.cache_clear()
    yield stored(tmp_path / "snapshot", {a: report([root(a), user("ann", a)]) for a in (ACCOUNT, OTHER)})
    worker._read.cache_clear()


class HandedOverError(Exception):
    """The work is known; nothing has to be judged here."""


def work_of(snapshot: Snapshot, folder: Path) -> tuple[BatchTask, Numbered, WorkFile]:
    """What the command hands to a cluster."""
    known = catalog()
    criteria = Criteria.of(snapshot, None, known, known.select(["aws-iam-rules"]), None)
    handed: list[tuple[BatchTask, Numbered]] = []

    def each(task: BatchTask, batches: Numbered) -> NoReturn:
        handed.append((task, batches))
        raise HandedOverError

    (folder / "there").mkdir()
    with pytest.raises(HandedOverError):
        assess_in_batches(snapshot, criteria, batches_of(snapshot, 1), each, folder / "there")
    ((task, batches),) = handed
    return task, batches, client._written(task, batches)


def test_a_worker_judges_one_batch_and_says_who_it_is(snapshot: Snapshot, tmp_path: Path) -> None:
    _, batches, file = work_of(snapshot, tmp_path)
    judged = judge_batch(file, 1)
    assert judged.segment.folder == tmp_path / "there" / "1"
    assert judged.segment.frame("users")["account_id"].unique().tolist() == [batches[1][1][0].account.id]
    assert judged.worker.startswith("a worker on the host ")


def test_the_file_of_the_work_is_private(snapshot: Snapshot, tmp_path: Path) -> None:
    _, _, file = work_of(snapshot, tmp_path)
    assert Path(file.path).stat().st_mode & 0o777 == 0o600


def test_what_goes_through_the_scheduler_names_no_account(snapshot: Snapshot, tmp_path: Path) -> None:
    _, _, file = work_of(snapshot, tmp_path)
    sent = pickle.dumps((judge_batch, file, 1)) + pickle.dumps(judge_batch(file, 1))
    assert not [account for account in (ACCOUNT, OTHER) if account.encode() in sent]


def test_a_worker_that_does_not_see_the_folder_says_which(snapshot: Snapshot, tmp_path: Path) -> None:
    _, _, file = work_of(snapshot, tmp_path)
    Path(file.path).unlink()
    with pytest.raises(ClusterError, match=r"a worker on the host \S+ does not see .*/there/work.pickle: No such file"):
        judge_batch(file, 0)


def test_a_worker_that_sees_another_snapshot_says_so(snapshot: Snapshot, tmp_path: Path) -> None:
    _, _, file = work_of(snapshot, tmp_path)
    manifest = snapshot.folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    with pytest.raises(ClusterError, match=r"sees another .*/manifest.json than this command; mount the same disk"):
        judge_batch(file, 0)


def test_a_worker_opens_nothing_but_what_the_command_wrote(snapshot: Snapshot, tmp_path: Path) -> None:
    """To unpickle is to run what is in the file."""
    _, _, file = work_of(snapshot, tmp_path)
    Path(file.path).write_bytes(pickle.dumps(Work))
    with pytest.raises(ClusterError, match=r"sees another .*/work.pickle than this command wrote"):
        judge_batch(file, 0)


def test_a_worker_that_comes_later_with_other_versions_judges_nothing(snapshot: Snapshot, tmp_path: Path) -> None:
    _, _, file = work_of(snapshot, tmp_path)
    with pytest.raises(ClusterError, match=r"has pandas 3\.\S+ and this command 9.9, so the bytes"):
        judge_batch(replace(file, environment={**environment(), "pandas": "9.9"}), 0)


def test_evidence_that_only_the_worker_could_not_read_is_no_gap(snapshot: Snapshot, tmp_path: Path) -> None:
    """A gap would be in the report of this snapshot, and not in that of another machine."""
    task, batches, file = work_of(snapshot, tmp_path)
    (path,) = (evidence.path for evidence in batches[0][1][0].evidence)
    judged = replace(judge_batch(file, 0), unusable=frozenset({path}))
    with pytest.raises(ClusterError, match=r"could not read .*/credential-report.csv, which this command can"):
        client._checked(judged, task, batches[0][1])
    (snapshot.folder / path).write_bytes(b"changed")
    assert client._checked(judged, task, batches[0][1]) == (judged.segment, frozenset({path}))
    (snapshot.folder / path).unlink()
    assert client._checked(judged, task, batches[0][1]) == (judged.segment, frozenset({path}))


def test_tables_that_this_command_does_not_see_name_the_folder(snapshot: Snapshot, tmp_path: Path) -> None:
    task, batches, file = work_of(snapshot, tmp_path)
    judged = judge_batch(file, 0)
    elsewhere = Judged(replace(judged.segment, folder=tmp_path / "nowhere"), judged.unusable, judged.worker)
    with pytest.raises(ClusterError, match=r"cannot read what a worker on the host \S+ wrote to .*/nowhere"):
        client._checked(elsewhere, task, batches[0][1])


def test_the_work_is_told_by_its_hash(snapshot: Snapshot, tmp_path: Path) -> None:
    _, _, file = work_of(snapshot, tmp_path)
    assert file.sha256 == hashlib.sha256(Path(file.path).read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({**VERSIONS, "pandas": "3.0.0"}, "has pandas 3.0.0 and this command 3.1.1, so"),
        ({"Python": "3.12.1", "pandas": "3.1.1"}, "has Python 3.12.1 and this command 3.11.7, so"),
        ({"Python": "3.11.7"}, "has pandas none and this command 3.1.1, so"),
        ({**VERSIONS, "acme-kinds": "1.0"}, "has acme-kinds 1.0 and this command none, so"),
    ],
)
def test_another_environment_is_told_by_what_differs(found: dict[str, str], words: str) -> None:
    with pytest.raises(ClusterError, match=rf"^the worker tcp://a:1 {words} the bytes of a report could differ; "):
        refuse_another(found, VERSIONS, "the worker tcp://a:1")


@dataclass(frozen=True)
class Answers:
    """A client of a cluster whose processes give these answers."""

    of_workers: dict[str, object]
    of_scheduler: object = field(default_factory=environment)

    def run(self, *_: object, **__: object) -> dict[str, object]:
        return self.of_workers

    def run_on_scheduler(self, *_: object) -> object:
        if isinstance(self.of_scheduler, Exception):
            raise self.of_scheduler
        return self.of_scheduler


MISSING = ModuleNotFoundError("No module named 'auditor.cluster'")


@pytest.mark.parametrize(
    ("answers", "where"),
    [
        (Answers({"tcp://a:1": environment(), "tcp://b:1": MISSING}), "the worker tcp://b:1"),
        (Answers({"tcp://a:1": environment()}, MISSING), "the scheduler tcp://s:1"),
    ],
)
def test_a_process_without_this_program_is_named(answers: Answers, where: str) -> None:
    with pytest.raises(ClusterError, match=rf"^{where} does not have this program as it is here \(ModuleNotFoundError"):
        client.refuse_other_environments(answers, "tcp://s:1")


def test_a_worker_that_ends_while_it_is_asked_is_not_missed() -> None:
    client.refuse_other_environments(Answers({"tcp://a:1": OSError("closed")}), "tcp://s:1")


def test_the_same_environment_is_no_error() -> None:
    refuse_another(dict(VERSIONS), VERSIONS, "the worker tcp://a:1")
    assert environment()["Python"] == ".".join(map(str, sys.version_info[:3]))


def test_of_many_accounts_the_first_are_named(snapshot: Snapshot) -> None:
    records = (snapshot.manifest.accounts * 3)[:5]
    error = client._failure(MemoryError(), records)
    assert isinstance(error, BatchError)
    first = ", ".join(record.account.id for record in records[:3])
    assert str(error).startswith(f"the accounts {first} and 2 more could not be judged by a worker: MemoryError")


def test_what_the_task_says_itself_is_said() -> None:
    full = SnapshotError("cannot write /a: No space left on device")
    assert client._failure(full, ()) is full


def test_without_the_extra_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'aws-org-auditor\[dask\]'"), cluster_at("tcp://127.0.0.1:1"):
        pass
