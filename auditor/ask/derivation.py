"""What the tables on disk were made of: told without reading a snapshot, so that a query can compare it at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from auditor import __version__
from auditor.catalog_folders import catalog_files_sha256
from auditor.plugins import ADDED_KINDS, plugins
from auditor.settings import Settings
from auditor.times import iso

_CHANGES = {
    "manifest_sha256": "the snapshot is another one",
    "program": "another version of the program made them",
    "catalog_files_sha256": "the catalogue has changed",
    "waivers_sha256": "the waivers have changed",
    "options": "other benchmarks, levels, sections or requirements are asked for",
    "as_of": "another as-of time is asked for",
    "redacted_with": "their names are pseudonyms",
}


@dataclass(frozen=True)
class Derivation:
    """All that the rows of the tables depend on.

    ``manifest_sha256`` is the snapshot's root hash, ``program`` the version with the packages that add kinds,
    ``catalog_files_sha256`` of all files of the catalogue, ``waivers_sha256`` of the waivers file and the limit on
    their duration (empty: no waivers), ``options`` what was chosen of the benchmarks, ``as_of`` the time at which ages
    are counted (UTC), ``snapshot_as_of`` the snapshot's own, ``redacted_with`` the fingerprint of the key of the
    pseudonyms (empty: none).
    """

    manifest_sha256: str
    program: str
    catalog_files_sha256: str
    waivers_sha256: str
    options: Mapping[str, Any]
    as_of: str
    snapshot_as_of: str
    redacted_with: str = ""

    @classmethod
    def of(
        cls, settings: Settings, manifest_sha256: str, snapshot_as_of: datetime | str, redacted_with: str = ""
    ) -> Self:
        """What the tables of a snapshot are made of by these settings, which may name another as-of time."""
        own = snapshot_as_of if isinstance(snapshot_as_of, str) else iso(snapshot_as_of)
        return cls(
            manifest_sha256=manifest_sha256,
            program=" ".join([__version__, *(plugin.origin for plugin in plugins(ADDED_KINDS))]),
            catalog_files_sha256=catalog_files_sha256(*([settings.config_dir] if settings.config_dir else [])),
            waivers_sha256=_waivers_sha256(settings),
            options=_options(settings),
            as_of=iso(settings.as_of) if settings.as_of else own,
            snapshot_as_of=own,
            redacted_with=redacted_with,
        )

    def told(self) -> dict[str, Any]:
        """As it stands in ``summary.json``."""
        return asdict(self)

    def key(self) -> str:
        """16 hexadecimal digits."""
        return hashlib.sha256(json.dumps(self.told(), sort_keys=True).encode()).hexdigest()[:16]

    def changes_since(self, told: Mapping[str, Any]) -> list[str]:
        """What is another than in ``told``, a phrase each; empty where the tables are the same."""
        now = self.told()
        return [phrase for name, phrase in _CHANGES.items() if told.get(name) != now[name]]


def _options(settings: Settings) -> dict[str, Any]:
    chosen: dict[str, Iterable[str]] = {
        "benchmark": settings.benchmark,
        "section": settings.section,
        "requirement": settings.requirement,
    }
    return {"level": settings.level, **{name: sorted(set(values)) for name, values in chosen.items()}}


def _waivers_sha256(settings: Settings) -> str:
    if settings.waivers is None:
        return ""
    try:
        content = Path(settings.waivers).read_bytes()
    except OSError:
        return "unreadable"  # whoever reads it says so
    return f"{hashlib.sha256(content).hexdigest()} {settings.waiver_max_days}"
