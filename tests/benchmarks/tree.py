"""A whole process with all that it starts: wall time, and the most memory that they hold together."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.benchmarks.child import Figures

_PAUSE = 0.1  # seconds between two looks at the memory
_SHARE = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def run_tree(command: Sequence[str], code: int = 0, environment: Mapping[str, str] | None = None) -> Figures:
    """``seconds`` of wall time and ``peak_mib``: memory that several processes share is counted once.

    Raises RuntimeError where it ends with another exit code than ``code``.
    """
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as run:
        while run.poll() is None:
            peak = max(peak, sum(map(_share, _tree(run.pid))))
            time.sleep(_PAUSE)
        if run.returncode != code:
            raise RuntimeError(run.stderr.read() if run.stderr else "")
    return {"seconds": time.perf_counter() - started, "peak_mib": peak // 1024}


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with contextlib.suppress(OSError):  # it has ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                yield from _tree(int(child))


def _share(pid: int) -> int:
    """KiB: of memory that n processes have in common, one nth."""
    with contextlib.suppress(OSError):
        found = _SHARE.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
        return int(found[1]) if found else 0
    return 0
