"""Steps over the organization as a whole."""

from __future__ import annotations

from datetime import datetime

from auditor.reperform.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    asked,
    ended,
    flag,
    known,
    listed,
)

_CENTRAL_ROOT = "RootCredentialsManagement"


def root_access_centralized(facts: Facts, _: Parameters, __: datetime) -> Told:
    features = facts["features"].split(", ")
    answer = f"AWS answered {facts['features_error']}" if facts["features_error"] else ""
    steps = [answer or f"enabled features: {listed(facts['features'])}"]
    end = ended(steps, _CENTRAL_ROOT in features, f"{_CENTRAL_ROOT} among them: {flag(_CENTRAL_ROOT in features)}")
    return end.quoting(facts["features_error"] or f"enabled features: {listed(facts['features'])}")


def policies_delegated(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [f"the organization has a resource policy: {flag(facts['resource_policy'])}"]
    if facts["problem"]:
        return ended(steps, None, facts["problem"])
    allowed = facts["delegated_to"].split(", ")
    members = [account for account in allowed if account and account != facts["management_id"]]
    steps.append(f"it allows organizations actions to: {listed(facts['delegated_to'])}")
    steps.append(f"of these are not the management account {facts['management_id']}: {listed(', '.join(members))}")
    passed = bool(facts["resource_policy"] and members)
    end = ended(steps, passed, f"a member account manages the policies: {flag(passed)}")
    return end.quoting(f"delegated to {listed(', '.join(members))}")


def policies_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    return asked([listed(facts["policies"])], "needs manual review: do these policies protect every account?")


def management_account_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    place = facts["ou_path"] or "an unknown place"
    steps = [f"management account {facts['account_id']} ({facts['account_name']}) in {place}"]
    return asked(steps, "needs manual review: what runs in the management account?")


def ou_tree_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    return asked([listed(facts["ou_tree"])], "needs manual review: do these OUs separate environments and sensitivity?")


def delegated_services_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [
        f"delegated administrators: {listed(facts['administrators'])}",
        f"services with trusted access: {known(facts['trusted'])}",
    ]
    return asked(steps, "needs manual review: could a service be managed from a member account?")
