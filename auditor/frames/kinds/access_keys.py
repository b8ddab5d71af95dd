"""Access keys as IAM lists them, of users of whom the credential report tells that it does not hold all: a row each.

A user whose keys were asked for has a row of the unit user as well: ``gone`` where AWS answered that there is no such
user, else all keys were listed, also where there is none to list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.evidence import Document
from auditor.frames.tables import Row, Table
from auditor.model import ACCESS_KEYS, Unit

_CALL, _GONE = "iam:ListAccessKeys", "NoSuchEntity"
_ACTIVE: Mapping[str, bool] = {"Active": True, "Inactive": False, "Expired": False}
_COLUMNS = {"key_id": "str", "key_active": "boolean", "created": "str"}


def _rows(_: str, document: Document) -> Mapping[Unit, Iterable[Row]]:
    listed: dict[str, Row] = {}
    keys: list[Row] = []
    for answer in document.answers:
        name = str(answer.parameters.get("UserName", ""))
        if answer.operation == _CALL and answer.error == _GONE:  # whatever stood on the pages before
            listed[name] = {"name": name, "line": answer.line, "gone": True}
        elif answer.operation == _CALL and answer.response is not None:
            listed.setdefault(name, {"name": name, "line": answer.line, "gone": False})
            keys += [_key(name, line, key) for line, key in answer.items("AccessKeyMetadata")]
    return {Unit.USER: listed.values(), Unit.CREDENTIAL: keys}


def _key(name: str, line: int, key: Mapping[str, str]) -> Row:
    return {
        "name": name,
        "line": line,
        "key_id": key.get("AccessKeyId", ""),
        "key_active": _ACTIVE.get(key.get("Status", "")),
        "created": key.get("CreateDate"),
    }


TABLES = (Table(ACCESS_KEYS, {Unit.USER: {"gone": "boolean"}, Unit.CREDENTIAL: _COLUMNS}, _rows),)
