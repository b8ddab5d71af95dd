"""Where an analyzer of the whole organization works, and where that is not known because an owner was not seen.

Only the management account and the delegated administrators of IAM Access Analyzer can own such an analyzer. That none
covers a region is known when every one of them was seen in that region.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from auditor.kinds.declaration import Row
from auditor.model import ACCESS_ANALYZERS, DELEGATED_ADMINISTRATORS, AccountRecord, Organization, Outcome, Unit
from auditor.store.snapshot import ORGANIZATION_FOLDER
from auditor.tables.documents import NOT_COLLECTED, Collected
from auditor.tables.spelling import place_of

ORGANIZATION_FACTS = (*("organization_regions", "organization_places", "organization_unknown", "organization_unseen"),)
"""The columns that are added to the rows of access analyzers; all are texts."""
_ORGANIZATION = "ORGANIZATION"
_NOT_LISTED = "not among the accounts of this snapshot"
_MANAGEMENT = "the management account"
_DELEGATED = "a delegated administrator of IAM Access Analyzer"


@dataclass(frozen=True)
class Owner:
    """An account that may own analyzers of the organization, and in which regions that was seen.

    ``why_unseen`` is empty where there is evidence; ``has_all_regions``: those not ``asked`` are not enabled.
    """

    name: str
    why_unseen: str = ""
    asked: frozenset[str] = frozenset()
    unanswered: frozenset[str] = frozenset()
    has_all_regions: bool = False

    def unseen(self, regions: list[str]) -> list[str]:
        """Those of ``regions`` in which it is not known what analyzers the account has."""
        if self.why_unseen:
            return regions
        missing = [] if self.has_all_regions else [region for region in regions if region not in self.asked]
        return [region for region in regions if region in self.unanswered or region in missing]


@dataclass(frozen=True)
class OrganizationAnalyzers:
    """``covered``: the regions with an analyzer of the organization, seen at ``places``; ``owners``: the accounts that
    may own one; ``gaps``: why there may be other owners."""

    covered: frozenset[str] = frozenset()
    places: str = ""
    owners: tuple[Owner, ...] = ()
    gaps: tuple[str, ...] = ()


NO_ANALYZERS = OrganizationAnalyzers()


def organization_analyzers(
    collected: Mapping[str, Collected], accounts: Mapping[str, AccountRecord], organization: Organization
) -> OrganizationAnalyzers:
    """What the analyzers of all ``accounts`` (by id) tell of the organization."""
    analyzed = collected[ACCESS_ANALYZERS].rows[Unit.ACCOUNT]
    owners, gaps = _owners(analyzed, collected, accounts, organization)
    return OrganizationAnalyzers(_covered(analyzed), _places(analyzed), tuple(owners), tuple(gaps))


def add_organization_analyzers(analyzed: pd.DataFrame, found: OrganizationAnalyzers) -> None:
    """Add the columns ``organization_regions`` (where an analyzer of the organization was seen),
    ``organization_places`` (in which evidence), ``organization_unknown`` (regions of the account for which that is not
    known) and ``organization_unseen`` (why).

    ``analyzed`` has a row for each account with evidence of its analyzers; lists of regions are joined by a blank.
    """
    known: dict[str, tuple[str, str]] = {}
    for regions in analyzed["regions"].unique():
        known[regions] = _unknown([r for r in regions.split() if r not in found.covered], found.owners, found.gaps)
    texts = [known[regions] for regions in analyzed["regions"]]
    analyzed["organization_regions"] = pd.array([" ".join(sorted(found.covered))] * len(analyzed), dtype="str")
    analyzed["organization_places"] = pd.array([found.places] * len(analyzed), dtype="str")
    analyzed["organization_unknown"] = pd.array([regions for regions, _ in texts], dtype="str")
    analyzed["organization_unseen"] = pd.array([why for _, why in texts], dtype="str")


def _covered(analyzed: Iterable[Row]) -> frozenset[str]:
    pairs = (text.partition("@") for row in analyzed for text in row["analyzers"].split())
    return frozenset(region for kind, _, region in pairs if kind == _ORGANIZATION)


def _places(analyzed: Iterable[Row]) -> str:
    """``region=file:line`` of the first analyzer of the organization in each region, joined by "; "."""
    found: dict[str, str] = {}
    for row in analyzed:
        for text in row["organization_lines"].split():
            region, _, line = text.partition("=")
            found.setdefault(region, place_of(row["evidence_file"], int(line)))
    return "; ".join(f"{region}={place}" for region, place in sorted(found.items()))


def _unknown(open_regions: list[str], owners: Sequence[Owner], gaps: Sequence[str]) -> tuple[str, str]:
    """The regions, in the order given, and one text of all reasons; both empty where everything is known."""
    if not open_regions:
        return "", ""
    unseen = [(owner, found) for owner in owners if (found := owner.unseen(open_regions))]
    unknown = set(open_regions) if gaps else {region for _, found in unseen for region in found}
    reasons = [*gaps, *(_reason(owner, found) for owner, found in unseen)]
    return " ".join(region for region in open_regions if region in unknown), "; ".join(reasons)


def _reason(owner: Owner, regions: list[str]) -> str:
    return f"{owner.name}: {owner.why_unseen or 'no answer in ' + ', '.join(regions)}"


def _owners(
    analyzed: Iterable[Row],
    collected: Mapping[str, Collected],
    accounts: Mapping[str, AccountRecord],
    organization: Organization,
) -> tuple[list[Owner], list[str]]:
    """The owners that are known, and why there may be others."""
    if organization.id == organization.management_account_id:  # one account that is in no organization
        return [], []
    roles = {organization.management_account_id: _MANAGEMENT} if organization.management_account_id else {}
    gaps = [] if roles else ["the organization's management account is not known"]
    delegates = collected.get(DELEGATED_ADMINISTRATORS, Collected())
    if why := _why_missing(delegates, ORGANIZATION_FOLDER):
        gaps.append(f"the delegated administrators are not known: {why}")
    for row in delegates.rows.get(Unit.ORGANIZATION, ()):
        roles = dict.fromkeys(row["analyzer_administrators"].split(), _DELEGATED) | roles
    rows = {str(row["account_id"]): row for row in analyzed}
    whys = dict(_unseen(roles, rows, collected[ACCESS_ANALYZERS], accounts))
    return [_owner(f"account {i}, {role}", rows.get(i), whys.get(i, "")) for i, role in sorted(roles.items())], gaps


def _owner(name: str, row: Row | None, why: str) -> Owner:
    if row is None:
        return Owner(name, why)
    return Owner(
        name,
        asked=frozenset(row["regions"].split()),
        unanswered=frozenset(row["unanswered"].split()),
        has_all_regions=bool(row["regions_listed"]),
    )


def _unseen(
    ids: Mapping[str, str], rows: Mapping[str, Row], analyzers: Collected, accounts: Mapping[str, AccountRecord]
) -> Iterator[tuple[str, str]]:
    """Each account without evidence of its analyzers, and why it has none."""
    for account_id in ids.keys() - rows.keys():
        if account_id not in accounts:
            yield account_id, _NOT_LISTED
        elif accounts[account_id].outcome is Outcome.EXCLUDED:
            yield account_id, f"not audited: {accounts[account_id].reason}"
        else:
            yield account_id, _why_missing(analyzers, account_id)


def _why_missing(collected: Collected, owner: str) -> str:
    """``assume: AccessDenied``; empty where nothing is known to be missing."""
    if gap := collected.gaps.get(owner):
        return f"{gap.stage}: {gap.code}"
    return "" if owner in collected.owners else NOT_COLLECTED
