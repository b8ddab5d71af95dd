"""The product as a client of a boxed organization: the collecting that ``auditor collect`` does, measured."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aiobotocore.httpsession import AIOHTTPSession

from auditor.catalog import load_catalog
from auditor.cli.aws import collect_from_aws
from auditor.cli.collecting import kinds_needed
from auditor.cli.loop import run_async
from auditor.cli.progress import Reporter
from auditor.model import Outcome
from auditor.settings import load_settings
from tests.benchmarks.child import Figures, cpu_seconds


def collecting(**settings: Any) -> Figures:
    """Collect with ``settings`` into a folder that is thrown away; loading the program is not counted."""
    traffic = _watched()
    with tempfile.TemporaryDirectory() as folder:
        given = {"benchmark": ["aws-iam-rules"]} | settings | {"out": folder}  # the credential report and nothing else
        chosen = load_settings(None, given, read_file=False)
        kinds = kinds_needed(load_catalog().select(chosen.benchmark), chosen)
        started, before = time.perf_counter(), cpu_seconds()
        with Reporter(quiet=True, verbose=False).showing() as progress, further_processes() as further:
            snapshot = run_async(collect_from_aws(chosen, kinds, progress))
        figures: Figures = {"seconds": time.perf_counter() - started, "cpu": cpu_seconds() - before}
        figures |= {"busiest_cpu": max(figures["cpu"], *further), "all_cpu": figures["cpu"] + sum(further)}
        records = snapshot.manifest.accounts
    assessed = sum(record.outcome is Outcome.ASSESSED for record in records)
    return figures | {"listed": len(records), "assessed": assessed, "concurrency": chosen.concurrency, **traffic}


@contextmanager
def further_processes() -> Iterator[Iterable[float]]:
    """The seconds of CPU that each process took which this one started meanwhile, looked at twice a second."""
    seconds: dict[str, float] = {"": 0.0}
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            for child in Path("/proc/self/task").glob("*/children"):
                for pid in child.read_text().split():
                    with suppress(OSError):
                        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
                        seconds[pid] = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    watching = threading.Thread(target=look)
    watching.start()
    try:
        yield seconds.values()
    finally:
        ended.set()
        watching.join()


def _watched() -> Counter[str]:
    """Counts every request that leaves the SDK, and the bytes of answers; costs microseconds a call."""
    traffic: Counter[str] = Counter({"requests": 0, "bytes": 0, "not_ok": 0})
    send = AIOHTTPSession.send

    async def watched(session: AIOHTTPSession, request: Any) -> Any:
        traffic["requests"] += 1
        answer = await send(session, request)
        traffic["bytes"] += int(answer.headers.get("Content-Length", 0))
        traffic["not_ok"] += answer.status_code >= 400
        return answer

    AIOHTTPSession.send = watched
    return traffic
