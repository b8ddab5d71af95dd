"""What a person sees: one-line complaints, tables, and progress on a terminal."""

from __future__ import annotations

import getpass
import logging
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from numbers import Integral

from rich.console import Console
from rich.table import Table
from rich.text import Text

from auditor.cli.log import is_json
from auditor.errors import AccessError
from auditor.events import tell
from auditor.times import iso

_ENDLESS = 100_000  # characters


# Control characters, among them escapes; lone surrogates; invisible ones, among them those that turn the direction of
# writing; line and paragraph separators.
_HARMFUL = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp"})
_LONGEST = 4000  # characters of a message


def plain(text: object, *, kept: str = "") -> str:
    """Text that somebody else chose made harmless on a terminal: what acts and is not seen becomes U+FFFD, which is.

    ``kept`` are characters that the program itself put there.
    """
    return "".join("\ufffd" if unicodedata.category(c) in _HARMFUL and c not in kept else c for c in str(text))


def show_page(text: str) -> None:
    """Lines on stdout, some of which hold texts that somebody else chose."""
    print(plain(text, kept="\n"))


def show_data(blocks: Iterable[bytes | memoryview]) -> None:
    """Data in UTF-8 on stdout: exactly as it is for a program, harmless for a terminal."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.writelines(blocks)
        return
    for block in blocks:
        sys.stdout.write(plain(bytes(block).decode("utf-8", "replace"), kept="\n\t"))


def complain(message: str, exit_code: int, trace: str = "") -> None:
    """Why the command ends: one line on stderr, below the traceback where one is shown."""
    if is_json():
        tell("error", logging.ERROR, message=message, exit_code=exit_code, **({"traceback": trace} if trace else {}))
        return
    sys.stderr.write(plain(trace, kept="\n"))
    _say(message)


def remark(message: str) -> None:
    """One line on stderr beside a result."""
    if is_json():
        tell("note", message=message)
    else:
        _say(message)


def _say(message: str) -> None:
    line = plain(" ".join(message.split()))
    print(f"auditor: {line if len(line) <= _LONGEST else line[:_LONGEST] + '...'}", file=sys.stderr)


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "", unbroken: Collection[str] = ()
) -> None:
    """A table on stdout, numbers to the right; as wide as the terminal, or as it needs to be in a pipe.

    Where it gets narrow, other columns are broken than those named in ``unbroken``.
    """
    heading = Text(plain(title)) if title else None
    table = Table(
        title=heading, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    body = [list(row) for row in rows]
    for position, name in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[position], Integral) for row in body)
        heading = Text(plain(name, kept="\n"))
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold", no_wrap=name in unbroken)
    for row in body:
        table.add_row(*(Text(_spelt(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=Console(width=_ENDLESS).measure(table).maximum)
    console.print(table)


def _spelt(cell: object) -> str:
    """As in the CSV files: nothing for what is missing, true and false, times as 2026-11-24T10:15:00Z."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return iso(cell)
    return str(cell).lower() if isinstance(cell, bool) else plain(cell)


def ask_secretly(prompt: str) -> str:
    """What a person types at the terminal, unseen; without one, the next line of a pipe; AccessError for none."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # Ctrl-C ends the question
    try:
        typed = getpass.getpass(plain(prompt)) if _has_terminal() else sys.stdin.readline()
    except EOFError:
        typed = ""
    finally:
        signal.signal(signal.SIGINT, before)
    if not typed:
        raise AccessError(
            "the profile asks for the code of an MFA device, and there is no terminal to ask for it; run in one, "
            "or with the keys of a session that has MFA already ('aws sts get-session-token')"
        )
    return typed


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


@contextmanager
def busy(what: str, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A word on the terminal while something takes a while, and what puts another in its place."""
    console = Console(stderr=True)
    if quiet or is_json() or not console.is_terminal:
        yield lambda _: None
        return
    with console.status(what) as status:
        yield status.update
