"""A snapshot's evidence as typed pandas frames: accounts, users, credentials, and the units of every other kind."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd

from auditor.catalog import Doubt
from auditor.kinds import evidence_kinds
from auditor.model import (
    ACCOUNT_TAGS,
    CREDENTIAL_REPORT,
    ROOT_CREDENTIALS,
    Account,
    AccountRecord,
    Organization,
    OrganizationRecord,
)
from auditor.store.snapshot import ORGANIZATION_FOLDER, Snapshot
from auditor.tables.accounts import accounts_frame, evidence_files_frame, gaps_frame
from auditor.tables.control_policies import with_reached_accounts
from auditor.tables.credentials import credentials_frame
from auditor.tables.documents import NOT_COLLECTED, Collected, account_tags, partition_of, read_documents, with_gaps
from auditor.tables.further_keys import further_keys
from auditor.tables.remarks import remarks_frame
from auditor.tables.repeated import contradictions
from auditor.tables.reports import original_reports, read_reports, reported
from auditor.tables.roots import root_frame
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
    are not known.
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


def build_frames(
    snapshot: Snapshot, as_of: datetime, kinds: Collection[str] | None = None, *, needs_tags: bool = False
) -> Frames:
    """Read, merge and type the evidence of ``kinds`` (None: all); what cannot be read becomes a gap, never silence.

    Credential reports are always read (they say who is in the organization), and what stands in for them.
    ``needs_tags``: something depends on the tags of accounts, so that not to know them is a gap of the
    organization.
    """
    records, reports, repetitions = read_reports(snapshot)
    users = users_frame(records, reports)
    documents = read_documents(snapshot, records, {*(evidence_kinds() if kinds is None else kinds), ROOT_CREDENTIALS})
    collected = {CREDENTIAL_REPORT: reported(records, reports), **documents}
    records = [with_gaps(record, record.account.id, collected) for record in records]
    tags, refused, untold = account_tags(snapshot)
    common = with_gaps(snapshot.manifest.organization_record or OrganizationRecord(), ORGANIZATION, collected)
    if untold and needs_tags and ACCOUNT_TAGS not in {gap.kind for gap in common.gaps}:
        common = replace(common, gaps=(*common.gaps, untold))
    accounts = accounts_frame(records, users, collected, tags)
    places = [record.account for record in records]
    units = with_reached_accounts(unit_frames(collected, accounts, users, snapshot.manifest.organization), places)
    further = further_keys(users, collected)
    partitions = {record.account.id: partition_of(record, snapshot) for record in records}
    users["further_places"] = further.places
    return Frames(
        accounts=accounts,
        remarks=remarks_frame(records, accounts, repetitions),
        contradictions=contradictions(repetitions, records),
        gaps=gaps_frame(records, common),
        users=users,
        credentials=credentials_frame(users, further.keys, as_of),
        root=root_frame(users, units, collected[CREDENTIAL_REPORT].owners, partitions, _times_by_file(records)),
        further_active=further.active,
        units=units,
        unjudged=_unjudged_units(snapshot, records, collected, accounts, users),
        collected=collected,
        places={r.account.id: replace(r.account, tags=tags.get(r.account.id, {})) for r in records},
        tags=None if untold else tags,
        doubts=_doubts(records, snapshot.manifest.organization, lambda i: bool(untold) or i in refused),
    )


def _unjudged_units(
    snapshot: Snapshot,
    records: Iterable[AccountRecord],
    judged: Collection[str],
    accounts: pd.DataFrame,
    users: pd.DataFrame,
) -> UnitFrames:
    """For questions only: what cannot be read of such evidence is no gap."""
    common = snapshot.manifest.organization_record or OrganizationRecord()
    files = [file for record in records for file in record.evidence] + list(common.evidence)
    kinds = {file.kind for file in files} - {*judged}
    documents = read_documents(snapshot, records, kinds)
    return unit_frames(documents, accounts, users, snapshot.manifest.organization) if documents else {}


def _times_by_file(records: Iterable[AccountRecord]) -> dict[str, str]:
    """When AWS made each credential report, and gave each other answer (UTC), by evidence file; empty: not known."""
    files = [file for record in records for file in record.evidence]
    times = {f.path: f.generated_at if f.kind == CREDENTIAL_REPORT else f.collected_at for f in files}
    return {path: iso(moment) if moment else "" for path, moment in times.items()}


def _doubts(
    records: Iterable[AccountRecord], organization: Organization, is_untagged: Callable[[str], bool]
) -> Mapping[str, Doubt]:
    """An account of an organization lies at least below its root: without a place, nobody could see where it is."""
    alone = organization.id == organization.management_account_id
    accounts = [record.account for record in records]
    found = {a.id: Doubt(not alone and not a.ou_path and not a.ou_ids, is_untagged(a.id)) for a in accounts}
    return {account_id: doubt for account_id, doubt in found.items() if doubt.ou or doubt.tags}
