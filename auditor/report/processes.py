"""Work done by several processes, which see the memory of the one that starts them and do not outlive it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from auditor.errors import SnapshotError

T = TypeVar("T")
R = TypeVar("R")
_LOOK = 1.0  # seconds between two looks at whether the first process is still there
_work: Callable[[Any], Any] = id  # of this process; a forked one is given its own


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(work: Callable[[T], R], items: Sequence[T], jobs: int) -> Iterator[R]:
    """What ``work`` makes of each item, in the order of the items, whatever the number of processes.

    The processes are forked: large tables need not be handed over. Where there is no fork, for one job or for one item
    it is all done here. Raises what ``work`` raises, and SnapshotError where a process was killed.
    """
    number = min(jobs, len(items))
    if number <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from map(work, items)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(number, context, _begin, (work, os.getpid())) as pool:
        results = [pool.submit(_do, item) for item in items]
        try:
            for result in results:
                yield result.result()
        except BrokenProcessPool as error:
            _end_processes()
            raise SnapshotError("a process of this command was killed; start it again, with fewer --jobs") from error
        except BaseException:  # Ctrl-C among others: nobody waits for what they do
            _end_processes()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _end_processes() -> None:
    for process in multiprocessing.active_children():
        process.terminate()


def _begin(work: Callable[[Any], Any], first: int) -> None:
    """Ctrl-C is the first process's to act on."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(first,), daemon=True).start()


def _end_with(first: int) -> None:
    while os.getppid() == first:
        time.sleep(_LOOK)
    os._exit(1)


def _do(item: Any) -> Any:
    return _work(item)
