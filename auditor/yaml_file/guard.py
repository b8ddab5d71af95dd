"""Refuses a hostile YAML file before anything is made of it: one pass over the parser's events, which take no stack.

Refused are aliases that multiply into more than MAX_NODES values or stand inside what they repeat, and nesting beyond
MAX_DEPTH; a loader would need exponential memory for the first and the stack for the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C where there is one: ten times faster
MAX_BYTES = 16 << 20
MAX_NODES, MAX_DEPTH = 200_000, 40
MAX_WORD = 1000
"""Characters without a space or quotes: numbers of more digits take Python, and YAML's numbers to base 60, too long."""


class YamlProblem(ValueError):  # noqa: N818 -- not an error of its own: ``read_yaml`` makes the caller's of it
    """Why a file is not read, and in which ``line`` (from 1), 0 where that is not known."""

    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(problem)
        self.line = line


def guarded_events(content: bytes, *, texts: bool = False) -> Iterator[Any]:
    """The parser's events, which come one after another and take no stack. Raises YamlProblem at the first that is
    hostile, and PyYAML's errors.

    With ``texts`` aliases are refused, so that values cannot be more than bytes, and no word becomes a number.
    """
    meter, documents = _Meter(MAX_BYTES if texts else MAX_NODES), 0
    event: Any  # the stubs know of events without a mark
    for event in yaml.parse(content, Loader=LOADER):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            meter.begin(event.anchor, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            meter.end(line)
        elif isinstance(event, yaml.AliasEvent):
            if texts:
                raise YamlProblem(f"*{event.anchor} is an alias; write out what it stands for", line)
            meter.repeat(str(event.anchor), line)
        elif isinstance(event, yaml.ScalarEvent):
            if not texts:
                _refuse_endless_word(event, line)
            meter.add(1, event.anchor, line)
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise YamlProblem("a second document begins; a file holds one", line)
        yield event


def _refuse_endless_word(event: Any, line: int) -> None:
    if not event.style and len(event.value) > MAX_WORD and not any(map(str.isspace, event.value)):
        raise YamlProblem(f"more than {MAX_WORD:,} characters without a space must stand in quotes", line)


class _Meter:
    """Counts values as if every alias were written out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: list[tuple[str | None, int]] = []  # anchor and size of each collection that is not at its end
        self._sizes: dict[str, int] = {}

    def begin(self, anchor: str | None, line: int) -> None:
        if len(self._open) >= MAX_DEPTH:
            raise YamlProblem(f"nested more than {MAX_DEPTH} levels deep", line)
        self._open.append((anchor, 1))

    def end(self, line: int) -> None:
        anchor, size = self._open.pop()
        self.add(size, anchor, line)

    def repeat(self, anchor: str, line: int) -> None:
        if anchor not in self._sizes:
            raise YamlProblem(f"*{anchor} repeats nothing that stands whole before it", line)
        self.add(self._sizes[anchor], None, line)

    def add(self, size: int, anchor: str | None, line: int) -> None:
        if anchor:
            self._sizes[anchor] = size
        if self._open:
            outer, so_far = self._open[-1]
            size += so_far
            self._open[-1] = (outer, size)
        if size > self._most:
            raise YamlProblem(f"holds more than {self._most:,} values, its aliases written out", line)
