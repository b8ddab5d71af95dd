"""Access keys of one user, those beyond the two of the credential report too, and root's own."""

from __future__ import annotations

from typing import Any

from auditor.sandbox.facts import Key
from auditor.sandbox.operations import BoxedKind, Operation, Request
from auditor.sandbox.pages import iam_page
from auditor.sandbox.wire import AwsError

Members = dict[str, Any]


def _list_access_keys(request: Request) -> Members:
    """Of the user that is named; without a name, the caller's own, who is root."""
    keys = _keys_of_user(request) if "UserName" in request.parameters else _keys_of_root(request)
    return iam_page(request, "AccessKeyMetadata", keys)


def _keys_of_user(request: Request) -> list[Members]:
    evidence, name = request.evidence, request.parameters["UserName"]
    user = next((user for user in evidence.users if user.name == name), None)
    if user is None:
        raise AwsError("NoSuchEntity", f"The user with name {name} cannot be found.")
    letters = "".join(chr(65 + ord(letter) % 26) for letter in name[:6])
    keys = [key for key in (user.key_1, user.key_2, *user.more_keys) if key.last_rotated is not None]
    start = f"AKIA{evidence.rank:06d}{letters:X<6}"
    return [{"UserName": name, **_members(key, f"{start}{number:04d}")} for number, key in enumerate(keys)]


def _keys_of_root(request: Request) -> list[Members]:
    root, said = request.facts.root, request.evidence.root
    keys = [key for key in (root.key_1, root.key_2) if key.last_rotated] if root else []
    return [_members(key, f"AKIAROOT{number:012d}") for number, key in enumerate(keys[: 2 * said.keys_present])]


def _members(key: Key, key_id: str) -> Members:
    return {"AccessKeyId": key_id, "Status": "Active" if key.active else "Inactive", "CreateDate": key.last_rotated}


LIST_ACCESS_KEYS = Operation("iam:ListAccessKeys", _list_access_keys)
KIND = BoxedKind("access-keys", (LIST_ACCESS_KEYS,))
