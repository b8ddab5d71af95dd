"""Authorization details: all users, groups, roles and policies of an account, in pages, with encoded documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import lru_cache
from random import Random
from typing import Any
from urllib.parse import quote

from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.facts import User
from auditor.sandbox.kinds.identity_providers import planted_providers
from auditor.sandbox.operations import BoxedKind, Operation, Request, Served
from auditor.sandbox.pages import iam_pages
from auditor.sandbox.permissions import BoxedGroup, BoxedRole, BoxedUser, Grants, ManagedPolicy, Permissions
from auditor.sandbox.permits import Draft
from auditor.sandbox.shapes import Written, written_item
from auditor.sandbox.wire import AwsError

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
Members = dict[str, Any]
# The type of an entity, and the entity as it stands in its list.
Entity = tuple[str, Written]


def planted_permissions(evidence: PlantedEvidence) -> Permissions:
    """The auditor's role is in every account but the management account, which it trusts."""
    rng = Random(f"{evidence.options.seed}:permissions:{evidence.account_id}")
    role = "" if evidence.account_id == evidence.management_id else evidence.options.role
    trusted = f"arn:{evidence.options.partition}:iam::{evidence.management_id}:root"
    return Draft(rng, evidence.rank, evidence.users).finish(role, trusted, evidence.of(planted_providers).trusted)


def _get_account_authorization_details(request: Request) -> Members:
    wanted = request.parameters.get("Filter", [])
    if not set(wanted) <= _LISTS.keys():
        raise AwsError("ValidationError", f"Filter must be of {', '.join(_LISTS)}")
    entities = request.served.of(_entities_by_account)(request.identity.account_id)
    chosen = [(_LISTS[kind], entity) for kind, entity in entities if not wanted or kind in wanted]
    lists = tuple(dict.fromkeys(_LISTS.values()))
    return iam_pages(request, lists, chosen, request.evidence.short_pages, ",".join(wanted))


def _entities_by_account(served: Served) -> Callable[[str], tuple[Entity, ...]]:
    """Gives the entities of an account, and keeps the last ones: an account is asked for page after page."""

    @lru_cache(maxsize=_KEPT_ACCOUNTS)
    def entities(account_id: str) -> tuple[Entity, ...]:
        found = _entities(served.box.evidence(account_id))
        return tuple((kind, _write(_LISTS[kind], members)) for kind, members in found)

    return entities


def _write(name: str, members: Members) -> Written:
    return written_item("iam", "GetAccountAuthorizationDetails", name, members)


def _entities(evidence: PlantedEvidence) -> Iterator[tuple[str, Members]]:
    permissions = evidence.of(planted_permissions)
    counts = permissions.attachments()
    boundaries = [grants.boundary for grants in permissions.grants()]
    yield from (("User", _user(evidence, user)) for user in permissions.users)
    yield from (("Group", _group(evidence, group)) for group in permissions.groups)
    yield from (("Role", _role(evidence, role)) for role in permissions.roles)
    for policy in permissions.policies:
        members = _policy(evidence, policy)
        members |= {"AttachmentCount": counts[policy.name]}
        members |= {"PermissionsBoundaryUsageCount": boundaries.count(policy)}
        yield "AWSManagedPolicy" if policy.owner else "LocalManagedPolicy", members


def _user(evidence: PlantedEvidence, boxed: BoxedUser) -> Members:
    inline = _inline("UserPolicyList", boxed.grants) if boxed.grants.inline else {}
    groups = {"GroupList": boxed.groups, "Tags": []}
    return user_members(evidence, boxed.user) | inline | groups | _attached(evidence, boxed.grants)


def user_members(evidence: PlantedEvidence, user: User) -> dict[str, Any]:
    """The members that every shape of a user has."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": _user_id(evidence.prefix, user),
        "Arn": f"{evidence.prefix}:user{user.path}{user.name}",
        "CreateDate": user.created,
    }


def _user_id(prefix: str, user: User) -> str:
    """An id like those of AWS: 21 characters, the same every time."""
    return f"AIDA{_weight(prefix, 1) + _weight(f'/{user.name}', len(prefix) + 1):017d}"


@lru_cache(maxsize=4096)
def _weight(text: str, start: int) -> int:
    return 7919 * sum(number * ord(letter) for number, letter in enumerate(text, start))


def _group(evidence: PlantedEvidence, group: BoxedGroup) -> Members:
    head = {
        "Path": "/",
        "GroupName": group.name,
        "GroupId": f"AGPA{evidence.account_id}{len(group.name):05d}",
        "Arn": f"{evidence.prefix}:group/{group.name}",
        "CreateDate": evidence.of(_creation_time),
    }
    return head | _inline("GroupPolicyList", group.grants) | _attached(evidence, group.grants)


def _role(evidence: PlantedEvidence, role: BoxedRole) -> Members:
    profiles = [_profile(evidence, role)] if role.has_profile else []
    rest: Members = {"InstanceProfileList": profiles, "Tags": [], "RoleLastUsed": {}}
    boundary = role.grants.boundary
    if boundary is not None:
        kind = {"PermissionsBoundaryType": "Policy"}
        rest["PermissionsBoundary"] = kind | {"PermissionsBoundaryArn": _arn(evidence, boundary)}
    grants = _inline("RolePolicyList", role.grants) | _attached(evidence, role.grants)
    return _role_head(evidence, role) | grants | rest


def _role_head(evidence: PlantedEvidence, role: BoxedRole) -> Members:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": f"AROA{evidence.account_id}{len(role.name):05d}",
        "Arn": f"{evidence.prefix}:role{role.path}{role.name}",
        "CreateDate": evidence.of(_creation_time),
        "AssumeRolePolicyDocument": _encoded(role.trust),
    }


def _profile(evidence: PlantedEvidence, role: BoxedRole) -> Members:
    return {
        "Path": "/",
        "InstanceProfileName": role.name,
        "InstanceProfileId": f"AIPA{evidence.account_id}00001",
        "Arn": f"{evidence.prefix}:instance-profile/{role.name}",
        "CreateDate": evidence.of(_creation_time),
        "Roles": [_role_head(evidence, role)],
    }


def _policy(evidence: PlantedEvidence, policy: ManagedPolicy) -> Members:
    made = evidence.of(_creation_time)
    versions = [
        {
            "VersionId": version.id,
            "IsDefaultVersion": version.id == policy.default,
            "Document": _encoded(version.document),
            "CreateDate": made,
        }
        for version in policy.versions
    ]
    return {
        "PolicyName": policy.name,
        "PolicyId": f"ANPA{sum(map(ord, policy.name)):017d}",
        "Arn": _arn(evidence, policy),
        "Path": policy.path,
        "DefaultVersionId": policy.default,
        "IsAttachable": True,
        "CreateDate": made,
        "UpdateDate": made,
        "PolicyVersionList": versions,
    }


def _attached(evidence: PlantedEvidence, grants: Grants) -> Members:
    attached = [{"PolicyName": policy.name, "PolicyArn": _arn(evidence, policy)} for policy in grants.attached]
    return {"AttachedManagedPolicies": attached}


def _inline(name: str, grants: Grants) -> Members:
    return {name: [{"PolicyName": n, "PolicyDocument": _encoded(document)} for n, document in grants.inline]}


def _arn(evidence: PlantedEvidence, policy: ManagedPolicy) -> str:
    """AWS's own policies belong to the account "aws"."""
    owner = policy.owner or evidence.account_id
    return f"arn:{evidence.options.partition}:iam::{owner}:policy{policy.path}{policy.name}"


def _creation_time(evidence: PlantedEvidence) -> Any:
    """When all but the users was made."""
    return evidence.as_of - timedelta(days=500)


@lru_cache(maxsize=512)
def _encoded(document: str) -> str:
    """A policy document on the wire: percent-encoded text."""
    return quote(document, safe="")


KIND = BoxedKind(
    "authorization-details", (Operation("iam:GetAccountAuthorizationDetails", _get_account_authorization_details),)
)
