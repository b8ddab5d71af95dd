"""Builds plain keys, lists and texts out of a parser's events: every value stays the text that stands there.

``012345670123`` is no number, and ``yes`` no truth value. Lists and mappings remember the lines of what they hold, in
less memory than PyYAML's nodes take.
"""

from __future__ import annotations

from typing import Any

import yaml

from auditor.errors import shown
from auditor.yaml_file.guard import YamlProblem, guarded_events

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


class Table(dict[str, Any]):
    """Keys and values; ``line`` is where it begins, ``lines`` where each key stands."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line, self.lines = line, dict[str, int]()


class Rows(list[Any]):
    """A list; ``line`` is where it begins, ``lines`` where each entry does."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line, self.lines = line, list[int]()


def texts_of(content: bytes) -> Any:
    """A Table, Rows, text or None. Raises YamlProblem and PyYAML's errors."""
    builder = _Builder()
    for event in guarded_events(content, texts=True):
        builder.take(event)
    return builder.built


class _Builder:
    """Puts one event after another together."""

    def __init__(self) -> None:
        self._root = Rows(1)
        self._open: list[Table | Rows] = [self._root]
        self._keys: list[str | None] = [None]  # what the next value in each open container belongs to

    @property
    def built(self) -> Any:
        return self._root[0] if self._root else None

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        _refuse_without_meaning(event, line)
        if isinstance(event, yaml.ScalarEvent):
            self._put(None if not event.style and event.value in _NOTHING else event.value, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(Table(line) if isinstance(event, yaml.MappingStartEvent) else Rows(line), line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()

    def _begin(self, made: Table | Rows, line: int) -> None:
        self._put(made, line)
        self._open.append(made)
        self._keys.append(None)

    def _put(self, value: Any, line: int) -> None:
        into, key = self._open[-1], self._keys[-1]
        if isinstance(into, Rows):
            into.append(value)
            into.lines.append(line)
        elif key is None:
            self._keys[-1] = self._new_key(into, value, line)
        else:
            into[key] = value
            self._keys[-1] = None

    def _new_key(self, into: Table, key: Any, line: int) -> str:
        if not isinstance(key, str):
            raise YamlProblem("a key must be text", line)
        if key in into:
            raise key_twice(key, into.lines[key], line)
        into.lines[key] = line
        return key


def key_twice(key: str, first: int, line: int) -> YamlProblem:
    return YamlProblem(f"the key {shown(key)} stands here twice, first in line {first}", line)


def _refuse_without_meaning(event: Any, line: int) -> None:
    tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
    odd = f"the tag {tag}" if tag else f"the anchor &{anchor}" if anchor else ""
    if odd:
        raise YamlProblem(f"{odd} has no meaning in this file", line)
