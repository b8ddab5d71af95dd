"""Permissions as facts: who has which policies, before anything is written down as an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.sandbox.facts import User


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version; ``document`` is its exact text."""

    id: str
    document: str


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """``default`` is the version in force. ``allows_all`` is the planted truth, None where nobody can tell.

    ``owner`` is "aws", or empty for the account's own. ``writes_permissions``: it makes a near-administrator.
    """

    name: str
    versions: tuple[PolicyVersion, ...]
    default: str
    allows_all: bool | None
    owner: str = ""
    path: str = "/"
    writes_permissions: bool = False


@dataclass(frozen=True, slots=True)
class Grants:
    """Permissions of a user, group or role; ``inline`` is (name, document), ``boundary`` at most one policy."""

    attached: tuple[ManagedPolicy, ...] = ()
    inline: tuple[tuple[str, str], ...] = ()
    boundary: ManagedPolicy | None = None


@dataclass(frozen=True, slots=True)
class BoxedUser:
    """An IAM user with groups and permissions of its own."""

    user: User
    groups: tuple[str, ...]
    grants: Grants


@dataclass(frozen=True, slots=True)
class BoxedGroup:
    name: str
    grants: Grants


@dataclass(frozen=True, slots=True)
class BoxedRole:
    """``trusts_all`` is the planted truth about the trust policy's text: anyone may assume the role."""

    name: str
    trust: str
    trusts_all: bool = False
    path: str = "/"
    grants: Grants = Grants()
    has_profile: bool = False


@dataclass(frozen=True, slots=True)
class Permissions:
    """All that GetAccountAuthorizationDetails tells; ``policies`` holds attached and unattached ones."""

    users: tuple[BoxedUser, ...]
    groups: tuple[BoxedGroup, ...]
    roles: tuple[BoxedRole, ...]
    policies: tuple[ManagedPolicy, ...]

    def attachments(self) -> Counter[str]:
        """How many users, groups and roles have each managed policy, by its name."""
        return Counter(policy.name for grants in self.grants() for policy in grants.attached)

    def grants(self) -> Iterator[Grants]:
        yield from (user.grants for user in self.users)
        yield from (group.grants for group in self.groups)
        yield from (role.grants for role in self.roles)
