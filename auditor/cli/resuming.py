"""What ``--resume`` and ``--retry-gaps`` mean: the settings of the snapshot, and what is to be done again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.cli.log import follow
from auditor.cli.options import settings_from, wanted_from
from auditor.errors import ConfigurationError, SnapshotError
from auditor.settings import Settings, load_settings


@dataclass(frozen=True)
class Plan:
    """The settings of a run, and the snapshot it goes on with, if any."""

    settings: Settings
    resume: Path | None = None
    retry_gaps: bool = False


def plan_from(given: dict[str, Any]) -> Plan:
    """Take ``resume`` and ``retry_gaps`` out of the options of a command; the snapshot's own settings then count,
    but for options that are given now. Raises ConfigurationError or SnapshotError."""
    resume, retry = given.pop("resume", None), given.pop("retry_gaps", None)
    if resume and retry:
        raise ConfigurationError("give --resume or --retry-gaps, not both: --retry-gaps resumes as well")
    folder = resume or retry
    if folder is None:
        return Plan(settings_from(given))
    _refuse_complete(folder, retry_gaps=bool(retry))
    return Plan(_settings_of(folder, given), folder, bool(retry))


def _settings_of(folder: Path, given: dict[str, Any]) -> Settings:
    from auditor.store.journal import read_attempts

    attempts = read_attempts(folder)
    if not attempts:
        raise SnapshotError(f"{folder} cannot be resumed: its journal has no start entry; start a new run")
    stored = dict(attempts[-1].settings)
    config = given.pop("config", None)
    wanted = wanted_from(given)
    if stored.pop("external_id", None) and "external_id" not in wanted:
        wanted["external_id"] = _external_id(folder, config)
    return follow(load_settings(None, stored | wanted, read_file=False))


def _external_id(folder: Path, config: Path | None) -> str:
    """No snapshot holds one, but the settings file that it was collected with may."""
    external_id = load_settings(config).external_id
    if not external_id:
        raise ConfigurationError(f"{folder} was collected with an external id; give it again with --external-id")
    return external_id


def _refuse_complete(folder: Path, *, retry_gaps: bool) -> None:
    from auditor.collect import is_unfinished
    from auditor.store.snapshot import Snapshot

    if (folder / "manifest.json").is_file():
        manifest = Snapshot.open(folder).manifest
        common = manifest.organization_record
        gaps = any(record.gaps for record in manifest.accounts) or bool(common and common.gaps)
        if not is_unfinished(manifest) and not (retry_gaps and gaps):
            hint = "; --retry-gaps collects its gaps again" if gaps else ""
            raise SnapshotError(f"{folder} is complete, there is nothing to resume{hint}")
