"""The credential report, line by line: each user's row as typed facts."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import Any

from auditor.errors import WrongAccountError
from auditor.reperform.plain.moments import of_a_report
from auditor.reperform.plain.trouble import UnusableError
from auditor.reperform.plain.words import COLUMNS, INSTEAD_OF_A_VALUE, NO_COLUMN, ROOT_USER

User = dict[str, Any]
"""``user``, ``arn``, ``is_root``, ``line``, ``tells_of_more``, and each flag and time under its column's name with what
stands in its place under ``<column>_note`` and the cell itself under ``<column>_raw``; ``contradicted`` says that the
report tells different things of it."""

_FLAGS = ("mfa_active", *(columns["active"] for columns in COLUMNS.values()))
_TIMES = (
    *("user_creation_time", "password_next_rotation"),
    *(columns[fact] for columns in COLUMNS.values() for fact in ("last_rotated", "last_used") if fact in columns),
)
_MORE = "additional_credentials_info"
_FLAG = {"true": True, "false": False}


def read_report(content: bytes, account_id: str) -> list[User]:
    """The users in the report's order, each once; UnusableError where it is no whole report of this account.

    WrongAccountError when a line is about another account.
    """
    rows = list(_rows(content))
    for number, row in enumerate(rows, start=2):
        _check_arn(number, row, account_id)
    users = [_user(number, row) for number, row in enumerate(rows, start=2)]
    return list(_once(users, [tuple(row.values()) for row in rows]))


def _once(users: list[User], texts: list[tuple[str, ...]]) -> Iterator[User]:
    """Each user once, on the first line that names it; ``contradicted`` where another line says something else."""
    said: dict[str, set[tuple[str, ...]]] = {}
    for user, text in zip(users, texts, strict=True):
        said.setdefault(user["user"], set()).add(text)
    seen: set[str] = set()
    for user in users:
        if user["user"] not in seen:
            seen.add(user["user"])
            yield user | {"contradicted": len(said[user["user"]]) > 1}


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    """Each line's values by the names of the columns."""
    try:
        lines = content.decode("utf-8-sig").rstrip("\r\n").split("\n")
        header = _fields(lines[0])
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableError(f"the report cannot be read: {error}") from error
    if "user" not in header or "arn" not in header or len(set(header)) < len(header):
        raise UnusableError("the first line is not that of a report")
    if len(lines) == 1:
        raise UnusableError("the report has no rows")
    for number, line in enumerate(lines[1:], start=2):
        try:
            fields = _fields(line)
        except csv.Error as error:
            raise UnusableError(f"line {number}: {error}") from error
        yield dict(zip(header, _as_many(number, fields, header), strict=True))


def _fields(line: str) -> list[str]:
    return next(csv.reader([line.removesuffix("\r")], strict=True), [])


def _as_many(number: int, fields: list[str], header: Sequence[str]) -> list[str]:
    """The fields, put together again where the name of a user holds commas that were not quoted.

    AWS writes the name and then the ARN, which ends with the name and so holds the same commas.
    """
    if len(fields) == len(header):
        return fields
    at, behind = header.index("user"), len(header) - header.index("user") - 2
    if len(fields) > len(header) and header[at + 1 : at + 2] == ["arn"]:
        both, rest = fields[at : len(fields) - behind], fields[len(fields) - behind :]
        half = next((i for i, text in enumerate(both) if i and text.startswith("arn:")), 0)
        user, arn = ",".join(both[:half]), ",".join(both[half:])
        if half and arn.endswith(f"/{user}"):
            return [*fields[:at], user, arn, *rest]
    raise UnusableError(f"line {number} has {len(fields)} fields where the header has {len(header)}")


def _check_arn(number: int, row: dict[str, str], account_id: str) -> None:
    """Of root it ends with ``:root``, of ann with ``:user/some/path/ann``."""
    parts = row["arn"].split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or not parts[1] or parts[2:4] != ["iam", ""] or not _is_id(parts[4]):
        raise UnusableError(f"line {number}: {row['arn']!r} is no ARN of a user")
    kind, _, path = parts[5].partition("/")
    is_root = parts[5] == "root"
    if not is_root and (kind != "user" or not path or path.endswith("/")):
        raise UnusableError(f"line {number}: {row['arn']!r} is no ARN of a user")
    if parts[4] != account_id:
        raise WrongAccountError(f"the credential report of account {account_id} holds {row['arn']!r} on line {number}")
    if row["user"] != ROOT_USER if is_root else not row["arn"].endswith(f"/{row['user']}"):
        raise UnusableError(f"line {number}: the user {row['user']!r} and the ARN are not of the same user")


def _is_id(text: str) -> bool:
    return len(text) == 12 and text.isascii() and text.isdigit()


def _user(number: int, row: dict[str, str]) -> User:
    user: User = {"user": row["user"], "arn": row["arn"], "is_root": row["user"] == ROOT_USER, "line": number}
    for name in (*_FLAGS, *_TIMES):
        text = row.get(name, NO_COLUMN)
        value = _FLAG.get(text.lower()) if name in _FLAGS else of_a_report(text)
        if value is None and text.lower() not in INSTEAD_OF_A_VALUE:
            raise UnusableError(f"line {number}: {name} is {text[:60]!r}")
        user[name], user[f"{name}_note"] = value, text.lower() if value is None else None
        user[f"{name}_raw"] = text
    more = row.get(_MORE, NO_COLUMN).strip(" \t\n\f\r").lower()
    user["tells_of_more"] = more not in ("0", "false", *INSTEAD_OF_A_VALUE)
    return user
