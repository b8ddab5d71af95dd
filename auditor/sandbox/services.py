"""All services of a box behind one endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from auditor.sandbox.ec2 import Ec2
from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.facts import PlantedAccount
from auditor.sandbox.gates import Gates
from auditor.sandbox.guardrails import OrganizationFacts
from auditor.sandbox.iam import Iam
from auditor.sandbox.iam_account import IamAccount
from auditor.sandbox.iam_permissions import IamPermissions
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedOrganization
from auditor.sandbox.organization_policies import OrganizationPolicies
from auditor.sandbox.organizations import Organizations
from auditor.sandbox.readers import Readers
from auditor.sandbox.root_sessions import IamRoot, RootTargets
from auditor.sandbox.server import Endpoint
from auditor.sandbox.sessions import Identity, Operation, Sessions
from auditor.sandbox.small_services import AccessAnalyzer, Account, IdentityCenter
from auditor.sandbox.sts import Sts


class Served(Protocol):
    """What the services have to know of a box."""

    options: SandboxOptions
    organization: BoxedOrganization
    organization_facts: OrganizationFacts
    caller_account: str
    faults: dict[str, str]
    requests: Counter[str]
    errors: Counter[str]

    @property
    def evidence(self) -> Callable[[str], PlantedEvidence]: ...

    def report(self, account_id: str) -> bytes: ...

    def facts(self, account_id: str) -> PlantedAccount: ...

    def regions(self, account_id: str) -> tuple[str, ...]: ...


def endpoint_of(box: Served, base: Identity) -> Endpoint:
    """A fresh endpoint: no session is open and no report was ever generated."""
    options, sessions = box.options, Sessions(base)
    readers = Readers(options, box.organization.management_id, box.caller_account)
    targets = RootTargets(options, box.organization, readers)
    whole = OrganizationPolicies(options, box.organization, box.organization_facts, readers)
    services: dict[str, dict[str, Operation]] = {
        "sts": Sts(options, box.organization, box.faults, sessions, targets).operations,
        "iam": _iam(box) | whole.iam_operations,
        "organizations": Organizations(options, box.organization, readers).operations | whole.operations,
        "ec2": Ec2(options, box.evidence).operations,
        "access-analyzer": AccessAnalyzer(options, box.evidence).operations,
        "account": Account(box.evidence).operations,
        "sso": IdentityCenter(options, box.organization.management_id, readers.ids).operations,
    }
    gates = Gates(box.faults, options.partition, box.regions)
    return Endpoint(options, sessions, gates, services, box.requests, box.errors)


def _iam(box: Served) -> dict[str, Operation]:
    account = IamAccount(box.options, box.evidence).operations
    return (
        Iam(box.options, box.faults, box.report).operations
        | account
        | IamRoot(box.options, box.evidence, lambda i: box.facts(i).root, account["ListAccessKeys"]).operations
        | IamPermissions(box.options, box.evidence).operations
    )
