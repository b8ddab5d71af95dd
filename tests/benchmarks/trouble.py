"""Collecting where AWS is slow, throttles, or does not work: what that costs, in time and in calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.benchmarks.box import Box, boxed
from tests.benchmarks.child import Figures, measured
from tests.benchmarks.table import Row

_BENCHMARKS = ["aws-iam-rules", "cis-aws-7.0.0"]
_READY_AFTER, _CALLS = 10.0, 31  # seconds until a report is there; calls an account, as of 17 regions
_LOADS = ((3000, 0.4), (10_000, 0.25))  # accounts, seconds a call
_FEW_CALLS: Mapping[str, Any] = {
    "rate": ("iam=4", "sts=40", "organizations=5"),
    "error_rate": 0.1,
    "reset_rate": 0.05,
    "session_seconds": 20,
}
_EIGHT_REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    *("eu-central-1", "eu-west-1", "ap-southeast-1", "ap-southeast-2"),
)
_SERVICE = "access-analyzer"


def waiting_rows(**_: Any) -> Iterator[Row]:
    """Reports that get ready while all slots are taken, on a virtual clock."""
    for accounts, latency in _LOADS:
        figures = measured("trouble.waiting", accounts=accounts, latency=latency)
        ratio = figures["virtual_seconds"] / figures["calm_seconds"]
        what = (
            f"{accounts:,} accounts x {_CALLS} calls x {latency:g} s, reports after {_READY_AFTER:g} s, virtual clock"
        )
        told = f"{figures['virtual_seconds']:.1f} s = {ratio:.3f} x as many calls that wait for no report "
        told += f"({figures['calm_seconds']:.1f} s); {figures['timeouts']:,} reports timed out; "
        told += f"{figures['looks'] / accounts:.2f} looks a report"
        reached = ratio <= 1.15 and not figures["timeouts"]
        yield Row(what, told, "<= 1.15 x, no timeout", reached, figures | {"ratio": ratio})


def waiting(accounts: int, latency: float) -> Figures:
    """The simulation of one load, and of as many calls with reports that are there at once."""
    from dataclasses import replace

    from tests.simulated import Load, collected

    load = Load(accounts, _CALLS, latency, _READY_AFTER)
    slow, calm = collected(load), collected(replace(load, ready_after=0.0))
    figures = {"virtual_seconds": slow.seconds, "calm_seconds": calm.seconds, "looks": slow.looks}
    return figures | {"timeouts": slow.gaps.total()}


def throttled_rows(**settings: Any) -> Iterator[Row]:
    """Few calls a second, and errors, resets and short sessions at the same time."""
    figures, box = _collected(118, settings, **_FEW_CALLS)
    what = f"collect {box.active} accounts x 8 users; IAM 4 calls/s an account, STS 40/s, Organizations 5/s, 10 % 503, "
    what += "5 % resets, credentials for 20 s"
    told = f"{figures['seconds']:.1f} s, {figures['requests']:,} calls; {figures['assessed']} assessed"
    yield Row(what, told, "all assessed", figures["assessed"] == box.active, figures)


def outage_rows(**settings: Any) -> Iterator[Row]:
    """A regional service that answers 500, beside the same run without that; then one that the endpoint lacks."""
    clean, box = _collected(150, settings, region=_EIGHT_REGIONS)
    down, _ = _collected(150, settings, region=_EIGHT_REGIONS, down=_SERVICE)
    longer, more = down["seconds"] / clean["seconds"], down["requests"] / clean["requests"]
    what = f"collect {box.active} accounts x 8 regions, a service answers 500 to everything"
    told = f"{down['seconds']:.1f} s = {longer:.2f} x {clean['seconds']:.1f} s; "
    told += f"{down['requests']:,} calls = {more:.2f} x {clean['requests']:,}; {down['assessed']} assessed"
    reached = longer <= 2 and more <= 1.5 and down["assessed"] == box.active
    yield Row(what, told, "<= 2 x the time, 1.5 x the calls", reached, down | {"clean": clean})
    unknown, box = _collected(12, settings, region=_EIGHT_REGIONS, unknown=_SERVICE)
    told = f"{unknown['seconds']:.1f} s, {unknown['requests']:,} calls; {unknown['assessed']} assessed"
    reached = unknown["seconds"] <= 30 and unknown["assessed"] > 0
    yield Row(f"the same of {box.accounts} accounts, the server lacks a service", told, "<= 30 s", reached, unknown)


def _collected(active: int, settings: Figures, **options: Any) -> tuple[Figures, Box]:
    with boxed(active, 8, **options) as box:
        figures = measured("client.collecting", box.environment, as_of=box.as_of, benchmark=_BENCHMARKS, **settings)
    return figures, box
