"""Predicates over the organization as a whole; every frame has one row."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from auditor.judge.checks.verdict import Parameters, Verdict, all_of, joined, named, sentences, shown

_CENTRAL_ROOT = "RootCredentialsManagement"


def root_access_centralized(organization: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Root credentials of member accounts are managed centrally."""
    on = pd.DataFrame({"on": organization["features"].str.split(", ").map(lambda names: _CENTRAL_ROOT in names)})
    return Verdict(
        applies=all_of(organization),
        passed=on["on"].astype("boolean"),
        observed=joined("enabled features: ", named(organization["features"])).mask(
            organization["features_error"] != "", organization["features_error"]
        ),
        reason=sentences(on, lambda on: f"{_CENTRAL_ROOT} is {'on' if on else 'off'} for the organization"),
    )


def policies_delegated(organization: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """The organization's resource policy lets a member account run its policies.

    Which member that is the evidence tells; the management account named in its own policy would not count.
    """
    members = _without(organization["delegated_to"], organization["management_id"])
    readable = organization["problem"] == ""
    keys = pd.DataFrame({"there": organization["resource_policy"], "members": members != "", "readable": readable})
    return Verdict(
        applies=all_of(organization),
        passed=(keys["there"] & keys["members"]).astype("boolean").mask(~readable),
        observed=joined("delegated to ", named(members)).mask(~readable, organization["problem"]),
        reason=sentences(keys, _delegation),
    )


def _without(lists: pd.Series, own: pd.Series) -> pd.Series:
    pairs = zip(lists, own, strict=True)
    return pd.Series(
        [", ".join(account for account in text.split(", ") if account != owner) for text, owner in pairs],
        index=lists.index,
        dtype="str",
    )


def _delegation(there: bool, members: bool, readable: bool) -> str:
    if not readable:
        return "the organization's resource policy cannot be read"
    if not there:
        return "the organization has no resource policy: its policies are managed from the management account"
    return f"the organization's resource policy allows {'a' if members else 'no'} member account to manage its policies"


def policies_shown(organization: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Service and resource control policies with what they are attached to."""
    return shown(
        organization, organization["policies"], "needs manual review: do these policies protect every account?"
    )


def management_account_shown(organization: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Which account the management account is, and where it sits."""
    observed = joined(
        "management account ",
        organization["account_id"].astype("str"),
        " (",
        organization["account_name"].astype("str"),
        ") in ",
        named(organization["ou_path"].astype("str"), "an unknown place"),
    )
    return shown(organization, observed, "needs manual review: what runs in the management account?")


def ou_tree_shown(organization: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """The organizational units with the number of accounts in each."""
    return shown(
        organization,
        organization["ou_tree"],
        "needs manual review: do these OUs separate environments and sensitivity?",
    )


def delegated_services_shown(organization: pd.DataFrame, _: Parameters, __: datetime) -> Verdict:
    """Delegated administrators with their services, beside the services that act in the whole organization."""
    observed = joined(
        "delegated administrators: ",
        named(organization["administrators"]),
        "; services with trusted access: ",
        named(organization["trusted"].fillna("unknown")),
    )
    return shown(organization, observed, "needs manual review: could a service be managed from a member account?")
