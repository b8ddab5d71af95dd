"""The facts planted beside an account's credential report, before anything is written down as an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.sandbox.facts import User


@dataclass(frozen=True, slots=True)
class RootEvidence:
    """What the account summary says of root, and whether root has a virtual MFA device."""

    mfa: bool = True
    keys_present: int = 0
    password_present: bool = True
    virtual_mfa: bool = False


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """``reuse`` is passwords remembered, ``max_age`` days; None where the answer lacks the member."""

    length: int = 14
    reuse: int | None = 24
    expires: bool = True
    max_age: int | None = 90
    uppercase: bool = True
    lowercase: bool = True
    symbol: bool = True
    number: bool = True


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server certificate kept in IAM."""

    name: str
    expires: datetime


@dataclass(frozen=True, slots=True)
class Analyzer:
    """An analyzer of IAM Access Analyzer."""

    region: str
    type: str
    status: str = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance."""

    id: str
    region: str
    state: str
    has_profile: bool


@dataclass(frozen=True, slots=True)
class Providers:
    """ARNs of an account's identity providers; ``trusted`` are those that roles trust, some of which may be gone."""

    saml: tuple[str, ...] = ()
    oidc: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()

    def below(self, prefix: str) -> Providers:
        """The same where only the last part of each ARN is given so far."""
        return Providers(*(tuple(prefix + name for name in names) for names in (self.saml, self.oidc, self.trusted)))


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version; ``document`` is its exact text."""

    id: str
    document: str


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """``default`` is the version in force. ``allows_all`` is the planted truth, None where nobody can tell.

    ``owner`` is "aws", or empty for the account's own.
    """

    name: str
    versions: tuple[PolicyVersion, ...]
    default: str
    allows_all: bool | None
    owner: str = ""
    path: str = "/"


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


@dataclass(frozen=True, slots=True)
class PlantedEvidence:
    """Everything of one account but its credential report; ``short_pages``: lists come in small and empty pages.

    ``regions`` are those that are on; ``virtual_mfa`` names the users with a virtual device.
    """

    account_id: str
    rank: int
    root: RootEvidence
    users: tuple[User, ...]
    regions: tuple[str, ...]
    password_policy: PasswordPolicy | None
    virtual_mfa: tuple[str, ...]
    certificates: tuple[Certificate, ...]
    analyzers: tuple[Analyzer, ...]
    instances: tuple[Instance, ...]
    has_security_contact: bool
    providers: Providers
    permissions: Permissions
    short_pages: bool
