"""A command run on a terminal of a given size, as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.boxed import command

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_terminal(arguments: Sequence[str | Path], columns: int, rows: int = 24, cwd: Path | None = None) -> list[str]:
    """The lines that ``auditor`` writes on a terminal, both streams, without colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    gone = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR")
    environment = {k: v for k, v in os.environ.items() if k not in gone} | {"TERM": "xterm-256color"}
    process = subprocess.Popen(
        command(arguments), stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=cwd, close_fds=True
    )
    os.close(theirs)
    written = _all_of(ours)
    process.wait(timeout=120)
    return _ESCAPES.sub("", written.decode("utf-8").replace("\r\n", "\n")).split("\n")


def cells(line: str) -> int:
    """How wide a terminal draws the line; computed from Unicode's tables, not by what draws the tables."""
    wide = {"W", "F"}
    unseen = {"Mn", "Me", "Cf"}
    return sum(
        0 if unicodedata.category(c) in unseen else 2 if unicodedata.east_asian_width(c) in wide else 1 for c in line
    )


def _all_of(descriptor: int) -> bytes:
    found = []
    with suppress(OSError):  # Linux ends a terminal that nobody holds any more with an error
        while block := os.read(descriptor, 1 << 16):
            found.append(block)
    os.close(descriptor)
    return b"".join(found)
