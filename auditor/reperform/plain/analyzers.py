"""Which regions an analyzer of the whole organization covers, and where nobody can tell.

Only the management account and the delegated administrators of IAM Access Analyzer can own one. What an owner has in a
region that was not seen there may be an analyzer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from auditor.reperform.plain.collected import Collected
from auditor.reperform.plain.evidence import Evidence
from auditor.reperform.plain.shape import Facts

_KIND, _DELEGATES = "access-analyzers", "delegated-administrators"
_WHOLE = "ORGANIZATION@"
_DELEGATED = "a delegated administrator of IAM Access Analyzer"


class OrganizationAnalyzers:
    """What the verdict on an account's analyzers needs to know of other accounts."""

    def __init__(self, collected: Collected, common: Evidence, kinds: Collection[str]) -> None:
        self._collected, self._common = collected, common
        self._seen: dict[str, Facts] = {}
        self._covered: set[str] = set()
        self._places: dict[str, str] = {}
        if _KIND in kinds:
            for account in collected.in_scope:
                self._look_at(account.id, Evidence(collected, account, {_KIND}))
        self._doubts = [] if collected.is_alone else list(self._unknown_owners())
        self._owners = [] if collected.is_alone else list(self._known_owners())

    def facts_for(self, account: Evidence) -> Facts:
        """Lists of regions are joined by a blank."""
        regions = str(account.of_account(_KIND).get("regions", "")).split()
        open_regions = [region for region in regions if region not in self._covered]
        doubts = list(self._doubts) if open_regions else []
        unknown = set(open_regions if doubts else ())
        for account_id, name in self._owners:
            if unseen := [region for region in open_regions if self._is_unseen(account_id, region)]:
                unknown.update(unseen)
                doubts.append(f"{name}: {self._why(account_id, unseen)}")
        return {
            "organization_regions": " ".join(sorted(self._covered)),
            "organization_places": "; ".join(f"{region}={place}" for region, place in sorted(self._places.items())),
            "organization_unknown": " ".join(region for region in open_regions if region in unknown),
            "organization_unseen": "; ".join(doubts),
        }

    def _look_at(self, account_id: str, evidence: Evidence) -> None:
        if evidence.has(_KIND):
            facts = self._seen[account_id] = evidence.of_account(_KIND)
            for region, line in facts.get("of_organization", {}).items():
                self._places.setdefault(region, evidence.place(_KIND, line))
            self._covered |= {a.removeprefix(_WHOLE) for a in facts["analyzers"].split() if a.startswith(_WHOLE)}

    def _unknown_owners(self) -> Iterator[str]:
        """Why there may be owners beside those that are known."""
        if not self._collected.management_id:
            yield "the organization's management account is not known"
        if not self._common.has(_DELEGATES) or self._common.lacks(_DELEGATES):
            yield "the delegated administrators are not known"

    def _known_owners(self) -> Iterator[tuple[str, str]]:
        """(id, what it is called) in the order of the ids."""
        management = self._collected.management_id
        found = {management} if management else set()
        for facts in self._common.units(_DELEGATES, "organization"):
            found.update(facts["analyzer_administrators"].split())
        for account_id in sorted(found):
            role = "the management account" if account_id == management else _DELEGATED
            yield account_id, f"account {account_id}, {role}"

    def _is_unseen(self, account_id: str, region: str) -> bool:
        """A region that is not enabled in the owner holds nothing of the owner's."""
        facts = self._seen.get(account_id)
        if facts is None or region in facts["unanswered"].split():
            return True
        return region not in facts["regions"].split() and not facts["regions_listed"]

    def _why(self, account_id: str, regions: list[str]) -> str:
        if account_id in self._seen:
            return f"no answer in {', '.join(regions)}"
        return "no evidence of its analyzers"
