"""Tables on stdout: side by side where that fits the terminal, else row by row, and never a word in two."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from numbers import Integral

from rich.cells import cell_len

from auditor.cli.console import plain
from auditor.times import iso

_GAP = 2  # between two columns
_NARROWEST = 16  # of a column whose texts are wrapped, and of the values beside their names
_ENDLESS = 100_000  # characters: in a pipe a table is as wide as it needs to be
_BAR = " | "
_WORD = re.compile(r"\s+|\S+")

Cell = object | tuple[str, ...]
"""A value, or several lines that stay lines; what they are indented by is kept."""


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[Cell]], title: str = "", wrapping: Collection[str] = ()
) -> None:
    """A table on stdout, numbers to the right.

    On a terminal that is too narrow, texts of the columns named in ``wrapping`` are wrapped at blanks. Where that does
    not suffice, or no column is named, each row is shown by itself, a line for each column. In a pipe a table is as
    wide as it needs to be.
    """
    cells = [list(row) for row in rows]
    body = [[_lines(cell) for cell in row] for row in cells]
    numeric = [bool(cells) and all(isinstance(row[at], Integral) for row in cells) for at in range(len(columns))]
    room = line_width(_ENDLESS)
    widths = _widths([plain(name, kept="\n") for name in columns], body, room, [name in wrapping for name in columns])
    if widths is None:
        _show_row_by_row(columns, body, title, room)
    else:
        _show_side_by_side(columns, body, title, widths, numeric)


def show_sentence(text: str) -> None:
    """A sentence on stdout: on a terminal wrapped at blanks, in a pipe one line."""
    print("\n".join(wrapped(plain(text), line_width(_ENDLESS), "  ", cuts=False)))


def line_width(in_a_pipe: int) -> int:
    """The cells of a line of the terminal that stdout is, or ``in_a_pipe`` where it is none."""
    if _is_pipe():
        return in_a_pipe
    from rich.console import Console  # slow to load

    console = Console()
    return console.width if console.is_terminal else in_a_pipe


def _is_pipe() -> bool:
    """Whether stdout is no terminal and nobody says that it shall be taken for one."""
    return not sys.stdout.isatty() and not os.environ.keys() & {"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}


def wrapped(text: str, width: int, further: str = "", *, cuts: bool = True) -> list[str]:
    """``text`` in lines of at most ``width`` cells, broken at blanks and beside wide characters.

    Only a word that is longer than a line is cut, or sticks out where ``cuts`` is false. Every line is indented as the
    first one is, the others by ``further`` too.
    """
    stripped = text.lstrip(" ")
    indent = text[: len(text) - len(stripped)]
    if cell_len(text) <= width:
        return [text]
    lines, line, blank = list[str](), indent, ""
    for piece in _pieces(stripped.rstrip()):
        if piece.isspace():
            blank = piece
            continue
        if cell_len(line + blank + piece) > width and line.strip():
            lines.append(line)
            line, blank = indent + further, ""
        line, blank = line + blank + piece, ""
        while cuts and cell_len(line) > width and len(line.strip()) > 1:
            head = _beginning(line, width, len(line) - len(line.lstrip(" ")))
            lines.append(head)
            line = indent + further + line[len(head) :]
    return [*lines, line] if line.strip() or not lines else lines


def chopped(text: str, width: int) -> Iterator[str]:
    """``text`` in lines of at most ``width`` cells, cut anywhere and indented as the first one is."""
    indent = text[: len(text) - len(text.lstrip(" "))]
    while cell_len(text) > width and len(text) > len(indent) + 1:
        head = _beginning(text, width, len(indent))
        yield head
        text = indent + text[len(head) :]
    yield text


def _pieces(text: str) -> Iterator[str]:
    """Words, blanks, and every wide character by itself: Chinese and Japanese are written without blanks."""
    for word in _WORD.findall(text):
        begin = 0
        for at, character in enumerate(word):
            if not character.isascii() and cell_len(character) > 1:
                yield from filter(None, (word[begin:at], character))
                begin = at + 1
        if begin < len(word):
            yield word[begin:]


def _beginning(line: str, width: int, indent: int) -> str:
    """As much of the line as fits, and at least one character behind its indentation."""
    taken = indent + 1
    used = cell_len(line[:taken])
    while taken < len(line) and used + cell_len(line[taken]) <= width:
        used += cell_len(line[taken])
        taken += 1
    return line[:taken]


def _lines(cell: Cell) -> list[str]:
    return [plain(line) for line in cell] if isinstance(cell, tuple) else [_spelt(cell)]


def _spelt(cell: object) -> str:
    """As in the CSV files: nothing for what is missing, true and false, times as 2026-11-24T10:15:00Z."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return iso(cell)
    return str(cell).lower() if isinstance(cell, bool) else plain(cell)


def _widths(
    names: Sequence[str], body: Sequence[Sequence[list[str]]], room: int, may_wrap: Sequence[bool]
) -> list[int] | None:
    """The width of every column, in cells; None where no widths fit."""
    headings = [max(map(cell_len, name.split("\n"))) for name in names]
    most = [max([wide, *(cell_len(line) for row in body for line in row[at])]) for at, wide in enumerate(headings)]
    least = [
        min(wide, max(headings[at], _NARROWEST, _longest_word(body, at))) if may_wrap[at] else wide
        for at, wide in enumerate(most)
    ]
    left = room - _GAP * (len(names) - 1)
    if sum(least) > left:
        return None
    limit = min(max(most, default=0), left)
    while sum(chosen := [max(small, min(wide, limit)) for small, wide in zip(least, most, strict=True)]) > left:
        limit -= 1
    return chosen


def _longest_word(body: Sequence[Sequence[list[str]]], at: int) -> int:
    texts = {line for row in body for line in row[at]}
    return max(map(_least_width, texts), default=0)


def _least_width(text: str) -> int:
    words = text.lstrip(" ")
    return len(text) - len(words) + max(map(cell_len, _pieces(words)), default=0)


def _show_side_by_side(
    columns: Sequence[str],
    body: Iterable[Sequence[list[str]]],
    title: str,
    widths: Sequence[int],
    numeric: Sequence[bool],
) -> None:
    rows = list(body)
    if (
        _is_pipe()
        and not title
        and all(len(lines) == 1 for row in rows for lines in row)
        and "\n" not in "".join(columns)
    ):
        _print_lines(
            [[plain(name) for name in columns], *([lines[0] for lines in row] for row in rows)], widths, numeric
        )
        return
    from rich.console import Console  # slow to load
    from rich.table import Table
    from rich.text import Text

    heading = Text(plain(title)) if title else None
    table = Table(
        title=heading, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    for name, width, is_number in zip(columns, widths, numeric, strict=True):
        heading = Text(plain(name, kept="\n"))
        table.add_column(heading, justify="right" if is_number else "left", width=width, no_wrap=True)
    for row in rows:
        cells = zip(row, widths, strict=True)
        table.add_row(*(Text("\n".join(part for line in lines for part in wrapped(line, w))) for lines, w in cells))
    Console(width=max(sum(widths) + _GAP * (len(widths) - 1), 1)).print(table)


def _print_lines(rows: Iterable[Sequence[str]], widths: Sequence[int], numeric: Sequence[bool]) -> None:
    """The same without colours: every text is one line and fits."""
    for row in rows:
        cells = []
        for text, width, is_number in zip(row, widths, numeric, strict=True):
            blanks = " " * (width - cell_len(text))
            cells.append(blanks + text if is_number else text + blanks)
        sys.stdout.write((" " * _GAP).join(cells) + "\n")


def _show_row_by_row(columns: Sequence[str], body: Iterable[Sequence[list[str]]], title: str, room: int) -> None:
    """As psql's expanded display: a line between two rows, names to the left, values wrapped at blanks.

    A value with a word that does not fit beside its name stands below it.
    """
    names = [plain(name.replace("\n", " ")) for name in columns]
    beside = max(map(cell_len, names), default=0)
    value_room = room - beside - len(_BAR)
    if title:
        print("\n".join(wrapped(plain(title), room)))
    for number, row in enumerate(body, start=1):
        head = f"-[ row {number:,} ]"
        sys.stdout.write(head + "-" * (room - len(head)) + "\n")
        for name, lines in zip(names, row, strict=True):
            is_beside = max(_NARROWEST, *map(_least_width, lines)) <= value_room
            shown = _beside(name, lines, beside, value_room) if is_beside else _below(name, lines, room)
            sys.stdout.writelines(f"{line.rstrip()}\n" for line in shown)


def _below(name: str, lines: Iterable[str], room: int) -> Iterator[str]:
    yield from wrapped(name, room)
    yield from (part for line in lines for part in wrapped(f"  {line}", room))


def _beside(name: str, lines: Iterable[str], beside: int, room: int) -> Iterator[str]:
    first = name + " " * (beside - cell_len(name))
    for part in (part for line in lines for part in wrapped(line, room)):
        yield f"{first}{_BAR}{part}"
        first = " " * beside
