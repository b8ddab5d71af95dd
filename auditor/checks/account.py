"""Predicates over what else an account has: contacts, certificates, analyzers, identity providers, instances."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.ages import time_text
from auditor.checks.verdict import Parameters, Verdict, all_of, constant, joined, named, shown, told


def security_contact(accounts: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """A security contact is on file. Frame: one row an account."""
    contact = accounts["security_contact"]
    there = (contact != "").astype("boolean").mask(contact.isna())
    return Verdict(
        applies=all_of(accounts),
        passed=there,
        observed=named(contact),
        reason=told(there.to_frame(), _security),
    )


def _security(there: bool | None) -> str:
    if there is None:
        return "AWS did not tell whether a security contact is on file"
    return f"{'a' if there else 'no'} security contact is on file"


def contact_on_file(accounts: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """The primary contact, for a person to say whether it still is right. Frame: one row an account."""
    observed = joined("on file: ", named(accounts["primary_contact"]))
    return shown(accounts, observed, "whether these details still reach the right people is for a person to say")


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
    return shown(accounts, observed, "whether people sign in through these and nothing else is for a person to say")


def certificate_valid(certificates: pd.DataFrame, _: Parameters, as_of: datetime) -> Verdict:
    """A certificate expires after the as-of time; at that very instant it has expired. Frame: certificates."""
    expires = certificates["expires_at"]
    valid = (expires > pd.Timestamp(as_of)).astype("boolean").mask(expires.isna())
    return Verdict(
        applies=all_of(certificates),
        passed=valid,
        observed=joined("expires ", time_text(expires)),
        reason=told(valid.to_frame(), _validity),
    )


def _validity(valid: bool | None) -> str:
    if valid is None:
        return "AWS does not tell when the certificate expires"
    return "expires after the as-of time" if valid else "expired before or at the as-of time"


def instance_has_profile(instances: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """A running instance has an instance profile. Frame: instances."""
    there = pd.DataFrame({"there": instances["instance_profile"] != ""})
    return Verdict(
        applies=all_of(instances),
        passed=there["there"].astype("boolean"),
        observed=joined(instances["region"], ": ", named(instances["instance_profile"])),
        reason=told(there, lambda there: f"the instance has {'an' if there else 'no'} instance profile"),
    )


def analyzer_everywhere(accounts: pd.DataFrame, parameters: Parameters, _: datetime) -> Verdict:
    """Every enabled region has an active analyzer of one of ``analyzer_types``. Frame: one row an account.

    An analyzer of the organization, in whatever account of the snapshot it stands, covers its region for all accounts.
    """
    types = frozenset(parameters["analyzer_types"])
    names = ["regions", "unanswered", "analyzers", "organization_regions"]
    columns = zip(*(accounts[name] for name in names), strict=True)
    rows = [_coverage(asked, silent, own, common, types) for asked, silent, own, common in columns]
    coverage = pd.DataFrame(rows, columns=["passed", "observed", "reason"], index=accounts.index)
    return Verdict(
        applies=all_of(accounts),
        passed=coverage["passed"].astype("boolean"),
        observed=coverage["observed"].astype("str"),
        reason=told(coverage[["reason"]], str) if len(coverage) else constant(accounts, ""),
    )


def _covered(analyzers: str, common: str, types: frozenset[str]) -> frozenset[str]:
    """The regions of ``type@region`` texts of the given types, and those that all accounts share."""
    pairs = (text.partition("@") for text in analyzers.split())
    own = frozenset(region for kind, _, region in pairs if kind in types)
    return own | frozenset(common.split()) if "ORGANIZATION" in types else own


def _coverage(
    regions: str, unanswered: str, analyzers: str, common: str, types: frozenset[str]
) -> tuple[bool | None, str, str]:
    asked, silent = regions.split(), frozenset(unanswered.split())
    covered = _covered(analyzers, common, types)
    missing = [region for region in asked if region not in covered and region not in silent]
    unknown = [region for region in asked if region not in covered and region in silent]
    observed = f"{len(asked)} regions, without an analyzer: {', '.join(missing) or 'none'}"
    if unknown:
        observed += f", unanswered: {', '.join(unknown)}"
    if missing:
        return False, observed, "a region has no active analyzer of external access"
    if unknown or not asked:
        return None, observed, "not every region answered"
    return True, observed, "every region has an active analyzer of external access"
