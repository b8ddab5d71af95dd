"""What accounts are judged with that is not their own evidence: gathered once, before any batch of accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from auditor.kinds import evidence_kinds
from auditor.model import (
    ACCESS_ANALYZERS,
    ACCOUNT_TAGS,
    CREDENTIAL_REPORT,
    ROOT_CREDENTIALS,
    Account,
    AccountRecord,
    OrganizationRecord,
    Outcome,
)
from auditor.store.snapshot import ORGANIZATION_FOLDER, Snapshot
from auditor.tables.documents import Collected, account_tags, read_documents, read_organization, with_gaps
from auditor.tables.organization_analyzers import OrganizationAnalyzers, organization_analyzers


@dataclass(frozen=True)
class SharedDocuments:
    """Of some kinds: the organization's own documents, and what the analyzers of all accounts tell of the organization
    (None: they were not looked through)."""

    kinds: frozenset[str]
    documents: Mapping[str, Collected]
    analyzers: OrganizationAnalyzers | None = None


@dataclass(frozen=True)
class Shared:
    """``judged`` are the kinds that were asked for, ``unjudged`` those that were collected besides. ``organization``
    has the gaps that were found when its evidence was read. ``tags`` are by account, ``untagged`` the accounts whose
    tags were refused; none are known where ``knows_tags`` is false. ``accounts`` are all of the organization, ``seen``
    the kinds of which there is evidence, or a gap, of any account in scope or of the organization.
    """

    judged: SharedDocuments
    unjudged: SharedDocuments
    organization: OrganizationRecord
    tags: Mapping[str, Mapping[str, str]]
    untagged: Collection[str]
    knows_tags: bool
    accounts: tuple[Account, ...]
    seen: frozenset[str]


def shared_facts(
    snapshot: Snapshot, kinds: Collection[str] | None = None, *, needs_tags: bool = False, for_batches: bool = False
) -> Shared:
    """Look through a whole snapshot for ``kinds`` (None: all).

    ``for_batches`` reads what all accounts have to tell of the organization; who builds the frames of all accounts at
    once reads that anyway. ``needs_tags``: something depends on the tags of accounts, so that not to know them is a
    gap of the organization.
    """
    asked = frozenset({*(evidence_kinds() if kinds is None else kinds), ROOT_CREDENTIALS})
    further = {file.kind for file in snapshot.manifest.evidence} - asked - {CREDENTIAL_REPORT}
    judged, unjudged = (_documents(snapshot, frozenset(some), for_batches=for_batches) for some in (asked, further))
    tags, untagged, untold = account_tags(snapshot)
    organization = with_gaps(
        snapshot.manifest.organization_record or OrganizationRecord(), ORGANIZATION_FOLDER, judged.documents
    )
    if untold and needs_tags and ACCOUNT_TAGS not in {gap.kind for gap in organization.gaps}:
        organization = replace(organization, gaps=(*organization.gaps, untold))
    records = snapshot.manifest.accounts
    accounts = tuple(sorted((record.account for record in records), key=lambda account: account.id))
    return Shared(judged, unjudged, organization, tags, untagged, untold is None, accounts, _seen(snapshot))


def _documents(snapshot: Snapshot, kinds: frozenset[str], *, for_batches: bool) -> SharedDocuments:
    found = SharedDocuments(kinds, read_organization(snapshot, kinds))
    if not for_batches or ACCESS_ANALYZERS not in kinds:
        return found
    records = sorted(snapshot.manifest.accounts, key=lambda record: record.account.id)
    collected = {**read_documents(snapshot, records, {ACCESS_ANALYZERS}), **found.documents}
    return replace(found, analyzers=analyzers_of(snapshot, records, collected))


def analyzers_of(
    snapshot: Snapshot, records: Collection[AccountRecord], collected: Mapping[str, Collected]
) -> OrganizationAnalyzers:
    """What the analyzers of these accounts tell of the organization."""
    by_id = {record.account.id: record for record in records}
    return organization_analyzers(collected, by_id, snapshot.manifest.organization)


def _seen(snapshot: Snapshot) -> frozenset[str]:
    manifest = snapshot.manifest
    common = manifest.organization_record or OrganizationRecord()
    found = {file.kind for file in common.evidence} | {gap.kind for gap in common.gaps}
    for record in manifest.accounts:
        if record.outcome is not Outcome.EXCLUDED:
            found |= {file.kind for file in record.evidence} | {gap.kind for gap in record.gaps}
    return frozenset(found)
