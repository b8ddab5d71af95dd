"""What failures are about, as numbers: comparing five texts a row would take many times as long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import Status

TEST = ("account_id", "control_id")
RESOURCE = ("resource_arn", "resource_name", "credential")
TEXT = pa.large_string()
UNLISTED, FAILED, PASSED = range(3)

Numbers: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Table: TypeAlias = Any  # pyarrow ships no types


class Units:
    """The distinct units of ``rows``, a table of texts with the columns TEST and RESOURCE."""

    def __init__(self, rows: Table) -> None:
        self.tests, self._resources = _Combinations(rows, TEST), _Combinations(rows, RESOURCE)
        mixed = pd.Index(self._mixed(rows))
        self._known = mixed.unique()
        self.numbers: Numbers = self._known.get_indexer(mixed)
        """The unit of each row."""
        self.test: Numbers = self.tests.numbers[_firsts(self.numbers)]
        """The test (account and control) of each unit."""
        places = pa.array(_firsts(self.tests.numbers))
        self.accounts, self.controls = (rows[name].take(places).to_pylist() for name in TEST)
        """Of each test."""

    def __len__(self) -> int:
        return len(self._known)

    def statuses(self, rows: Table) -> Numbers:
        """What each unit is in other rows, which have a column ``status``: FAILED, PASSED or UNLISTED."""
        found = np.full(len(self), UNLISTED, dtype=np.int8)
        for status, code in ((Status.PASS, PASSED), (Status.FAIL, FAILED)):
            chosen = rows.filter(pc.equal(rows["status"], status.value))
            places = self._known.get_indexer(pd.Index(self._mixed(chosen)))
            found[places[places >= 0]] = code
        return found

    def _mixed(self, rows: Table) -> Numbers:
        numbers = (self.tests.of(rows), self._resources.of(rows))
        return _mixed(numbers, (len(self.tests), len(self._resources)))


class _Combinations:
    """The combinations of texts that some columns of ``rows`` hold, numbered from 0; any other is -1."""

    def __init__(self, rows: Table, columns: Sequence[str]) -> None:
        self._columns = columns
        self._words = [pc.unique(rows[name]) for name in columns]
        self._known = pd.Index(self._mixed(rows)).unique()
        self.numbers = self.of(rows)

    def __len__(self) -> int:
        return len(self._known)

    def of(self, rows: Table) -> Numbers:
        numbers: Numbers = self._known.get_indexer(pd.Index(self._mixed(rows)))
        return numbers

    def _mixed(self, rows: Table) -> Numbers:
        codes = [
            pc.index_in(rows[name], words).fill_null(-1).to_numpy()
            for name, words in zip(self._columns, self._words, strict=True)
        ]
        return _mixed(codes, [len(words) for words in self._words])


def texts_of(findings: pd.DataFrame) -> Table:
    """The columns TEST and RESOURCE of a findings frame as a table of texts, empty where a value is missing."""
    return pa.table({name: pa.array(findings[name]).cast(TEXT).fill_null("") for name in (*TEST, *RESOURCE)})


def _mixed(codes: Sequence[Numbers], sizes: Sequence[int]) -> Numbers:
    """One number for each combination, -1 where a part is unknown. A billion rows would still fit."""
    mixed = np.zeros(len(codes[0]), dtype=np.int64)
    unknown = np.zeros(len(codes[0]), dtype=bool)
    for code, size in zip(codes, sizes, strict=True):
        mixed = mixed * size + code
        unknown |= code < 0
    mixed[unknown] = -1
    return mixed


def _firsts(numbers: Numbers) -> Numbers:
    """The first place of each number."""
    return np.unique(numbers, return_index=True)[1]
