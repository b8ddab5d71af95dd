"""What a worker does: it reads from the shared disk what is to be judged, and judges one batch of it."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.cluster.environment import Environment, environment, refuse_another, this_process
from auditor.errors import ClusterError

if TYPE_CHECKING:  # the scheduler loads this module too, and has no use for pandas
    from auditor.judge.batches import Batch, BatchTask
    from auditor.tables.segments import Segment

NAME = "work.pickle"
"""The file in the folder of the segments; no evidence goes through the scheduler."""
_MANIFEST = "manifest.json"
_SAME_DISK = "mount the same disk at the same path on all workers"
_ONE_AT_A_TIME = threading.Lock()
"""Memory is reckoned for one batch in a process, and Python uses one core for several threads anyway."""


@dataclass(frozen=True)
class Work:
    """All batches and what they are judged with; ``manifest_sha256`` is the root hash of the snapshot."""

    task: BatchTask
    batches: Sequence[tuple[int, Batch]]
    manifest_sha256: str


@dataclass(frozen=True)
class WorkFile:
    """Where a worker finds the work; it opens no other file than the one that the command wrote."""

    path: str
    sha256: str
    environment: Environment


@dataclass(frozen=True)
class Judged:
    """A batch's tables, the evidence that was not usable, and which process says so."""

    segment: Segment
    unusable: frozenset[str]
    worker: str


def judge_batch(file: WorkFile, place: int) -> Judged:
    """Judge the batch at a place in the work. Raises ClusterError where this process is not as the command is."""
    refuse_another(environment(), file.environment, this_process())
    with _ONE_AT_A_TIME:
        work = _read(file.path, file.sha256)
        segment, unusable = work.task(work.batches[place])
    return Judged(segment, unusable, this_process())


@lru_cache(maxsize=1)
def _read(path: str, sha256: str) -> Work:
    content = _seen(Path(path))
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ClusterError(f"{this_process()} sees another {path} than this command wrote; {_SAME_DISK}")
    work: Work = pickle.loads(content)  # noqa: S301 -- exactly what the command wrote, by its hash
    manifest = work.task.folder / _MANIFEST
    if hashlib.sha256(_seen(manifest)).hexdigest() != work.manifest_sha256:
        raise ClusterError(f"{this_process()} sees another {manifest} than this command; {_SAME_DISK}")
    return work


def _seen(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except PermissionError as error:
        hint = "start the workers as the user who runs this command"
        raise ClusterError(f"{this_process()} cannot read {path}: {error.strerror}; {hint}") from error
    except OSError as error:
        hint = "the snapshot and the folder of the report must be on a disk that all workers have at the same path"
        raise ClusterError(f"{this_process()} does not see {path}: {error.strerror}; {hint}") from error
