"""``auditor query`` without SQL on a real terminal: typed at, as a person does."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import stat
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.boxed import command
from tests.support import ACCOUNT, ago, key, report, root, stored, user

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[()][A-Z0-9]")
PROMPT = "auditor>"  # the blank behind it may be drawn by moving the cursor


class Terminal:
    """A prompt on a terminal of 100 columns; ``seen`` is all that was drawn so far, without colours."""

    def __init__(self, snapshot: Path, home: Path) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
        environment = os.environ | {"TERM": "xterm", "NO_COLOR": "1", "XDG_STATE_HOME": str(home / "state")}
        environment |= {"XDG_CACHE_HOME": str(home / "cache"), "PROMPT_TOOLKIT_NO_CPR": "1"}
        self.process = subprocess.Popen(
            command(["query", "--snapshot", snapshot]),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            preexec_fn=_own_terminal,
            close_fds=True,
        )
        os.close(theirs)
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def wait_for(self, text: str) -> str:
        """What was drawn until ``text`` came, that included; AssertionError where it does not come."""
        until = time.monotonic() + 120
        while text not in self.seen:
            assert time.monotonic() < until, f"{text!r} is not in {self.seen!r}"
            if select.select([self._ours], [], [], 1)[0]:
                with suppress(OSError):
                    self.seen += _ESCAPES.sub("", os.read(self._ours, 1 << 16).decode("utf-8", "replace"))
        drawn, _, self.seen = self.seen.partition(text)
        return drawn + text

    def end(self) -> int:
        """The exit code; the rest of what is drawn is read."""
        with suppress(OSError):
            while block := os.read(self._ours, 1 << 16):
                self.seen += _ESCAPES.sub("", block.decode("utf-8", "replace"))
        return self.process.wait(timeout=60)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


def _own_terminal() -> None:
    """Ctrl-C is a signal only for who has the terminal."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [root(), user("ann", **key(1, ago(46), ago(1))), user("bob")]
    return stored(tmp_path_factory.mktemp("prompt"), {ACCOUNT: report(rows)}).folder


@pytest.fixture
def prompt(snapshot: Path, tmp_path: Path) -> Iterator[Callable[[], Terminal]]:
    opened: list[Terminal] = []

    def open_terminal() -> Terminal:
        opened.append(Terminal(snapshot, tmp_path))
        opened[-1].wait_for(PROMPT)
        return opened[-1]

    yield open_terminal
    for terminal in opened:
        terminal.close()


def test_statements_commands_errors_and_history(prompt: Callable[[], Terminal], tmp_path: Path) -> None:
    terminal = prompt()
    terminal.type("select 6 *\r")
    terminal.wait_for("...>")
    terminal.type("7 as answer;\r")
    assert "42" in terminal.wait_for("1 row")
    terminal.wait_for(PROMPT)
    terminal.type("selct 1;\r")
    terminal.wait_for("syntax error")
    terminal.wait_for(PROMPT)
    terminal.type("select usr from users;\r")
    terminal.wait_for("there is no column 'usr' in users; nearest: users.user")
    terminal.wait_for(PROMPT)
    terminal.type("delete from users;\r")
    terminal.wait_for("a query only reads: DELETE is not allowed")
    terminal.wait_for(PROMPT)
    terminal.type("select count(*) > 0 as there from by_a\t")
    terminal.wait_for("by_account")
    terminal.type(";\r")
    assert "true" in terminal.wait_for("1 row")
    terminal.wait_for(PROMPT)
    terminal.type(".tables\r")
    terminal.wait_for("Every account of the organization")
    terminal.wait_for(PROMPT)
    terminal.type(".columns finding\r")
    terminal.wait_for("there is no table 'finding' (did you mean 'findings'?)")
    terminal.wait_for(PROMPT)
    terminal.type(".columns findings\r")
    terminal.wait_for("finding_id")
    terminal.wait_for(PROMPT)
    terminal.type(".table\r")
    terminal.wait_for("there is no command '.table' (did you mean '.tables'?)")
    terminal.wait_for(PROMPT)
    terminal.type(".help\r")
    terminal.wait_for("Ctrl-D")
    terminal.wait_for(PROMPT)
    terminal.type("\\q\r")
    assert terminal.end() == 0
    file = tmp_path / "state/auditor/query_history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "+select 6 *\n+7 as answer;\n" in file.read_text()

    again = prompt()
    again.type("\x1b[A\x1b[A\r")  # the last but one
    again.wait_for("Ctrl-D")
    again.wait_for(PROMPT)
    again.type("\x04")
    assert again.end() == 0


def test_ctrl_c_clears_what_is_typed_and_cancels_a_query(prompt: Callable[[], Terminal]) -> None:
    terminal = prompt()
    terminal.type("this is wrong\x03")
    terminal.wait_for(PROMPT)
    terminal.type("select count(*) from range(10000000) a, range(10000000) b;\r")
    terminal.wait_for("b;")
    time.sleep(3)
    terminal.type("\x03")
    terminal.wait_for("cancelled")
    terminal.wait_for(PROMPT)
    terminal.type("select 41 + 1 as n;\r")
    assert "42" in terminal.wait_for("1 row")
    terminal.wait_for(PROMPT)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.end() == 130
