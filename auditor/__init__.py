"""Audits the credentials of every account of an AWS organization.

From a notebook::

    import auditor

    snapshot = auditor.open_snapshot("reports/o-example-20261124T101500Z")
    snapshot.credentials  # a typed pandas frame; so are accounts, users, findings and controls
    auditor.evaluate(snapshot, benchmarks=["cis-aws-5.0.0"], as_of="2026-09-30T00:00:00Z")  # findings
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    import pandas as pd

    from auditor.ask.notebook import OpenSnapshot

__version__ = "0.1.0"
__all__ = ["__version__", "evaluate", "open_snapshot"]


def open_snapshot(path: str | Path) -> OpenSnapshot:
    """A snapshot's tables as typed pandas frames (``auditor.schema`` has their columns and dtypes).

    Raises SnapshotError when ``path`` is not a snapshot.
    """
    from auditor.ask.notebook import OpenSnapshot

    return OpenSnapshot.at(Path(path))


def evaluate(
    snapshot: OpenSnapshot | str | Path,
    benchmarks: Sequence[str] | None = None,
    as_of: str | None = None,
    waivers: str | Path | None = None,
) -> pd.DataFrame:
    """The findings (``schema.FINDINGS``) of a snapshot by ``benchmarks``, at ``as_of`` (ISO 8601 with a time zone).

    The defaults are those of the command line: ``aws-iam-rules`` and the newest CIS version, at the snapshot's own
    as-of time. ``waivers`` is a waivers file, whose ids the failures it covers then carry. Raises CatalogError for an
    unknown benchmark, ConfigurationError for a malformed time, WaiverError for a waivers file that is not in order.
    """
    opened = open_snapshot(snapshot) if isinstance(snapshot, str | Path) else snapshot
    return opened.evaluated(benchmarks, as_of, Path(waivers) if waivers else None).findings
