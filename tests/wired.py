"""The real SDK bound to a boxed organization."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession
from botocore.exceptions import ClientError

from auditor.aws.verified import MODELS
from auditor.sandbox import Sandbox

ONCE = AioConfig(retries={"total_max_attempts": 1}, read_timeout=5)
FINE = {"RoleSessionName": "audit"}


class Wire:
    """The SDK bound to a box."""

    def __init__(self, box: Sandbox, session: aioboto3.Session, url: str) -> None:
        self.box, self.session, self.url = box, session, url

    def client(self, service: str, config: AioConfig = ONCE, **keys: str) -> Any:
        return self.session.client(service, config=config, **keys)

    def member(self, number: int = 1) -> str:
        return self.box.organization.active[number].id

    def role_arn(self, account_id: str, role: str = "OrganizationAccountAccessRole") -> str:
        return f"arn:{self.box.options.partition}:iam::{account_id}:role/{role}"

    async def keys(self, account_id: str, **parameters: Any) -> dict[str, str]:
        async with self.client("sts") as sts:
            answer = await sts.assume_role(RoleArn=self.role_arn(account_id), **FINE, **parameters)
        given = answer["Credentials"]
        return {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }

    @asynccontextmanager
    async def iam(self, account_id: str, **parameters: Any) -> AsyncIterator[Any]:
        async with self.client("iam", **await self.keys(account_id, **parameters)) as iam:
            yield iam


@cache
def _session() -> aioboto3.Session:
    # The service models are slow to load; the endpoint is read from the environment for each client.
    botocore_session = AioSession()
    botocore_session.get_component("data_loader").search_paths.append(str(MODELS))
    return aioboto3.Session(botocore_session=botocore_session)


@contextmanager
def wired(monkeypatch: pytest.MonkeyPatch, box: Sandbox) -> Iterator[Wire]:
    with box.serve() as url:
        for name, value in box.environment(url).items():
            monkeypatch.setenv(name, value)
        yield Wire(box, _session(), url)


@contextmanager
def refused(code: str, status: int) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert answer["Error"]["Message"]
    assert answer["ResponseMetadata"]["RequestId"]
