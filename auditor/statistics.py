"""What a run cost: calls, retries, throttles, seconds by stage, peak of memory."""

from __future__ import annotations

import resource
import sys
from collections import Counter, defaultdict
from typing import Any


class RunStatistics:
    """Counted while a run goes on; one for each run."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()  # by service
        self.retries = 0
        self.throttles: Counter[str] = Counter()  # by service
        # By stage, summed over all accounts; waiting for another try is included.
        self.seconds: defaultdict[str, float] = defaultdict(float)

    def figures(self) -> dict[str, Any]:
        """As they stand in the manifest and in ``summary.json``; seconds and MiB."""
        return {
            "calls": dict(sorted(self.calls.items())),
            "retries": self.retries,
            "throttles": dict(sorted(self.throttles.items())),
            "seconds_by_stage": {stage: round(spent, 3) for stage, spent in sorted(self.seconds.items())},
            "peak_memory_mib": _peak_memory(),
        }


def _peak_memory() -> int:
    """Of this process since it began; Linux tells kibibytes, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)
