"""The only module that talks to Dask: a scheduler that was started before, and batches as tasks of its workers.

What Dask raises becomes an error of this project here, and nowhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import pickle
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

from auditor.cluster.environment import environment, refuse_another
from auditor.cluster.worker import NAME, Judged, Work, WorkFile, judge_batch
from auditor.errors import AuditorError, BatchError, ClusterError
from auditor.judge.batches import Batch, BatchTask
from auditor.model import EvidenceFile, FileStamp
from auditor.store.checksums import stamp_at
from auditor.store.files import write_bytes
from auditor.store.snapshot import MANIFEST
from auditor.tables.segments import Segment

CONNECT_SECONDS = 10.0
"""How long a scheduler has to answer."""
WORKER_SECONDS = 120.0
"""How long a cluster may be without any worker: some begin with none, and start them when there is work."""
_LOOK_SECONDS, _FETCH_SECONDS = 1.0, 10.0
_CLOSE_SECONDS = 2.0
_SHOWN = 3
_LOGGERS = ("distributed", "tornado", "asyncio")


@dataclass(frozen=True)
class Cluster:
    """A scheduler that answers; ``say`` hears what is waited for."""

    address: str
    client: Any
    say: Callable[[str], None]

    def each(self, task: BatchTask, batches: Sequence[tuple[int, Batch]]) -> Iterator[tuple[Segment, frozenset[str]]]:
        """What the task makes of each batch, in the order of the batches, judged by the workers.

        Raises ClusterError where the cluster cannot be used, BatchError where a batch always fails, and what the task
        raises.
        """
        self._wait_for_a_worker()
        task = replace(task, folder=task.folder.absolute(), segments=task.segments.absolute())
        futures = self._submitted(_written(task, batches), len(batches))
        try:
            for place, (_, records) in enumerate(batches):
                yield _checked(self._result(place, futures, batches), task, records)
        finally:
            self._cancel(futures)

    def _submitted(self, file: WorkFile, number: int) -> list[Any]:
        token = uuid.uuid4().hex
        keys = [f"judge-batch-{token}-{place}" for place in range(number)]
        with _lost_connection(self.address):
            found: list[Any] = self.client.map(judge_batch, [file] * number, range(number), key=keys, pure=False)
        return found

    def _result(self, place: int, futures: Sequence[Any], batches: Sequence[tuple[int, Batch]]) -> Judged:
        """Wait for one result; raise what is wrong with any of them as soon as it is known.

        A result that was lost with its worker is made again by Dask, and waited for again.
        """
        from distributed import wait

        seen = time.monotonic()
        while True:
            _raise_first_failure(futures, batches, self.address)
            with _lost_connection(self.address), suppress(TimeoutError):
                if futures[place].status == "finished":
                    result: Judged = futures[place].result(timeout=_FETCH_SECONDS)
                    return result
                wait(futures[place], timeout=_LOOK_SECONDS)
            seen = time.monotonic() if self._has_workers() else seen
            if time.monotonic() - seen > WORKER_SECONDS:
                raise ClusterError(self._no_worker())

    def _has_workers(self) -> bool:
        with _lost_connection(self.address):
            return bool(self.client.nthreads())

    def _wait_for_a_worker(self) -> None:
        if self._has_workers():
            return
        self.say(f"waiting for a worker of {self.address}")
        until = time.monotonic() + WORKER_SECONDS
        while not self._has_workers():
            if time.monotonic() > until:
                raise ClusterError(self._no_worker())
            time.sleep(min(_LOOK_SECONDS, WORKER_SECONDS))
        refuse_other_environments(self.client, self.address)

    def _no_worker(self) -> str:
        return (
            f"the Dask scheduler at {self.address} has had no worker for {WORKER_SECONDS:.0f} seconds; "
            f"start one: dask worker {self.address} --nthreads 1"
        )

    def _cancel(self, futures: Sequence[Any]) -> None:
        with suppress(Exception):  # it is over, whether or not the scheduler still hears of it
            self.client.cancel(futures)


@contextmanager
def cluster_at(address: str, say: Callable[[str], None] = lambda _: None) -> Iterator[Cluster]:
    """The cluster of the scheduler at an address; tasks that are not done when the block ends are cancelled.

    Raises ClusterError where it cannot be reached, or is not as this command is.
    """
    client = _connected(address)
    try:
        refuse_other_environments(client, address)
        yield Cluster(address, client, say)
    finally:
        with suppress(Exception):  # a scheduler that is gone must not hide why the block ended
            client.close(timeout=_CLOSE_SECONDS)


def refuse_other_environments(client: Any, address: str) -> None:
    """Raise ClusterError where the scheduler, or a worker that is there now, has other versions than this command."""
    with _lost_connection(address):
        of_workers = client.run(environment, on_error="return")
        try:
            of_scheduler = client.run_on_scheduler(environment)
        except (ImportError, AttributeError) as error:
            of_scheduler = error
    for where, found in ((f"the scheduler {address}", of_scheduler), *_named(of_workers)):
        if isinstance(found, OSError):  # it has just ended
            continue
        if isinstance(found, Exception):
            raise ClusterError(
                f"{where} does not have this program as it is here ({type(found).__name__}: {found}); start the "
                "scheduler, the workers and this command with the same image"
            )
        refuse_another(found, environment(), where)


def _named(of_workers: Any) -> Iterator[tuple[str, Any]]:
    for address, found in sorted(of_workers.items()):
        yield f"the worker {address}", found


def _connected(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise ClusterError(
            "--engine dask needs Dask, which is not installed: pip install 'aws-org-auditor[dask]'"
        ) from error
    _keep_quiet()
    try:
        asyncio.run(_answer(address))
        return Client(address, timeout=CONNECT_SECONDS, name="auditor")
    except ClusterError:
        raise
    except Exception as error:  # of many kinds: no host, no answer, no TLS, another program that answers
        is_late = isinstance(error, TimeoutError) or "Timed out" in str(error)
        reason = f"no answer within {CONNECT_SECONDS:.0f} seconds" if is_late else " ".join(str(error).split())
        raise ClusterError(
            f"cannot reach a Dask scheduler at {address}: {reason or type(error).__name__}; "
            "start one there, or correct --scheduler"
        ) from error


async def _answer(address: str) -> None:
    """Wait until a scheduler answers; Dask's own client waits without end for a program that accepts and is silent."""
    from distributed import Security
    from distributed.comm import connect

    arguments = Security().get_connection_args("client")
    if address.startswith("tls://") and not arguments.get("ssl_context"):
        settings = ", ".join(
            f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY")
        )
        raise ClusterError(f"{address} needs certificates, and Dask knows none; set {settings} to PEM files")
    comm = await asyncio.wait_for(connect(address, CONNECT_SECONDS, **arguments), CONNECT_SECONDS)
    await comm.close()


def _keep_quiet() -> None:
    """Dask writes to stderr what becomes an error of this project, or is of no use to who reads it."""
    warnings.filterwarnings("ignore", module="distributed")
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in _LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def _lost_connection(address: str) -> Iterator[None]:
    try:
        yield
    except (OSError, CancelledError) as error:
        raise ClusterError(_lost(address)) from error


def _lost(address: str) -> str:
    return f"the connection to the Dask scheduler at {address} was lost; start it and this command again"


def _written(task: BatchTask, batches: Sequence[tuple[int, Batch]]) -> WorkFile:
    root_hash = stamp_at(task.folder / MANIFEST).sha256
    content = pickle.dumps(Work(task, batches, root_hash), pickle.HIGHEST_PROTOCOL)
    write_bytes(task.segments / NAME, content)
    return WorkFile(str(task.segments / NAME), hashlib.sha256(content).hexdigest(), environment())


def _raise_first_failure(futures: Sequence[Any], batches: Sequence[tuple[int, Batch]], address: str) -> None:
    for future, (_, records) in zip(futures, batches, strict=True):
        if future.status == "cancelled":
            raise ClusterError(_lost(address))
        if future.status == "error":
            raise _failure(future.exception(), records) from None


def _failure(error: BaseException, records: Batch) -> Exception:
    from distributed import KilledWorker

    if isinstance(error, AuditorError):
        return error
    if isinstance(error, KilledWorker):
        last = getattr(error.last_worker, "address", error.last_worker)
        return BatchError(
            f"{error.allowed_failures + 1} workers died while they judged {_accounts(records)}, the last of them "
            f"{last}; give workers more memory, or look at their logs"
        )
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return BatchError(
        f"{_accounts(records)} could not be judged by a worker: {reason}; look at the logs of the workers"
    )


def _accounts(records: Batch) -> str:
    ids = [record.account.id for record in records]
    more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
    return f"the account{'s' if len(ids) > 1 else ''} {', '.join(ids[:_SHOWN])}{more}"


def _checked(judged: Judged, task: BatchTask, records: Batch) -> tuple[Segment, frozenset[str]]:
    """Refuse what only the worker sees: evidence that it could not read and this command can, tables that only it can
    read."""
    folder = judged.segment.folder
    if not os.access(folder, os.R_OK | os.X_OK):
        raise ClusterError(
            f"this command cannot read what {judged.worker} wrote to {folder}; the folder of the report must be on a "
            "disk that all workers have at the same path, and they must run as the user who runs this command"
        )
    for file in (f for record in records for f in record.evidence if f.path in judged.unusable):
        if _is_whole(task, file):
            raise ClusterError(
                f"{judged.worker} could not read {task.folder / file.path}, which this command can; mount the same "
                "disk at the same path on all workers, readable by the user who runs them"
            )
    return judged.segment, judged.unusable


def _is_whole(task: BatchTask, file: EvidenceFile) -> bool:
    try:
        return stamp_at(task.folder / file.path) == FileStamp(file.sha256, file.size)
    except OSError:
        return False
