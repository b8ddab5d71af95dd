"""The verdicts on account-wide facts that a boxed account must get: root, password policy, certificates, contacts.

``had`` names the kinds of evidence that were collected; a control without its evidence is NO_EVIDENCE.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from auditor.model import ROOT_USER
from auditor.sandbox.evidence import PlantedEvidence, RootEvidence
from auditor.sandbox.facts import PlantedAccount
from auditor.sandbox.kinds.contacts import has_security_contact
from auditor.sandbox.kinds.ec2_instances import Instance
from auditor.sandbox.kinds.password_policy import PasswordPolicy, planted_policy
from auditor.sandbox.kinds.server_certificates import planted_certificates
from tests.expected.reports import has_mfa, has_password

FAIL, MANUAL, NO_EVIDENCE = "FAIL", "MANUAL", "NO_EVIDENCE"
# (status, control id, resource name)
Judged = tuple[str, str, str]
Kinds = frozenset[str]
PASSWORD_CONTROLS = (
    *("password-policy-min-length-14", "password-policy-reuse-24", "password-policy-expiry-90d"),
    *("password-policy-uppercase", "password-policy-lowercase", "password-policy-symbol", "password-policy-number"),
)
ROOT_SESSION_CONTROLS = frozenset(
    {"root-no-access-key", "root-mfa", "root-mfa-always", "root-hardware-mfa", "root-hardware-mfa-always"}
)
ALWAYS_MANUAL = (
    *("security-questions-set", "s3-block-public-access", "account-contact-current", "identity-managed-centrally"),
)


def judged(evidence: PlantedEvidence, had: Kinds, as_of: datetime) -> Iterator[Judged]:
    """All that is not a pass, but for root, regions, permissions and what the credential report decides."""
    yield from ((MANUAL, control, "") for control in ALWAYS_MANUAL)
    yield from _password_policy(evidence.of(planted_policy), "password-policy" in had)
    yield from _certificates(evidence, had, as_of)
    yield from _contacts(evidence, "contacts" in had)


def root_judged(facts: PlantedAccount, evidence: PlantedEvidence, had: Kinds) -> Iterator[Judged]:
    """Only what is beyond the report: hardware MFA, and keys where neither source shows one."""
    root, summary = facts.root, evidence.root if "account-summary" in had else None
    if root is None:
        return
    if summary is None and not (root.key_1.active or root.key_2.active):
        yield NO_EVIDENCE, "root-no-access-key", ""
    if "mfa_active" in facts.missing:
        return
    status = ""
    if not has_mfa(root, summary) or ("virtual-mfa-devices" in had and evidence.root.virtual_mfa):
        status = FAIL
    elif "virtual-mfa-devices" not in had:
        status = NO_EVIDENCE
    if status:
        name = ROOT_USER if status == FAIL else ""
        yield status, "root-hardware-mfa-always", name
        if has_password(root, summary):
            yield status, "root-hardware-mfa", name


def root_session_judged(root: RootEvidence) -> Iterator[Judged]:
    """The failures of a root that was read about in a session of its own."""
    if root.keys_present:
        yield FAIL, "root-no-access-key", ROOT_USER
    weak = (not root.mfa, "root-mfa"), (not root.mfa or root.virtual_mfa, "root-hardware-mfa")
    for fails, control in weak:
        if fails:
            yield FAIL, f"{control}-always", ROOT_USER
        if fails and root.password_present:
            yield FAIL, control, ROOT_USER


def _password_policy(policy: PasswordPolicy | None, had: bool) -> Iterator[Judged]:
    if not had:
        yield from ((NO_EVIDENCE, control, "") for control in PASSWORD_CONTROLS)
        return
    for control in PASSWORD_CONTROLS:
        if policy is None or not _is_met(policy, control):
            yield FAIL, control, ""


def _is_met(policy: PasswordPolicy, control: str) -> bool:
    match control.removeprefix("password-policy-"):
        case "min-length-14":
            return policy.length >= 14
        case "reuse-24":
            return policy.reuse is not None and policy.reuse >= 24
        case "expiry-90d":
            return policy.expires and policy.max_age is not None and 1 <= policy.max_age <= 90
        case "uppercase":
            return policy.uppercase
        case "lowercase":
            return policy.lowercase
        case "symbol":
            return policy.symbol
        case _:
            return policy.number


def _certificates(evidence: PlantedEvidence, had: Kinds, as_of: datetime) -> Iterator[Judged]:
    if "server-certificates" not in had:
        yield NO_EVIDENCE, "expired-server-certs-removed", ""
        return
    for certificate in evidence.of(planted_certificates):
        if certificate.expires <= as_of:
            yield FAIL, "expired-server-certs-removed", certificate.name


def _contacts(evidence: PlantedEvidence, had: bool) -> Iterator[Judged]:
    if not had:
        yield NO_EVIDENCE, "security-contact-registered", ""
        return
    if not evidence.of(has_security_contact):
        yield FAIL, "security-contact-registered", ""


def instances_judged(instances: tuple[Instance, ...], silent: frozenset[str] | None) -> Iterator[Judged]:
    """``silent`` are the regions that gave no answer, None when none did."""
    if silent is None or silent:
        yield NO_EVIDENCE, "ec2-instance-role-used", ""
    for instance in () if silent is None else instances:
        if instance.state == "running" and not instance.has_profile and instance.region not in (silent or ()):
            yield FAIL, "ec2-instance-role-used", instance.id
