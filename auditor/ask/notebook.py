"""A snapshot as it is used from a notebook: its tables, judged when they are first looked at."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import pandas as pd

from auditor.catalog import load_catalog
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.waivers import load_waivers
from auditor.settings import load_settings
from auditor.store.sealed_state import sealed_state
from auditor.store.snapshot import Manifest, Snapshot


class OpenSnapshot:
    """The tables of one snapshot, by the default benchmarks and at its own as-of time."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    @classmethod
    def at(cls, path: Path) -> Self:
        return cls(Snapshot.open(path))

    def __repr__(self) -> str:
        return f"<snapshot {self.manifest.snapshot_id}, {len(self.manifest.accounts)} accounts>"

    @property
    def manifest(self) -> Manifest:
        return self._snapshot.manifest

    @property
    def accounts(self) -> pd.DataFrame:
        return self._default.accounts

    @property
    def users(self) -> pd.DataFrame:
        return self._default.users

    @property
    def credentials(self) -> pd.DataFrame:
        return self._default.credentials

    @property
    def findings(self) -> pd.DataFrame:
        return self._default.findings

    @property
    def controls(self) -> pd.DataFrame:
        return self._default.controls

    def evaluated(
        self, benchmarks: Sequence[str] | None = None, as_of: str | None = None, waivers: Path | None = None
    ) -> Assessment:
        """All tables by other benchmarks, at another time, or with the waivers of a file.

        Warns where the snapshot is not as it was sealed.
        """
        given = {"benchmark": tuple(benchmarks) if benchmarks else None, "as_of": as_of}
        settings = load_settings(None, {k: v for k, v in given.items() if v is not None}, read_file=False)
        catalog = load_catalog()
        loaded = load_waivers(waivers, catalog, settings.waiver_max_days) if waivers else None
        assessment = assess(self._snapshot, settings.benchmark, settings.as_of, catalog, waivers=loaded)
        if sentence := sealed_state(self._snapshot).sentence:
            warnings.warn(sentence, stacklevel=2)
        return assessment

    @cached_property
    def _default(self) -> Assessment:
        return self.evaluated()
