"""A snapshot of accounts in several OUs whose names occur nowhere else, for the tests of parts."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from auditor.model import (
    ACCOUNT_TAGS,
    AUTHORIZATION_DETAILS,
    CONTACTS,
    CREDENTIAL_REPORT,
    ORGANIZATION_POLICIES,
    PASSWORD_POLICY,
    AccountRecord,
    Outcome,
)
from auditor.store.evidence import Answer, Document
from auditor.store.snapshot import Snapshot
from tests.documents import contacts, details, holder, no_policy, organization_policies
from tests.support import (
    ACCOUNT,
    Documents,
    ago,
    excluded,
    gap,
    key,
    password,
    report,
    root,
    seal_again,
    stored,
    unreachable,
    user,
    waiver,
)

ACCOUNTS = (ACCOUNT, *(f"{n}" * 12 for n in range(1, 7)))
UNREACHABLE, EXCLUDED = "999999999999", "888888888888"
EVERY = (*ACCOUNTS, UNREACHABLE, EXCLUDED)
OUS = ("Root", "Root/Prod", "Root/Prod", "Root/Prod/Payments", "Root/Dev", "", "Root/Dev", "Root/Prod", "Root/Dev")
OWNERS = {
    ACCOUNT: "team/one",
    "111111111111": "Team One",
    "222222222222": "team/one",
    "333333333333": "..",
    UNREACHABLE: "",
}


def name_of(account_id: str) -> str:
    return f"named-{account_id[-1]}x"


def users_of(account_id: str) -> list[str]:
    return [f"person{n}-of-{account_id[-1]}" for n in range(3)] if account_id in ACCOUNTS else []


def mail_of(account_id: str) -> str:
    return f"mail{account_id[-1]}@corp.example"


def marks_of(account_id: str) -> list[str]:
    """Texts that tell of this account and of no other."""
    return [account_id, name_of(account_id), *users_of(account_id), mail_of(account_id)]


def divided(folder: Path, *, only: Collection[str] = EVERY, tags: bool = True) -> Snapshot:
    """A snapshot of all accounts, or of ``only`` some of them as if there were no other."""
    reports = {i: _report(i) for i in ACCOUNTS if i in only}
    others = [_missing(i) for i in (UNREACHABLE, EXCLUDED) if i in only]
    documents: dict[str, dict[str, Document | bytes]] = {i: _documents(i) for i in reports}
    documents["organization"] = {ORGANIZATION_POLICIES: _policies()}
    if tags:
        documents["organization"][ACCOUNT_TAGS] = _tags(only)
    gaps = {i: [gap(PASSWORD_POLICY, message=f"no for {name_of(i)}")] for i in reports if i == ACCOUNTS[4]}
    return _placed(stored(folder, reports, *others, documents=_typed(documents), gaps=gaps))


def waiver_entries() -> tuple[str, ...]:
    first, second = users_of(ACCOUNTS[1])[0], users_of(ACCOUNTS[2])[0]
    return (
        waiver("W-one", scope=f"{{account: ['{ACCOUNTS[1]}', '{ACCOUNTS[2]}']}}", reason=f"for {ACCOUNTS[1]}"),
        waiver("W-two", scope=f"{{user: {second}}}", expires="2026-11-02"),
        waiver("W-unmatched", scope="{user: nobody-at-all}"),
        waiver("W-three", scope=f"{{user: {first}}}", expires="2026-12-01"),
    )


def _typed(documents: dict[str, dict[str, Document | bytes]]) -> Documents:
    return documents


def _placed(snapshot: Snapshot) -> Snapshot:
    """The accounts with names, e-mail addresses and OUs of their own."""
    file = snapshot.folder / "manifest.json"
    manifest = json.loads(file.read_text())
    for record in manifest["accounts"]:
        account = record["account"]
        account |= {"name": name_of(account["id"]), "email": mail_of(account["id"])}
        account["ou_path"] = OUS[EVERY.index(account["id"])]
    file.write_text(json.dumps(manifest))
    seal_again(snapshot.folder)
    return Snapshot.open(snapshot.folder)


def _report(account_id: str) -> bytes:
    number = int(account_id[-1])
    rows = [root(account_id, mfa_active=str(number % 2 == 0).lower())]
    for at, name in enumerate(users_of(account_id)):
        cells = key(1, ago(85 + 7 * number + at), ago(number * 10 + at)) | password(ago(3 * number + at), ago(30))
        rows.append(user(name, account_id, **cells, mfa_active=str(at % 2 == 0).lower()))
    return report([row | {"seen_by": f"{name_of(account_id)}"} for row in rows], [*rows[0], "seen_by"])


def _documents(account_id: str) -> dict[str, Document | bytes]:
    arn = f"arn:aws:iam::{account_id}:user/"
    held = [holder("User", name, Arn=arn + name) for name in users_of(account_id)]
    person = {"Name": f"sec {name_of(account_id)}"}
    kinds: dict[str, Document | bytes] = {AUTHORIZATION_DETAILS: details(users=held), CONTACTS: contacts(person)}
    return kinds if account_id == ACCOUNTS[4] else kinds | {PASSWORD_POLICY: no_policy()}


def _policies() -> Document:
    """What is the organization's names its accounts."""
    targets = {"p-1": [{"Name": name_of(i), "TargetId": i} for i in EVERY]}
    return organization_policies([{"Id": "p-1", "Name": "guard", "Type": "SERVICE_CONTROL_POLICY"}], targets)


def _tags(only: Collection[str]) -> Document:
    answers = [
        Answer(
            "organizations:ListTagsForResource",
            {"Tags": [{"Key": "Owner", "Value": owner}, {"Key": "a=b", "Value": "c"}]},
            parameters={"ResourceId": account_id},
        )
        for account_id, owner in OWNERS.items()
        if account_id in only
    ]
    return Document(ACCOUNT_TAGS, tuple(answers))


def _missing(account_id: str) -> AccountRecord:
    if account_id == EXCLUDED:
        return excluded(account_id)
    message = f"role of {name_of(account_id)} not there"
    reached = unreachable(account_id)
    trouble = (gap(CREDENTIAL_REPORT, message=message, stage="assume"),)
    return AccountRecord(reached.account, Outcome.NOT_ASSESSED, reached.reason, (), trouble)
