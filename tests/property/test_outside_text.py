"""Text from outside, whatever it holds, ends in files that can be written and read again."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.aws.calls import Calls
from auditor.aws.faults import evidence_error
from auditor.aws.organization import AwsDirectory
from auditor.cli import console
from auditor.cli.log import JsonLines
from auditor.collect import Collectors, Discovery, RunPlan, collect
from auditor.collect.scope import Scope
from auditor.judge.assessing import assess
from auditor.model import Account, Evidence, Organization
from auditor.report import write_reports
from auditor.settings import Settings
from auditor.store.journal import Journal
from auditor.store.snapshot import Snapshot
from tests.support import AS_OF, catalog
from tests.unit.test_collect import CALLER, FakeAccess, FakeCollector, FakeDirectory, FakeProgress

ACCOUNT = "000000000001"
ORGANIZATION = Organization("o-test", ACCOUNT)
ODD = "\ud800\udbff\udc80\udfff\x00\r\n\u2028\x1b\ufffe"
# As a list of characters: ``st.text`` leaves lone surrogates out.
TEXT = st.lists(st.one_of(st.characters(), st.sampled_from(ODD)), max_size=12).map("".join)


class Listing(AwsDirectory):
    """The organization as AWS answers it: one account and one OU."""

    def __init__(self, account: dict[str, str], unit: dict[str, str]) -> None:
        self._account, self._unit = account, unit
        super().__init__(_Clients(self), _Direct())  # type: ignore[arg-type]

    async def list_accounts(self) -> dict[str, Any]:
        return {"Accounts": [self._account]}

    async def list_roots(self) -> dict[str, Any]:
        return {"Roots": [self._unit]}

    async def list_accounts_for_parent(self, ParentId: str) -> dict[str, Any]:  # noqa: N803 -- AWS's name
        return {"Accounts": [self._account]}

    async def list_organizational_units_for_parent(self, ParentId: str) -> dict[str, Any]:  # noqa: N803
        return {}


class _Clients:
    def __init__(self, organizations: Listing) -> None:
        self.organizations, self.caller_credentials = organizations, None

    async def client(self, *_: Any) -> Listing:
        return self.organizations


class _Direct(Calls):
    """Calls that are just made."""

    def __init__(self) -> None:
        super().__init__(1)

    async def __call__(self, stage: str, operation: Any, *_: Any, **parameters: Any) -> Any:  # type: ignore[override]
        return await operation(**parameters)


class AwsSays(FakeCollector):
    """Every second piece of evidence is refused in AWS's words."""

    def __init__(self, kind: str, request_id: str, refusal: Exception | None) -> None:
        super().__init__({ACCOUNT: refusal} if refusal else {})
        self.kind, self._request_id = kind, request_id

    async def collect(self, *arguments: Any) -> Evidence:
        evidence = await super().collect(*arguments)
        return Evidence(self.kind, evidence.content, "json", self._request_id, AS_OF, AS_OF)


async def collected(out: Path, directory: Callable[[], FakeDirectory], texts: tuple[str, str, str]) -> Snapshot:
    answered = {"Error": {"Code": texts[0], "Message": texts[1]}, "ResponseMetadata": {"RequestId": texts[2]}}
    refusal = evidence_error(ClientError(answered, "GetCredentialReport"), "fetch")
    kinds = [AwsSays("credential-report", "", refusal), AwsSays("account-summary", texts[2], None)]
    progress, plan = FakeProgress(), RunPlan(Settings(out=out, as_of=AS_OF), Collectors(kinds))
    return await collect(plan, Discovery(directory(), Scope(), progress), lambda _: FakeAccess(), progress)


@settings(max_examples=15, deadline=None)
@given(TEXT, st.tuples(TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT))
def test_what_aws_says_is_journalled_sealed_and_reported(
    name: str, texts: tuple[str, str, str], unit: tuple[str, str]
) -> None:
    """Names, states and ARNs of accounts, names and ids of OUs, and codes, messages and ids of AWS's refusals."""
    account = {"Id": ACCOUNT, "Name": name, "Email": name, "Arn": name, "State": "ACTIVE"}

    def directory() -> FakeDirectory:
        listing = Listing(account, {"Id": unit[0], "Name": unit[1]})
        made = FakeDirectory([], {}, ORGANIZATION)
        vars(made).update(account_pages=listing.account_pages, ou_tree=listing.ou_tree)
        return made

    with tempfile.TemporaryDirectory() as out:
        folder = asyncio.run(collected(Path(out), directory, texts)).folder
        snapshot = Snapshot.open(folder)
        (record,) = snapshot.manifest.accounts
        assert [gap.kind for gap in record.gaps] == ["credential-report"]
        journal = Journal(folder)
        assert journal.records[ACCOUNT].gaps == record.gaps
        journal.close()
        write_reports(assess(snapshot, catalog=catalog()), folder, ("csv", "json"))
        for file in (*folder.glob("*.csv"), *folder.glob("*.json")):
            file.read_text(encoding="utf-8")


@settings(max_examples=30, deadline=None)
@given(TEXT)
def test_what_is_told_of_it_is_one_line_of_json(text: str) -> None:
    record = logging.LogRecord("auditor", logging.INFO, "", 0, "call-failed", (), None)
    record.fields = {"code": text, "request_id": text}
    line = JsonLines().format(record)
    assert line.isascii()
    assert "\n" not in line
    assert json.loads(line)["code"] == json.loads(json.dumps(text))


@settings(max_examples=30, deadline=None)
@given(TEXT, st.sampled_from(["ascii", "latin-1", "cp1252", "utf-8"]))
def test_any_terminal_shows_any_text(text: str, encoding: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        patch.setattr(sys, "stdout", stream)
        console.write_any_text()
        stream.write(text + "\u2192\udcff")
        stream.flush()
        assert stream.buffer.getvalue().endswith(b"\xff"), "the bytes of a file's name"


def test_a_caller_and_a_path_that_are_not_utf_8_are_sealed(tmp_path: Path) -> None:
    out = tmp_path / "r\udcff"
    snapshot = asyncio.run(
        collected(out, lambda: FakeDirectory([[Account(ACCOUNT)]], {}), ("AccessDenied", "no", "r-1"))
    )
    opened = Snapshot.open(snapshot.folder)
    assert opened.manifest.caller == CALLER
    assert opened.manifest.settings["out"] == f"{tmp_path}/r\ufffd"
    assert opened.manifest.accounts == snapshot.manifest.accounts
