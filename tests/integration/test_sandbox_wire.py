"""The box behind the real SDK: every operation, each error, paging, expiry and faults."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aioboto3
import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.organization import INACTIVE_STATES
from tests.expected import Expected
from tests.wired import FINE, ONCE, Wire, refused, wired

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
OPTIONS = SandboxOptions(accounts=24, users=4, as_of=AS_OF, faulty=False)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    with wired(monkeypatch, Sandbox(OPTIONS)) as found:
        yield found


def faulty(fault: str, **changes: Any) -> tuple[Sandbox, str]:
    """A box where the first member account has the fault, and that account."""
    victim = Sandbox(OPTIONS).organization.active[1].id
    return Sandbox(replace(OPTIONS, faults={victim: fault}, **changes)), victim


# --- STS ---


async def test_caller_identity_of_base_keys_and_of_a_session(wire: Wire) -> None:
    management = wire.box.organization.management_id
    async with wire.client("sts") as sts:
        answer = await sts.get_caller_identity()
    assert (answer["Account"], answer["Arn"]) == (management, f"arn:aws:iam::{management}:user/auditor")
    member = wire.member()
    async with wire.client("sts", **await wire.keys(member)) as sts:
        answer = await sts.get_caller_identity()
    assert answer["Account"] == member
    assert answer["Arn"] == f"arn:aws:sts::{member}:assumed-role/OrganizationAccountAccessRole/audit"


async def test_sessions_are_unique_and_live_as_long_as_asked(wire: Wire) -> None:
    async with wire.client("sts") as sts:
        asked = {"RoleArn": wire.role_arn(wire.member()), "DurationSeconds": 900, **FINE}
        answers = [await sts.assume_role(**asked) for _ in range(3)]
    assert len({a["Credentials"]["AccessKeyId"] for a in answers}) == 3
    left = (answers[0]["Credentials"]["Expiration"] - datetime.now(UTC)).total_seconds()
    assert 880 < left <= 900
    assert answers[0]["AssumedRoleUser"]["Arn"].endswith(":assumed-role/OrganizationAccountAccessRole/audit")


async def test_roles_that_cannot_be_assumed(wire: Wire) -> None:
    accounts = wire.box.organization.accounts
    inactive = [a.id for a in accounts if a.state in INACTIVE_STATES]
    arns = [wire.role_arn(i) for i in (*inactive, wire.box.organization.management_id, "999999999999")]
    arns += [wire.role_arn(wire.member(), "Other"), wire.role_arn(wire.member()).replace("aws", "aws-cn")]
    async with wire.client("sts") as sts:
        for arn in arns:
            with refused("AccessDenied", 403):
                await sts.assume_role(RoleArn=arn, **FINE)
        with refused("ValidationError", 400):
            await sts.assume_role(RoleArn="arn:aws:iam::1:role/tooshort", **FINE)


async def test_external_id(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, external_id="sesame"))) as wire:
        await wire.keys(wire.member(), ExternalId="sesame")
        with refused("AccessDenied", 403):
            await wire.keys(wire.member())
        with refused("AccessDenied", 403):
            await wire.keys(wire.member(), ExternalId="barley")


async def test_durations_and_chaining(wire: Wire) -> None:
    member = wire.member()
    for seconds in (899, 43_201):
        with refused("ValidationError", 400):
            # The SDK checks the lower end itself only with parameter validation on.
            config = AioConfig(parameter_validation=False).merge(ONCE)
            async with wire.client("sts", config) as sts:
                await sts.assume_role(RoleArn=wire.role_arn(member), DurationSeconds=seconds, **FINE)
    async with wire.client("sts", **await wire.keys(member)) as sts:
        chained = {"RoleArn": wire.role_arn(wire.member(2)), **FINE}
        assert await sts.assume_role(**chained, DurationSeconds=3600)
        with refused("ValidationError", 400):
            await sts.assume_role(**chained, DurationSeconds=3601)


async def test_session_policy_narrows_the_session(wire: Wire) -> None:
    def policy(*actions: str) -> str:
        return json.dumps({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})

    async with wire.iam(wire.member(), Policy=policy("iam:GenerateCredentialReport")) as iam:
        await iam.generate_credential_report()
        with refused("AccessDenied", 403):
            await iam.get_credential_report()
    async with wire.iam(wire.member(), Policy=policy("iam:G*CredentialReport")) as iam:
        await iam.get_credential_report()
    with refused("MalformedPolicyDocument", 400):
        await wire.keys(wire.member(), Policy="{no json")


async def test_unknown_and_expired_base_keys(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    unknown = {"aws_access_key_id": "AKIAUNKNOWN", "aws_secret_access_key": "x"}
    codes = {"sts": ("InvalidClientTokenId", 403), "organizations": ("UnrecognizedClientException", 400)}
    for service, (code, status) in codes.items():
        async with wire.client(service, **unknown) as client:
            with refused(code, status):
                await (client.get_caller_identity if service == "sts" else client.describe_organization)()
    stolen = await wire.keys(wire.member()) | {"aws_session_token": "of another session"}
    async with wire.client("iam", **stolen) as iam:
        with refused("InvalidClientTokenId", 403):
            await iam.get_credential_report()
    for name, value in wire.box.expired_environment(wire.url).items():
        monkeypatch.setenv(name, value)
    session = aioboto3.Session()
    async with session.client("sts") as sts, session.client("organizations") as organizations:
        with refused("ExpiredToken", 403):
            await sts.get_caller_identity()
        with refused("ExpiredTokenException", 400):
            await organizations.list_roots()


async def test_sessions_that_live_short(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, session_seconds=4.0))) as wire:
        async with wire.iam(wire.member()) as iam:
            await iam.generate_credential_report()
            await asyncio.sleep(4.1)
            with refused("ExpiredToken", 403):
                await iam.get_credential_report()


async def test_no_credentials_at_all_and_unknown_operations(wire: Wire) -> None:
    async with wire.client("iam") as iam:
        with refused("InvalidAction", 400):
            await iam.list_users()
    async with wire.client("organizations") as organizations:
        with refused("UnknownOperationException", 400):
            await organizations.list_handshakes_for_account()
    async with wire.client("s3") as s3:
        with pytest.raises(ClientError):
            await s3.list_buckets()


# --- Organizations ---


async def test_describe_organization_and_root(wire: Wire) -> None:
    planted = wire.box.organization
    async with wire.client("organizations") as client:
        organization = (await client.describe_organization())["Organization"]
        roots = (await client.list_roots())["Roots"]
    assert (organization["Id"], organization["MasterAccountId"]) == (planted.id, planted.management_id)
    assert [(root["Id"], root["Name"]) for root in roots] == [(planted.root.id, "Root")]


async def test_list_accounts_in_pages_of_twenty(wire: Wire) -> None:
    async with wire.client("organizations") as client:
        pages = [page["Accounts"] async for page in client.get_paginator("list_accounts").paginate()]
        with refused("InvalidInputException", 400):
            await client.list_accounts(NextToken="made-up")
        with refused("InvalidInputException", 400):
            token = (await client.list_accounts())["NextToken"]
            await client.list_accounts_for_parent(ParentId=wire.box.organization.root.id, NextToken=token)
    assert [len(page) for page in pages] == [20, 4]
    listed = [account for page in pages for account in page]
    planted = wire.box.organization.accounts
    assert [(a["Id"], a["Name"], a["State"]) for a in listed] == [(a.id, a.name, a.state) for a in planted]
    assert all(a["JoinedTimestamp"].astimezone(UTC) == p.joined for a, p in zip(listed, planted, strict=True))


@pytest.mark.parametrize(
    ("shown", "members"), [("both", {"State", "Status"}), ("state", {"State"}), ("status", {"Status"})]
)
async def test_state_and_status(monkeypatch: pytest.MonkeyPatch, shown: str, members: set[str]) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, account_state=shown))) as wire:
        async with wire.client("organizations") as client:
            for account in (await client.list_accounts())["Accounts"]:
                assert {"State", "Status"} & account.keys() == members
                state = wire.box.organization.by_id[account["Id"]].state
                assert all((account[member] == "ACTIVE") == (state == "ACTIVE") for member in members)


async def test_walk_of_the_tree_finds_every_account_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Sandbox(replace(OPTIONS, page_size=2))
    found: dict[str, str] = {}

    async def walk(client: Any, parent: str, path: str) -> None:
        async for page in client.get_paginator("list_accounts_for_parent").paginate(ParentId=parent):
            found.update({account["Id"]: path for account in page["Accounts"]})
        units = client.get_paginator("list_organizational_units_for_parent")
        async for page in units.paginate(ParentId=parent):
            for unit in page["OrganizationalUnits"]:
                await walk(client, unit["Id"], f"{path}/{unit['Name']}")

    with wired(monkeypatch, box) as wire:
        async with wire.client("organizations") as client:
            await walk(client, box.organization.root.id, "Root")
    assert found == {account.id: account.ou_path for account in box.organization.accounts}
    assert box.requests["ListOrganizationalUnitsForParent"] > len(box.organization.containers)


async def test_a_parent_that_the_organization_does_not_have(wire: Wire) -> None:
    async with wire.client("organizations") as client:
        for operation in (client.list_accounts_for_parent, client.list_organizational_units_for_parent):
            with refused("ParentNotFoundException", 400):
                await operation(ParentId="ou-none-00000000")


async def test_who_may_list(monkeypatch: pytest.MonkeyPatch) -> None:
    member = Sandbox(OPTIONS).organization.active[1].id
    for delegated in (True, False):
        box = Sandbox(replace(OPTIONS, caller_account=member, delegated=delegated))
        with wired(monkeypatch, box) as wire:
            async with wire.client("sts") as sts, wire.client("organizations") as client:
                assert (await sts.get_caller_identity())["Account"] == member
                assert await client.describe_organization()
                if delegated:
                    assert await client.list_accounts()
                else:
                    with refused("AccessDeniedException", 400):
                        await client.list_accounts()
            async with wire.client("iam") as iam:
                await iam.generate_credential_report()
                assert (await iam.get_credential_report())["Content"] == box.report(member)


async def test_outside_any_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, in_organization=False))) as wire:
        async with wire.client("organizations") as client:
            for operation in (client.describe_organization, client.list_accounts):
                with refused("AWSOrganizationsNotInUseException", 400):
                    await operation()


# --- IAM ---


async def test_reports_of_all_accounts_never_mix(wire: Wire) -> None:
    async def collect(account_id: str) -> None:
        async with wire.iam(account_id) as iam:
            assert (await iam.generate_credential_report())["State"] == "STARTED"
            answer = await iam.get_credential_report()
            assert (await iam.generate_credential_report())["State"] == "COMPLETE"
        assert answer["Content"] == wire.box.report(account_id)
        assert f":{account_id}:".encode() in answer["Content"]
        assert (answer["ReportFormat"], answer["GeneratedTime"]) == ("text/csv", AS_OF)

    await asyncio.gather(*(collect(account.id) for account in wire.box.organization.active[1:]))
    assert wire.box.requests["GetCredentialReport"] == len(wire.box.organization.active) - 1


async def test_base_keys_read_the_callers_own_report(wire: Wire) -> None:
    async with wire.client("iam") as iam:
        await iam.generate_credential_report()
        content = (await iam.get_credential_report())["Content"]
    assert content == wire.box.report(wire.box.organization.management_id)


async def test_a_report_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, report_delay=(3.0, 3.2)))) as wire:
        async with wire.iam(wire.member()) as iam:
            with refused("ReportNotPresent", 410):
                await iam.get_credential_report()
            assert (await iam.generate_credential_report())["State"] == "STARTED"
            assert (await iam.generate_credential_report())["State"] == "INPROGRESS"
            with refused("ReportInProgress", 404):
                await iam.get_credential_report()
            await asyncio.sleep(3.3)
            assert (await iam.generate_credential_report())["State"] == "COMPLETE"
            assert (await iam.get_credential_report())["Content"]


async def test_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, partition="aws-us-gov"))) as wire:
        async with wire.iam(wire.member()) as iam:
            await iam.generate_credential_report()
            content = (await iam.get_credential_report())["Content"]
    assert f"arn:aws-us-gov:iam::{wire.member()}:root".encode() in content


# --- Faults ---


async def test_denied_role_and_denied_report(monkeypatch: pytest.MonkeyPatch) -> None:
    box, victim = faulty("denied")
    with wired(monkeypatch, box) as wire, refused("AccessDenied", 403):
        await wire.keys(victim)
    box, victim = faulty("report-denied")
    with wired(monkeypatch, box) as wire:
        async with wire.iam(victim) as iam:
            with refused("AccessDenied", 403):
                await iam.generate_credential_report()


async def test_stuck_report(monkeypatch: pytest.MonkeyPatch) -> None:
    box, victim = faulty("stuck")
    with wired(monkeypatch, box) as wire:
        async with wire.iam(victim) as iam:
            states = [(await iam.generate_credential_report())["State"] for _ in range(4)]
            with refused("ReportInProgress", 404):
                await iam.get_credential_report()
    assert states == ["STARTED", "INPROGRESS", "INPROGRESS", "INPROGRESS"]


async def test_report_that_expires_once_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    box, victim = faulty("expires")
    with wired(monkeypatch, box) as wire:
        async with wire.iam(victim) as iam:
            await iam.generate_credential_report()
            for _ in range(2):
                with refused("ReportExpired", 410):
                    await iam.get_credential_report()
            await iam.generate_credential_report()
            assert (await iam.get_credential_report())["Content"] == box.report(victim)


async def test_capacity_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    box, victim = faulty("capacity")
    with wired(monkeypatch, box) as wire:
        async with wire.iam(victim) as iam:
            for _ in range(2):
                with refused("LimitExceeded", 409):
                    await iam.generate_credential_report()
            assert (await iam.generate_credential_report())["State"] == "STARTED"
    assert box.errors == {"LimitExceeded": 2}


async def test_service_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    box, victim = faulty("service-failure")
    with wired(monkeypatch, box) as wire:
        async with wire.iam(victim) as iam:
            await iam.generate_credential_report()
            with refused("ServiceFailure", 500):
                await iam.get_credential_report()
    assert Expected(box).gaps()[victim] == ("fetch", "ServiceFailure")


async def test_hang_leaves_others_alone_and_lets_the_box_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    box, victim = faulty("hang")
    with wired(monkeypatch, box) as wire:
        impatient = AioConfig(retries={"total_max_attempts": 1}, read_timeout=0.2)
        async with wire.client("iam", impatient, **await wire.keys(victim)) as iam:
            with pytest.raises(ReadTimeoutError):
                await iam.generate_credential_report()
        async with wire.iam(wire.member(2)) as iam:
            assert await iam.generate_credential_report()


@pytest.mark.parametrize(
    "fault", ["html", "empty", "header-only", "truncated", "missing-columns", "bad-value", "no-root-row"]
)
async def test_malformed_content_arrives_as_it_is(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    box, victim = faulty(fault)
    with wired(monkeypatch, box) as wire:
        async with wire.iam(victim) as iam:
            await iam.generate_credential_report()
            content = (await iam.get_credential_report())["Content"]
    assert content == box.report(victim) != Sandbox(OPTIONS).report(victim)


# --- Disturbances ---


async def _disturbed(monkeypatch: pytest.MonkeyPatch, **rates: Any) -> tuple[list[str], Sandbox]:
    """What 60 calls to STS and 10 to Organizations, one after another, come to."""
    box = Sandbox(replace(OPTIONS, **rates))
    ends: list[str] = []
    with wired(monkeypatch, box) as wire:
        async with wire.client("sts") as sts, wire.client("organizations") as organizations:
            for call in [sts.get_caller_identity] * 60 + [organizations.list_roots] * 10:
                try:
                    await call()
                    ends.append("fine")
                except ClientError as error:
                    ends.append(error.response["Error"]["Code"])
                except BotoCoreError as error:
                    ends.append(type(error).__name__)
    return ends, box


async def test_disturbances_come_at_their_rates_and_the_same_every_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = {"throttle_rate": 0.2, "error_rate": 0.1, "reset_rate": 0.1}
    first, box = await _disturbed(monkeypatch, **rates)
    again, _ = await _disturbed(monkeypatch, **rates)
    assert first == again
    assert {"fine", "Throttling", "ServiceUnavailable"} < set(first)
    assert 25 < first.count("fine") < 60
    assert box.errors["ConnectionReset"] > 0
    assert sum(box.errors.values()) == len(first) - first.count("fine")


async def test_throttles_in_the_words_of_each_service(monkeypatch: pytest.MonkeyPatch) -> None:
    ends, _ = await _disturbed(monkeypatch, throttle_rate=1.0)
    assert (set(ends[:60]), set(ends[60:])) == ({"Throttling"}, {"TooManyRequestsException"})


async def test_disturbing_one_service_spares_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    ends, _ = await _disturbed(monkeypatch, throttle_rate=1.0, disturbed=frozenset({"organizations"}))
    assert (set(ends[:60]), set(ends[60:])) == ({"fine"}, {"TooManyRequestsException"})


async def test_a_service_that_is_down_and_one_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    ends, _ = await _disturbed(monkeypatch, down=frozenset({"organizations"}))
    assert (set(ends[:60]), set(ends[60:])) == ({"fine"}, {"InternalFailure"})
    box = Sandbox(replace(OPTIONS, unknown=frozenset({"access-analyzer"})))
    with wired(monkeypatch, box) as wire:
        async with wire.client("accessanalyzer") as analyzer:
            with pytest.raises(ClientError, match=r"\(500\).*ListAnalyzers"):
                await analyzer.list_analyzers()
    assert box.errors["UnknownService"] == 1


async def test_so_many_calls_a_second_are_served_to_each_account(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, rates={"iam": 0.01}))) as wire:
        for number in (1, 2):
            async with wire.iam(wire.member(number)) as iam:
                await iam.get_account_summary()
                with refused("Throttling", 400):
                    await iam.get_account_summary()


async def test_connection_resets(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, reset_rate=1.0))) as wire:
        async with wire.client("sts") as sts:
            with pytest.raises(BotoCoreError, match=r"127\.0\.0\.1"):
                await sts.get_caller_identity()


async def test_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired(monkeypatch, Sandbox(replace(OPTIONS, latency=1.0))) as wire:
        async with wire.client("sts") as sts:
            started = time.monotonic()
            await asyncio.gather(*(sts.get_caller_identity() for _ in range(20)))
    assert 1.0 <= time.monotonic() - started < 20 * 1.0, "each waits, and not one after the other"


# --- Serving ---


def test_serves_again_with_nothing_remembered() -> None:
    box = Sandbox(OPTIONS)
    with box.serve() as first, box.serve() as second:
        assert first != second
    with box.serve():
        pass


def test_serves_in_a_process_of_its_own_until_told_to_stop() -> None:
    command = [sys.executable, "-m", "auditor.sandbox", "--accounts", "5", "--report-delay", "1,2"]
    command += ["--as-of", "2026-11-24T10:15:00Z", "--disturbed", "iam"]
    command += ["--region", "eu-west-1", "--region", "eu-north-1", "--no-central-root", "--short-pages-every", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert told["endpoint"].startswith("http://127.0.0.1:")
    assert told["as_of"] == "2026-11-24T10:15:00Z"
    assert told["environment"]["AWS_ENDPOINT_URL"] == told["endpoint"]
    assert told["environment"]["AWS_REGION"] == "eu-west-1"


@pytest.mark.parametrize(
    "wrong",
    [
        ["--fault", "1=gremlins"],
        ["--fault", "1=deny:ListGremlins"],
        ["--short-pages-every", "-1"],
        ["--report-delay", "soon"],
        ["--as-of", "noon"],
        ["--accounts", "0"],
        ["--rate", "iam=many"],
        ["--rate", "iam=0"],
        ["--rate", "gremlins=1"],
        ["--down", "gremlins"],
    ],
)
def test_command_line_that_makes_no_sense(wrong: list[str]) -> None:
    from click.testing import CliRunner

    from auditor.sandbox.__main__ import main

    assert CliRunner().invoke(main, wrong).exit_code == 2
