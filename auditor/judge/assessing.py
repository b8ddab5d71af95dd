"""A snapshot judged at once: its evidence, all in memory, and what it is judged by, made into an assessment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, Self

import pandas as pd

from auditor.catalog import Catalog, Parameters, Selection, load_catalog
from auditor.judge.assessment import Assessment
from auditor.judge.evaluator import evaluate
from auditor.judge.large_tables import LargeTables, TablesInMemory
from auditor.judge.waivers import Waivers, apply_waivers, waived_by_account
from auditor.model import ACCOUNT_SUMMARY, ACCOUNT_TAGS, DEFAULT_BENCHMARKS, Account, OrganizationRecord
from auditor.store.seal import Signature
from auditor.store.snapshot import Snapshot
from auditor.tables import evidence_files_frame, evidence_tables, frames_of, original_reports, without_spelling
from auditor.tables.shared import Shared, shared_facts


@dataclass(frozen=True)
class Criteria:
    """What a snapshot is judged by: controls, waivers and a time (UTC)."""

    selection: Selection
    waivers: Waivers
    as_of: datetime
    catalog_hash: str

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        as_of: datetime | None,
        catalog: Catalog,
        selection: Selection,
        waivers: Waivers | None,
    ) -> Self:
        """``as_of`` is the snapshot's own where none is given."""
        return cls(selection, waivers or Waivers(), as_of or snapshot.manifest.as_of, catalog.hash)

    def shared_facts(self, snapshot: Snapshot, *, for_batches: bool = False) -> Shared:
        """What all accounts of the snapshot are judged with."""
        kinds = {*self.selection.evidence, ACCOUNT_SUMMARY}
        needs_tags = self.selection.uses_tags or self.waivers.uses_tags
        return shared_facts(snapshot, kinds, needs_tags=needs_tags, for_batches=for_batches)


@dataclass(frozen=True)
class JudgedTables:
    """The tables of an assessment that depend on which accounts it is about; see ``Assessment``."""

    accounts: pd.DataFrame
    gaps: pd.DataFrame
    remarks: pd.DataFrame
    controls: pd.DataFrame
    by_account: pd.DataFrame
    bridge: pd.DataFrame
    waivers: pd.DataFrame
    waiver_matches: pd.DataFrame
    large: LargeTables


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
    criteria = Criteria.of(snapshot, as_of, catalog, selection or catalog.select(benchmarks), waivers)
    shared = criteria.shared_facts(snapshot)
    return assessment_of(snapshot, criteria, shared, judged_tables(snapshot, criteria, shared))


def judged_tables(snapshot: Snapshot, criteria: Criteria, shared: Shared) -> JudgedTables:
    """The tables of the accounts of a snapshot, which may be narrowed to some of them."""
    manifest, selection, moment = snapshot.manifest, criteria.selection, criteria.as_of
    frames = frames_of(snapshot, shared, moment)
    verdicts = evaluate(frames, selection, manifest.organization, manifest.snapshot_id, moment)
    accounts, tags = [record.account for record in manifest.accounts], {i: a.tags for i, a in frames.places.items()}
    waived = apply_waivers(verdicts.findings, verdicts.controls, criteria.waivers, accounts, moment, tags)
    large = {
        "users": without_spelling(frames.users),
        "credentials": without_spelling(frames.credentials),
        "findings": waived.findings,
        **evidence_tables({**frames.units, **frames.unjudged}),
    }
    return JudgedTables(
        accounts=frames.accounts,
        gaps=frames.gaps,
        remarks=frames.remarks,
        controls=waived.controls,
        by_account=waived_by_account(verdicts.by_account, waived.findings),
        bridge=verdicts.bridge,
        waivers=waived.waivers,
        waiver_matches=waived.matches,
        large=TablesInMemory(large),
    )


def assessment_of(snapshot: Snapshot, criteria: Criteria, shared: Shared, judged: JudgedTables) -> Assessment:
    """The tables of all accounts with what else there is to tell of them."""
    selection, manifest = criteria.selection, snapshot.manifest
    places = [replace(account, tags=shared.tags.get(account.id, {})) for account in shared.accounts]
    return Assessment(
        **_about(snapshot),
        **{name: getattr(judged, name) for name in JudgedTables.__dataclass_fields__},
        as_of=criteria.as_of,
        catalog_hash=criteria.catalog_hash,
        options=dict(selection.options),
        benchmarks=selection.benchmarks,
        catalog_controls=selection.controls,
        dropped=selection.dropped,
        idle_overrides=tuple(selection.idle_overrides(places, tags_known=_knows_tags(judged.gaps))),
        evidence_files=evidence_files_frame(manifest.accounts, manifest.organization_record or OrganizationRecord()),
        tags=shared.tags if shared.knows_tags else None,
        waivers_sha256=criteria.waivers.sha256,
        own_parameters=_own_parameters(selection, places),
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
