"""Evidence read once more, each kind into the facts of its units."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.plain.facts import account, organization, root_session
from auditor.plain.facts.document import Document
from auditor.plain.facts.permissions import permissions
from auditor.plain.facts.shape import Facts

__all__ = ["READERS", "Facts"]


def _one(unit: str, read: Callable[[Document, str], list[Facts]]) -> Callable[[Document, str], dict[str, list[Facts]]]:
    return lambda document, owner: {unit: read(document, owner)}


READERS: Mapping[str, Callable[[Document, str], dict[str, list[Facts]]]] = {
    "account-summary": _one("account", account.account_summary),
    "root-credentials": _one("root", root_session.root_credentials),
    "password-policy": _one("account", account.password_policy),
    "virtual-mfa-devices": _one("account", account.virtual_mfa_devices),
    "access-analyzers": _one("account", account.access_analyzers),
    "contacts": _one("account", account.contacts),
    "identity-providers": _one("account", account.identity_providers),
    "server-certificates": _one("certificate", account.server_certificates),
    "ec2-instances": _one("instance", account.ec2_instances),
    "authorization-details": lambda document, _: permissions(document),
    "organization-features": _one("organization", organization.organization_features),
    "organization-policies": _one("organization", organization.organization_policies),
    "delegated-administrators": _one("organization", organization.delegated_administrators),
    "resource-policy": _one("organization", organization.resource_policy),
    "ou-tree": _one("organization", organization.ou_tree),
}
"""By kind of evidence: (document, whose it is) -> the facts of its units, by type of unit."""
