"""What the box can be asked: operations, the functions that answer them, and kinds of evidence that need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from auditor.sandbox.evidence import Keeping, OrganizationEvidence, PlantedEvidence
from auditor.sandbox.facts import PlantedAccount
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.sessions import Identity, Readers, Sessions
from auditor.sandbox.wire import Call


class Box(Protocol):
    """What answers have to know of a box."""

    options: SandboxOptions
    organization_evidence: OrganizationEvidence
    faults: dict[str, str]

    @property
    def evidence(self) -> Callable[[str], PlantedEvidence]: ...

    def facts(self, account_id: str) -> PlantedAccount: ...

    def report(self, account_id: str) -> bytes: ...


@dataclass(frozen=True)
class Served(Keeping):
    """A box while it is served: who has a session, and whatever a kind has to remember from call to call."""

    box: Box
    sessions: Sessions
    readers: Readers


@dataclass(frozen=True, slots=True)
class Request:
    """One call of a caller who is known and may; ``parameters`` are those of the operation's input shape."""

    served: Served
    identity: Identity
    call: Call
    parameters: Mapping[str, Any]

    @property
    def options(self) -> SandboxOptions:
        return self.served.box.options

    @property
    def evidence(self) -> PlantedEvidence:
        """What is true of the caller's account."""
        return self.served.box.evidence(self.identity.account_id)

    @property
    def facts(self) -> PlantedAccount:
        """What the credential report says of the caller's account."""
        return self.served.box.facts(self.identity.account_id)

    @property
    def organization(self) -> OrganizationEvidence:
        return self.served.box.organization_evidence


Answer = Callable[[Request], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """``action`` is that of IAM, like ``iam:GetAccountSummary``; ``answer`` gives the members of the output shape.

    ``client_name`` is botocore's name of the service where it is not that of the action. ``is_regional``: it is
    answered where the region is on in the account.
    """

    action: str
    answer: Answer
    client_name: str = ""
    is_regional: bool = False

    @property
    def service(self) -> str:
        return self.action.partition(":")[0]

    @property
    def name(self) -> str:
        return self.action.partition(":")[2]

    @property
    def client(self) -> str:
        return self.client_name or self.service

    @property
    def is_for_readers(self) -> bool:
        """Only the management account and its delegate may call Organizations, but for asking where they belong."""
        return self.service == "organizations" and self.name != "DescribeOrganization"


@dataclass(frozen=True, slots=True)
class BoxedKind:
    """A kind of evidence: the calls it takes. Accounts may refuse each of them, unless ``is_deniable`` is False.

    ``is_optional``: collected for those who ask. ``unserved_in`` are partitions in which AWS does not run its service.
    """

    name: str
    operations: tuple[Operation, ...]
    of_organization: bool = False
    is_optional: bool = False
    is_deniable: bool = True
    unserved_in: frozenset[str] = frozenset()
