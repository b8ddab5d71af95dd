"""Account summaries, which count what the other answers list, and tell of root."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.kinds.authorization_details import planted_permissions
from auditor.sandbox.kinds.identity_providers import planted_providers
from auditor.sandbox.kinds.server_certificates import planted_certificates
from auditor.sandbox.operations import BoxedKind, Operation, Request

_QUOTAS = {
    "UsersQuota": 5000,
    "GroupsQuota": 300,
    "RolesQuota": 1000,
    "PoliciesQuota": 1500,
    "InstanceProfilesQuota": 1000,
    "ServerCertificatesQuota": 20,
    "AccessKeysPerUserQuota": 2,
    "SigningCertificatesPerUserQuota": 2,
    "GroupsPerUserQuota": 10,
    "VersionsPerPolicyQuota": 5,
    "PolicySizeQuota": 6144,
    "GlobalEndpointTokenVersion": 1,
}


def _get_account_summary(request: Request) -> dict[str, Any]:
    return {"SummaryMap": _counts(request.evidence) | _QUOTAS}


def _counts(evidence: PlantedEvidence) -> dict[str, int]:
    permissions, providers, root = evidence.of(planted_permissions), evidence.of(planted_providers), evidence.root
    with_mfa = sum(user.mfa for user in evidence.users)
    own = [policy for policy in permissions.policies if not policy.owner]
    return {
        "Users": len(evidence.users),
        "Groups": len(permissions.groups),
        "Roles": len(permissions.roles),
        "Policies": len(own),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in own),
        "InstanceProfiles": sum(role.has_profile for role in permissions.roles),
        "ServerCertificates": len(evidence.of(planted_certificates)),
        "Providers": len(providers.saml) + len(providers.oidc),
        "MFADevices": with_mfa + root.mfa + evidence.rank % 2,
        "MFADevicesInUse": with_mfa + root.mfa,
        "AccountMFAEnabled": int(root.mfa),
        "AccountAccessKeysPresent": root.keys_present,
        "AccountPasswordPresent": int(root.password_present),
        "AccountSigningCertificatesPresent": 0,
    }


GET_ACCOUNT_SUMMARY = Operation("iam:GetAccountSummary", _get_account_summary)
KIND = BoxedKind("account-summary", (GET_ACCOUNT_SUMMARY,))
