"""Predicates over what else an account has: contacts, analyzers, identity providers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import pandas as pd

from auditor.judge.checks.verdict import Parameters, Verdict, all_of, constant, joined, named, sentences, shown

_REGION_LISTS = ("regions", "unanswered", "analyzers", "organization_regions", "organization_unknown")


def contact_on_file(accounts: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """The primary contact, for a person to say whether it still is right. Frame: one row an account."""
    observed = joined("on file: ", named(accounts["primary_contact"]))
    verdict = shown(accounts, observed, "needs manual review: do these contact details reach the right people?")
    return replace(verdict, line=accounts["primary_line"])


def central_identity(accounts: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Where people could sign in from, for a person to say whether they do. Frame: one row an account."""
    observed = joined(
        "IAM Identity Center: ",
        named(accounts["identity_center"].fillna("unknown")),
        "; identity providers of the account: ",
        named(accounts["providers"]),
        "; identity providers that its roles trust: ",
        named(accounts["trusted_providers"].fillna("unknown")),
    )
    return shown(accounts, observed, "needs manual review: do people sign in only through these?")


def analyzer_everywhere(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Every enabled region has an active analyzer of one of ``analyzer_types``. Frame: one row an account.

    An analyzer of the organization, in whatever account of the snapshot it stands, covers its region for all accounts.
    A region fails only where every account that can own such an analyzer was seen to have none there.
    """
    types = frozenset(parameters["analyzer_types"])
    columns = zip(*(accounts[name] for name in (*_REGION_LISTS, "organization_unseen")), strict=True)
    rows = [_coverage(_Regions(types, *lists), why_unseen) for *lists, why_unseen in columns]
    coverage = pd.DataFrame(rows, columns=["passed", "observed", "reason"], index=accounts.index)
    return Verdict(
        applies=all_of(accounts),
        passed=coverage["passed"].astype("boolean"),
        observed=coverage["observed"].astype("str"),
        reason=sentences(coverage[["reason"]], str) if len(coverage) else constant(accounts, ""),
        also_seen_in=_organization_places(accounts, types),
    )


class _Regions:
    """The regions that were asked, and those of them that no analyzer of the given types is known to cover."""

    def __init__(
        self, types: frozenset[str], asked: str, unanswered: str, analyzers: str, common: str, unknown: str
    ) -> None:
        covered = _covered(analyzers, types)
        by_organization = "ORGANIZATION" in types
        if by_organization:
            covered.update(common.split())
        self.asked = asked.split()
        silent = frozenset(unanswered.split())
        unseen = frozenset(unknown.split()) if by_organization else frozenset()
        left = [region for region in self.asked if region not in covered]
        self.missing = [region for region in left if region not in silent and region not in unseen]
        self.unanswered = [region for region in left if region in silent]
        self.unseen = [region for region in left if region in unseen and region not in silent]


def _covered(analyzers: str, types: Collection[str]) -> set[str]:
    """The regions in which the account has an analyzer of one of the types."""
    pairs = (text.partition("@") for text in analyzers.split())
    return {region for kind, _, region in pairs if kind in types}


def _coverage(regions: _Regions, why_unseen: str) -> tuple[bool | None, str, str]:
    observed = f"{len(regions.asked)} regions, without an analyzer: {', '.join(regions.missing) or 'none'}"
    if regions.unanswered:
        observed += f", unanswered: {', '.join(regions.unanswered)}"
    if regions.unseen:
        observed += f", without one of its own: {', '.join(regions.unseen)}"
    if regions.missing:
        return False, observed, "a region has no active analyzer of external access"
    if regions.unseen:
        unseen = ", ".join(regions.unseen)
        return None, observed, f"whether an analyzer of the organization covers {unseen} is not known: {why_unseen}"
    if regions.unanswered or not regions.asked:
        return None, observed, "not every region could be read"
    return True, observed, "every region has an active analyzer of external access"


def _organization_places(accounts: pd.DataFrame, types: Collection[str]) -> pd.Series:
    """``file:line; file:line`` of the analyzers of the organization that cover regions in which the account has none.

    Column ``organization_places`` is ``region=file:line`` of each analyzer of the organization, joined by "; ".
    """
    columns = zip(*(accounts[name] for name in ("regions", "analyzers", "organization_places")), strict=True)
    texts = [_places(asked, own, common, types) for asked, own, common in columns]
    return pd.Series(texts, index=accounts.index, dtype="str")


def _places(asked: str, own: str, common: str, types: Collection[str]) -> str:
    if "ORGANIZATION" not in types or not common:
        return ""
    covered, known = _covered(own, types), dict(text.split("=", 1) for text in common.split("; "))
    return "; ".join(known[region] for region in asked.split() if region not in covered and region in known)
