"""The tables that grow with the users of an organization, held in memory or read from the disk a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import pandas as pd


class LargeTables(Protocol):
    """Tables by name: users, credentials, findings, and those of other evidence."""

    @property
    def in_memory(self) -> bool:
        """Whether all rows are held already."""

    @property
    def names(self) -> tuple[str, ...]:
        """The tables there are."""

    def rows(self, name: str) -> int:
        """How many rows a table has."""

    def blocks(self, name: str) -> Iterator[pd.DataFrame]:
        """A table's rows in their order, at least one block (of no rows where there are none); all have the same
        columns, and as many rows as are held at once without harm."""

    def frame(self, name: str) -> pd.DataFrame:
        """The whole table in memory, the same object each time."""


@dataclass(frozen=True)
class TablesInMemory:
    """Whole frames."""

    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def in_memory(self) -> bool:
        return True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.frames)

    def rows(self, name: str) -> int:
        return len(self.frames[name])

    def blocks(self, name: str) -> Iterator[pd.DataFrame]:
        yield self.frames[name]

    def frame(self, name: str) -> pd.DataFrame:
        return self.frames[name]
