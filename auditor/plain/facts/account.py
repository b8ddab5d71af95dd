"""What else is known of an account: IAM's counts, password policy, devices, analyzers, contacts, providers, servers.

Each reader gives the facts of the units in a document, with the line that each stands on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.plain.facts.document import Call, Document
from auditor.plain.facts.shape import FLAG, NUMBER, TEXT, Facts, typed
from auditor.plain.moments import of_an_answer

_ANALYZERS = "access-analyzer:ListAnalyzers"
_COUNTS = {"summary_users": NUMBER, "summary_root_keys": NUMBER}
_SETTINGS = {
    **dict.fromkeys(("minimum_length", "reuse_prevention", "max_password_age_days"), NUMBER),
    **dict.fromkeys(("uppercase", "lowercase", "symbol", "number", "expires"), FLAG),
}
_PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov", "us-iso": "aws-iso", "us-isob": "aws-iso-b"}


def account_summary(document: Document, _: str) -> list[Facts]:
    counts = document.response("iam:GetAccountSummary").get("SummaryMap", {})
    facts = {
        "line": document.line("iam:GetAccountSummary"),
        "summary_users": counts.get("Users"),
        "summary_root_keys": counts.get("AccountAccessKeysPresent"),
        "summary_root_mfa": _above_none(counts.get("AccountMFAEnabled")),
        "summary_root_password": _above_none(counts.get("AccountPasswordPresent")),
    }
    return [typed(facts, _COUNTS)]


def _above_none(count: Any) -> bool | None:
    return None if count is None else count > 0


def password_policy(document: Document, _: str) -> list[Facts]:
    policy = document.response("iam:GetAccountPasswordPolicy").get("PasswordPolicy", {})
    facts = {
        "line": document.line("iam:GetAccountPasswordPolicy"),
        "policy_exists": bool(policy),
        "minimum_length": policy.get("MinimumPasswordLength"),
        "reuse_prevention": policy.get("PasswordReusePrevention"),
        "uppercase": policy.get("RequireUppercaseCharacters"),
        "lowercase": policy.get("RequireLowercaseCharacters"),
        "symbol": policy.get("RequireSymbols"),
        "number": policy.get("RequireNumbers"),
        "expires": policy.get("ExpirePasswords"),
        "max_password_age_days": policy.get("MaxPasswordAge"),
    }
    return [typed(facts, _SETTINGS)]


def virtual_mfa_devices(document: Document, _: str) -> list[Facts]:
    """The first device that is root's; AWS lists those that are virtual."""
    facts = {"line": document.line("iam:ListVirtualMFADevices"), "root_virtual_mfa": ""}
    for line, device in reversed(list(document.items("VirtualMFADevices"))):
        if str(device.get("User", {}).get("Arn") or "").endswith(":root"):
            facts = {"line": line, "root_virtual_mfa": device.get("SerialNumber", "")}
    return [typed(facts, {"root_virtual_mfa": TEXT})]


def access_analyzers(document: Document, _: str) -> list[Facts]:
    asked = document.of(_ANALYZERS)
    active = {
        f"{analyzer.get('type')}@{call.region}"
        for call in asked
        for _line, analyzer in call.items.get("analyzers", ())
        if analyzer.get("status") == "ACTIVE"
    }
    return [
        {
            "line": document.line(_ANALYZERS),
            "regions": " ".join(sorted({call.region for call in asked})),
            "unanswered": " ".join(sorted({call.region for call in asked if call.error})),
            "analyzers": " ".join(sorted(active)),
        }
    ]


def contacts(document: Document, _: str) -> list[Facts]:
    alternate, primary = "account:GetAlternateContact", "account:GetContactInformation"
    security = document.response(alternate).get("AlternateContact", {})
    told = _told(security, ("Name", "Title", "EmailAddress", "PhoneNumber"))
    members = ("FullName", "CompanyName", "AddressLine1", "City", "PostalCode", "CountryCode", "PhoneNumber")
    return [
        {
            "line": document.line(alternate),
            "security_contact": told if any(map(_answered, document.of(alternate))) else None,
            "primary_contact": _told(document.response(primary).get("ContactInformation", {}), members),
            "primary_line": document.line(primary),
        }
    ]


def _answered(call: Call) -> bool:
    """That there is no such contact is an answer, too."""
    return call.response is not None or call.error == "ResourceNotFoundException"


def _told(contact: Facts, members: Iterable[str]) -> str:
    return ", ".join(str(contact[member]) for member in members if contact.get(member))


def identity_providers(document: Document, _: str) -> list[Facts]:
    found = [*document.items("SAMLProviderList"), *document.items("OpenIDConnectProviderList")]
    names = [str(provider.get("Arn", "")).partition("/")[2] for _line, provider in found]
    # What other evidence tells of signing in is shown to a person and decides nothing.
    others = {"identity_center": None, "trusted_providers": None}
    return [{"line": document.calls[0].line if document.calls else 1, "providers": ", ".join(names), **others}]


def server_certificates(document: Document, _: str) -> list[Facts]:
    return [_certificate(line, c) for line, c in document.items("ServerCertificateMetadataList")]


def _certificate(line: int, certificate: Facts) -> Facts:
    facts = {
        "line": line,
        "name": certificate.get("ServerCertificateName", ""),
        "arn": certificate.get("Arn", ""),
        "expires_at": certificate.get("Expiration"),
    }
    typed(facts, dict.fromkeys(("name", "arn", "expires_at"), TEXT))
    return facts | {"expires_at": of_an_answer(facts["expires_at"])}


def ec2_instances(document: Document, account_id: str) -> list[Facts]:
    """Those that run."""
    return [
        _instance(line, instance, call.region, account_id)
        for call in document.calls
        for line, reservation in call.items.get("Reservations", ())
        for instance in reservation.get("Instances", [])
        if instance.get("State", {}).get("Name") == "running"
    ]


def _instance(line: int, instance: Facts, region: str, account_id: str) -> Facts:
    name, partition = instance["InstanceId"], _PARTITIONS.get(region.rsplit("-", 2)[0], "aws")
    facts = {
        "line": line,
        "name": name,
        "arn": f"arn:{partition}:ec2:{region}:{account_id}:instance/{name}",
        "region": region,
        "instance_profile": instance.get("IamInstanceProfile", {}).get("Arn", ""),
    }
    return typed(facts, dict.fromkeys(("name", "arn", "region", "instance_profile"), TEXT))
