"""``--engine dask`` on a real scheduler with worker processes: the same files, whoever dies, and clear refusals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.dask_cluster import DaskCluster, dask_cluster, wait_until
from tests.fork_server import Completed, run_command
from tests.support import ACCOUNT, OTHER, ago, key, report, root, stored, user

THIRD = "333344445555"
SMALL = {"auditor.judge.batches:BATCH_BYTES": 500}
"""Each account is a batch of its own."""
SMALL_BATCHES = """
import auditor.judge.batches as batches
from auditor.cli.main import main
batches.BATCH_BYTES = 500
"""
NOWHERE = "tcp://127.0.0.1:1"
IMPATIENT = {"auditor.cluster.client:CONNECT_SECONDS": 0.2, "auditor.cluster.client:WORKER_SECONDS": 0.2}
ONE_DEATH = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
TLS = "DASK_DISTRIBUTED__COMM__TLS__"
CA = f"{TLS}CA_FILE"
FORMATS = ("--format", "csv", "--format", "json", "--format", "parquet")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask") / "cluster", environment=ONE_DEATH) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    accounts = (ACCOUNT, OTHER, THIRD)
    reports = {a: report([root(a), *(user(f"u{n}", a, **key(1, ago(40 + n))) for n in range(12))]) for a in accounts}
    return stored(tmp_path_factory.mktemp("batches") / "snapshot", reports).folder


@pytest.fixture(scope="module")
def judged_here(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that one process of this machine writes."""
    out = tmp_path_factory.mktemp("here") / "out"
    done = reported(snapshot, out, *FORMATS, "--jobs", "1")
    assert (done.returncode, done.stderr) == (0, "")
    return files_of(out)


def reported(
    snapshot: Path,
    out: Path,
    *options: str,
    patches: Mapping[str, Any] = SMALL,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Completed:
    arguments: list[str | Path] = ["report", snapshot, "--out", out, "--benchmark", "aws-iam-rules", *options]
    return run_command(arguments, os.environ | dict(environment or {}), folder, patches=patches)


def by_dask(address: str) -> tuple[str, ...]:
    return "--engine", "dask", "--scheduler", address


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def assert_refused(done: Completed, *words: str, code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("auditor: ")


def test_a_cluster_without_workers_is_not_waited_for_without_end(
    snapshot: Path, tmp_path: Path, cluster: DaskCluster
) -> None:
    """Of a small snapshot, too: who asks for the cluster gets it. The first test of this cluster."""
    impatient = {"auditor.cluster.client:WORKER_SECONDS": 0.2}
    done = reported(snapshot, tmp_path, *by_dask(cluster.address), patches=impatient)
    assert_refused(done, f"the Dask scheduler at {cluster.address} has had no worker", "start one: dask worker")
    assert list(tmp_path.iterdir()) == []


def test_a_batch_that_fails_names_its_accounts(cluster: DaskCluster, snapshot: Path, tmp_path: Path) -> None:
    cluster.need_workers("one")
    cluster.order("one", f"raise {THIRD}")
    whole = {"auditor.judge.batches:BATCH_BYTES": 1 << 20}
    done = reported(snapshot, tmp_path, "--format", "csv", *by_dask(cluster.address), patches=whole)
    named = f"the accounts {ACCOUNT}, {OTHER}, {THIRD} could not be judged by a worker"
    assert_refused(done, named, "ArithmeticError: a mistake of the program", code=1)
    assert list(tmp_path.iterdir()) == []


def test_another_version_is_refused(cluster: DaskCluster, snapshot: Path, tmp_path: Path) -> None:
    cluster.need_workers("one")
    other = {"auditor:__version__": "9.9.9"}
    done = reported(snapshot, tmp_path / "out", *by_dask(cluster.address), patches=SMALL | other)
    assert_refused(done, cluster.address, "has aws-org-auditor 0.1.0", "this command 9.9.9", "with the same image")
    assert not (tmp_path / "out").exists()


def test_an_interrupted_command_leaves_nothing(cluster: DaskCluster, snapshot: Path, tmp_path: Path) -> None:
    cluster.need_workers("one")
    cluster.order("one", "block")
    command = ["report", str(snapshot), "--out", str(tmp_path), "--format", "csv", *by_dask(cluster.address)]
    code = f"{SMALL_BATCHES}main({command!r})"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        cluster.wait_until_begun("one")
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".judging.")]
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr.strip()) == (130, "auditor: interrupted")
    assert list(tmp_path.iterdir()) == []
    cancelled = "Scheduler cancels key judge-batch-"
    wait_until(lambda: cluster.log("scheduler").count(cancelled) > 0)
    cluster.forget("one")  # goes on, and finds no folder to write to
    done = reported(snapshot, tmp_path, "--format", "csv", *by_dask(cluster.address))
    assert done.returncode == 0, done.stderr
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_worker_that_is_killed_in_the_middle_costs_nothing(
    cluster: DaskCluster, snapshot: Path, judged_here: dict[str, bytes], tmp_path: Path
) -> None:
    """Folders are named from where the command is; the workers are elsewhere."""
    cluster.need_workers("one", "two")
    cluster.order("one", "block")
    named = Path(snapshot.name), Path(os.path.relpath(tmp_path / "there", snapshot.parent))
    with ThreadPoolExecutor(1) as thread:
        there: Future[Completed] = thread.submit(
            reported, *named, *FORMATS, *by_dask(cluster.address), folder=snapshot.parent
        )
        cluster.wait_until_begun("one")
        cluster.kill("one")
    done = there.result()
    assert (done.returncode, done.stderr) == (0, "")
    assert files_of(tmp_path / "there") == judged_here


def test_a_batch_that_kills_every_worker_names_its_accounts(
    cluster: DaskCluster, snapshot: Path, tmp_path: Path
) -> None:
    cluster.need_workers("one", "two")
    for name in ("one", "two"):
        cluster.order(name, f"die {OTHER}")
    done = reported(snapshot, tmp_path, "--format", "csv", *by_dask(cluster.address))
    assert_refused(done, "2 workers died", f"the account {OTHER}", "more memory", code=1)
    assert list(tmp_path.iterdir()) == []


def test_a_scheduler_that_ends_is_said(cluster: DaskCluster, snapshot: Path, tmp_path: Path) -> None:
    """The last test of this cluster."""
    cluster.need_workers("one")
    cluster.order("one", "block")
    with ThreadPoolExecutor(1) as thread:
        address = cluster.address
        there = thread.submit(reported, snapshot, tmp_path, "--format", "csv", *by_dask(address))
        cluster.wait_until_begun("one")
        cluster.kill("scheduler")
    assert_refused(there.result(), f"the connection to the Dask scheduler at {address} was lost")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["report", "run"])
def test_a_scheduler_that_cannot_be_reached_ends_the_command_before_anything_is_done(
    snapshot: Path, tmp_path: Path, command: str
) -> None:
    """``run`` asks before it collects."""
    arguments: list[str | Path] = [command, *([snapshot] if command == "report" else []), "--out", tmp_path / "out"]
    done = run_command([*arguments, *by_dask(NOWHERE)], patches=IMPATIENT)
    assert_refused(done, f"cannot reach a Dask scheduler at {NOWHERE}: no answer within", "or correct --scheduler")
    assert not (tmp_path / "out").exists()


def test_over_tls_the_same_files_and_nobody_without_a_certificate(
    snapshot: Path, judged_here: dict[str, bytes], tmp_path: Path
) -> None:
    """The variables are those that docs/scale.md names."""
    environment = certificates(tmp_path)
    with dask_cluster(tmp_path / "cluster", ("--protocol", "tls"), environment) as cluster:
        cluster.start_worker("one")
        options = (*FORMATS, *by_dask(cluster.address))
        assert cluster.address.startswith("tls://")
        done = reported(snapshot, tmp_path / "there", *options, environment=environment)
        (tmp_path / "others").mkdir()
        others = environment | {CA: certificates(tmp_path / "others")[CA]}
        assert_refused(
            reported(snapshot, tmp_path / "out", *options, environment=others, patches=IMPATIENT),
            f"cannot reach a Dask scheduler at {cluster.address}",
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert files_of(tmp_path / "there") == judged_here


def certificates(folder: Path) -> dict[str, str]:
    """One certificate for everybody, of an authority of our own."""
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    own.private_key_and_cert_chain_pem.write_to_path(str(folder / "own.pem"))
    roles = ("SCHEDULER", "WORKER", "CLIENT")
    of_roles = {f"{TLS}{role}__{part}": str(folder / "own.pem") for role in roles for part in ("CERT", "KEY")}
    return {CA: str(folder / "ca.pem"), **of_roles}


def test_tls_without_certificates_says_what_is_missing(snapshot: Path, tmp_path: Path) -> None:
    done = reported(snapshot, tmp_path / "out", *by_dask("tls://127.0.0.1:1"))
    assert_refused(done, "needs certificates", "DASK_DISTRIBUTED__COMM__TLS__CA_FILE")


def test_a_query_is_judged_here_whatever_the_settings_say(snapshot: Path, tmp_path: Path) -> None:
    """Its tables are kept in a folder that no worker sees."""
    (tmp_path / "auditor.yaml").write_text(f"engine: dask\nscheduler: {NOWHERE}\n")
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path)}
    sql = "select count(*) as users from users"
    done = run_command(["query", "--snapshot", snapshot, "--format", "csv", sql], environment, tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, ["users", "39"]), done.stderr
