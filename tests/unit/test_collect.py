"""The orchestrator against a directory, accounts and reports that are plain Python."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.aws.statistics import RunStatistics
from auditor.collect import Collectors, Discovery, RunPlan, collect, reach_accounts
from auditor.collect.discovery import Places
from auditor.collect.scope import Scope
from auditor.errors import AccessError, EvidenceError, InterruptedRunError, ScopeError, WrongAccountError
from auditor.model import Account, AccountRecord, Caller, Evidence, Organization, Outcome
from auditor.settings import Settings
from auditor.store.snapshot import Snapshot

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CALLER = Caller("arn:aws:iam::000000000001:user/auditor", "000000000001")


class FakeTree:
    def __init__(self, places: Places) -> None:
        self.places = places
        self.ou_ids = frozenset(ou for _, ids in places.values() for ou in ids)


class FakeDirectory:
    """Pages of accounts; ``on_page`` runs before each page is handed out."""

    def __init__(
        self,
        pages: list[list[Account]],
        places: Places | None = None,
        organization: Organization | None = Organization("o-test", "000000000001"),  # noqa: B008 -- frozen
        on_page: Callable[[int], Any] = lambda _: None,
    ) -> None:
        self._pages, self._places, self._organization, self._on_page = pages, places, organization, on_page

    async def caller(self) -> Caller:
        return CALLER

    async def organization(self) -> Organization | None:
        return self._organization

    async def account_pages(self, organization: Organization) -> AsyncIterator[list[Account]]:
        for number, page in enumerate(self._pages):
            waiting = self._on_page(number)
            if waiting is not None:
                await waiting
            yield page

    async def ou_tree(self) -> FakeTree | None:
        if self._places is None:
            raise AccessError("OUs are secret")
        return FakeTree(self._places)


class FakeAccess:
    """Opens every account but the denied ones."""

    def __init__(self, denied: frozenset[str] = frozenset()) -> None:
        self.denied, self.opened = denied, list[str]()

    async def open(self, account: Account) -> str:
        self.opened.append(account.id)
        if account.id in self.denied:
            raise EvidenceError("assume", "AccessDenied", "no")
        return account.id

    async def open_root(self, account: Account) -> str:
        return await self.open(account)

    async def room(self) -> None: ...

    def organization(self) -> str:
        return "o-test"


class FakeCollector:
    """Answers with the account's id; ``faults`` raise instead, ``unusable`` fail the check."""

    kind = "credential-report"
    actions = ("iam:GetCredentialReport",)
    after: tuple[str, ...] = ()

    def __init__(
        self, faults: Mapping[str, Exception] | None = None, unusable: Mapping[str, Exception] | None = None
    ) -> None:
        self.faults, self.unusable = faults or {}, unusable or {}
        self.wait: Callable[[str], Any] | None = None

    async def collect(self, owner_id: str, calls: str, known: Mapping[str, Evidence]) -> Evidence:
        assert calls == owner_id, "an account is collected with its own calls"
        if self.wait:
            await self.wait(owner_id)
        if owner_id in self.faults:
            raise self.faults[owner_id]
        return Evidence(self.kind, f"report of {owner_id}".encode(), "csv", "request", NOW, NOW)

    def check(self, owner_id: str, evidence: Evidence) -> None:
        if owner_id in self.unusable:
            raise self.unusable[owner_id]


class FakeCommonCollector(FakeCollector):
    """Answers with the organization's id."""

    kind = "ou-tree"
    actions = ("organizations:ListRoots",)


class FakeProgress:
    def __init__(self) -> None:
        self.said, self.total, self.records = list[str](), 0, list[AccountRecord]()

    def watch(self, statistics: RunStatistics) -> None: ...

    def ask(self, prompt: str) -> str:
        raise NotImplementedError

    def say(self, message: str) -> None:
        self.said.append(message)

    def found(self, in_scope: int) -> None:
        self.total += in_scope

    def finished(self, record: AccountRecord) -> None:
        self.records.append(record)


def numbered(*numbers: int, **more: Any) -> list[Account]:
    return [Account(f"{n:012d}", f"account {n}", **more) for n in numbers]


async def run(
    out: Path,
    directory: FakeDirectory,
    collector: FakeCollector | None = None,
    access: FakeAccess | None = None,
    progress: FakeProgress | None = None,
    **settings: Any,
) -> Snapshot:
    wanted = Settings(out=out, **settings)
    discovery = Discovery(directory, Scope.of(wanted), progress or FakeProgress())
    return await collect(
        RunPlan(wanted, Collectors([collector or FakeCollector()], [FakeCommonCollector()])),
        discovery,
        lambda _: access or FakeAccess(),
        progress or FakeProgress(),
    )


def outcomes(snapshot: Snapshot) -> dict[str, Outcome]:
    return {record.account.id: record.outcome for record in snapshot.manifest.accounts}


async def test_every_account_is_in_the_manifest_with_its_outcome(tmp_path: Path) -> None:
    pages = [numbered(1, 2, 3), numbered(4, state="SUSPENDED")]
    collector = FakeCollector(faults={"000000000003": EvidenceError("generate", "AccessDenied", "an SCP")})
    access = FakeAccess(frozenset({"000000000002"}))
    snapshot = await run(tmp_path, FakeDirectory(pages, {}), collector, access)
    assert outcomes(snapshot) == {
        "000000000001": Outcome.ASSESSED,
        "000000000002": Outcome.NOT_ASSESSED,
        "000000000003": Outcome.NOT_ASSESSED,
        "000000000004": Outcome.EXCLUDED,
    }
    gaps = {r.account.id: [(g.stage, g.code, g.message) for g in r.gaps] for r in snapshot.manifest.accounts}
    assert gaps["000000000002"] == [("assume", "AccessDenied", "no")]
    assert gaps["000000000003"] == [("generate", "AccessDenied", "an SCP")]
    assert "000000000004" not in access.opened


async def test_the_exact_bytes_are_kept_with_their_hash(tmp_path: Path) -> None:
    snapshot = await run(tmp_path, FakeDirectory([numbered(1)], {}))
    (file,) = snapshot.manifest.accounts[0].evidence
    assert snapshot.read(file) == b"report of 000000000001"
    assert (file.request_id, file.size, file.generated_at) == ("request", 22, NOW)


async def test_what_belongs_to_the_organization_is_kept_beside_its_accounts(tmp_path: Path) -> None:
    snapshot = await run(tmp_path, FakeDirectory([numbered(1)], {}))
    assert snapshot.manifest.organization_record
    (file,) = snapshot.manifest.organization_record.evidence
    assert (file.path, snapshot.read(file)) == ("evidence/organization/ou-tree.csv", b"report of o-test")


async def test_unusable_evidence_is_kept_and_is_a_gap(tmp_path: Path) -> None:
    collector = FakeCollector(unusable={"000000000001": EvidenceError("validate", "NotAReport", "html")})
    (record,) = (await run(tmp_path, FakeDirectory([numbered(1)], {}), collector)).manifest.accounts
    assert record.outcome is Outcome.NOT_ASSESSED
    assert (record.gaps[0].code, record.evidence[0].path) == (
        "NotAReport",
        "evidence/000000000001/credential-report.csv",
    )


async def test_accounts_are_worked_on_while_later_pages_load(tmp_path: Path) -> None:
    first_is_done = asyncio.Event()

    async def seen(account_id: str) -> None:
        first_is_done.set()

    collector = FakeCollector()
    collector.wait = seen
    # The second page is only handed out once the first account was collected: phases would wait for ever.
    directory = FakeDirectory(
        [numbered(1), numbered(2)], {}, on_page=lambda number: first_is_done.wait() if number else None
    )
    async with asyncio.timeout(10):
        snapshot = await run(tmp_path, directory, collector)
    assert len(snapshot.manifest.accounts) == 2


async def test_ou_paths_are_attached_though_they_were_not_waited_for(tmp_path: Path) -> None:
    places = {"000000000001": ("Root/Prod", ("r-abcd", "ou-abcd-12345678"))}
    (record,) = (await run(tmp_path, FakeDirectory([numbered(1)], places))).manifest.accounts
    assert (record.account.ou_path, record.account.ou_ids) == places["000000000001"]


async def test_unreadable_ous_are_told_and_cost_nothing_else(tmp_path: Path) -> None:
    progress = FakeProgress()
    snapshot = await run(tmp_path, FakeDirectory([numbered(1)]), progress=progress)
    assert outcomes(snapshot) == {"000000000001": Outcome.ASSESSED}
    assert any("OU paths are left empty" in line for line in progress.said)


async def test_scope_by_ou_account_and_exclude(tmp_path: Path) -> None:
    places = {f"{n:012d}": ("Root/A", ("r-abcd", "ou-abcd-aaaaaaaa")) for n in (1, 2)}
    places |= {f"{n:012d}": ("Root/B", ("r-abcd", "ou-abcd-bbbbbbbb")) for n in (3, 4)}
    snapshot = await run(
        tmp_path,
        FakeDirectory([numbered(1, 2, 3, 4)], places),
        ou=("ou-abcd-aaaaaaaa",),
        account=("000000000003",),
        exclude=("000000000002",),
    )
    assert [o.value for o in outcomes(snapshot).values()] == ["assessed", "excluded", "assessed", "excluded"]
    reasons = [r.reason for r in snapshot.manifest.accounts]
    assert reasons == ["", "excluded by --exclude", "", "not in the accounts and OUs that were asked for"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"account": ("000000000011",)}, "no account 000000000011 (did you mean '000000000001'?)"),
        ({"exclude": ("999999999999",)}, "no account 999999999999"),
        ({"ou": ("ou-abcd-aaaaaaab",)}, "no OU ou-abcd-aaaaaaab (did you mean 'ou-abcd-aaaaaaaa'?)"),
    ],
)
async def test_what_the_organization_does_not_have_stops_the_run_before_any_role_is_assumed(
    tmp_path: Path, settings: dict[str, Any], told: str
) -> None:
    access = FakeAccess()
    places = {"000000000001": ("Root/A", ("r-abcd", "ou-abcd-aaaaaaaa"))}
    with pytest.raises(ScopeError) as caught:
        await run(tmp_path, FakeDirectory([numbered(1)], places), access=access, **settings)
    assert told in str(caught.value)
    assert access.opened == []
    assert list(tmp_path.iterdir()) == []


async def test_outside_any_organization_only_the_callers_account_is_audited(tmp_path: Path) -> None:
    progress = FakeProgress()
    snapshot = await run(tmp_path, FakeDirectory([numbered(7)], organization=None), progress=progress)
    assert outcomes(snapshot) == {CALLER.account_id: Outcome.ASSESSED}
    assert any("is in no organization" in line for line in progress.said)
    assert snapshot.manifest.snapshot_id.startswith(f"{CALLER.account_id}-")


async def test_mixed_up_evidence_stops_the_run_and_is_not_stored(tmp_path: Path) -> None:
    collector = FakeCollector(unusable={"000000000001": WrongAccountError("mixed up")})
    with pytest.raises(WrongAccountError):
        await run(tmp_path, FakeDirectory([numbered(1)], {}), collector)
    assert not list(tmp_path.rglob("credential-report.csv"))


async def test_a_mistake_in_this_program_is_not_turned_into_a_gap(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        await run(
            tmp_path, FakeDirectory([numbered(1)], {}), FakeCollector(faults={"000000000001": ZeroDivisionError()})
        )


async def test_an_interrupted_run_keeps_what_was_collected_and_names_the_rest(tmp_path: Path) -> None:
    stuck, one_is_done = asyncio.Event(), asyncio.Event()

    async def wait(account_id: str) -> None:
        if account_id == "000000000002":
            one_is_done.set()
            await stuck.wait()

    collector = FakeCollector()
    collector.wait = wait
    task = asyncio.create_task(run(tmp_path, FakeDirectory([numbered(1, 2)], {}), collector))
    await one_is_done.wait()
    task.cancel()
    with pytest.raises(InterruptedRunError) as caught:
        await task
    snapshot = Snapshot.open(caught.value.folder)
    assert snapshot.manifest.interrupted
    assert outcomes(snapshot) == {"000000000001": Outcome.ASSESSED, "000000000002": Outcome.NOT_ASSESSED}
    assert snapshot.manifest.accounts[1].gaps[0].code == "Interrupted"


async def test_the_journal_has_a_whole_line_for_every_account(tmp_path: Path) -> None:
    snapshot = await run(tmp_path, FakeDirectory([numbered(1, 2), numbered(3, state="CLOSED")], {}))
    first, *lines = (snapshot.folder / "journal.jsonl").read_text().splitlines()
    assert json.loads(first)["attempt"]["number"] == 1
    told = [json.loads(line) for line in lines]
    accounts = {line["account"]["id"] for line in told if "account" in line}
    assert accounts == {"000000000001", "000000000002", "000000000003"}
    assert sum("organization" in line for line in told) == 1


async def test_the_external_id_is_not_recorded(tmp_path: Path) -> None:
    snapshot = await run(tmp_path, FakeDirectory([numbered(1)], {}), external_id="a-shared-secret")
    assert all(b"a-shared-secret" not in p.read_bytes() for p in snapshot.folder.rglob("*") if p.is_file())
    assert snapshot.manifest.settings["external_id"] == "(set)"


async def test_reaching_assumes_roles_and_collects_nothing(tmp_path: Path) -> None:
    progress = FakeProgress()
    directory = FakeDirectory([numbered(2, 1), numbered(3, state="CLOSED")], {"000000000001": ("Root", ("r-abcd",))})
    discovery = Discovery(directory, Scope(), progress)
    access = FakeAccess(frozenset({"000000000002"}))
    reached = await reach_accounts(discovery, lambda _: access, progress)
    assert [(r.account.id, r.reachable) for r in reached] == [
        ("000000000001", True),
        ("000000000002", False),
        ("000000000003", None),
    ]
    assert reached[0].account.ou_path == "Root"
    assert reached[1].problem == "AccessDenied: no"


async def test_a_run_that_never_saw_an_account_leaves_nothing_behind(tmp_path: Path) -> None:
    directory = FakeDirectory([numbered(1)], {}, on_page=lambda _: asyncio.sleep(60))
    with pytest.raises(AccessError, match="did not list any account"):
        await run(tmp_path, directory, run_timeout=0.2)
    assert list(tmp_path.iterdir()) == []
