"""What a role shall allow and whom it shall trust, before it is put into any language."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# As CloudFormation and Terraform check them: a role, a user or a whole account, never everybody.
PRINCIPAL = r"^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(root|(role|user|assumed-role)/[A-Za-z0-9+=,.@_/-]+)$"
EXTERNAL_ID = r"^[A-Za-z0-9_+=,.@:/-]{2,1224}$"
ORGANIZATION = r"^o-[a-z0-9]{10,32}$"
_SHORTEST_LIMIT = 3600  # seconds; AWS takes no smaller MaxSessionDuration

WHO_TEXT = "ARN of the role or user that may assume this role; an account's root ARN allows all of its principals"
EXTERNAL_ID_TEXT = "External id that AssumeRole must send"
ORGANIZATION_TEXT = "Id (o-...) of the organization to which the caller of AssumeRole must belong"
OPTIONAL_TEXT = "; empty for no such condition"


class Resource(StrEnum):
    """What a grant reaches."""

    ALL = "*"
    MEMBER_ROLES = "the auditor's role in every account"
    MEMBER_ROOTS = "the root user of every account, to read about it only"


@dataclass(frozen=True)
class Grant:
    """One statement of the role's policy; ``sid`` is its name."""

    sid: str
    actions: tuple[str, ...]
    resource: Resource = Resource.ALL


@dataclass(frozen=True)
class RolePlan:
    """One role; ``name`` and ``member_role`` as in ``--role``, with a path where they have one.

    ``principal`` and ``organization`` are what the parameters stand at; empty: to be given. ``asks_external_id``: the
    external id has to be given and is no option. ``passes``: what else may be done with AssumeRole (session tags, a
    source identity). ``duration`` in seconds. ``about`` says in one line what the role is for.
    """

    name: str
    about: str
    grants: tuple[Grant, ...]
    duration: int
    member_role: str
    principal: str = ""
    organization: str = ""
    asks_external_id: bool = False
    passes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        folder = self.name.rpartition("/")[0]
        return f"/{folder}/" if folder else "/"

    @property
    def bare_name(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def longest_session(self) -> int:
        """Seconds; as short as AWS lets it be where the run wants no more."""
        return max(_SHORTEST_LIMIT, self.duration)

    @property
    def tags(self) -> dict[str, str]:
        return {"Application": "aws-org-auditor", "Access": "read-only"}


def allowed_empty(pattern: str) -> str:
    """The same pattern, or nothing at all."""
    return f"^$|{pattern}"
