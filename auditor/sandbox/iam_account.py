"""IAM in the box, account-wide: summary, password policy, MFA devices, certificates, keys and identity providers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.facts import Key, User
from auditor.sandbox.markup import element, flag, moment
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.pages import marked_page
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

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


class IamAccount:
    """Operations that read what is true of a whole account; ``evidence_of`` gives its planted facts."""

    def __init__(self, options: SandboxOptions, evidence_of: Callable[[str], PlantedEvidence]) -> None:
        self._options, self._evidence_of = options, evidence_of
        self.operations: dict[str, Operation] = {
            "GetAccountSummary": self.get_account_summary,
            "GetAccountPasswordPolicy": self.get_account_password_policy,
            "ListVirtualMFADevices": self.list_virtual_mfa_devices,
            "ListServerCertificates": self.list_server_certificates,
            "ListAccessKeys": self.list_access_keys,
            "ListSAMLProviders": self.list_saml_providers,
            "ListOpenIDConnectProviders": self.list_open_id_connect_providers,
        }

    def get_account_summary(self, identity: Identity, _call: Call) -> str:
        counted = summary(self._evidence_of(identity.account_id)) | _QUOTAS
        entries = (f"<entry><key>{key}</key><value>{value}</value></entry>" for key, value in counted.items())
        return element("SummaryMap", "".join(entries))

    def get_account_password_policy(self, identity: Identity, _call: Call) -> str:
        policy = self._evidence_of(identity.account_id).password_policy
        if policy is None:
            message = f"The Password Policy with domain name {identity.account_id} cannot be found."
            raise AwsError("NoSuchEntity", message, 404)
        members = [
            element("MinimumPasswordLength", str(policy.length)),
            element("RequireSymbols", flag(policy.symbol)),
            element("RequireNumbers", flag(policy.number)),
            element("RequireUppercaseCharacters", flag(policy.uppercase)),
            element("RequireLowercaseCharacters", flag(policy.lowercase)),
            element("AllowUsersToChangePassword", "true"),
            element("ExpirePasswords", flag(policy.expires)),
        ]
        if policy.max_age is not None:
            members.append(element("MaxPasswordAge", str(policy.max_age)))
        if policy.reuse is not None:
            members.append(element("PasswordReusePrevention", str(policy.reuse)))
        return element("PasswordPolicy", "".join(members))

    def list_virtual_mfa_devices(self, identity: Identity, call: Call) -> str:
        evidence = self._evidence_of(identity.account_id)
        wanted = call.params.get("AssignmentStatus", "Any")
        devices = [] if wanted == "Unassigned" else self._assigned(evidence)
        if wanted != "Assigned" and evidence.rank % 2:
            devices.append(element("SerialNumber", f"{self._prefix(evidence)}:mfa/left-over"))
        return _page(call, "VirtualMFADevices", devices, evidence.short_pages)

    def list_server_certificates(self, identity: Identity, call: Call) -> str:
        evidence = self._evidence_of(identity.account_id)
        items = [
            element("Path", "/")
            + element("ServerCertificateName", found.name)
            + element("ServerCertificateId", f"ASCA{evidence.account_id}{number:05d}")
            + element("Arn", f"{self._prefix(evidence)}:server-certificate/{found.name}")
            + element("UploadDate", moment(found.expires - timedelta(days=365)))
            + element("Expiration", moment(found.expires))
            for number, found in enumerate(evidence.certificates)
        ]
        return _page(call, "ServerCertificateMetadataList", items, evidence.short_pages)

    def list_access_keys(self, identity: Identity, call: Call) -> str:
        evidence = self._evidence_of(identity.account_id)
        name = call.params.get("UserName", "")
        user = next((user for user in evidence.users if user.name == name), None)
        if user is None:
            raise AwsError("NoSuchEntity", f"The user with name {name} cannot be found.", 404)
        keys = [key for key in (user.key_1, user.key_2, *user.more_keys) if key.last_rotated is not None]
        shown = [_access_key(user, key, evidence.rank, number) for number, key in enumerate(keys)]
        return _page(call, "AccessKeyMetadata", shown)

    def list_saml_providers(self, identity: Identity, _call: Call) -> str:
        evidence = self._evidence_of(identity.account_id)
        made = self._options.as_of - timedelta(days=700)
        dates = element("ValidUntil", moment(made + timedelta(days=3650))) + element("CreateDate", moment(made))
        return element("SAMLProviderList", _members([element("Arn", arn) + dates for arn in evidence.providers.saml]))

    def list_open_id_connect_providers(self, identity: Identity, _call: Call) -> str:
        arns = self._evidence_of(identity.account_id).providers.oidc
        return element("OpenIDConnectProviderList", _members([element("Arn", arn) for arn in arns]))

    def _assigned(self, evidence: PlantedEvidence) -> list[str]:
        prefix, names = self._prefix(evidence), set(evidence.virtual_mfa)
        devices = [self._device(prefix, user) for user in evidence.users if user.name in names]
        if evidence.root.virtual_mfa:
            root = element("UserId", evidence.account_id) + element("Arn", f"{prefix}:root")
            root += element("CreateDate", moment(self._options.as_of - timedelta(days=1000)))
            devices.insert(0, _device(f"{prefix}:mfa/root-account-mfa-device", root, self._options.as_of))
        return devices

    def _device(self, prefix: str, user: User) -> str:
        told = element("Path", user.path) + element("UserName", user.name)
        told += element("UserId", user_id(prefix, user)) + element("Arn", f"{prefix}:user{user.path}{user.name}")
        told += element("CreateDate", moment(user.created))
        return _device(f"{prefix}:mfa/{user.name}", told, self._options.as_of)

    def _prefix(self, evidence: PlantedEvidence) -> str:
        return f"arn:{self._options.partition}:iam::{evidence.account_id}"


def _page(call: Call, name: str, items: Sequence[str], short: bool = False) -> str:
    return marked_page(call, (name,), [(name, item) for item in items], short)


def summary(evidence: PlantedEvidence) -> dict[str, int]:
    """The counts of GetAccountSummary."""
    permissions, root = evidence.permissions, evidence.root
    with_mfa = sum(user.mfa for user in evidence.users)
    own = [policy for policy in permissions.policies if not policy.owner]
    return {
        "Users": len(evidence.users),
        "Groups": len(permissions.groups),
        "Roles": len(permissions.roles),
        "Policies": len(own),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in own),
        "InstanceProfiles": sum(role.has_profile for role in permissions.roles),
        "ServerCertificates": len(evidence.certificates),
        "Providers": len(evidence.providers.saml) + len(evidence.providers.oidc),
        "MFADevices": with_mfa + root.mfa + evidence.rank % 2,
        "MFADevicesInUse": with_mfa + root.mfa,
        "AccountMFAEnabled": int(root.mfa),
        "AccountAccessKeysPresent": root.keys_present,
        "AccountPasswordPresent": int(root.password_present),
        "AccountSigningCertificatesPresent": 0,
    }


def user_id(prefix: str, user: User) -> str:
    """An id like those of AWS: 21 characters, the same every time."""
    number = sum((i + 1) * ord(letter) * 7919 for i, letter in enumerate(f"{prefix}/{user.name}"))
    return f"AIDA{number:017d}"


def _members(items: Sequence[str]) -> str:
    return "".join(f"<member>{item}</member>" for item in items)


def _device(serial: str, user: str, as_of: datetime) -> str:
    enabled = element("EnableDate", moment(as_of - timedelta(days=300)))
    return element("SerialNumber", escape(serial)) + enabled + element("User", user)


def _access_key(user: User, key: Key, rank: int, number: int) -> str:
    letters = "".join(chr(65 + ord(letter) % 26) for letter in user.name[:6])
    shown = element("UserName", user.name) + element("AccessKeyId", f"AKIA{rank:06d}{letters:X<6}{number:04d}")
    made = moment(key.last_rotated) if key.last_rotated else ""
    return shown + element("Status", "Active" if key.active else "Inactive") + element("CreateDate", made)
