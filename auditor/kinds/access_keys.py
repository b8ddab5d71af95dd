"""Access keys of the users of whom the credential report says that it does not list them all.

A user whose keys were asked for has a row of the unit user as well: ``gone`` where AWS answered that there is no such
user, else all keys were listed, also where there is none to list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.kinds.declaration import Call, Column, Kind, KnownEvidence, Owner, Probe, Recorder, Row, RowsByUnit, Table
from auditor.model import ACCESS_KEYS, CREDENTIAL_REPORT, Unit
from auditor.store.evidence import Document

_GONE = "NoSuchEntity"  # the user was deleted since the report was made: an answer
_NOBODY = "aws-org-auditor-permission-check"  # no user has this name, and AWS says so to whom it lets ask
_KEYS = Call(
    "iam:ListAccessKeys",
    items="AccessKeyMetadata",
    answers=(_GONE,),
    probe=Probe({"UserName": _NOBODY, "MaxItems": 1}, (_GONE,)),
)
_ACTIVE: Mapping[str, bool] = {"Active": True, "Inactive": False, "Expired": False}


def _spared(known: KnownEvidence) -> str:
    if CREDENTIAL_REPORT not in known:  # which is a gap of its own
        return "there is no usable credential report, so no user is tested whose further keys would count"
    return ""


async def _collect(recorder: Recorder, owner_id: str, known: KnownEvidence) -> str:
    """A call (or more, by pages) for each such user, none for all others."""
    from auditor.kinds.credential_report.report_parser import users_with_more  # loads pyarrow

    users = users_with_more(known[CREDENTIAL_REPORT].content, owner_id)
    for user in users:
        await recorder.ask(_KEYS, UserName=user)
    return "" if users else "the credential report shows all credentials of every user"


def _rows(_: str, document: Document) -> RowsByUnit:
    listed: dict[str, Row] = {}
    keys: list[Row] = []
    for answer in document.answers:
        name = str(answer.parameters.get("UserName", ""))
        if answer.operation == _KEYS.action and answer.error == _GONE:  # whatever stood on the pages before
            listed[name] = {"name": name, "line": answer.line, "gone": True}
        elif answer.operation == _KEYS.action and answer.response is not None:
            listed.setdefault(name, {"name": name, "line": answer.line, "gone": False})
            keys += [_key(name, line, key) for line, key in answer.items(_KEYS.items)]
    users: Iterable[Row] = listed.values()
    return {Unit.USER: users, Unit.CREDENTIAL: keys}


def _key(name: str, line: int, key: Mapping[str, str]) -> Row:
    return {
        "name": name,
        "line": line,
        "key_id": key.get("AccessKeyId", ""),
        "key_active": _ACTIVE.get(key.get("Status", "")),
        "key_status": key.get("Status"),
        "created": key.get("CreateDate"),
    }


KIND = Kind(
    name=ACCESS_KEYS,
    owner=Owner.ACCOUNT,
    about="The access keys of users who have more than the credential report shows.",
    calls=(_KEYS,),
    after=(CREDENTIAL_REPORT,),
    spared=_spared,
    collect=_collect,
    tables=(
        Table(Unit.USER, (Column("gone", "boolean", "Whether the user was deleted after the report was made."),)),
        Table(
            Unit.CREDENTIAL,
            (
                Column("key_id", "str", "Id of the access key."),
                Column("key_active", "boolean", "Whether the key can be used; null for a status that is not known."),
                Column("key_status", "str", "Status of the key as AWS writes it."),
                Column("created", "str", "When the key was made, as AWS writes it.", unit="UTC"),
            ),
        ),
    ),
    rows=_rows,
)
