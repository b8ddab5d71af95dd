"""A snapshot judged: every table the reports, the SQL prompt and the notebooks are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa

from auditor import schema
from auditor.catalog import Benchmark, Catalog, Control, Parameters, Selection, load_catalog
from auditor.judge.evaluator import evaluate, no_bridge
from auditor.judge.waivers import Waivers, apply_waivers, no_matches, no_waivers, waived_by_account
from auditor.model import (
    ACCOUNT_SUMMARY,
    ACCOUNT_TAGS,
    DEFAULT_BENCHMARKS,
    Account,
    OrganizationRecord,
    Outcome,
    Severity,
    Status,
)
from auditor.store.seal import Signature
from auditor.store.snapshot import Snapshot
from auditor.tables import (
    build_frames,
    evidence_files_frame,
    evidence_tables,
    original_reports,
    without_spelling,
)

Originals = Callable[[Sequence[str]], Iterator[pa.Table]]
"""The credential reports of the accounts that are named, as AWS wrote them (see ``credential_report.parse``)."""


def no_originals(_: Sequence[str]) -> Iterator[pa.Table]:
    return iter(())


def no_remarks() -> pd.DataFrame:
    return schema.typed(pd.DataFrame(columns=list(schema.REMARKS)), schema.REMARKS)


def no_evidence_files() -> pd.DataFrame:
    return evidence_files_frame((), OrganizationRecord())


@dataclass(frozen=True)
class Assessment:
    """Verdicts on one snapshot. The frames have the columns and dtypes of ``auditor.schema``.

    ``by_account`` tells of each account what ``controls`` tells in sum, ``bridge`` (``schema.BRIDGE``) how its users
    become the units that were tested. ``evidence`` is the units of all other evidence
    by the names of ``frames.EVIDENCE_TABLES``, ``dropped`` what a rewritten benchmark leaves out and ``idle_overrides``
    the parameters of one's own that match no account, one sentence each.
    ``interrupted``: the collection was stopped, so accounts may be missing that had not been listed yet.
    ``waivers_sha256`` is that of the waivers file; empty, as is ``waivers``, where there was none. ``own_parameters``
    are those of a control (by id) that differ for an account (by id). ``originals`` reads the reports again whose rows
    are ``users``, row by row the same. ``redacted_with`` is the fingerprint of the key whose pseudonyms stand in place
    of people's names, empty where the names stand.

    ``period`` is as people are shown it: ``2026Q4 (2026-10-01 to 2026-12-31)``; empty where none was stated.
    ``out_of_period``: the as-of time lies outside of it. ``signature`` says how the snapshot is signed (``Ed25519,
    public key SHA-256 ...``), empty where it is not; nobody verified it here.
    ``first_seen`` has the index of ``findings`` and is UTC, NaT but for failures: when the first of the snapshots was
    begun in which the unit has failed ever since; None where nobody looked. ``earlier_snapshots`` are those that were
    looked at.

    ``part`` is what the accounts are called that the assessment was cut down to, empty where it is whole. ``tags`` are
    those of the accounts, by account id, None where they are not known. ``waiver_matches`` (``schema.WAIVER_MATCHES``)
    is where the failures stand that are in the scopes of ``waivers``. ``remarks`` (``schema.REMARKS``) are about
    evidence that was used; ``evidence_files`` (``schema.EVIDENCE_FILES``) is every file of evidence, as it was sealed.
    """

    snapshot_id: str
    organization_id: str
    caller_arn: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    interrupted: bool
    run: Mapping[str, Any]
    tool_version: str
    manifest_sha256: str
    catalog_hash: str
    options: dict[str, Any]
    benchmarks: tuple[Benchmark, ...]
    catalog_controls: tuple[Control, ...]
    accounts: pd.DataFrame
    gaps: pd.DataFrame
    users: pd.DataFrame
    credentials: pd.DataFrame
    findings: pd.DataFrame
    controls: pd.DataFrame
    by_account: pd.DataFrame
    evidence: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    idle_overrides: tuple[str, ...] = ()
    waivers: pd.DataFrame = field(default_factory=no_waivers)
    waivers_sha256: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    period: str = ""
    out_of_period: bool = False
    signature: str = ""
    first_seen: pd.Series | None = None
    earlier_snapshots: tuple[str, ...] = ()
    own_parameters: Mapping[str, Mapping[str, Parameters]] = field(default_factory=dict)
    originals: Originals = no_originals
    redacted_with: str = ""
    part: str = ""
    tags: Mapping[str, Mapping[str, str]] | None = None
    waiver_matches: pd.DataFrame = field(default_factory=no_matches)
    bridge: pd.DataFrame = field(default_factory=no_bridge)
    remarks: pd.DataFrame = field(default_factory=no_remarks)
    evidence_files: pd.DataFrame = field(default_factory=no_evidence_files)

    @property
    def has_gaps(self) -> bool:
        """Whether anything in scope could not be judged."""
        undecided = (self.findings["status"] == Status.NO_EVIDENCE.value).any()
        return bool(self.interrupted or len(self.gaps) or undecided)

    @property
    def has_evidence(self) -> bool:
        """Whether any account at all was assessed."""
        return bool((self.accounts["outcome"] == Outcome.ASSESSED.value).any())

    def fails_at(self, severity: Severity) -> bool:
        """Whether a unit fails a control of ``severity`` or worse, and no waiver covers that."""
        counted = [s.value for s in Severity if s.rank >= severity.rank]
        failed = self.findings["status"] == Status.FAIL.value
        waived = self.findings["waiver_id"] != ""
        return bool((failed & ~waived & self.findings["severity"].isin(counted)).any())


def assess(
    snapshot: Snapshot,
    benchmarks: Sequence[str] = DEFAULT_BENCHMARKS,
    as_of: datetime | None = None,
    catalog: Catalog | None = None,
    selection: Selection | None = None,
    waivers: Waivers | None = None,
) -> Assessment:
    """Judge a snapshot, offline, by whole ``benchmarks`` or by a ``selection`` that was made of the catalogue.

    ``as_of`` is the snapshot's own where none is given. A failure that a waiver covers stays one, and carries the
    waiver's id. Raises CatalogError for an unknown benchmark.
    """
    catalog = catalog or load_catalog()
    selection = selection or catalog.select(benchmarks)
    manifest = snapshot.manifest
    moment = as_of or manifest.as_of
    needs_tags = selection.uses_tags or (waivers is not None and waivers.uses_tags)
    frames = build_frames(snapshot, moment, {*selection.evidence, ACCOUNT_SUMMARY}, needs_tags=needs_tags)
    verdicts = evaluate(frames, selection, manifest.organization, manifest.snapshot_id, moment)
    accounts, tags = [record.account for record in manifest.accounts], {i: a.tags for i, a in frames.places.items()}
    waived = apply_waivers(verdicts.findings, verdicts.controls, waivers or Waivers(), accounts, moment, tags)
    return Assessment(
        **_about(snapshot),
        as_of=moment,
        catalog_hash=catalog.hash,
        options=dict(selection.options),
        benchmarks=selection.benchmarks,
        catalog_controls=selection.controls,
        accounts=frames.accounts,
        gaps=frames.gaps,
        remarks=frames.remarks,
        users=without_spelling(frames.users),
        credentials=without_spelling(frames.credentials),
        evidence=evidence_tables({**frames.units, **frames.unjudged}),
        dropped=selection.dropped,
        idle_overrides=tuple(selection.idle_overrides(frames.places.values(), tags_known=_knows_tags(frames.gaps))),
        findings=waived.findings,
        controls=waived.controls,
        by_account=waived_by_account(verdicts.by_account, waived.findings),
        bridge=verdicts.bridge,
        waivers=waived.waivers,
        waiver_matches=waived.matches,
        evidence_files=evidence_files_frame(manifest.accounts, manifest.organization_record or OrganizationRecord()),
        tags=frames.tags,
        waivers_sha256=waivers.sha256 if waivers else "",
        own_parameters=_own_parameters(selection, frames.places.values()),
        originals=partial(original_reports, snapshot),
    )


def _own_parameters(selection: Selection, accounts: Iterable[Account]) -> dict[str, dict[str, Parameters]]:
    overridden = {override.control for override in selection.overrides}
    return {
        control.id: {
            a.id: found for a in accounts if (found := selection.parameters_of(control, a)) != control.parameters
        }
        for control in selection.controls
        if control.id in overridden
    }


def _knows_tags(gaps: pd.DataFrame) -> bool:
    return not gaps["evidence"].str.contains(ACCOUNT_TAGS, regex=False).any()


def _about(snapshot: Snapshot) -> dict[str, Any]:
    """What an assessment tells of the snapshot it is of."""
    manifest = snapshot.manifest
    return {
        "snapshot_id": manifest.snapshot_id,
        "organization_id": manifest.organization.id,
        "caller_arn": manifest.caller.arn,
        "started_at": manifest.started_at,
        "finished_at": manifest.finished_at,
        "interrupted": manifest.interrupted,
        "run": manifest.run,
        "settings": manifest.settings,
        "tool_version": manifest.tool_version,
        "manifest_sha256": snapshot.manifest_sha256(),
        "signature": _signature(snapshot.signature()),
    }


def _signature(content: bytes | None) -> str:
    if content is None:
        return ""
    try:
        found = Signature.parse(content)
    except ValueError:
        return "manifest.sig, which is no signature of this program"
    return f"{found.algorithm}, public key SHA-256 {found.public_key_sha256}"
