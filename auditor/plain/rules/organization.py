"""Steps over the organization as a whole."""

from __future__ import annotations

from datetime import datetime

from auditor.plain.rules.telling import (
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
    return ended(steps, _CENTRAL_ROOT in features, f"{_CENTRAL_ROOT} among them: {flag(_CENTRAL_ROOT in features)}")


def policies_delegated(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [f"the organization has a resource policy: {flag(facts['resource_policy'])}"]
    if facts["problem"]:
        return ended(steps, None, facts["problem"])
    allowed = facts["delegated_to"].split(", ")
    members = [account for account in allowed if account and account != facts["account_id"]]
    steps.append(f"it allows organizations actions to: {listed(facts['delegated_to'])}")
    steps.append(f"of these are not the management account {facts['account_id']}: {listed(', '.join(members))}")
    passed = bool(facts["resource_policy"] and members)
    return ended(steps, passed, f"a member account runs the policies: {flag(passed)}")


def policies_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    return asked([listed(facts["policies"])], "whether these guard every account is for a person to say")


def management_account_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    place = facts["ou_path"] or "an unknown place"
    steps = [f"management account {facts['account_id']} ({facts['account_name']}) in {place}"]
    return asked(steps, "what runs in it is for a person to look at")


def ou_tree_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    return asked([listed(facts["ou_tree"])], "whether these separate what must be separate is for a person to say")


def delegated_services_shown(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [
        f"delegated administrators: {listed(facts['administrators'])}",
        f"services with trusted access: {known(facts['trusted'])}",
    ]
    return asked(steps, "whether a service could be run from a member account is for a person to say")
