"""JSON that is read from its first character to its last, with the line on which each value stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Programs differ in which of two members of the same name they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError(f"an object has a member twice: {', '.join(name for name, _ in pairs)}")
    return found


_decoded = json.JSONDecoder(object_pairs_hook=_members).raw_decode
"""The value that begins at an index of a text, and the index behind it."""
_BETWEEN = ",\n"
_SURROGATE = re.compile(r"\\ud", re.IGNORECASE)


class Layout:
    """A text of JSON whose line breaks are prescribed; ``line`` is that of the next character, from 1.

    Every method raises ValueError where the text is not as it must be, RecursionError where it is nested too deeply.
    """

    def __init__(self, text: str) -> None:
        self._text, self._at, self.line = text, 0, 1
        self._is_odd = bool(_SURROGATE.search(text))

    def skip(self, expected: str) -> None:
        """Go behind ``expected``, which must come next."""
        if not self.skipped(expected):
            raise ValueError(f"line {self.line}: {expected!r} is missing")

    def skipped(self, possible: str) -> bool:
        """Go behind ``possible`` if it comes next; whether it did."""
        found = self._text.startswith(possible, self._at)
        if found:
            self._at += len(possible)
            self.line += possible.count("\n")
        return found

    def value(self) -> Any:
        """The value that comes next, all of it on one line; U+FFFD stands for lone surrogates."""
        return self._values(1)[0]

    def name(self) -> str:
        """The name of a member, with what stands between it and its value."""
        found = self.value()
        if not isinstance(found, str):
            raise ValueError(f"line {self.line}: {found!r} is not the name of a member")
        self.skip(": ")
        return found

    def values(self, end: str) -> list[Any]:
        """One value a line, at least one, up to ``end`` on a line of its own."""
        found = self._values()
        self.skip(f"\n{end}")
        return found

    def _values(self, most: int | None = None) -> list[Any]:
        text, at, found = self._text, self._at, []
        while True:
            value, end = _decoded(text, at)
            if text.find("\n", at, end) >= 0:
                raise ValueError(f"line {self.line}: the value goes on in another line")
            found.append(value)
            if len(found) == most or not text.startswith(_BETWEEN, end):
                break
            at = end + len(_BETWEEN)
            self.line += 1
        self._at = end
        return _without_lone_surrogates(found) if self._is_odd else found

    def each(self, end: str) -> Iterator[None]:
        """Pause before each of several things of which every one begins a line, up to ``end`` on a line of its own."""
        if self.skipped(end):
            return
        while True:
            yield
            if not self.skipped(_BETWEEN):
                break
        self.skip(f"\n{end}")

    def finish(self) -> None:
        if self._at != len(self._text):
            raise ValueError(f"line {self.line}: there is more than was expected")


def _without_lone_surrogates(value: Any) -> Any:
    text = json.dumps(value, ensure_ascii=False)
    return json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
