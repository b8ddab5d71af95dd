"""Getting into an account: its role is assumed once, renewed when it runs out, and never mixed with another's."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from aiobotocore.credentials import AioCredentials

from auditor.aws.calls import Budget, Calls, Operation, Response
from auditor.aws.faults import EXPIRED
from auditor.aws.session import Clients
from auditor.errors import EvidenceError

_EARLY = timedelta(seconds=60)


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

    async def current(self) -> AioCredentials: ...
    async def renewed(self, expired: AioCredentials) -> AioCredentials: ...


class AccountCalls:
    """Calls into one account, each signed with that account's credentials and no others."""

    def __init__(self, calls: Calls, source: Credentials, budget: Budget) -> None:
        self._calls, self._source, self._budget = calls, source, budget

    async def __call__(self, stage: str, operation: Operation, **parameters: Any) -> Response:
        """Raises EvidenceError; credentials that ran out on the way are renewed once."""
        credentials = await self._source.current()
        try:
            return await self._calls(stage, operation, credentials, self._budget, **parameters)
        except EvidenceError as error:
            if error.code not in EXPIRED:
                raise
        credentials = await self._source.renewed(credentials)
        return await self._calls(stage, operation, credentials, self._budget, **parameters)


class CallerCredentials:
    """The caller's own account needs no role."""

    def __init__(self, credentials: AioCredentials) -> None:
        self._credentials = credentials

    async def current(self) -> AioCredentials:
        return self._credentials

    async def renewed(self, expired: AioCredentials) -> AioCredentials:
        return expired


class RoleCredentials:
    """The role of the account that ``budget`` is of, assumed when first needed."""

    def __init__(self, clients: Clients, calls: Calls, role: RoleSettings, budget: Budget) -> None:
        self._clients, self._calls, self._role, self._budget = clients, calls, role, budget
        self._credentials: AioCredentials | None = None
        self._expires = datetime.min.replace(tzinfo=UTC)
        self._lock = asyncio.Lock()

    async def current(self) -> AioCredentials:
        async with self._lock:
            return await self._kept()

    async def renewed(self, expired: AioCredentials) -> AioCredentials:
        """Others in place of ``expired``; calls that ran out together share them."""
        async with self._lock:
            return await self._assume() if self._credentials is expired else await self._kept()

    async def _kept(self) -> AioCredentials:
        if self._credentials is None or datetime.now(UTC) + self._early >= self._expires:
            return await self._assume()
        return self._credentials

    @property
    def _early(self) -> timedelta:
        """Sessions shorter than the margin are used until they end."""
        return min(_EARLY, timedelta(seconds=self._role.duration / 10))

    async def _assume(self) -> AioCredentials:
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
        self._expires = got["Expiration"]
        self._credentials = AioCredentials(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
        return self._credentials


def organization_calls(calls: Calls, clients: Clients) -> AccountCalls:
    """Calls about the organization as a whole, as the caller; only the run's budget of retries bounds them."""
    return AccountCalls(calls, CallerCredentials(clients.caller_credentials), Budget("", sys.maxsize))
