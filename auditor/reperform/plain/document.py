"""Evidence in JSON, read line by line: calls, what was answered, and on which line each listed item stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from auditor.reperform.plain.trouble import UnusableError

_OPEN_CALLS, _OPEN_RESPONSE, _OPEN_LIST = '"calls": [', '"response": {', ": ["
_CALL = ("operation", "region", "parameters", "request_id", "collected_at")


@dataclass
class Call:
    """One call and its answer: ``response`` is None where ``error`` was the answer. ``items`` are the lists of the
    response, each item with its line."""

    operation: str
    region: str
    parameters: dict[str, Any]
    line: int
    collected_at: str = ""
    response: dict[str, Any] | None = None
    error: str = ""
    items: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """The calls of one evidence file, in order."""

    calls: tuple[Call, ...]

    def of(self, operation: str) -> list[Call]:
        return [call for call in self.calls if call.operation == operation]

    def items(self, name: str) -> Iterator[tuple[int, Any]]:
        """Line and item of the lists of this name, over all pages."""
        for call in self.calls:
            yield from call.items.get(name, ())

    def response(self, operation: str) -> dict[str, Any]:
        """The first response to the operation; empty where an error was the answer, or it was not called."""
        return next((call.response for call in self.of(operation) if call.response), {})

    def error(self, operation: str) -> str:
        return next((call.error for call in self.of(operation)), "")

    def collected_at(self, operation: str) -> str:
        """When the first call of the operation was answered; empty where it was not called."""
        return next((call.collected_at for call in self.of(operation)), "")

    def line(self, operation: str) -> int:
        """Where the operation was first called; 1, the file itself, where it was not."""
        return next((call.line for call in self.of(operation)), 1)


def read(content: bytes, kind: str) -> Document:
    """UnusableError where it is not evidence of this kind as it is written, or holds nothing and does not say why."""
    try:
        lines = _Lines(content.decode())
        head, calls = _opened(lines.take(), _OPEN_CALLS), tuple(_calls(lines))
        lines.end()
    except (ValueError, RecursionError) as error:
        raise UnusableError(f"it is not evidence in JSON: {error}") from error
    if list(head) != ["kind", "omitted"] or head["kind"] != kind:
        raise UnusableError(f"it is not evidence of the kind {kind}")
    if not calls and not head["omitted"]:
        raise UnusableError("it has no API call and no reason why none was needed")
    return Document(calls)


class _Lines:
    """The lines of a file, one after another; ``number`` is that of the last one taken."""

    def __init__(self, text: str) -> None:
        self._lines, self.number = text.split("\n"), 0

    @property
    def next(self) -> str:
        return self._lines[self.number] if self.number < len(self._lines) else ""

    def take(self) -> str:
        if self.number >= len(self._lines):
            raise UnusableError("the file ends too early")
        self.number += 1
        return self._lines[self.number - 1]

    def end(self) -> None:
        if self._lines[self.number :] != ["]}", ""]:
            raise UnusableError(f"line {self.number + 1}: the file does not end here as it was written")


def _calls(lines: _Lines) -> Iterator[Call]:
    more = lines.next != "]}"
    while more:
        text = lines.take()
        if text.endswith(_OPEN_RESPONSE):
            call = _call(_opened(text, _OPEN_RESPONSE), lines.number)
            more = _read_response(lines, call)
        else:
            text, more = _without_comma(text)
            head = _value(text)
            error = head.pop("error") if isinstance(head, dict) else None
            call = _call(head, lines.number)
            call.error = _object_with_members(error, ("Code", "Message"))["Code"]
        yield call


def _call(head: Any, line: int) -> Call:
    _object_with_members(head, _CALL)
    if not isinstance(head["parameters"], dict):
        raise UnusableError(f"line {line}: the parameters are no object")
    return Call(head["operation"], head["region"], head["parameters"], line, head["collected_at"])


def _read_response(lines: _Lines, call: Call) -> bool:
    """The members of a response; whether another call follows."""
    call.response, more = {}, not lines.next.startswith("}}")
    while more:
        text = lines.take()
        if text.endswith(_OPEN_LIST):
            name = _value(text.removesuffix(_OPEN_LIST))
            items = list(_items(lines))
            member, call.items[name] = {name: [item for _, item in items]}, items
            text, more = _without_comma(lines.take())
            if text != "]":
                raise UnusableError(f"line {lines.number}: a list does not end here as it was written")
        else:
            text, more = _without_comma(text)
            member = _value(f"{{{text}}}")
        if len(member) != 1 or member.keys() & call.response.keys():
            raise UnusableError(f"line {lines.number}: a member stands twice")
        call.response |= member
    text, more = _without_comma(lines.take())
    if text != "}}":
        raise UnusableError(f"line {lines.number}: a response does not end here as it was written")
    return more


def _items(lines: _Lines) -> Iterator[tuple[int, Any]]:
    more = True
    while more:
        text, more = _without_comma(lines.take())
        yield lines.number, _value(text)


def _without_comma(text: str) -> tuple[str, bool]:
    return text.removesuffix(","), text.endswith(",")


def _opened(text: str, opening: str) -> dict[str, Any]:
    """The members before the last one, which begins at the end of the line."""
    if not text.endswith(f", {opening}"):
        raise UnusableError("a line does not begin anything as it was written")
    found: dict[str, Any] = _value(text.removesuffix(f", {opening}") + "}")
    return found


def _value(text: str) -> Any:
    """Spelt as it was written: what is twice in one object, or has other blanks, was changed since."""
    value = json.loads(text)
    if json.dumps(value) != text:
        raise UnusableError("a line is not spelt as it was written")
    return value


def _object_with_members(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or tuple(value) != names:
        raise UnusableError(f"an object has not the members {', '.join(names)}")
    return value
