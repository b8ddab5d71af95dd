"""A snapshot judged: every table the reports, the SQL prompt and the notebooks are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from auditor.catalog import Benchmark, Control


@dataclass(frozen=True)
class Assessment:
    """Verdicts on one snapshot. The frames have the columns and dtypes of ``auditor.schema``."""

    snapshot_id: str
    organization_id: str
    caller_arn: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    tool_version: str
    manifest_sha256: str
    catalog_hash: str
    options: dict[str, Any]
    benchmarks: tuple[Benchmark, ...]
    catalog_controls: tuple[Control, ...]
    accounts: pd.DataFrame
    users: pd.DataFrame
    credentials: pd.DataFrame
    findings: pd.DataFrame
    controls: pd.DataFrame
