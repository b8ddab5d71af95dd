"""What collecting is measured against: two plain scripts that open a session for each account, as most do."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aioboto3
import boto3

from tests.benchmarks.child import Figures, cpu_seconds

_ROLE = "arn:aws:iam::{}:role/OrganizationAccountAccessRole"
_AT_ONCE = 32


def asyncio_sessions(caller: str) -> Figures:
    """An aioboto3 session with its clients for each account."""
    started, before = time.perf_counter(), cpu_seconds()
    reports = asyncio.run(_all_reports(caller))
    return _figures(started, before, reports)


async def _all_reports(caller: str) -> list[bytes]:
    async with aioboto3.Session().client("organizations") as organizations:
        pages = organizations.get_paginator("list_accounts").paginate()
        ids = [a["Id"] async for page in pages for a in page["Accounts"] if _wanted(a, caller)]
    slots = asyncio.Semaphore(_AT_ONCE)
    return await asyncio.gather(*(_report(account_id, slots) for account_id in ids))


async def _report(account_id: str, slots: asyncio.Semaphore) -> bytes:
    async with slots:
        session = aioboto3.Session()
        async with session.client("sts") as sts:
            assumed = await sts.assume_role(RoleArn=_ROLE.format(account_id), RoleSessionName="audit")
        async with session.client("iam", **_keys(assumed)) as iam:
            return await _generated(iam)


async def _generated(iam: Any) -> bytes:
    while True:
        answer = await iam.generate_credential_report()
        if answer["State"] == "COMPLETE":
            break
        await asyncio.sleep(1)
    content: bytes = (await iam.get_credential_report())["Content"]
    return content


def thread_pool(caller: str) -> Figures:
    """A boto3 session with its clients for each account, in a pool of threads."""
    started, before = time.perf_counter(), cpu_seconds()
    pages = boto3.Session().client("organizations").get_paginator("list_accounts").paginate()
    ids = [a["Id"] for page in pages for a in page["Accounts"] if _wanted(a, caller)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        reports = list(pool.map(_threaded_report, ids))
    return _figures(started, before, reports)


def _threaded_report(account_id: str) -> bytes:
    session = boto3.Session()
    assumed = session.client("sts").assume_role(RoleArn=_ROLE.format(account_id), RoleSessionName="audit")
    iam = session.client("iam", **_keys(assumed))
    while iam.generate_credential_report()["State"] != "COMPLETE":
        time.sleep(1)
    content: bytes = iam.get_credential_report()["Content"]
    return content


def _wanted(account: dict[str, Any], caller: str) -> bool:
    return bool(account["State"] == "ACTIVE" and account["Id"] != caller)


def _keys(assumed: dict[str, Any]) -> dict[str, str]:
    keys = assumed["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def _figures(started: float, before: float, reports: list[bytes]) -> Figures:
    spent = {"seconds": time.perf_counter() - started, "cpu": cpu_seconds() - before}
    return spent | {"assessed": len(reports), "bytes": sum(map(len, reports))}
