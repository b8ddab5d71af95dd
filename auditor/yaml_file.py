"""Reads a YAML file that may be hostile: whatever it holds, what becomes of it stays small and quick to look at.

Refused are files beyond MAX_BYTES, aliases that multiply into more than MAX_NODES values or stand inside what they
repeat, and nesting beyond MAX_DEPTH; a loader would need exponential memory for the first and the stack for the last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # C where there is one: ten times faster
# By PyYAML: of an odd date, of a tag that its value does not fit (``!!int ""``, ``!!bool x``, ``!!timestamp x``).
_LET_THROUGH = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
MAX_BYTES = 16 << 20
MAX_NODES, MAX_DEPTH = 200_000, 40
MAX_WORD = 1000
"""Characters without a space or quotes: numbers of more digits take Python, and YAML's numbers to base 60, too long."""


class YamlProblem(ValueError):  # noqa: N818 -- not an error of its own: each reader makes its own of it
    """Why a file is not read, and in which line (from 1) where that is known; ``broken``: it is no YAML at all."""

    def __init__(self, problem: str, line: int = 0, *, broken: bool = False) -> None:
        where = f" in line {line}" if line else ""
        super().__init__(f"not YAML{where}: {problem}" if broken else f"{problem}{where}")


def read_bounded(file: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file that a person wrote. Raises OSError, or YamlProblem beyond ``most`` bytes."""
    with file.open("rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise YamlProblem(f"the file is larger than {most >> 20} MiB")
    return content


def parse_yaml(content: bytes) -> object:
    """The document of a file as plain Python values. Raises YamlProblem."""
    try:
        _refuse_hostile(content)
        return yaml.load(content, Loader=LOADER)  # noqa: S506 -- it is a safe loader, in C
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise YamlProblem(str(error.problem or error.context), line, broken=True) from error
    except yaml.reader.ReaderError as error:
        line = content[: error.position].count(b"\n") + 1
        raise YamlProblem(error.reason, line, broken=True) from error
    except YamlProblem:
        raise
    except (yaml.YAMLError, *_LET_THROUGH) as error:
        raise YamlProblem(" ".join(str(error).split()) or type(error).__name__, broken=True) from error


def _refuse_hostile(content: bytes) -> None:
    """One pass over the parser's events, which come one after another and take no stack."""
    meter = _Meter()
    event: Any  # the stubs know of events without a mark
    for event in yaml.parse(content, Loader=LOADER):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.CollectionStartEvent):
            meter.begin(event.anchor, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            meter.end(line)
        elif isinstance(event, yaml.AliasEvent):
            meter.repeat(str(event.anchor), line)
        elif isinstance(event, yaml.ScalarEvent):
            _refuse_endless_word(event, line)
            meter.add(1, event.anchor, line)


def _refuse_endless_word(event: Any, line: int) -> None:
    if not event.style and len(event.value) > MAX_WORD and not any(map(str.isspace, event.value)):
        raise YamlProblem(f"more than {MAX_WORD:,} characters without a space must stand in quotes", line)


class _Meter:
    """Counts values as if every alias were written out."""

    def __init__(self) -> None:
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
        if size > MAX_NODES:
            raise YamlProblem(f"holds more than {MAX_NODES:,} values, its aliases written out", line)
