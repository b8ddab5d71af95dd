"""A snapshot in which names and e-mail addresses of people stand wherever they can."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from auditor.judge.waivers import Waivers
from auditor.model import (
    ACCESS_KEYS,
    ACCOUNT_TAGS,
    AUTHORIZATION_DETAILS,
    CONTACTS,
    CREDENTIAL_REPORT,
    ORGANIZATION_POLICIES,
    OU_TREE,
    PASSWORD_POLICY,
    VIRTUAL_MFA_DEVICES,
    AccountRecord,
    EvidenceGap,
)
from auditor.store.evidence import Answer, Document
from auditor.store.snapshot import Snapshot
from tests.documents import contacts, details, holder, managed, organization_policies, ou_tree, policy, virtual_devices
from tests.support import (
    ACCOUNT,
    OTHER,
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
    waivers_of,
)

USERS = ("zoe.plantedone", "plantedtwo-7", "plantedthree", "planted,four", "planted+five@corp.example", "PlantedSix")
ONLY_IN_DETAILS = "plantedseven"
MAILS = (
    "owner.account@corp.example",
    "sec.contact@corp.example",
    "waiver.owner@corp.example",
    "tag.owner@corp.example",
)
PEOPLE = ("Planted Secperson", "+49 planted 1234")
SESSION = "planted.session"
PLANTED = (*USERS, ONLY_IN_DETAILS, *MAILS, *PEOPLE, SESSION)
"""Texts that may stand in no file that was redacted."""
UNREACHABLE, EXCLUDED = "444455556666", "333344445555"
SUPPORT = "arn:aws:iam::aws:policy/AWSSupportAccess"
SHELL = "arn:aws:iam::aws:policy/AWSCloudShellFullAccess"


def planted(folder: Path) -> Snapshot:
    """Two assessed accounts, one that may not be reached and one that is excluded."""
    snapshot = stored(folder, _reports(), excluded(EXCLUDED), _unreachable(), documents=_documents(), gaps=_gaps())
    file = snapshot.folder / "manifest.json"
    manifest = json.loads(file.read_text())
    for record in manifest["accounts"]:
        record["account"] |= {"email": MAILS[0] if record["account"]["id"] == OTHER else ""}
    manifest["caller"]["arn"] = f"arn:aws:sts::{ACCOUNT}:assumed-role/Auditor/{SESSION}"
    file.write_text(json.dumps(manifest))
    seal_again(snapshot.folder)
    return Snapshot.open(snapshot.folder)


def planted_waivers(folder: Path) -> Waivers:
    return waivers_of(folder, *waiver_entries())


def waiver_entries() -> tuple[str, ...]:
    """Waivers that name people in every key that may."""
    said = f"{USERS[2]} said so, ask {MAILS[2]}."
    return (
        waiver(scope=f"{{user: [{USERS[0]}, {USERS[1]}]}}", reason=said, owner=MAILS[2], approver=USERS[2]),
        waiver(
            "W-zoe.plantedone", scope=f"{{arn: '*/{USERS[2]}', tag: {{Owner: {MAILS[3]}}}}}", ticket=f"T-{USERS[1]}"
        ),
        waiver("W-3", control="console-user-mfa", scope="{user: 'planted*'}"),
    )


def every_text(folder: Path) -> bytes:
    """The bytes of all files below ``folder``, those in workbooks unpacked."""
    return b"\0".join(_contents(sorted(path for path in folder.rglob("*") if path.is_file())))


def _contents(paths: Iterable[Path]) -> Iterable[bytes]:
    for path in paths:
        yield str(path).encode()
        yield path.read_bytes()
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield from (book.read(name) for name in book.namelist())


def _reports() -> dict[str, bytes]:
    old, idle = key(1, ago(200), ago(100)), password(ago(90), ago(100))
    first = [root(), *(user(name, **old, **idle) for name in USERS[:4])]
    second = [root(OTHER), *(user(name, OTHER, **old) for name in USERS[3:]), user("zoe.plantedone", OTHER)]
    second[-1]["additional_credentials_info"] = "1"
    first[-1]["additional_credentials_info"] = f"key of {USERS[0]}"
    columns = [*first[0], "additional_credentials_info", "note_of_aws"]
    rows = [{"additional_credentials_info": "", "note_of_aws": f"by {USERS[2]}"} | row for row in (*first, *second)]
    return {ACCOUNT: report(rows[: len(first)], columns), OTHER: report(rows[len(first) :], columns)}


def _documents() -> dict[str, dict[str, Document | bytes]]:
    own = f"arn:aws:iam::{ACCOUNT}:policy/{USERS[0]}-policy"
    everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    condition = {"StringEquals": {"aws:username": USERS[1]}}
    open_trust = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}}
    held = details(
        users=[
            holder("User", USERS[0], SUPPORT, SHELL, UserPolicyList=[{"PolicyName": f"of-{USERS[0]}"}]),
            holder("User", ONLY_IN_DETAILS, own, SHELL, GroupList=[f"team {USERS[2]}"]),
        ],
        roles=[holder("Role", f"{USERS[1]}-role", AssumeRolePolicyDocument=open_trust)],
        policies=[managed(own, {"Statement": everything["Statement"] | {"Condition": condition}})],
    )
    devices = virtual_devices(f"arn:aws:iam::{ACCOUNT}:root")
    person = {"Name": PEOPLE[0], "EmailAddress": MAILS[1], "PhoneNumber": PEOPLE[1]}
    kinds = {AUTHORIZATION_DETAILS: held, VIRTUAL_MFA_DEVICES: devices, PASSWORD_POLICY: policy()}
    tags = _tags({ACCOUNT: {"Owner": MAILS[3]}, OTHER: {"Owner": USERS[2], "Team": "payments"}})
    targets = {"p-1": [{"Name": f"sandbox {USERS[1]}", "TargetId": OTHER}]}
    policies = organization_policies(
        [{"Id": "p-1", "Name": f"by {MAILS[3]}", "Type": "SERVICE_CONTROL_POLICY"}], targets
    )
    return {
        ACCOUNT: {**kinds, CONTACTS: contacts(person, {"FullName": PEOPLE[0], "PhoneNumber": PEOPLE[1]})},
        "organization": {ACCOUNT_TAGS: tags, ORGANIZATION_POLICIES: policies, OU_TREE: ou_tree({}, {})},
    }


def _tags(accounts: dict[str, dict[str, str]]) -> Document:
    operation = "organizations:ListTagsForResource"
    answers = [
        Answer(
            operation, {"Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}, parameters={"ResourceId": account}
        )
        for account, tags in accounts.items()
    ]
    return Document(ACCOUNT_TAGS, tuple(answers))


def _gaps() -> dict[str, list[EvidenceGap]]:
    told = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/Auditor/{SESSION} may not list keys of user {USERS[0]}."
    return {OTHER: [gap(ACCESS_KEYS, message=told)]}


def _unreachable() -> AccountRecord:
    record: Any = unreachable(UNREACHABLE)
    message = f"arn:aws:iam::{ACCOUNT}:user/staff/{USERS[1]} may not assume the role; ask {MAILS[2]}"
    return AccountRecord(
        record.account, record.outcome, record.reason, (), (gap(CREDENTIAL_REPORT, message=message, stage="assume"),)
    )
