"""Lists in pages: markers of IAM, and the small and empty pages that some accounts get."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from auditor.sandbox.markup import element, flag
from auditor.sandbox.wire import AwsError, Call

USUAL_PAGE, LARGEST_PAGE, SHORT_PAGE = 100, 1000, 7
_EMPTY = "empty"


def marked_page(
    call: Call, lists: Sequence[str], items: Sequence[tuple[str, str]], short: bool = False, context: str = ""
) -> str:
    """The page of IAM that the call's Marker asks for; an item is (name of its list, inside of its member).

    All ``lists`` are in every answer, empty ones too. With ``short`` pages hold seven items at most, and the
    one after the first page is empty but for its Marker. A marker only fits the list it came from.
    """
    start, rest = _position(call, context)
    size = min(_asked(call), SHORT_PAGE if short else LARGEST_PAGE)
    chosen: Sequence[tuple[str, str]] = ()
    if rest == _EMPTY:
        following = _marker(call, context, start, "")
    else:
        chosen, end = items[start : start + size], start + size
        more = _EMPTY if short and start == 0 else ""
        following = _marker(call, context, end, more) if end < len(items) else ""
    shown = [element(name, "".join(f"<member>{i}</member>" for of, i in chosen if of == name)) for name in lists]
    tail = element("IsTruncated", flag(bool(following)))
    return "".join(shown) + tail + (element("Marker", following) if following else "")


def _asked(call: Call) -> int:
    text = call.params.get("MaxItems", str(USUAL_PAGE))
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise AwsError("ValidationError", f"MaxItems must be between 1 and {LARGEST_PAGE}")
    return int(text)


def _marker(call: Call, context: str, offset: int, rest: str) -> str:
    plain = f"{call.operation}|{context}|{offset}|{rest}"
    return base64.urlsafe_b64encode(plain.encode()).decode()


def _position(call: Call, context: str) -> tuple[int, str]:
    given = call.params.get("Marker")
    if not given:
        return 0, ""
    try:
        _, _, offset, rest = base64.urlsafe_b64decode(given.encode()).decode().split("|")
        position = int(offset), rest
    except (ValueError, binascii.Error):
        position = -1, ""
    if position[0] < 0 or _marker(call, context, *position) != given:
        raise AwsError("ValidationError", "Invalid Marker.")
    return position
