"""A thousand accounts of a thousand users, from reports on disk to findings."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator

from tests.benchmarks.child import Figures, measured
from tests.benchmarks.table import Row

_ACCOUNTS, _USERS = 1075, 1000  # one in fourteen boxed accounts is not active


def rows() -> Iterator[Row]:
    """Reading, judging, writing."""
    with tempfile.TemporaryDirectory() as folder:
        snapshot = measured("cases.make_snapshot", folder=folder, accounts=_ACCOUNTS, users=_USERS)["snapshot"]
        frames = measured("cases.frames", snapshot=snapshot)
        yield _limited("parse and merge {users:,} users", frames, seconds=20, peak=2048)
        evaluation = measured("cases.evaluation", snapshot=snapshot)
        yield _limited("judge {users:,} users by {controls} controls", evaluation, seconds=12, peak=3072)
        written = measured("cases.findings_csv", snapshot=snapshot)
        waiving = measured("cases.waiving", findings=1_000_000, waivers=10_000)
        yield Row("read {waivers:,} waivers".format(**waiving), f"{waiving['read']:.1f} s")
        yield _limited("put {waivers:,} waivers on {findings:,} failures", waiving, seconds=2, peak=3072)
        yield Row("write {findings:,} findings as CSV".format(**written), _told(written), figures=written)


def _limited(what: str, figures: Figures, seconds: float, peak: int) -> Row:
    reached = figures["seconds"] <= seconds and figures["peak_mib"] <= peak
    return Row(what.format(**figures), _told(figures), f"<= {seconds} s, <= {peak} MiB", reached, figures)


def _told(figures: Figures) -> str:
    return f"{figures['seconds']:.1f} s, {figures['peak_mib']} MiB"
