"""How wide text is in the workbook's font, and how many lines it takes when a cell wraps it.

``calibri_widths.json`` has the advance width of each character of Calibri, in units of the em, regular and bold. It is
made from Carlito, a free font with the widths of Calibri, by ``python -m tests.font_widths``. A character that the
font lacks is drawn in a font that the reader's program chooses: a letter of Arabic, Hindi and the like counts as
0.75 em, one of East Asia and a symbol as one em, an emoji as 1.4 em.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from auditor.report.workbook.text import cell_text

_FILE = Path(__file__).with_name("calibri_widths.json")
_TABLE_END = 0x2600  # no character of the font lies behind
_EMOJI_START, _EMOJI_EMS = 0x1F000, 1.4
_ALPHABETS_END, _LETTER_EMS = 0x1100, 0.75
_SPACE, _LINE_FEED, _HYPHEN = ord(" "), ord("\n"), ord("-")
_TEXT = pa.large_string()
_ASCII_END = 0x80
_CONTINUATION_MASK, _CONTINUATION = 0xC0, 0x80


@dataclass(frozen=True)
class _Widths:
    """``advances`` by code point, in font units, and the largest of all and of ASCII."""

    em: int
    advances: np.ndarray
    widest: int
    widest_ascii: int


@dataclass(frozen=True)
class _Letters:
    """Many texts as one row of code points; text ``n`` lies from ``offsets[n]`` up to ``offsets[n + 1]``."""

    codes: np.ndarray
    offsets: np.ndarray


def text_widths(texts: Any, size: float, bold: bool = False) -> np.ndarray:
    """The width of each text (Arrow array or sequence) on one line, in points."""
    letters = _letters_of(texts)
    ends = _ends(letters.codes, bold)
    return np.asarray((ends[letters.offsets[1:]] - ends[letters.offsets[:-1]]) * size / _widths(bold).em)


def line_counts(texts: Any, width: float, size: float, bold: bool = False) -> np.ndarray:
    """How many lines each text takes in a cell that is ``width`` points wide inside; an empty text takes one.

    Lines end at line feeds, behind blanks, and behind hyphens between letters. A word that is wider than the cell
    begins a line of its own and is broken where the line is full. Spreadsheets know more places to break a line at;
    only those are used here that all of them know.
    """
    letters = _letters_of(texts)
    room = int(width * _widths(bold).em / size)
    if _surely_fit(letters, room, bold):
        return np.ones(len(letters.offsets) - 1, dtype=np.int64)
    ends = _ends(letters.codes, bold)
    starts, stops, owners = _paragraphs(letters)
    lines = np.ones(len(starts), dtype=np.int64)
    long = np.flatnonzero(ends[stops] - ends[starts] > room)
    if len(long):
        lines[long] = _wrapped(letters, ends, starts[long], stops[long], room)
    if len(starts) == len(letters.offsets) - 1:
        return lines
    return np.bincount(owners, weights=lines).astype(np.int64)


def _surely_fit(letters: _Letters, room: int, bold: bool) -> bool:
    """Whether even the longest text would fit on one line if it were of the widest character alone."""
    longest = int(np.diff(letters.offsets).max(initial=0))
    widths = _widths(bold)
    widest = widths.widest_ascii if letters.codes.dtype == np.uint8 else widths.widest
    return longest * widest <= room and not (letters.codes == _LINE_FEED).any()


def _wrapped(letters: _Letters, ends: np.ndarray, starts: np.ndarray, stops: np.ndarray, room: int) -> np.ndarray:
    """The lines of paragraphs, all wrapped at once: each round ends one line of every paragraph that is left."""
    breaks = _last_breaks(letters)
    lines, at, open_ones = np.zeros(len(starts), dtype=np.int64), starts.copy(), np.arange(len(starts))
    blank = np.append(letters.codes == _SPACE, False)
    while len(open_ones):
        start, stop = at[open_ones], stops[open_ones]
        full = np.minimum(np.searchsorted(ends, ends[start] + room, side="right") - 1, stop)
        hanging = full + (blank[full] & (full < stop))  # a blank at the end of a line takes no room
        broken = np.where(breaks[hanging] > start, breaks[hanging], np.maximum(full, start + 1))
        at[open_ones] = np.where(hanging >= stop, stop, broken)
        lines[open_ones] += 1
        open_ones = open_ones[at[open_ones] < stop]
    return lines


def _last_breaks(letters: _Letters) -> np.ndarray:
    """For each place between characters, the nearest place up to there at which a line may end; 0 for none."""
    codes, begins = letters.codes, np.zeros(len(letters.codes) + 1, dtype=bool)
    begins[letters.offsets] = True
    allowed = codes == _SPACE
    hyphens = np.flatnonzero((codes == _HYPHEN) & ~begins[:-1] & ~begins[1:])
    allowed[hyphens[_are_letters(codes[hyphens - 1]) & _are_letters(codes[hyphens + 1])]] = True
    places = np.where(np.append(False, allowed), np.arange(len(codes) + 1), 0)
    return np.maximum.accumulate(places)


def _are_letters(codes: np.ndarray) -> np.ndarray:
    lower = codes | 0x20
    return np.asarray((lower >= ord("a")) & (lower <= ord("z")))


def _paragraphs(letters: _Letters) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the parts between line feeds begin and end, and the number of the text that each belongs to."""
    starts, stops = letters.offsets[:-1], letters.offsets[1:]
    numbers = np.arange(len(starts))
    feeds = np.flatnonzero(letters.codes == _LINE_FEED)
    if not len(feeds):
        return starts, stops, numbers
    # A line feed that ends a text begins a last, empty line: as a place it is also the start of the next text.
    all_starts = np.concatenate([starts, feeds + 1])
    owners = np.concatenate([numbers, np.searchsorted(letters.offsets, feeds, side="right") - 1])
    order = np.lexsort((all_starts, owners))
    all_starts, owners = all_starts[order], owners[order]
    last_of_text = np.append(owners[1:] != owners[:-1], True)
    following = np.append(all_starts[1:] - 1, 0)
    return all_starts, np.where(last_of_text, stops[owners], following), owners


def _letters_of(texts: Any) -> _Letters:
    array = texts if isinstance(texts, pa.Array) else _as_array(texts)
    offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
    data = array.buffers()[2]
    raw = np.frombuffer(data, np.uint8)[offsets[0] : offsets[-1]] if data is not None else np.array([], np.uint8)
    offsets = offsets - offsets[0]
    if not len(raw) or raw.max() < _ASCII_END:
        return _Letters(raw, offsets)
    begun = np.append(0, np.cumsum((raw & _CONTINUATION_MASK) != _CONTINUATION))
    return _Letters(np.frombuffer(raw.tobytes().decode().encode("utf-32-le"), np.uint32), begun[offsets])


def _as_array(texts: Sequence[str]) -> pa.Array:
    return pa.array([cell_text(text) for text in texts], _TEXT)


def _ends(codes: np.ndarray, bold: bool) -> np.ndarray:
    """Where each character ends, in font units from the beginning of the first one; begins with 0."""
    widths = _widths(bold)
    if codes.dtype == np.uint8:
        advances = widths.advances.take(codes)
    else:
        advances = widths.advances.take(codes, mode="clip")
        advances[codes >= _EMOJI_START] = int(_EMOJI_EMS * widths.em)
    ends = np.zeros(len(codes) + 1, dtype=np.int64)
    np.cumsum(advances, out=ends[1:])
    return ends


@cache
def _widths(bold: bool) -> _Widths:
    known = json.loads(_FILE.read_text(encoding="utf-8"))
    em = int(known["em"])
    advances = np.full(_TABLE_END + 1, em, dtype=np.int32)  # the last one stands for all behind
    advances[_SPACE:_ALPHABETS_END] = int(_LETTER_EMS * em)
    for first, run in known["bold" if bold else "regular"].items():
        advances[int(first) : int(first) + len(run)] = run
    advances[_LINE_FEED] = 0
    widest = max(int(advances.max()), int(_EMOJI_EMS * em))
    return _Widths(em, advances, widest, int(advances[:_ASCII_END].max()))
