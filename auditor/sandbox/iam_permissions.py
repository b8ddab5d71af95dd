"""IAM in the box: GetAccountAuthorizationDetails, in pages, with documents as AWS encodes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from urllib.parse import quote

from auditor.sandbox.evidence import BoxedGroup, BoxedRole, BoxedUser, Grants, ManagedPolicy, PlantedEvidence
from auditor.sandbox.iam_account import user_id
from auditor.sandbox.markup import element, flag, moment, text
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.pages import marked_page
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

# The accounts whose answer is kept: pages of one account come close together. About 50 KB each.
_KEPT_ACCOUNTS = 64
# The list an entity stands in, by its type; both kinds of policies share one.
_LISTS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
Entity = tuple[str, str]


@lru_cache(maxsize=512)
def encoded(document: str) -> str:
    """A policy document on the wire: percent-encoded text."""
    return quote(document, safe="")


class IamPermissions:
    """The one operation that tells all users, groups, roles and policies of an account."""

    def __init__(self, options: SandboxOptions, evidence_of: Callable[[str], PlantedEvidence]) -> None:
        self._options, self._evidence_of = options, evidence_of
        self._made = moment(options.as_of - timedelta(days=500))
        self._entities = lru_cache(maxsize=_KEPT_ACCOUNTS)(self._written)
        self.operations: dict[str, Operation] = {
            "GetAccountAuthorizationDetails": self.get_account_authorization_details
        }

    def get_account_authorization_details(self, identity: Identity, call: Call) -> str:
        wanted = [value for name, value in sorted(call.params.items()) if name.startswith("Filter.member.")]
        if not set(wanted) <= _LISTS.keys():
            raise AwsError("ValidationError", f"Filter must be of {', '.join(_LISTS)}")
        entities, short = self._entities(identity.account_id)
        chosen = [(_LISTS[kind], inside) for kind, inside in entities if not wanted or kind in wanted]
        return marked_page(call, tuple(dict.fromkeys(_LISTS.values())), chosen, short, ",".join(wanted))

    def _written(self, account_id: str) -> tuple[tuple[Entity, ...], bool]:
        evidence = self._evidence_of(account_id)
        return tuple(self._entity_texts(evidence)), evidence.short_pages

    def _entity_texts(self, evidence: PlantedEvidence) -> Iterator[Entity]:
        prefix = f"arn:{self._options.partition}:iam::{evidence.account_id}"
        permissions, counts = evidence.permissions, evidence.permissions.attachments()
        for user in permissions.users:
            yield "User", self._user(user, prefix)
        for group in permissions.groups:
            yield "Group", self._group(group, prefix)
        for role in permissions.roles:
            yield "Role", self._role(role, prefix)
        boundaries = [grants.boundary for grants in permissions.grants()]
        for policy in permissions.policies:
            kind = "AWSManagedPolicy" if policy.owner else "LocalManagedPolicy"
            yield kind, self._policy(policy, prefix, counts[policy.name], boundaries.count(policy))

    def _user(self, boxed: BoxedUser, prefix: str) -> str:
        user = boxed.user
        groups = "".join(text("member", name) for name in boxed.groups)
        return (
            element("Path", user.path)
            + text("UserName", user.name)
            + element("UserId", user_id(prefix, user))
            + text("Arn", f"{prefix}:user{user.path}{user.name}")
            + element("CreateDate", moment(user.created))
            + (_inline("UserPolicyList", boxed.grants) if boxed.grants.inline else "")
            + element("GroupList", groups)
            + self._attached(boxed.grants, prefix)
            + element("Tags", "")
        )

    def _group(self, group: BoxedGroup, prefix: str) -> str:
        return (
            element("Path", "/")
            + element("GroupName", group.name)
            + element("GroupId", f"AGPA{prefix[-12:]}{len(group.name):05d}")
            + element("Arn", f"{prefix}:group/{group.name}")
            + element("CreateDate", self._made)
            + _inline("GroupPolicyList", group.grants)
            + self._attached(group.grants, prefix)
        )

    def _role(self, role: BoxedRole, prefix: str) -> str:
        profiles = self._profile(role, prefix) if role.has_profile else ""
        boundary = role.grants.boundary
        bounds = "" if boundary is None else _boundary(policy_arn(boundary, prefix))
        return (
            self._role_head(role, prefix)
            + element("InstanceProfileList", profiles)
            + _inline("RolePolicyList", role.grants)
            + self._attached(role.grants, prefix)
            + bounds
            + element("Tags", "")
            + element("RoleLastUsed", "")
        )

    def _role_head(self, role: BoxedRole, prefix: str) -> str:
        return (
            element("Path", role.path)
            + text("RoleName", role.name)
            + element("RoleId", f"AROA{prefix[-12:]}{len(role.name):05d}")
            + text("Arn", f"{prefix}:role{role.path}{role.name}")
            + element("CreateDate", self._made)
            + element("AssumeRolePolicyDocument", encoded(role.trust))
        )

    def _profile(self, role: BoxedRole, prefix: str) -> str:
        return element(
            "member",
            element("Path", "/")
            + element("InstanceProfileName", role.name)
            + element("InstanceProfileId", f"AIPA{prefix[-12:]}00001")
            + element("Arn", f"{prefix}:instance-profile/{role.name}")
            + element("CreateDate", self._made)
            + element("Roles", element("member", self._role_head(role, prefix))),
        )

    def _policy(self, policy: ManagedPolicy, prefix: str, attached: int, bounding: int) -> str:
        versions = (
            element("VersionId", version.id)
            + element("IsDefaultVersion", flag(version.id == policy.default))
            + element("Document", encoded(version.document))
            + element("CreateDate", self._made)
            for version in policy.versions
        )
        return (
            element("PolicyName", policy.name)
            + element("PolicyId", f"ANPA{sum(map(ord, policy.name)):017d}")
            + element("Arn", policy_arn(policy, prefix))
            + element("Path", policy.path)
            + element("DefaultVersionId", policy.default)
            + element("AttachmentCount", str(attached))
            + element("PermissionsBoundaryUsageCount", str(bounding))
            + element("IsAttachable", "true")
            + element("CreateDate", self._made)
            + element("UpdateDate", self._made)
            + element("PolicyVersionList", _members(versions))
        )

    def _attached(self, grants: Grants, prefix: str) -> str:
        attached = (
            element("PolicyName", policy.name) + element("PolicyArn", policy_arn(policy, prefix))
            for policy in grants.attached
        )
        return element("AttachedManagedPolicies", _members(attached))


def policy_arn(policy: ManagedPolicy, prefix: str) -> str:
    """AWS's own policies belong to the account "aws"."""
    owner = f"{prefix.rpartition(':')[0]}:{policy.owner}" if policy.owner else prefix
    return f"{owner}:policy{policy.path}{policy.name}"


def _inline(name: str, grants: Grants) -> str:
    policies = (element("PolicyName", n) + element("PolicyDocument", encoded(text)) for n, text in grants.inline)
    return element(name, _members(policies))


def _boundary(arn: str) -> str:
    kind = element("PermissionsBoundaryType", "Policy") + element("PermissionsBoundaryArn", arn)
    return element("PermissionsBoundary", kind)


def _members(items: Iterable[str]) -> str:
    return "".join(f"<member>{item}</member>" for item in items)
