"""Virtual MFA devices: of root, of two in three users with MFA, and some that nobody has."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.kinds.authorization_details import user_members
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.pages import iam_page


def planted_devices(evidence: PlantedEvidence) -> tuple[str, ...]:
    """The users with a virtual device: two in three of those with MFA; the others have hardware."""
    having = [user.name for user in evidence.users if user.mfa]
    return tuple(name for number, name in enumerate(having) if number % 3 != 2)


def _list_virtual_mfa_devices(request: Request) -> dict[str, Any]:
    evidence, wanted = request.evidence, request.parameters.get("AssignmentStatus", "Any")
    devices = [] if wanted == "Unassigned" else _assigned_devices(evidence)
    if wanted != "Assigned" and evidence.rank % 2:
        devices.append({"SerialNumber": f"{evidence.prefix}:mfa/left-over"})
    return iam_page(request, "VirtualMFADevices", devices, evidence.short_pages)


def _assigned_devices(evidence: PlantedEvidence) -> list[dict[str, Any]]:
    names = evidence.of(planted_devices)
    owners = [(user.name, user_members(evidence, user)) for user in evidence.users if user.name in names]
    if evidence.root.virtual_mfa:
        made = evidence.as_of - timedelta(days=1000)
        root = {"UserId": evidence.account_id, "Arn": f"{evidence.prefix}:root", "CreateDate": made}
        owners.insert(0, ("root-account-mfa-device", root))
    enabled = evidence.as_of - timedelta(days=300)
    return [
        {"SerialNumber": f"{evidence.prefix}:mfa/{name}", "EnableDate": enabled, "User": user} for name, user in owners
    ]


KIND = BoxedKind("virtual-mfa-devices", (Operation("iam:ListVirtualMFADevices", _list_virtual_mfa_devices),))
