"""Lists that AWS hands out in pages while things move: an item twice, an item that has gone, a page without end."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.aws.collectors.account_tags import AccountTagsCollector
from auditor.aws.collectors.declared import DeclaredCollector
from auditor.aws.collectors.regions import EnabledRegions
from auditor.aws.organization import AwsDirectory
from auditor.collect import Collectors, RunPlan, collect
from auditor.collect.discovery import Discovery
from auditor.collect.scope import Scope
from auditor.errors import AccessError, EvidenceError
from auditor.kinds import delegated_administrators, organization_policies, ou_tree
from auditor.model import SERVER_CERTIFICATES, Account, Organization, Outcome, Unit
from auditor.reperform.plain.document import read as read_plainly
from auditor.reperform.plain.kinds import server_certificates
from auditor.settings import Settings
from auditor.store import evidence
from auditor.store.evidence import Answer, Document
from auditor.store.seal.contents import FolderContents
from auditor.store.seal.verifying import verify
from tests.clients import Answers, Direct, answering, refused
from tests.support import ACCOUNT, AS_OF, frames_of, report, root
from tests.unit.test_collect import FakeAccess, FakeCollector, FakeDirectory, FakeProgress, numbered

ONE, TWO, THREE = (f"{number:012d}" for number in (1, 2, 3))
ORGANIZATION = Organization("o-test", ONE)


def directory(answers: Answers, said: list[str] | None = None) -> AwsDirectory:
    told: list[str] = [] if said is None else said
    return AwsDirectory(answering(answers), Direct(), keep_tree=True, say=told.append)


async def recorded(collector: Any) -> tuple[Document, EvidenceError | None]:
    """What a collector keeps, and why it is a gap all the same."""

    found = await collector.collect("organization", Direct(), {})
    try:
        collector.check("organization", found)
    except EvidenceError as error:
        return evidence.read(found.content), error
    return evidence.read(found.content), None


async def collected(out: Path, pages: list[list[Account]], **scope: Any) -> tuple[Any, FakeAccess, FakeProgress]:
    settings, access, progress = Settings(out=out, **scope), FakeAccess(), FakeProgress()
    discovery = Discovery(FakeDirectory(pages, {}), Scope.of(settings), progress)
    snapshot = await collect(RunPlan(settings, Collectors([FakeCollector()])), discovery, lambda _: access, progress)
    return snapshot, access, progress


@pytest.mark.parametrize("scope", [{}, {"account": (ONE, TWO)}])
async def test_an_account_on_two_pages_is_collected_once(tmp_path: Path, scope: dict[str, Any]) -> None:
    snapshot, access, progress = await collected(tmp_path, [numbered(1, 2), numbered(2)], **scope)
    assert sorted(access.opened) == [ONE, TWO]
    assert (progress.total, len(snapshot.manifest.accounts)) == (2, 2)
    assert not verify(FolderContents(snapshot.folder)).differences
    assert not [line for line in progress.said if "twice" in line]


@pytest.mark.parametrize(
    ("first", "second", "outcome", "counts"),
    [
        ("ACTIVE", "SUSPENDED", Outcome.ASSESSED, "first"),
        ("SUSPENDED", "ACTIVE", Outcome.ASSESSED, "second"),
        ("SUSPENDED", "CLOSED", Outcome.EXCLUDED, "first"),
    ],
)
async def test_of_two_entries_that_differ_one_counts_and_it_is_said_which(
    tmp_path: Path, first: str, second: str, outcome: Outcome, counts: str
) -> None:
    pages = [numbered(1), numbered(2, state=first), numbered(2, state=second)]
    snapshot, access, progress = await collected(tmp_path, pages)
    assert [record.outcome for record in snapshot.manifest.accounts] == [Outcome.ASSESSED, outcome]
    assert snapshot.manifest.accounts[1].account.state == (first if counts == "first" else second)
    assert len(access.opened) == len(set(access.opened))
    assert [line for line in progress.said if "twice" in line] == [
        f"account {TWO} was listed twice ('account 2', {first}; 'account 2', {second}): the {counts} counts"
    ]


async def test_a_list_of_accounts_without_end_is_no_endless_run() -> None:
    listing = directory({"list_accounts": lambda **_: {"Accounts": [{"Id": ONE}], "NextToken": "again"}})
    with pytest.raises(AccessError, match="EndlessPages"):
        [page async for page in listing.account_pages(ORGANIZATION)]
    with pytest.raises(EvidenceError, match="the list of accounts is not complete"):
        await listing.listed


async def test_tags_are_asked_for_once_an_account() -> None:
    listing = directory({"list_accounts": lambda **_: {"Accounts": [{"Id": ONE}, {"Id": TWO}, {"Id": ONE}]}})
    assert [len(page) async for page in listing.account_pages(ORGANIZATION)] == [3]
    assert await listing.listed == [ONE, TWO]


# --- the tree of OUs ---

UNITS = {"r-1": ["ou-a", "ou-b"], "ou-a": ["ou-c"], "ou-b": ["ou-c"]}


def tree(accounts: Mapping[str, list[str]], gone: str = "") -> Answers:
    def units(ParentId: str, **_: Any) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        if ParentId == gone:
            raise EvidenceError("fetch", "ParentNotFoundException", "gone")
        return {"OrganizationalUnits": [{"Id": i, "Name": i.upper()} for i in UNITS.get(ParentId, ())]}

    def held(ParentId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if ParentId == gone:
            raise EvidenceError("fetch", "ParentNotFoundException", "gone")
        return {"Accounts": [{"Id": account} for account in accounts.get(ParentId, ())]}

    roots = {"Roots": [{"Id": "r-1", "Name": "Root"}]}
    return {
        "list_roots": lambda **_: roots,
        "list_organizational_units_for_parent": units,
        "list_accounts_for_parent": held,
    }


async def test_an_ou_that_is_listed_twice_is_walked_once() -> None:
    said: list[str] = []
    walked, found = await directory(tree({"ou-c": [ONE], "r-1": [TWO]}), said).walked()
    assert walked.ou_ids == {"r-1", "ou-a", "ou-b", "ou-c"}
    document = evidence.read(found.content)
    asked = [a.parameters["ParentId"] for a in document.answers if a.operation.endswith("ListAccountsForParent")]
    assert asked == ["r-1", "ou-b", "ou-c", "ou-a"]
    assert said == []


async def test_an_ou_that_is_deleted_meanwhile_costs_the_others_nothing() -> None:
    walked, _ = await directory(tree({"ou-c": [ONE], "ou-a": [TWO]}, gone="ou-b")).walked()
    assert walked.places[TWO] == ("Root/OU-A", ("r-1", "ou-a"))
    assert walked.places[ONE][1][-1] == "ou-c"


async def test_an_account_that_moves_is_where_it_was_seen_last_and_it_is_said() -> None:
    said: list[str] = []
    walked, found = await directory(tree({"ou-b": [ONE], "ou-a": [ONE]}), said).walked()
    assert walked.places[ONE][0] == "Root/OU-A"
    assert said == [f"account {ONE} was seen in Root/OU-B, then in Root/OU-A: the latter counts"]
    ((row,),) = ou_tree.KIND.rows_of("organization", evidence.read(found.content)).values()
    assert "Root/OU-A: 1 account;" in row["ou_tree"]
    assert "Root/OU-B: 0 accounts" in row["ou_tree"]


# --- one item of many ---


async def test_an_account_that_left_loses_its_own_tags_only() -> None:
    def tags(ResourceId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if ResourceId == TWO:
            raise EvidenceError("fetch", "TargetNotFoundException", "You specified a target that does not exist.")
        return {"Tags": [{"Key": "env", "Value": ResourceId}]}

    clients = answering({"list_tags_for_resource": tags})
    known = directory({})
    known.listed.set_result([ONE, TWO, THREE])
    document, gap = await recorded(AccountTagsCollector(clients, known))
    assert [a.parameters["ResourceId"] for a in document.answers if a.response] == [ONE, THREE]
    assert gap
    assert (gap.code, TWO in gap.message) == ("TargetNotFoundException", True)


@pytest.mark.parametrize(("code", "asked"), [("AccessDeniedException", 1), ("ServiceException", 3)])
async def test_what_is_refused_for_all_is_asked_once(code: str, asked: int) -> None:
    known = directory({})
    known.listed.set_result([ONE, TWO, THREE])
    document, gap = await recorded(AccountTagsCollector(answering({"list_tags_for_resource": refused(code)}), known))
    assert (gap and gap.code, len(document.answers)) == (code, asked)


@pytest.mark.parametrize("code", ["PolicyNotFoundException", "ServiceException"])
async def test_one_policy_costs_the_others_nothing(code: str) -> None:
    def policies(Filter: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        named = [{"Id": f"p-{n}", "Name": f"policy {n}", "Type": Filter} for n in (1, 2, 1)]
        return {"Policies": named if Filter.startswith("SERVICE") else []}

    def targets(PolicyId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if PolicyId == "p-1":
            raise EvidenceError("fetch", code, "no")
        return {"Targets": [{"Name": "Root", "TargetId": "r-1"}]}

    clients = answering({"list_policies": policies, "list_targets_for_policy": targets})
    document, gap = await recorded(DeclaredCollector(organization_policies.KIND, clients, EnabledRegions()))
    (row,) = organization_policies.KIND.rows_of("organization", document)[Unit.ORGANIZATION]
    if code == "PolicyNotFoundException":
        assert gap is None
        assert row["policies"] == "1 SCPs, 0 RCPs; SCP policy 2: Root (r-1)"
    else:
        assert gap
        assert "p-1" in gap.message
        assert row["policies"] == "2 SCPs, 0 RCPs; SCP policy 1: not known; SCP policy 2: Root (r-1)"


@pytest.mark.parametrize("code", ["AccountNotRegisteredException", "ServiceException"])
async def test_one_delegated_administrator_costs_the_others_nothing(code: str) -> None:
    def services(AccountId: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        if AccountId == ONE:
            raise EvidenceError("fetch", code, "no")
        return {"DelegatedServices": [{"ServicePrincipal": "iam.amazonaws.com"}]}

    listed = {"DelegatedAdministrators": [{"Id": ONE}, {"Id": TWO}, {"Id": TWO}]}
    answers: Answers = {
        "list_delegated_administrators": lambda **_: listed,
        "list_delegated_services_for_account": services,
    }
    document, gap = await recorded(
        DeclaredCollector(delegated_administrators.KIND, answering(answers), EnabledRegions())
    )
    assert [a.parameters["AccountId"] for a in document.answers if "AccountId" in a.parameters] == [ONE, TWO]
    assert (gap is None) == (code == "AccountNotRegisteredException")


def test_a_certificate_on_two_pages_is_one_unit_in_both_implementations() -> None:
    certificate = {"ServerCertificateName": "www", "Arn": f"arn:aws:iam::{ACCOUNT}:server-certificate/www"}
    page = {"ServerCertificateMetadataList": [certificate | {"Expiration": "2027-01-01T00:00:00Z"}]}
    answers = tuple(Answer("iam:ListServerCertificates", page, collected_at="2026-11-24T10:15:00Z") for _ in range(2))
    document = Document(SERVER_CERTIFICATES, answers)
    frames = frames_of({ACCOUNT: report([root()])}, documents={ACCOUNT: {SERVER_CERTIFICATES: document}}, as_of=AS_OF)
    (facts,) = server_certificates.read(read_plainly(evidence.write(document), SERVER_CERTIFICATES), ACCOUNT)[
        "certificate"
    ]
    units = frames.units[Unit.CERTIFICATE, SERVER_CERTIFICATES]
    assert units["evidence_line"].to_list() == [facts["line"]]
