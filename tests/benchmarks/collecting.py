"""Collecting from a boxed organization: how near the critical path, and how much CPU and memory it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Any

from tests.benchmarks.box import Box, boxed
from tests.benchmarks.child import Figures, measured
from tests.benchmarks.table import Row

_LATENCY, _DELAY = 0.06, (2.0, 6.0)  # seconds a call; seconds until a report is ready
_PAGE = 20  # accounts
_DISTURBED = {"throttle_rate": 0.05, "error_rate": 0.02, "reset_rate": 0.01}
_YARDSTICK_ACCOUNTS = 80


@dataclass(frozen=True)
class CriticalPath:
    """What no client can beat: everything that has to wait for something else, with nothing in its way."""

    accounts: int
    latency: float = _LATENCY
    longest_delay: float = _DELAY[1]
    first: int = 2  # who is calling, and in which organization
    last: int = 3  # assume, generate and fetch in the slowest account, when it is on the last page

    @property
    def pages(self) -> int:
        return ceil(self.accounts / _PAGE)

    @property
    def seconds(self) -> float:
        return (self.first + self.pages + self.last) * self.latency + self.longest_delay

    def __str__(self) -> str:
        calls = f"({self.first} + {self.pages} pages + {self.last}) calls x {self.latency:g} s"
        return f"{calls} + {self.longest_delay:g} s = {self.seconds:.1f} s"


def path_rows(**settings: Any) -> Iterator[Row]:
    """A thousand accounts with latency: undisturbed, then disturbed."""
    clean, box = _far_away(settings)
    path = CriticalPath(box.accounts)
    ratio = clean["seconds"] / path.seconds
    what = f"collect {box.active:,} accounts x 25 users, {_LATENCY * 1000:g} ms a call, reports after 2-6 s"
    told = f"{clean['seconds']:.1f} s = {ratio:.2f} x critical path; {path}; {_traffic(clean)}"
    figures = clean | {"critical_path": path.seconds, "ratio": ratio}
    yield Row(what, told, "<= 1.3 x", ratio <= 1.3 and _all_there(clean, box), figures)
    disturbed, box = _far_away(settings, **_DISTURBED)
    ratio = disturbed["seconds"] / clean["seconds"]
    what = "the same with 5 % throttles, 2 % 503, 1 % resets"
    told = f"{disturbed['seconds']:.1f} s = {ratio:.2f} x; {disturbed['assessed']:,} assessed; {_traffic(disturbed)}"
    figures = disturbed | {"ratio": ratio}
    yield Row(what, told, "<= 1.6 x, all assessed", ratio <= 1.6 and _all_there(disturbed, box), figures)


def cpu_rows(**settings: Any) -> Iterator[Row]:
    """A thousand accounts without latency, beside scripts that open a session for each account."""
    figures, box = _collected(1000, 10, settings)
    own = _cpu(figures)
    yield Row(f"CPU an account, {box.active:,} accounts", f"{own:.1f} ms", "<= 10 ms", own <= 10, figures)
    yield _memory(figures, box, 160)
    yield _yardstick("asyncio_sessions", "asyncio script, a session per account", own, 25)
    yield _yardstick("thread_pool", "boto3 thread pool, a session per account", own)


def scale_rows(**settings: Any) -> Iterator[Row]:
    """Ten thousand accounts without latency."""
    figures, box = _collected(10_000, 10, settings)
    rate = figures["assessed"] / figures["seconds"]
    told = f"{rate:.0f} accounts/s in {figures['seconds']:.1f} s; {_traffic(figures)}; {_shares(figures, box)}"
    figures |= {"accounts_a_second": rate, "box_cpu": box.cpu}
    yield Row(f"collect {box.active:,} accounts x 10 users, no latency", told, "", None, figures)
    yield _memory(figures, box, 260)


def _far_away(settings: Figures, **disturbance: float) -> tuple[Figures, Box]:
    return _collected(1000, 25, settings, latency=_LATENCY, report_delay="{},{}".format(*_DELAY), **disturbance)


def _collected(active: int, users: int, settings: Figures, **options: float | str) -> tuple[Figures, Box]:
    with boxed(active, users, **options) as box:
        figures = measured("client.collecting", box.environment, as_of=box.as_of, **settings)
    return figures, box


def _yardstick(case: str, what: str, own: float, times: int | None = None) -> Row:
    with boxed(_YARDSTICK_ACCOUNTS, 10) as box:
        figures = measured(f"yardsticks.{case}", box.environment, caller=box.caller)
    cpu = _cpu(figures)
    told = f"{cpu:.0f} ms CPU an account = {cpu / own:.0f} x ours, {figures['peak_mib']} MiB"
    figures |= {"cpu_ms": cpu, "ratio": cpu / own}
    promise, reached = (f">= {times} x ours", cpu / own >= times) if times else ("", None)
    return Row(f"{what}, {figures['assessed']} accounts", told, promise, reached, figures)


def _memory(figures: Figures, box: Box, limit: int) -> Row:
    reached = figures["peak_mib"] <= limit and _all_there(figures, box)
    what = f"peak memory, {box.active:,} accounts x 10 users"
    return Row(what, f"{figures['peak_mib']} MiB", f"<= {limit} MiB", reached, {"peak_mib": figures["peak_mib"]})


def _all_there(figures: Figures, box: Box) -> bool:
    return bool(figures["assessed"] == box.active)


def _cpu(figures: Figures) -> float:
    return float(figures["cpu"] * 1000 / figures["assessed"])


def _traffic(figures: Figures) -> str:
    return f"{figures['requests']:,} calls, {figures['bytes'] / 1e6:.1f} MB, {figures['concurrency']} at once"


def _shares(figures: Figures, box: Box) -> str:
    """Where the time goes: a share near 100 % is a process that fills a core."""
    client, server = (cpu / figures["seconds"] for cpu in (figures["cpu"], box.cpu))
    a_call = figures["cpu"] * 1000 / figures["requests"]
    return f"CPU: client {client:.0%} ({_cpu(figures):.1f} ms an account, {a_call:.1f} ms a call), sandbox {server:.0%}"
