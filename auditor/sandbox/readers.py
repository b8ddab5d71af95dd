"""Who may read the organization, and the pages of JSON that they read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Any

from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.sessions import Identity, Operation
from auditor.sandbox.wire import AwsError, Call

_LARGEST_PAGE = 20
# Where the first page of a list was empty, the second begins at its beginning.
_BEGINNING = 0


class Readers:
    """The accounts that may read: the management account and a delegated administrator."""

    def __init__(self, options: SandboxOptions, management_id: str, caller_account: str) -> None:
        self._in_organization = options.in_organization
        self.ids = frozenset({management_id} | ({caller_account} if options.delegated else set()))

    def guarded(self, operation: Callable[[Call], str]) -> Operation:
        """The operation for those who may read, an error for everybody else."""

        def checked(identity: Identity, call: Call) -> str:
            self.require_organization()
            if identity.account_id not in self.ids:
                raise AwsError("AccessDenied", "You don't have permissions to access this resource.")
            return operation(call)

        return checked

    def require_organization(self) -> None:
        if not self._in_organization:
            message = "Your account is not a member of an organization."
            raise AwsError("AWSOrganizationsNotInUseException", message)


def page(call: Call, name: str, shapes: Sequence[Any], size: int, first_is_empty: bool = False) -> str:
    """The page that the call's NextToken asks for; ``first_is_empty`` sends an empty one with a token ahead."""
    if first_is_empty and not call.params.get("NextToken"):
        return to_json(**{name: []}, NextToken=_token(call, _BEGINNING))
    start = _offset(call)
    end = start + min(size, _page_size(call))
    more = {"NextToken": _token(call, end)} if end < len(shapes) else {}
    return to_json(**{name: shapes[start:end]}, **more)


def to_json(**members: Any) -> str:
    return json.dumps(members, ensure_ascii=False)


def _page_size(call: Call) -> int:
    size = call.params.get("MaxResults", _LARGEST_PAGE)
    if not isinstance(size, int) or not 1 <= size <= _LARGEST_PAGE:
        raise AwsError("InvalidInputException", "You specified an invalid value.", Reason="MAX_VALUE_EXCEEDED")
    return size


def _token(call: Call, offset: int) -> str:
    # A token only fits the list it came from, as with AWS.
    plain = f"{call.operation}|{_list_of(call)}|{offset}"
    return base64.urlsafe_b64encode(plain.encode()).decode()


def _list_of(call: Call) -> str:
    """What tells one list of an operation from another."""
    names = ("ParentId", "PolicyId", "Filter", "AccountId", "ResourceId")
    return ",".join(str(call.params[name]) for name in names if name in call.params)


def _offset(call: Call) -> int:
    token = call.params.get("NextToken")
    if not token:
        return 0
    try:
        offset = int(base64.urlsafe_b64decode(token.encode()).decode().rpartition("|")[2])
    except (ValueError, binascii.Error, AttributeError):
        offset = -1
    if offset < 0 or _token(call, offset) != token:
        message = "You specified an invalid pagination token."
        raise AwsError("InvalidInputException", message, Reason="INVALID_NEXT_TOKEN")
    return offset
