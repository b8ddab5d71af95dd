"""Controls in SQL for tests: one over keys, with whatever a test wants to be different."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from auditor.catalog import Control

ENTRY: dict[str, Any] = {
    "id": "own-keys-young",
    "title": "Keys are young",
    "why": "Because.",
    "service": "IAM",
    "severity": "low",
    "table": "credentials",
    "where": "credential like 'access_key_%' and active",
    "passes": "age_days <= $max_age_days",
    "observed": "'age ' || coalesce(cast(age_days as text), 'unknown') || ', active ' || active",
    "reason": {
        "pass": "at most $max_age_days days",
        "fail": "more than $max_age_days days",
        "no_evidence": "the age is not known",
        "not_applicable": "not an active key",
    },
    "parameters": {"max_age_days": 90},
    "stricter": {"max_age_days": "less"},
    "how_tested": "By its age.",
    "remediation": {"console": "Click.", "cli": "aws iam list-users"},
    "references": ["Nothing"],
}


def entry(**changes: Any) -> dict[str, Any]:
    """The entry with changes; a key that is changed to None is left out."""
    return {name: value for name, value in (ENTRY | changes).items() if value is not None}


def own_control(**changes: Any) -> Control:
    return Control.model_validate(entry(**changes))


def own_folder(place: Path, *entries: dict[str, Any]) -> Path:
    """A folder for ``--config-dir`` with these controls."""
    (place / "controls").mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"controls": list(entries)}, sort_keys=False, width=1000)
    (place / "controls" / "own.yaml").write_text(text, encoding="utf-8")
    return place
