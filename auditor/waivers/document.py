"""A YAML file as plain keys, lists and texts that remember their lines; whatever the file holds, it stays small.

Built from the parser's events and not by a YAML loader: values stay the text that stands there (``012345670123`` is
no number), deep nesting costs no stack, and aliases, which could grow without end, are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from auditor.errors import WaiverError, shown
from auditor.yaml_file import LOADER

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_MAX_DEPTH = 6


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


def parse(content: bytes, name: str) -> Any:
    """A Table, Rows, text or None. Raises WaiverError that begins with ``name:line``."""
    try:
        builder = _Builder(name)
        for event in yaml.parse(content, Loader=LOADER):
            builder.take(event)
        return builder.built
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise WaiverError(f"{name}:{line}: not YAML: {error.problem or error.context}") from error
    except yaml.reader.ReaderError as error:
        line = content[: error.position].count(b"\n") + 1
        raise WaiverError(f"{name}:{line}: not YAML: {error.reason}") from error


def line_of(content: Any, path: Sequence[int | str]) -> int:
    """The line of what ``path`` leads to, or of the last thing on the way that is there."""
    line: int = getattr(content, "line", 1)
    for step in path:
        if isinstance(content, Table) and step in content:
            line, content = content.lines[str(step)], content[str(step)]
        elif isinstance(content, Rows) and isinstance(step, int):
            line, content = content.lines[step], content[step]
        else:
            break
    return line


class _Builder:
    """Puts one event after another together; ``name`` is the file's, for messages."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._root = Rows(1)
        self._open: list[Table | Rows] = [self._root]
        self._keys: list[str | None] = [None]  # what the next value in each open container belongs to

    @property
    def built(self) -> Any:
        return self._root[0] if self._root else None

    def take(self, event: Any) -> None:
        line = event.start_mark.line + 1
        if isinstance(event, yaml.ScalarEvent):
            self._refuse_unusual(event, line)
            self._put(None if not event.style and event.value in _NOTHING else event.value, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._refuse_unusual(event, line)
            self._begin(Table(line) if isinstance(event, yaml.MappingStartEvent) else Rows(line), line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._keys.pop()
        elif isinstance(event, yaml.AliasEvent):
            raise self._error(line, f"*{event.anchor} is an alias; write out what it stands for")
        elif isinstance(event, yaml.DocumentStartEvent) and self._root:
            raise self._error(line, "a second document begins; a waivers file holds one")

    def _begin(self, made: Table | Rows, line: int) -> None:
        if len(self._open) > _MAX_DEPTH:
            raise self._error(line, "nested deeper than anything in a waivers file")
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
            raise self._error(line, "a key must be text")
        if key in into:
            raise self._error(line, f"the key {shown(key)} stands here twice, first in line {into.lines[key]}")
        into.lines[key] = line
        return key

    def _refuse_unusual(self, event: Any, line: int) -> None:
        odd = f"the tag {event.tag}" if event.tag else f"the anchor &{event.anchor}" if event.anchor else ""
        if odd:
            raise self._error(line, f"{odd} has no meaning in a waivers file")

    def _error(self, line: int, problem: str) -> WaiverError:
        return WaiverError(f"{self._name}:{line}: {problem}")
