"""The distinct names (or ARNs) of many findings in order, so that a pattern looks at those it may match only."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

Ints: TypeAlias = np.ndarray[Any, np.dtype[np.intp]]
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]
_WILD = re.compile(r"[*?]")
_LIKE = {"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"}
# Up to so many texts, Python is done before Arrow is ready: with matching them, with searching them.
_FEW, _MANY = 32, 4096


@dataclass(frozen=True)
class Span:
    """The texts with ranks from ``low`` to below ``high`` have the beginning of a pattern; where it is ``open``, the
    rest of the pattern has still to be looked at, else all of them match."""

    low: int
    high: int
    open: bool


class Names:
    """Ranks of the texts of one categorical column; ``ranks`` has one for every row, -1 where there is no text.

    Patterns know ``*`` (any text) and ``?`` (one character) and match whole texts, with case.
    """

    def __init__(self, column: pd.Series, rows: Ints, *, backwards: bool = False) -> None:
        """``backwards`` reads texts and patterns from their ends, for patterns whose end tells more."""
        codes = column.cat.codes.to_numpy()[rows]
        categories = column.cat.categories
        used = np.zeros(len(categories) + 1, dtype=bool)
        used[codes] = True
        present = np.flatnonzero(used[:-1])
        texts = _arrow(categories[present] if len(present) < len(categories) else categories)
        texts = pc.utf8_reverse(texts) if backwards else texts
        order = pc.array_sort_indices(texts)
        rank_of = np.full(len(categories) + 1, -1, dtype=np.intp)  # the code of a missing text is -1: the last place
        rank_of[present[order.to_numpy()]] = np.arange(len(present))
        self.ranks: Ints = rank_of[codes]
        self._texts = texts.take(order)
        self._step = -1 if backwards else 1
        self.span = lru_cache(maxsize=None)(self._span)
        self._everywhere = lru_cache(maxsize=64)(self._matched_everywhere)

    def __len__(self) -> int:
        return len(self._texts)

    @cached_property
    def _list(self) -> list[str]:
        texts: list[str] = self._texts.to_pylist()
        return texts

    def _span(self, pattern: str) -> Span:
        """Where the texts that ``pattern`` may match stand."""
        pattern = pattern[:: self._step]
        wild = _WILD.search(pattern)
        if not wild:
            low = bisect_left(self._list, pattern)
            return Span(low, bisect_right(self._list, pattern, low), False)
        start = pattern[: wild.start()]
        low = bisect_left(self._list, start)
        high = bisect_right(self._list, start, low, key=lambda text: text[: len(start)])
        return Span(low, high, pattern != f"{start}*")

    def matching(self, ranks: Ints, patterns: Iterable[str]) -> Mask:
        """Which of ``ranks`` are of texts that any of ``patterns`` matches; not for an index that reads backwards."""
        found = np.zeros(len(ranks), dtype=bool)
        for pattern in patterns:
            span = self.span(pattern)
            inside = (ranks >= span.low) & (ranks < span.high)
            found |= self._alike(ranks, inside, pattern) if span.open else inside
        return found

    def _alike(self, ranks: Ints, inside: Mask, pattern: str) -> Mask:
        """``inside`` narrowed to the texts that ``pattern`` matches."""
        rows = np.flatnonzero(inside)
        if not len(rows):
            return inside
        if len(rows) > max(_MANY, len(self) // 8):
            return inside & self._everywhere(pattern)[ranks]
        if len(rows) <= _MANY:
            literal, texts = max(_WILD.split(pattern), key=len), self._list
            rows = rows[np.array([literal in texts[rank] for rank in ranks[rows].tolist()], dtype=bool)]
        found = np.zeros(len(ranks), dtype=bool)
        found[rows] = self._decided(ranks[rows], pattern)
        return found

    def _decided(self, ranks: Ints, pattern: str) -> Mask:
        """Which of ``ranks`` are of texts that ``pattern`` matches; Arrow looks at every distinct text once."""
        if len(ranks) <= _FEW:
            return np.array([glob_matches(pattern, self._list[rank]) for rank in ranks.tolist()], dtype=bool)
        distinct, places = np.unique(ranks, return_inverse=True)
        matched: Mask = _like(self._texts.take(pa.array(distinct)), pattern)
        return matched[places]

    def _matched_everywhere(self, pattern: str) -> Mask:
        """For every rank, and for -1 at the end, whether ``pattern`` matches its text."""
        return np.append(_like(self._texts, pattern), False)


def glob_matches(pattern: str, text: str) -> bool:
    """Whether the whole of ``text`` fits; at most len(pattern) x len(text) steps, whatever they hold."""
    at = star = mark = 0
    position, tried = 0, False
    while position < len(text):
        wanted = pattern[at : at + 1]
        if wanted == "*":
            star, mark, tried = at, position, True
            at += 1
        elif wanted in ("?", text[position]):
            at, position = at + 1, position + 1
        elif tried:  # let the last star take one character more
            mark += 1
            at, position = star + 1, mark
        else:
            return False
    return not pattern[at:].strip("*")


def _like(texts: Any, pattern: str) -> Mask:
    like = "".join(_LIKE.get(character, character) for character in pattern)
    matched: Mask = pc.match_like(texts, like).to_numpy(zero_copy_only=False)
    return matched


def _arrow(texts: pd.Index) -> Any:
    array = pa.array(texts, pa.large_string())
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
