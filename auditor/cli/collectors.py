"""Which collectors a run needs: one for each kind of evidence that its controls read."""

from __future__ import annotations

from collections.abc import Collection

from auditor.aws.collectors import CollectorParts, make_collector
from auditor.aws.collectors.regions import EnabledRegions
from auditor.aws.organization import DISCOVERY_CALLS, AwsDirectory
from auditor.aws.session import Clients
from auditor.collect import Collector
from auditor.kinds import KINDS
from auditor.kinds.declaration import Kind, Owner
from auditor.kinds.organization_features import FEATURES
from auditor.model import CREDENTIAL_REPORT, ROOT_CREDENTIALS
from auditor.settings import Settings


def account_actions(kinds: Collection[str]) -> list[str]:
    """The IAM actions that collecting those ``kinds`` takes in each account, sorted."""
    return sorted({action for kind in _needed(Owner.ACCOUNT, kinds) for action in kind.actions})


def organization_actions(kinds: Collection[str]) -> list[str]:
    """The IAM actions that discovery and the ``kinds`` that belong to the organization take, sorted."""
    discovery = {call.action for call in DISCOVERY_CALLS}
    if ROOT_CREDENTIALS in kinds:  # no session of root is opened before it is known that root is managed centrally
        discovery.add(FEATURES.action)
    return sorted(discovery | {action for kind in _needed(Owner.ORGANIZATION, kinds) for action in kind.actions})


def account_collectors(clients: Clients, settings: Settings, kinds: Collection[str]) -> list[Collector]:
    """The collectors of those ``kinds`` that each account has, the credential report first: it takes longest."""
    parts = _parts(clients, settings)
    needed = sorted(_needed(Owner.ACCOUNT, kinds), key=lambda kind: kind.name != CREDENTIAL_REPORT)
    return [make_collector(kind, parts) for kind in needed]


def organization_collectors(
    clients: Clients, settings: Settings, kinds: Collection[str], directory: AwsDirectory
) -> list[Collector]:
    """The collectors of those ``kinds`` that belong to the organization as a whole."""
    parts = _parts(clients, settings, directory)
    return [make_collector(kind, parts) for kind in _needed(Owner.ORGANIZATION, kinds)]


def root_collector(clients: Clients, kinds: Collection[str]) -> Collector | None:
    """What reads about root where no role can be assumed, where that is among the ``kinds``."""
    needed = _needed(Owner.ROOT, kinds)
    return make_collector(needed[0], CollectorParts(clients)) if needed else None


def _parts(clients: Clients, settings: Settings, directory: AwsDirectory | None = None) -> CollectorParts:
    return CollectorParts(clients, EnabledRegions(settings.regions), settings.report_timeout, directory)


def _needed(owner: Owner, kinds: Collection[str]) -> list[Kind]:
    """Those of ``kinds`` that belong to the owner, and what they look at."""
    of_owner = [kind for kind in KINDS.values() if kind.owner is owner]
    wanted = {kind.name for kind in of_owner if kind.name in kinds}
    wanted |= {name for kind in of_owner if kind.name in wanted for name in kind.after}
    return [kind for kind in of_owner if kind.name in wanted]
