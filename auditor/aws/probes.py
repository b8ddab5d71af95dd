"""Whether a run may do what it has to: each read is tried as cheaply as AWS lets it be, and nothing is kept."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore import xform_name

from auditor.aws.assume import AccountCalls
from auditor.aws.calls import Response
from auditor.aws.collectors.regional import REGIONS
from auditor.aws.faults import is_denial
from auditor.aws.session import Clients
from auditor.errors import EvidenceError
from auditor.model import Lack

_STAGE = "check"
_ENTERING = {"assume": "sts:AssumeRole", "assume-root": "sts:AssumeRoot"}
_REFUSED = re.compile(r"not authorized to perform: ([a-z0-9-]+:\w+)")
_NOBODY = "aws-org-auditor-permission-check"  # no user has this name, and AWS says so to whom it lets ask
_OF_ALL_ORGANIZATIONS = "p-FullAWSAccess"
_SOME_ROOT = "r-0000"
_ROOTS = "organizations:ListRoots"


@dataclass(frozen=True)
class Probe:
    """One call: the service's client, the least to ask for, and the errors that only somebody allowed gets."""

    service: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    harmless: frozenset[str] = frozenset()
    regional: bool = False


def _probe(service: str, *harmless: str, regional: bool = False, **parameters: Any) -> Probe:
    return Probe(service, parameters, frozenset(harmless), regional)


_NO_REPORT = ("ReportNotPresent", "ReportInProgress", "ReportExpired")
_NO_FEATURES = ("OrganizationNotInAllFeaturesModeException", "ServiceAccessNotEnabledException")
PROBES: Mapping[str, Probe] = {
    "iam:GenerateCredentialReport": _probe("iam", "LimitExceeded"),
    "iam:GetCredentialReport": _probe("iam", *_NO_REPORT),
    "iam:GetAccountSummary": _probe("iam"),
    "iam:GetAccountPasswordPolicy": _probe("iam", "NoSuchEntity"),
    "iam:GetAccountAuthorizationDetails": _probe("iam", MaxItems=1),
    "iam:ListVirtualMFADevices": _probe("iam", MaxItems=1),
    "iam:ListServerCertificates": _probe("iam", MaxItems=1),
    "iam:ListAccessKeys": _probe("iam", "NoSuchEntity", UserName=_NOBODY, MaxItems=1),
    "iam:ListOpenIDConnectProviders": _probe("iam"),
    "iam:ListSAMLProviders": _probe("iam"),
    "iam:ListOrganizationsFeatures": _probe("iam", *_NO_FEATURES),
    "account:GetAlternateContact": _probe("account", "ResourceNotFoundException", AlternateContactType="SECURITY"),
    "account:GetContactInformation": _probe("account", "ResourceNotFoundException"),
    REGIONS: _probe("ec2"),
    "ec2:DescribeInstances": _probe("ec2", regional=True, MaxResults=5),
    "access-analyzer:ListAnalyzers": _probe("accessanalyzer", regional=True, maxResults=1),
    "sso:ListInstances": _probe("sso-admin", regional=True, MaxResults=1),
    "organizations:DescribeOrganization": _probe("organizations"),
    "organizations:ListAccounts": _probe("organizations", MaxResults=1),
    _ROOTS: _probe("organizations"),
    "organizations:ListAccountsForParent": _probe("organizations", "ParentNotFoundException", MaxResults=1),
    "organizations:ListOrganizationalUnitsForParent": _probe("organizations", "ParentNotFoundException", MaxResults=1),
    "organizations:ListDelegatedAdministrators": _probe("organizations", MaxResults=1),
    "organizations:ListDelegatedServicesForAccount": _probe("organizations", "AccountNotRegisteredException"),
    "organizations:ListAWSServiceAccessForOrganization": _probe("organizations", MaxResults=1),
    "organizations:ListPolicies": _probe("organizations", Filter="SERVICE_CONTROL_POLICY", MaxResults=1),
    "organizations:DescribePolicy": _probe("organizations", "PolicyNotFoundException", PolicyId=_OF_ALL_ORGANIZATIONS),
    "organizations:ListTargetsForPolicy": _probe(
        "organizations", "PolicyNotFoundException", PolicyId=_OF_ALL_ORGANIZATIONS, MaxResults=1
    ),
    "organizations:DescribeResourcePolicy": _probe("organizations", "ResourcePolicyNotFoundException"),
    "organizations:ListTagsForResource": _probe("organizations", "TargetNotFoundException"),
}
# What a call about some account is tried with, and what one about a part of the organization.
_ABOUT_ACCOUNT = {
    "organizations:ListDelegatedServicesForAccount": "AccountId",
    "organizations:ListTagsForResource": "ResourceId",
}
_ABOUT_PARENT = ("organizations:ListAccountsForParent", "organizations:ListOrganizationalUnitsForParent")


class Permissions:
    """Tries ``of_account`` in each account, ``of_organization`` as the caller; ``regions`` as in the settings."""

    def __init__(
        self, clients: Clients, of_account: Sequence[str], of_organization: Sequence[str], regions: Sequence[str]
    ) -> None:
        self._clients, self._regions = clients, regions
        self._of_account, self._of_organization = of_account, of_organization

    async def in_account(self, calls: AccountCalls) -> list[Lack]:
        """What the account's session may not do, or nobody could find out."""
        return await self._tried(self._of_account, calls, {})

    async def in_organization(self, calls: AccountCalls, caller_id: str) -> list[Lack]:
        """The same of the organization's own calls."""
        roots: dict[str, Any] = {}
        lacks = await self._tried([a for a in self._of_organization if a == _ROOTS], calls, {}, roots)
        parent = (roots.get(_ROOTS) or {}).get("Roots") or [{"Id": _SOME_ROOT}]
        about = {action: {name: caller_id} for action, name in _ABOUT_ACCOUNT.items()}
        about |= {action: {"ParentId": parent[0]["Id"]} for action in _ABOUT_PARENT}
        return lacks + await self._tried([a for a in self._of_organization if a != _ROOTS], calls, about)

    def entering(self, error: EvidenceError) -> list[Lack]:
        """Why there was no way in: AWS says so where it is not the operation itself that is forbidden."""
        named = _REFUSED.search(error.message)
        return [_lack(named.group(1) if named else _ENTERING[error.stage], "", error)]

    async def _tried(
        self,
        actions: Iterable[str],
        calls: AccountCalls,
        about: Mapping[str, Mapping[str, str]],
        answers: dict[str, Any] | None = None,
    ) -> list[Lack]:
        regions, answers = tuple(self._regions), {} if answers is None else answers
        lacks: list[Lack] = []
        rest = list(actions)
        if REGIONS in rest and not regions:
            rest.remove(REGIONS)
            lacks += await self._try(REGIONS, calls, {}, ("",), answers)
            regions = tuple(sorted(r["RegionName"] for r in answers.get(REGIONS, {}).get("Regions", ())))
        everywhere = regions or ("",)
        found = await asyncio.gather(
            *(self._try(a, calls, about.get(a, {}), everywhere if PROBES[a].regional else ("",), answers) for a in rest)
        )
        return sorted(lacks + [lack for some in found for lack in some], key=lambda lack: lack.action)

    async def _try(
        self,
        action: str,
        calls: AccountCalls,
        about: Mapping[str, str],
        regions: Sequence[str],
        answers: dict[str, Any],
    ) -> list[Lack]:
        """The region is left out of what is lacking in all of them."""
        tries = [self._once(action, calls, about, region, answers) for region in regions]
        lacks = [lack for lack in await asyncio.gather(*tries) if lack]
        codes: defaultdict[str, list[Lack]] = defaultdict(list)
        for lack in lacks:
            codes[lack.code].append(lack)
        return [_merged(same, everywhere=len(same) == len(regions)) for same in codes.values()]

    async def _once(
        self, action: str, calls: AccountCalls, about: Mapping[str, str], region: str, answers: dict[str, Any]
    ) -> Lack | None:
        probe = PROBES[action]
        client = await self._clients.client(probe.service, region or None)
        operation = getattr(client, xform_name(action.partition(":")[2]))
        try:
            answer: Response = await calls(_STAGE, operation, **probe.parameters, **about)
        except EvidenceError as error:
            return None if error.code in probe.harmless else _lack(action, region, error)
        answers[action] = answer
        return None


def _lack(action: str, region: str, error: EvidenceError) -> Lack:
    regions = (region,) if region else ()
    return Lack(action, regions, error.code, error.message, is_denied=is_denial(error.code))


def _merged(lacks: Sequence[Lack], *, everywhere: bool) -> Lack:
    regions = () if everywhere else tuple(region for lack in lacks for region in lack.regions)
    first = lacks[0]
    return Lack(first.action, regions, first.code, first.message, first.is_denied)
