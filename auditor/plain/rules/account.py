"""Steps over contacts, identity providers, certificates, instances and analyzers."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    asked,
    at,
    ended,
    flag,
    known,
    listed,
)
from auditor.times import iso


def security_contact(facts: Facts, _: Parameters, __: datetime) -> Told:
    contact = facts["security_contact"]
    there = None if contact is None else contact != ""
    return ended([f"alternate contact SECURITY: {known(contact)}"], there, f"on file: {flag(there)}")


def contact_on_file(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [f"primary contact: {listed(facts['primary_contact'])}"]
    return asked(steps, "whether this still reaches the right people is for a person to say", [facts["primary_line"]])


def central_identity(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [
        f"IAM Identity Center of the organization: {known(facts['identity_center'])}",
        f"identity providers of the account: {listed(facts['providers'])}",
        f"identity providers that its roles trust: {known(facts['trusted_providers'])}",
    ]
    return asked(steps, "whether people sign in through these and nothing else is for a person to say")


def certificate_valid(facts: Facts, _: Parameters, as_of: datetime) -> Told:
    expires = facts["expires_at"]
    if expires is None:
        return ended([at(as_of)], None, "Expiration has no time")
    last = iso(expires - timedelta(microseconds=1))
    steps = [f"Expiration {iso(expires)}; {at(as_of)}", f"passes until {last}; at the very instant it has expired"]
    valid = expires > as_of
    return ended(steps, valid, f"{iso(expires)} {'>' if valid else '<='} {iso(as_of)}")


def instance_has_profile(facts: Facts, _: Parameters, __: datetime) -> Told:
    profile = facts["instance_profile"]
    steps = [f"running in {facts['region']}; instance profile: {listed(profile)}"]
    return ended(steps, bool(profile), f"has an instance profile: {flag(bool(profile))}")


def analyzer_everywhere(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    types = [str(kind) for kind in parameters["analyzer_types"]]
    regions, silent = facts["regions"].split(), facts["unanswered"].split()
    pairs = [text.partition("@") for text in facts["analyzers"].split()]
    own = sorted({region for kind, _, region in pairs if kind in types})
    shared = facts["organization_regions"].split() if "ORGANIZATION" in types else []
    open_regions = [region for region in regions if region not in own and region not in shared]
    missing = [region for region in open_regions if region not in silent]
    steps = [
        f"enabled regions that were asked: {listed(', '.join(regions))}",
        f"active analyzers of type {' or '.join(types)} in the account: {listed(', '.join(own))}",
        f"analyzers of the organization, in any account: {listed(', '.join(shared))}",
        f"regions that did not answer: {listed(', '.join(silent))}",
    ]
    if missing:
        return ended(steps, False, f"without an analyzer: {', '.join(missing)}", [1])
    if open_regions or not regions:
        return ended(steps, None, f"not known of: {listed(', '.join(open_regions))}", [1])
    return ended(steps, True, "no region is without an analyzer", [1])
