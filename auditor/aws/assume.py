"""Getting into an account: its role is assumed once, renewed when it runs out, and never mixed with another's."""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from aiobotocore.credentials import AioCredentials

from auditor.aws.called import Operation
from auditor.aws.calls import Calls, Response
from auditor.aws.faults import EXPIRED
from auditor.aws.renewing import RenewedCredentials
from auditor.aws.retries import Budget
from auditor.aws.session import Clients
from auditor.errors import EvidenceError

_EARLY = 60.0  # seconds before their end that credentials are renewed; a tenth of their life where that is less
# A call may outlive several sessions while it waits to be tried again; so many that end at once are one too many.
_REFUSALS, _AT_ONCE = 5, 5.0  # sessions; seconds


@dataclass(frozen=True)
class RoleSettings:
    """How to assume the role; ``duration`` in seconds (a chained role lasts one hour at most).

    ``policy`` is a session policy: whatever the role allows, the session may do no more than it says.
    ``source_identity`` and ``tags`` say in CloudTrail who stands behind a session, and what it is for.
    """

    name: str
    session_name: str
    duration: int
    partition: str
    external_id: str | None = None
    policy: str | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def arn(self, account_id: str) -> str:
        return f"arn:{self.partition}:iam::{account_id}:role/{self.name}"


def session_policy(actions: Iterable[str]) -> str:
    """A policy (at most 2,048 characters, as STS takes it) that allows ``actions`` and nothing else."""
    statement = {"Effect": "Allow", "Action": sorted(set(actions)), "Resource": "*"}
    if not statement["Action"]:  # STS takes no empty list
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


class Credentials(Protocol):
    """Where the calls into one account get their credentials."""

    @property
    def seconds_of_use(self) -> float:
        """How long from now on the current ones are used; infinite where nobody knows it."""

    async def current(self) -> AioCredentials: ...
    async def renewed(self, expired: AioCredentials) -> AioCredentials: ...


class AccountCalls:
    """Calls into one account, each signed with that account's credentials and no others."""

    def __init__(self, calls: Calls, source: Credentials, budget: Budget) -> None:
        self._calls, self._source, self._budget = calls, source, budget

    @property
    def source(self) -> Credentials:
        return self._source

    async def __call__(self, stage: str, operation: Operation, **parameters: Any) -> Response:
        """Raises EvidenceError; credentials that ran out on the way are renewed."""
        return await self._renewing(None, stage, operation, parameters)

    async def within(self, seconds: float, stage: str, operation: Operation, **parameters: Any) -> Response:
        """The same; raises TimeoutError when AWS takes longer for one try. Waiting for our own turn is not counted."""
        return await self._renewing(seconds, stage, operation, parameters)

    async def _renewing(
        self, within: float | None, stage: str, operation: Operation, parameters: Mapping[str, Any]
    ) -> Response:
        credentials, refusals = await self._source.current(), 0
        clock = asyncio.get_running_loop().time
        while True:
            since = clock()
            try:
                return await self._calls(stage, operation, credentials, self._budget, within, **parameters)
            except EvidenceError as error:
                refusals = refusals + 1 if clock() - since < _AT_ONCE else 0
                if error.code not in EXPIRED or refusals > _REFUSALS:
                    raise
                renewed = await self._source.renewed(credentials)
                if renewed is credentials:
                    raise
            credentials = renewed


class CallerCredentials:
    """The caller's own account needs no role."""

    def __init__(self, credentials: AioCredentials) -> None:
        self._credentials = credentials

    @property
    def seconds_of_use(self) -> float:
        return math.inf

    async def current(self) -> AioCredentials:
        return self._credentials

    async def renewed(self, expired: AioCredentials) -> AioCredentials:
        return expired


class RoleCredentials(RenewedCredentials):
    """The role of the account that ``budget`` is of, assumed when first needed."""

    def __init__(self, clients: Clients, calls: Calls, role: RoleSettings, budget: Budget) -> None:
        super().__init__()
        self._clients, self._calls, self._role, self._budget = clients, calls, role, budget

    async def _ask(self, before: AioCredentials | None) -> tuple[AioCredentials, float]:
        optional = {
            "ExternalId": self._role.external_id,
            "Policy": self._role.policy,
            "SourceIdentity": self._role.source_identity,
            "Tags": [{"Key": key, "Value": value} for key, value in self._role.tags.items()],
        }
        answer = await self._calls(
            "assume",
            self._clients.sts.assume_role,
            self._clients.caller_credentials,
            self._budget,
            RoleArn=self._role.arn(self._budget.account_id),
            RoleSessionName=self._role.session_name,
            DurationSeconds=self._role.duration,
            **{name: value for name, value in optional.items() if value},
        )
        got = answer["Credentials"]
        credentials = AioCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
        return credentials, _seconds_of_use(got["Expiration"])


def _seconds_of_use(expires: datetime) -> float:
    """How long from now on credentials are used before they are renewed.

    Where this machine's clock says that they have ended already it is wrong: then AWS has to say when they end.
    """
    lifetime = (expires - datetime.now(UTC)).total_seconds()
    return lifetime - min(_EARLY, lifetime / 10) if lifetime > 0 else math.inf


def organization_calls(calls: Calls, clients: Clients) -> AccountCalls:
    """Calls about the organization as a whole, as the caller; only the run's budget of retries bounds them."""
    return AccountCalls(calls, CallerCredentials(clients.caller_credentials), Budget("", sys.maxsize))
