"""``summary.json``: what the other files were derived from, what they say in numbers, and their hashes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditor.ask.derivation import Derivation
from auditor.judge.assessment import Assessment
from auditor.judge.waivers import State
from auditor.model import FileStamp
from auditor.report.figures import Gap, coverage, failures_by_severity, findings_by_status, gaps, waivers_by_state
from auditor.store.files import write_bytes
from auditor.times import iso

_CONTROL_COUNTS = ("population", "passed", "failed", "waived", "not_applicable", "no_evidence", "manual")


def write_summary(
    assessment: Assessment,
    folder: Path,
    files: Mapping[str, FileStamp],
    output: Mapping[str, Any],
    derivation: Derivation | None = None,
) -> Path:
    """Write ``summary.json`` about ``files``, by their names in ``folder``; ``output`` is what was asked of them that
    changes their bytes, ``derivation`` what the tables are made of that queries open."""
    content = summary(assessment) | {"files": {name: dataclasses.asdict(stamp) for name, stamp in files.items()}}
    content["derived_from"] |= {"output": output}
    if derivation:
        content["tables"] = {"derived_from": derivation.told()}
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, default=str) + "\n"
    path = folder / "summary.json"
    # A lone surrogate has no UTF-8; as \udXXX it is still the same text in JSON.
    write_bytes(path, text.encode("utf-8", errors="backslashreplace"))
    return path


def summary(assessment: Assessment) -> dict[str, Any]:
    """The content of ``summary.json`` but for what is told of its files; times are UTC, ``2026-11-24T10:15:00Z``."""
    cover = coverage(assessment)
    return {
        "snapshot_id": assessment.snapshot_id,
        "root_hash": assessment.manifest_sha256,
        "organization_id": assessment.organization_id,
        "caller_arn": assessment.caller_arn,
        "as_of": iso(assessment.as_of),
        "period": assessment.period or None,
        "started_at": iso(assessment.started_at),
        "finished_at": iso(assessment.finished_at),
        "tool_version": assessment.tool_version,
        "derived_from": _derived_from(assessment),
        "accounts": {
            "total": cover.total,
            "assessed": cover.assessed,
            "excluded": cover.excluded,
            "not_assessed": cover.not_assessed,
        },
        "complete": cover.complete,
        "interrupted": assessment.interrupted,
        "run": dict(assessment.run),
        "users": int(assessment.accounts["users"].sum()),
        "credentials": assessment.large.rows("credentials"),
        "findings": findings_by_status(assessment),
        "failures_by_severity": failures_by_severity(assessment),
        "controls": [_control(row) for row in assessment.controls.to_dict("records")],
        "looser_settings": _looser(assessment),
        "requirements_left_out": list(assessment.dropped),
        "parameters_for_no_account": list(assessment.idle_overrides),
        "waivers": _waivers(assessment),
        "gaps": [_gap(gap) for gap in gaps(assessment)],
        "remarks": [
            {"account_id": row.account_id, "remark": row.remark, "message": row.message}
            for row in assessment.remarks.itertuples()
        ],
    }


def _derived_from(assessment: Assessment) -> dict[str, Any]:
    return {
        "manifest_sha256": assessment.manifest_sha256,
        "catalog_hash": assessment.catalog_hash,
        "waivers_sha256": assessment.waivers_sha256 or None,
        "signature": assessment.signature or None,
        "as_of": iso(assessment.as_of),
        "earlier_snapshots": list(assessment.earlier_snapshots),
        "options": assessment.options,
        "part": assessment.part or None,
        "redacted_with": assessment.redacted_with or None,
    }


def _waivers(assessment: Assessment) -> dict[str, Any]:
    """Counts, and the ids of those that do not work or cover nothing."""
    table = assessment.waivers
    states = waivers_by_state(assessment)
    ids = {state: table.loc[table["state"] == state, "waiver_id"].to_list() for state in states}
    return {
        "total": len(table),
        "failures_waived": int(table["waived"].sum()),
        "by_state": states,
        **{state.replace(" ", "_"): found for state, found in ids.items() if state != State.ACTIVE.value},
    }


def _looser(assessment: Assessment) -> dict[str, str]:
    """Control -> its settings that the benchmark would not allow."""
    controls = assessment.controls
    looser = controls[controls["looser_settings"].fillna("") != ""]
    return dict(zip(looser["control_id"], looser["looser_settings"], strict=True))


def _control(row: dict[Any, Any]) -> dict[str, Any]:
    counts = {name: int(row[name]) for name in _CONTROL_COUNTS}
    return {
        "control_id": row["control_id"],
        "requirements": [r for r in row["requirements"].split("; ") if r],
        **counts,
    }


def _gap(gap: Gap) -> dict[str, str]:
    entry: dict[str, str] = dataclasses.asdict(gap)
    del entry["account_name"]
    return entry
