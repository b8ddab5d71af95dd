"""A snapshot's evidence as typed pandas frames: accounts, users, credentials, and the units of every other kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd

from auditor.frames.accounts import accounts_frame, gaps_frame
from auditor.frames.credentials import credentials_frame
from auditor.frames.documents import NOT_COLLECTED, Collected, account_tags, read_documents, with_gaps
from auditor.frames.further_keys import further_keys
from auditor.frames.reports import original_reports, read_reports, reported
from auditor.frames.roots import root_frame
from auditor.frames.units import EVIDENCE_TABLES, UnitFrames, evidence_tables, unit_frames
from auditor.frames.users import users_frame
from auditor.model import (
    ACCOUNT_TAGS,
    CREDENTIAL_REPORT,
    EVIDENCE_KINDS,
    ROOT_CREDENTIALS,
    Account,
    OrganizationRecord,
)
from auditor.snapshot import ORGANIZATION_FOLDER, Snapshot

__all__ = [
    "EVIDENCE_TABLES",
    "NOT_COLLECTED",
    "ORGANIZATION",
    "Collected",
    "Frames",
    "build_frames",
    "evidence_tables",
    "original_reports",
]

ORGANIZATION = ORGANIZATION_FOLDER
"""Whose evidence it is that belongs to no account."""


@dataclass(frozen=True)
class Frames:
    """The evidence of one snapshot. Columns and dtypes: ``auditor.schema``.

    ``accounts`` has a row per account of the organization, in the order of their ids; ``gaps`` one for each way in
    which evidence is missing; ``users`` one per line of each
    usable credential report (root included), in account and line order, plus a text column ``x_<name>`` for every
    column AWS does not document; ``credentials`` one per credential that exists, in users' order and slot order.
    ``further_active`` is how many active access keys each of ``users`` has beyond the two of its row (<NA>: not known).
    ``root`` is the root rows of ``users`` with what other evidence says of root, and those of accounts without a report
    whose root credentials were read through AssumeRoot (``frames.roots``), ``units`` the units of every other
    kind of evidence (see ``frames.units``). ``collected`` tells who has evidence of a kind and why others have none,
    ``places`` where each account sits and how it is tagged, ``tags`` the same tags, None where they are not known.
    """

    accounts: pd.DataFrame
    gaps: pd.DataFrame
    users: pd.DataFrame
    credentials: pd.DataFrame
    root: pd.DataFrame
    further_active: pd.Series
    units: UnitFrames = field(default_factory=dict)
    collected: Mapping[str, Collected] = field(default_factory=dict)
    places: Mapping[str, Account] = field(default_factory=dict)
    tags: Mapping[str, Mapping[str, str]] | None = None


def build_frames(
    snapshot: Snapshot, as_of: datetime, kinds: Collection[str] = EVIDENCE_KINDS, *, needs_tags: bool = False
) -> Frames:
    """Read, merge and type the evidence of ``kinds``; what cannot be read becomes a gap of its account, never silence.

    Credential reports are always read (they say who is in the organization), and what stands in for them.
    ``needs_tags``: something depends on the tags of accounts, so that not to know them is a gap of the
    organization.
    """
    records, reports = read_reports(snapshot)
    users = users_frame(records, reports)
    documents = read_documents(snapshot, records, {*kinds, ROOT_CREDENTIALS})
    collected = {CREDENTIAL_REPORT: reported(records, reports), **documents}
    records = [with_gaps(record, record.account.id, collected) for record in records]
    tags, untold = account_tags(snapshot)
    common = with_gaps(snapshot.manifest.organization_record or OrganizationRecord(), ORGANIZATION, collected)
    if untold and needs_tags and ACCOUNT_TAGS not in {gap.kind for gap in common.gaps}:
        common = replace(common, gaps=(*common.gaps, untold))
    accounts = accounts_frame(records, users, collected, tags)
    units = unit_frames(collected, accounts, users, snapshot.manifest.organization)
    further = further_keys(users, collected)
    return Frames(
        accounts=accounts,
        gaps=gaps_frame(records, common),
        users=users,
        credentials=credentials_frame(users, further.keys, as_of),
        root=root_frame(users, units, collected[CREDENTIAL_REPORT].owners, snapshot.manifest.caller.partition),
        further_active=further.active,
        units=units,
        collected=collected,
        places={r.account.id: replace(r.account, tags=tags.get(r.account.id, {})) for r in records},
        tags=None if untold else tags,
    )
