"""Getting into a member account as its root, to read about root's credentials and nothing else."""

from __future__ import annotations

import asyncio
import math

from aiobotocore.credentials import AioCredentials

from auditor.aws.assume import AccountCalls, organization_calls
from auditor.aws.calls import Calls
from auditor.aws.retries import Budget
from auditor.aws.session import Clients
from auditor.errors import EvidenceError
from auditor.model import Account

_STAGE = "assume-root"
_LONGEST = 900  # seconds that AWS lets such a session last
_CENTRAL = "RootCredentialsManagement"
# What IAM answers where root access was never centralized, or where there is no organization for that.
_NEVER = frozenset(
    {
        "OrganizationNotInAllFeaturesModeException",
        "ServiceAccessNotEnabledException",
        "OrganizationNotFoundException",
    }
)


class RootSessions:
    """Opens root sessions by the audit task policy, where root access is managed centrally.

    The caller is the management account or a delegated administrator of IAM; the STS endpoint is a regional one.
    """

    def __init__(self, clients: Clients, calls: Calls, partition: str) -> None:
        self._clients, self._calls, self._partition = clients, calls, partition
        self._lock = asyncio.Lock()
        self._central: bool | None = None

    async def open(self, account: Account) -> AccountCalls:
        """Raises EvidenceError (stage ``assume-root``) when there is no way in."""
        if account.is_management:
            raise EvidenceError(_STAGE, "ManagementAccount", "AssumeRoot reaches member accounts only")
        if not await self._is_central():
            raise EvidenceError(
                _STAGE, "RootAccessNotCentralized", "root access of member accounts is not managed centrally"
            )
        session = RootCredentials(self._clients, self._calls, self._partition, Budget(account.id))
        await session.current()
        return AccountCalls(self._calls, session, session.budget)

    async def _is_central(self) -> bool:
        """Asked once a run; where that may not be asked, AssumeRoot itself has to tell."""
        async with self._lock:
            if self._central is None:
                self._central = await self._found_central()
            return self._central

    async def _found_central(self) -> bool:
        calls = organization_calls(self._calls, self._clients)
        try:
            answer = await calls(_STAGE, self._clients.iam.list_organizations_features)
        except EvidenceError as error:
            return error.code not in _NEVER
        return _CENTRAL in answer.get("EnabledFeatures", ())


class RootCredentials:
    """A root session of the account that ``budget`` is of; it is short, and so is what is done in it."""

    def __init__(self, clients: Clients, calls: Calls, partition: str, budget: Budget) -> None:
        self._clients, self._calls, self.budget = clients, calls, budget
        self._policy = f"arn:{partition}:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
        self._credentials: AioCredentials | None = None
        self._lock = asyncio.Lock()

    @property
    def seconds_of_use(self) -> float:
        return math.inf

    async def current(self) -> AioCredentials:
        async with self._lock:
            self._credentials = self._credentials or await self._assume()
            return self._credentials

    async def renewed(self, expired: AioCredentials) -> AioCredentials:
        """Others in place of ``expired``; calls that ran out together share them."""
        async with self._lock:
            if self._credentials is expired or self._credentials is None:
                self._credentials = await self._assume()
            return self._credentials

    async def _assume(self) -> AioCredentials:
        answer = await self._calls(
            _STAGE,
            self._clients.sts.assume_root,
            self._clients.caller_credentials,
            self.budget,
            TargetPrincipal=self.budget.account_id,
            TaskPolicyArn={"arn": self._policy},
            DurationSeconds=_LONGEST,
        )
        got = answer["Credentials"]
        return AioCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
