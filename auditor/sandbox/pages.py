"""Lists in pages: markers of IAM, tokens of Organizations, and the small and empty pages that some accounts get."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from auditor.sandbox.operations import Request
from auditor.sandbox.wire import AwsError

Page = dict[str, Any]
_USUAL_PAGE, _LARGEST_PAGE, _SHORT_PAGE = 100, 1000, 7
_LARGEST_ORGANIZATION_PAGE = 20
_EMPTY = "empty"


def iam_page(request: Request, name: str, items: Sequence[Any], short: bool = False) -> Page:
    return iam_pages(request, (name,), [(name, item) for item in items], short)


def iam_pages(
    request: Request, lists: Sequence[str], items: Sequence[tuple[str, Any]], short: bool = False, context: str = ""
) -> Page:
    """The page that the call's Marker asks for; an item is (name of its list, item).

    All ``lists`` are in every answer, empty ones too. With ``short`` pages hold seven items at most, and the
    one after the first page is empty but for its Marker. A marker only fits the list it came from.
    """
    start, rest = _iam_position(request, context)
    wanted = request.parameters.get("MaxItems", _USUAL_PAGE)
    if not 1 <= wanted <= _LARGEST_PAGE:
        raise AwsError("ValidationError", f"MaxItems must be between 1 and {_LARGEST_PAGE}")
    end = start if rest == _EMPTY else start + min(wanted, _SHORT_PAGE if short else _LARGEST_PAGE)
    after_first = _EMPTY if short and start == 0 else ""
    marker = _token(request, context, f"{end}|{after_first}") if end < len(items) else ""
    answer: Page = {name: [] for name in lists}
    for name, item in items[start:end]:
        answer[name].append(item)
    return answer | {"IsTruncated": bool(marker)} | ({"Marker": marker} if marker else {})


def _iam_position(request: Request, context: str) -> tuple[int, str]:
    marker = request.parameters.get("Marker")
    try:
        offset, _, rest = _position(request, context, marker).partition("|") if marker else ("0", "", "")
        return int(offset), rest
    except ValueError:
        raise AwsError("ValidationError", "Invalid Marker.") from None


def organization_page(request: Request, name: str, items: Sequence[Page], empty_first: bool = False) -> Page:
    """The page that the call's NextToken asks for; ``empty_first`` sends an empty one with a token ahead."""
    given = request.parameters
    context = ",".join(str(value) for key, value in given.items() if key not in ("NextToken", "MaxResults"))
    token, size = given.get("NextToken"), given.get("MaxResults", _LARGEST_ORGANIZATION_PAGE)
    if not isinstance(size, int) or not 1 <= size <= _LARGEST_ORGANIZATION_PAGE:
        raise AwsError("InvalidInputException", "You specified an invalid value.", Reason="MAX_VALUE_EXCEEDED")
    if empty_first and not token:
        return {name: [], "NextToken": _token(request, context, "0")}
    try:
        start = int(_position(request, context, str(token))) if token else 0
    except ValueError:
        message = "You specified an invalid pagination token."
        raise AwsError("InvalidInputException", message, Reason="INVALID_NEXT_TOKEN") from None
    end = start + min(size, request.options.page_size)
    more = {"NextToken": _token(request, context, str(end))} if end < len(items) else {}
    return {name: items[start:end], **more}


def _token(request: Request, context: str, position: str) -> str:
    """Only fits the list it came from, as with AWS; ``context`` tells one list of an operation from another."""
    plain = f"{request.call.operation}|{context}|{position}"
    return base64.urlsafe_b64encode(plain.encode()).decode()


def _position(request: Request, context: str, token: str) -> str:
    """The position that a token holds; raises ValueError for a token of another list, or of none."""
    plain, head = base64.urlsafe_b64decode(token.encode()).decode(), f"{request.call.operation}|{context}|"
    if not plain.startswith(head):
        raise ValueError(token)
    return plain.removeprefix(head)
