"""What a person sees: one-line complaints, tables, and progress on a terminal."""

from __future__ import annotations

import getpass
import logging
import os
import signal
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
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


def plain(text: object) -> str:
    """Text from AWS made harmless on a terminal: control characters and escapes become U+FFFD."""
    return "".join("\ufffd" if unicodedata.category(c) in ("Cc", "Cs", "Cf") else c for c in str(text))


def complain(message: str, exit_code: int, trace: str = "") -> None:
    """Why the command ends: one line on stderr, below the traceback where one is shown."""
    if is_json():
        tell("error", logging.ERROR, message=message, exit_code=exit_code, **({"traceback": trace} if trace else {}))
        return
    sys.stderr.write(trace)
    _say(message)


def remark(message: str) -> None:
    """One line on stderr beside a result."""
    if is_json():
        tell("note", message=message)
    else:
        _say(message)


def _say(message: str) -> None:
    print(f"auditor: {plain(' '.join(message.split()))}", file=sys.stderr)


def show_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "", unbroken: Collection[str] = ()
) -> None:
    """A table on stdout, numbers to the right; as wide as the terminal, or as it needs to be in a pipe.

    Where it gets narrow, other columns are broken than those named in ``unbroken``.
    """
    table = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False
    )
    body = [list(row) for row in rows]
    for position, name in enumerate(columns):
        numeric = bool(body) and all(isinstance(row[position], Integral) for row in body)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold", no_wrap=name in unbroken)
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
def busy(what: str, *, quiet: bool) -> Iterator[None]:
    """A word on the terminal while something takes a while."""
    console = Console(stderr=True)
    if quiet or is_json() or not console.is_terminal:
        yield
        return
    with console.status(what):
        yield
