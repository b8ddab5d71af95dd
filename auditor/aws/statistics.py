"""What a run cost: calls, retries, throttles, seconds by stage, peak of memory."""

from __future__ import annotations

import resource
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any


class RunStatistics:
    """Counted while a run goes on; one for each run."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()  # by service
        self.retries = 0
        self.throttles: Counter[str] = Counter()  # by service
        # By stage, summed over all accounts; waiting for another try is included.
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._peaks: dict[int, int] = {}  # MiB, of the run's further processes

    def add(self, process: int, figures: Mapping[str, Any]) -> None:
        """What another process of the run has counted since it said so the last time; see ``taken``."""
        self.calls.update(figures["calls"])
        self.throttles.update(figures["throttles"])
        self.retries += figures["retries"]
        for stage, seconds in figures["seconds"].items():
            self.seconds[stage] += seconds
        self._peaks[process] = figures["peak_memory_mib"]

    def taken(self) -> dict[str, Any]:
        """What was counted since the last time, for ``add`` of another process."""
        figures = {"calls": dict(self.calls), "throttles": dict(self.throttles), "retries": self.retries}
        figures |= {"seconds": dict(self.seconds), "peak_memory_mib": _peak_memory()}
        self.calls.clear()
        self.throttles.clear()
        self.seconds.clear()
        self.retries = 0
        return figures

    def figures(self) -> dict[str, Any]:
        """As they stand in the manifest and in ``summary.json``; seconds and MiB, of all processes together."""
        return {
            "calls": dict(sorted(self.calls.items())),
            "retries": self.retries,
            "throttles": dict(sorted(self.throttles.items())),
            "seconds_by_stage": {stage: round(spent, 3) for stage, spent in sorted(self.seconds.items())},
            "peak_memory_mib": _peak_memory() + sum(self._peaks.values()),
        }


def _peak_memory() -> int:
    """Of this process since it began; Linux tells kibibytes, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)
