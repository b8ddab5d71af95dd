"""Which collectors a run needs: one for each kind of evidence that its controls read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from auditor.aws.assume_root import FEATURES_ACTION
from auditor.aws.collectors.access_analyzers import AccessAnalyzersCollector
from auditor.aws.collectors.access_keys import AccessKeysCollector
from auditor.aws.collectors.account_summary import AccountSummaryCollector
from auditor.aws.collectors.account_tags import AccountTagsCollector
from auditor.aws.collectors.authorization_details import AuthorizationDetailsCollector
from auditor.aws.collectors.contacts import ContactsCollector
from auditor.aws.collectors.credential_report import CredentialReportCollector
from auditor.aws.collectors.delegated_administrators import DelegatedAdministratorsCollector
from auditor.aws.collectors.ec2_instances import Ec2InstancesCollector
from auditor.aws.collectors.identity_center import IdentityCenterCollector
from auditor.aws.collectors.identity_providers import IdentityProvidersCollector
from auditor.aws.collectors.organization_features import OrganizationFeaturesCollector
from auditor.aws.collectors.organization_policies import OrganizationPoliciesCollector
from auditor.aws.collectors.ou_tree import OuTreeCollector
from auditor.aws.collectors.password_policy import PasswordPolicyCollector
from auditor.aws.collectors.resource_policy import ResourcePolicyCollector
from auditor.aws.collectors.root_credentials import RootCredentialsCollector
from auditor.aws.collectors.server_certificates import ServerCertificatesCollector
from auditor.aws.collectors.trusted_services import TrustedServicesCollector
from auditor.aws.collectors.virtual_mfa_devices import VirtualMfaDevicesCollector
from auditor.aws.organization import DISCOVERY_ACTIONS, AwsDirectory
from auditor.aws.session import Clients
from auditor.collect import Collector
from auditor.settings import Settings

_PLAIN = (
    AccountSummaryCollector,
    PasswordPolicyCollector,
    VirtualMfaDevicesCollector,
    AuthorizationDetailsCollector,
    ServerCertificatesCollector,
    AccessKeysCollector,
    ContactsCollector,
    IdentityProvidersCollector,
)
_REGIONAL = (AccessAnalyzersCollector, Ec2InstancesCollector)
_COMMON = (
    OrganizationFeaturesCollector,
    DelegatedAdministratorsCollector,
    TrustedServicesCollector,
    OrganizationPoliciesCollector,
    ResourcePolicyCollector,
)
_OF_DISCOVERY = (OuTreeCollector, AccountTagsCollector)
# Every class, for those who ask what the product may call.
OF_ACCOUNTS = (CredentialReportCollector, *_PLAIN, *_REGIONAL)
OF_THE_ORGANIZATION = (*_COMMON, IdentityCenterCollector, *_OF_DISCOVERY)


def account_actions(kinds: Collection[str]) -> list[str]:
    """The IAM actions that collecting those ``kinds`` takes in each account, sorted."""
    wanted = _wanted({collector.kind: collector.after for collector in OF_ACCOUNTS}, kinds)
    return sorted({action for collector in OF_ACCOUNTS if collector.kind in wanted for action in collector.actions})


def organization_actions(kinds: Collection[str]) -> list[str]:
    """The IAM actions that discovery and the ``kinds`` that belong to the organization take, sorted."""
    wanted = [collector for collector in OF_THE_ORGANIZATION if collector.kind in kinds]
    more = {FEATURES_ACTION} if RootCredentialsCollector.kind in kinds else set()
    return sorted({*DISCOVERY_ACTIONS, *more, *(action for collector in wanted for action in collector.actions)})


def account_collectors(clients: Clients, settings: Settings, kinds: Collection[str]) -> list[Collector]:
    """The collectors of those ``kinds`` that each account has, the credential report first: it takes longest."""
    known: Sequence[Collector] = (
        CredentialReportCollector(clients, settings.report_timeout),
        *(collector(clients) for collector in _PLAIN),
        *(collector(clients, settings.regions) for collector in _REGIONAL),
    )
    return _needed(known, kinds)


def organization_collectors(
    clients: Clients, settings: Settings, kinds: Collection[str], directory: AwsDirectory
) -> list[Collector]:
    """The collectors of those ``kinds`` that belong to the organization as a whole."""
    known: Sequence[Collector] = (
        *(collector(clients) for collector in _COMMON),
        IdentityCenterCollector(clients, settings.regions),
        *(collector(clients, directory) for collector in _OF_DISCOVERY),
    )
    return _needed(known, kinds)


def root_collector(clients: Clients, kinds: Collection[str]) -> Collector | None:
    """What reads about root where no role can be assumed, where that is among the ``kinds``."""
    return RootCredentialsCollector(clients) if RootCredentialsCollector.kind in kinds else None


def _needed(known: Sequence[Collector], kinds: Collection[str]) -> list[Collector]:
    """Those of ``kinds``, and what they look at."""
    wanted = _wanted({collector.kind: collector.after for collector in known}, kinds)
    return [collector for collector in known if collector.kind in wanted]


def _wanted(after: Mapping[str, Sequence[str]], kinds: Collection[str]) -> set[str]:
    """Those of ``kinds`` that there are, and what they look at; ``after`` says what each kind looks at."""
    wanted = {kind for kind in kinds if kind in after}
    return wanted | {kind for needed in wanted for kind in after[needed]}
