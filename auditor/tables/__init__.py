"""A snapshot's evidence as typed pandas frames: accounts, users, credentials, and the units of every other kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd

from auditor.catalog import Doubt
from auditor.model import ACCESS_ANALYZERS, CREDENTIAL_REPORT, Account, AccountRecord, Organization
from auditor.store.snapshot import ORGANIZATION_FOLDER, Snapshot
from auditor.tables.accounts import accounts_frame, evidence_files_frame, gaps_frame
from auditor.tables.control_policies import with_reached_accounts
from auditor.tables.credentials import credentials_frame
from auditor.tables.documents import NOT_COLLECTED, Collected, partition_of, read_documents, with_gaps
from auditor.tables.further_keys import further_keys
from auditor.tables.organization_analyzers import NO_ANALYZERS
from auditor.tables.remarks import remarks_frame
from auditor.tables.repeated import contradictions
from auditor.tables.reports import original_reports, read_reports, reported
from auditor.tables.roots import root_frame
from auditor.tables.shared import Shared, SharedDocuments, analyzers_of, shared_facts
from auditor.tables.spelling import without_spelling
from auditor.tables.units import EVIDENCE_TABLES, UnitFrames, evidence_tables, unit_frames
from auditor.tables.users import users_frame
from auditor.times import iso

__all__ = [
    "EVIDENCE_TABLES",
    "NOT_COLLECTED",
    "ORGANIZATION",
    "Collected",
    "Frames",
    "build_frames",
    "evidence_files_frame",
    "evidence_tables",
    "original_reports",
    "without_spelling",
]

ORGANIZATION = ORGANIZATION_FOLDER
"""Whose evidence it is that belongs to no account."""


@dataclass(frozen=True)
class Frames:
    """The evidence of one snapshot. Columns and dtypes: ``auditor.schema``.

    ``accounts`` has a row per account of the organization, in the order of their ids; ``gaps`` one for each way in
    which evidence is missing; ``remarks`` what is to be said of evidence that was used; ``contradictions`` the users of
    whom a report tells different things (see ``frames.repeated``); ``users`` one per other user of each
    usable credential report (root included), in account and line order, plus a text column ``x_<name>`` for every
    column AWS does not document and how every flag and time is spelt (``frames.spelling``); ``credentials`` one per
    credential that exists, in users' order and slot order, with the same of its flags and times.
    ``further_active`` is how many active access keys each of ``users`` has beyond the two of its row (<NA>: not known).
    ``root`` is the root rows of ``users`` with what other evidence says of root, and those of accounts without a report
    whose root credentials were read through AssumeRoot (``frames.roots``), ``units`` the units of every other
    kind of evidence (see ``frames.units``). ``collected`` tells who has evidence of a kind and why others have none,
    ``unjudged`` has the units of kinds that were collected and not asked for, ``places`` where each account sits and
    how it is tagged, ``tags`` the same tags, None where they are not known, ``doubts`` the accounts whose OU or tags
    are not known. ``seen`` are the kinds of which any account in scope, not only of these, has evidence or a gap.
    """

    accounts: pd.DataFrame
    remarks: pd.DataFrame
    contradictions: pd.DataFrame
    gaps: pd.DataFrame
    users: pd.DataFrame
    credentials: pd.DataFrame
    root: pd.DataFrame
    further_active: pd.Series
    units: UnitFrames = field(default_factory=dict)
    collected: Mapping[str, Collected] = field(default_factory=dict)
    unjudged: UnitFrames = field(default_factory=dict)
    places: Mapping[str, Account] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] | None = None
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()


def build_frames(
    snapshot: Snapshot, as_of: datetime, kinds: Collection[str] | None = None, *, needs_tags: bool = False
) -> Frames:
    """Read, merge and type the evidence of ``kinds`` (None: all); what cannot be read becomes a gap, never silence.

    Credential reports are always read (they say who is in the organization), and what stands in for them.
    ``needs_tags``: see ``shared_facts``.
    """
    return frames_of(snapshot, shared_facts(snapshot, kinds, needs_tags=needs_tags), as_of)


def frames_of(snapshot: Snapshot, shared: Shared, as_of: datetime) -> Frames:
    """The frames of the accounts of a snapshot, which may be narrowed to a batch of them, and of the organization."""
    records, reports, repetitions = read_reports(snapshot)
    users = users_frame(records, reports)
    own = read_documents(snapshot, records, shared.judged.kinds)
    collected = {CREDENTIAL_REPORT: reported(records, reports), **own, **shared.judged.documents}
    records = [with_gaps(record, record.account.id, collected) for record in records]
    accounts = accounts_frame(records, users, collected, shared.tags)
    units = _units(snapshot, records, shared, shared.judged, collected, accounts, users)
    further = further_keys(users, collected)
    partitions = {record.account.id: partition_of(record, snapshot) for record in records}
    users["further_places"] = further.places
    unjudged = {**read_documents(snapshot, records, shared.unjudged.kinds), **shared.unjudged.documents}
    return Frames(
        accounts=accounts,
        remarks=remarks_frame(records, accounts, repetitions),
        contradictions=contradictions(repetitions, records),
        gaps=gaps_frame(records, shared.organization),
        users=users,
        credentials=credentials_frame(users, further.keys, as_of),
        root=root_frame(users, units, collected[CREDENTIAL_REPORT].owners, partitions, _times_by_file(records)),
        further_active=further.active,
        units=units,
        unjudged=_units(snapshot, records, shared, shared.unjudged, unjudged, accounts, users) if unjudged else {},
        collected=collected,
        places={r.account.id: replace(r.account, tags=shared.tags.get(r.account.id, {})) for r in records},
        tags=shared.tags if shared.knows_tags else None,
        doubts=_doubts(records, snapshot.manifest.organization, shared),
        seen=shared.seen,
    )


def _units(
    snapshot: Snapshot,
    records: Sequence[AccountRecord],
    shared: Shared,
    kinds: SharedDocuments,
    collected: Mapping[str, Collected],
    accounts: pd.DataFrame,
    users: pd.DataFrame,
) -> UnitFrames:
    analyzers = kinds.analyzers
    if analyzers is None and ACCESS_ANALYZERS in collected:
        analyzers = analyzers_of(snapshot, records, collected)
    found = unit_frames(collected, accounts, users, snapshot.manifest.organization, analyzers or NO_ANALYZERS)
    return with_reached_accounts(found, shared.accounts)


def _times_by_file(records: Iterable[AccountRecord]) -> dict[str, str]:
    """When AWS made each credential report, and gave each other answer (UTC), by evidence file; empty: not known."""
    files = [file for record in records for file in record.evidence]
    times = {f.path: f.generated_at if f.kind == CREDENTIAL_REPORT else f.collected_at for f in files}
    return {path: iso(moment) if moment else "" for path, moment in times.items()}


def _doubts(records: Sequence[AccountRecord], organization: Organization, shared: Shared) -> Mapping[str, Doubt]:
    """An account of an organization lies at least below its root: without a place, nobody could see where it is."""
    alone = organization.id == organization.management_account_id
    untagged = {r.account.id for r in records if not shared.knows_tags or r.account.id in shared.untagged}
    accounts = [record.account for record in records]
    found = {a.id: Doubt(not alone and not a.ou_path and not a.ou_ids, a.id in untagged) for a in accounts}
    return {account_id: doubt for account_id, doubt in found.items() if doubt.ou or doubt.tags}
