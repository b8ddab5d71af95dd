"""Steps over contacts, identity providers, certificates, instances and analyzers."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.reperform.plain.rules.telling import (
    Facts,
    Parameters,
    Told,
    asked,
    at,
    cell,
    ended,
    flag,
    known,
    listed,
)
from auditor.times import iso


def security_contact(facts: Facts, _: Parameters, __: datetime) -> Told:
    contact = facts["security_contact"]
    there = None if contact is None else contact != ""
    end = ended([f"alternate contact SECURITY: {known(contact)}"], there, f"on file: {flag(there)}")
    return end.quoting(listed(contact))


def contact_on_file(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [f"primary contact: {listed(facts['primary_contact'])}"]
    end = asked(steps, "needs manual review: do these contact details reach the right people?")
    return end.quoting("", cited=[facts["primary_line"]])


def central_identity(facts: Facts, _: Parameters, __: datetime) -> Told:
    steps = [
        f"IAM Identity Center of the organization: {known(facts['identity_center'])}",
        f"identity providers of the account: {listed(facts['providers'])}",
        f"identity providers that its roles trust: {known(facts['trusted_providers'])}",
    ]
    return asked(steps, "needs manual review: do people sign in only through these?")


def certificate_valid(facts: Facts, _: Parameters, as_of: datetime) -> Told:
    expires = facts["expires_at"]
    if expires is None:
        return ended([at(as_of)], None, "Expiration has no time")
    last = iso(expires - timedelta(microseconds=1))
    steps = [f"Expiration {iso(expires)}; {at(as_of)}", f"passes until {last}; it expires exactly at that time"]
    valid = expires > as_of
    end = ended(steps, valid, f"{iso(expires)} {'>' if valid else '<='} {iso(as_of)}")
    return end.quoting(f"Expiration {cell(facts, 'expires_at')}")


def instance_has_profile(facts: Facts, _: Parameters, __: datetime) -> Told:
    profile = facts["instance_profile"]
    steps = [f"running in {facts['region']}; instance profile: {listed(profile)}"]
    there = None if profile is None else bool(profile)
    end = ended(steps, there, f"has an instance profile: {flag(there)}")
    return end.quoting(f"IamInstanceProfile {listed(profile)}")


def analyzer_everywhere(facts: Facts, parameters: Parameters, _: datetime) -> Told:
    types = [str(kind) for kind in parameters["analyzer_types"]]
    regions, silent = facts["regions"].split(), facts["unanswered"].split()
    pairs = [text.partition("@") for text in facts["analyzers"].split()]
    own = sorted({region for kind, _, region in pairs if kind in types})
    by_organization = "ORGANIZATION" in types
    shared = facts["organization_regions"].split() if by_organization else []
    unseen = facts["organization_unknown"].split() if by_organization else []
    open_regions = [region for region in regions if region not in own and region not in shared]
    missing = [region for region in open_regions if region not in silent and region not in unseen]
    steps = [
        f"enabled regions that were read: {listed(', '.join(regions))}",
        f"active analyzers of type {' or '.join(types)} in the account: {listed(', '.join(own))}",
        f"analyzers of the organization, in any account: {listed(', '.join(shared))}",
        f"regions without an answer: {listed(', '.join(silent))}",
    ]
    if unseen:
        steps.append(f"regions in which the organization may have one: {', '.join(unseen)}")
        steps.append(f"not seen: {facts['organization_unseen']}")
    observed = f"{len(regions)} regions, without an analyzer: {listed(', '.join(missing))}"
    unknown = [region for region in open_regions if region in silent]
    observed += f", unanswered: {', '.join(unknown)}" if unknown else ""
    doubtful = [region for region in open_regions if region in unseen and region not in silent]
    observed += f", without one of its own: {', '.join(doubtful)}" if doubtful else ""
    known = dict(text.split("=", 1) for text in facts["organization_places"].split("; ") if text)
    places = [known[region] for region in regions if region in shared and region not in own and region in known]
    if missing:
        return ended(steps, False, f"without an analyzer: {', '.join(missing)}", [1]).quoting(observed, *places)
    if open_regions or not regions:
        return ended(steps, None, f"not known of: {listed(', '.join(open_regions))}", [1])
    return ended(steps, True, "every region has an analyzer", [1]).quoting(observed, *places)
