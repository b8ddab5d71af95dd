"""What a person sees: one-line complaints, pages, and progress on a terminal."""

from __future__ import annotations

import codecs
import getpass
import io
import logging
import os
import signal
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from auditor.aws.events import tell
from auditor.cli.log import is_json
from auditor.errors import AccessError

_BYTES_OR_ESCAPES = "bytes-or-escapes"

# Control characters, among them escapes; lone surrogates; invisible ones, among them those that turn the direction of
# writing; line and paragraph separators.
_HARMFUL = frozenset({"Cc", "Cs", "Cf", "Zl", "Zp"})
_LONGEST = 4000  # characters of a message


def plain(text: object, *, kept: str = "") -> str:
    """Text that somebody else chose made harmless on a terminal: what acts and is not seen becomes U+FFFD, which is.

    ``kept`` are characters that the program itself put there.
    """
    return "".join("\ufffd" if unicodedata.category(c) in _HARMFUL and c not in kept else c for c in str(text))


def write_any_text() -> None:
    """From now on no text ends a command because stdout cannot show it, whatever the character set of the terminal.

    The name of a file leaves as the bytes that it consists of; other characters that cannot be shown, as escapes.
    """
    codecs.register_error(_BYTES_OR_ESCAPES, _bytes_or_escapes)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=_BYTES_OR_ESCAPES)


def _bytes_or_escapes(error: UnicodeError) -> tuple[bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return b"".join(map(_byte_or_escape, error.object[error.start : error.end])), error.end


def _byte_or_escape(character: str) -> bytes:
    try:
        return character.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return character.encode("ascii", "backslashreplace")


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


def complain(message: str, exit_code: int, trace: str = "", notes: Sequence[str] = ()) -> None:
    """Why the command ends: one line on stderr, below the traceback where one is shown, and a line for each note."""
    if is_json():
        more = {name: value for name, value in {"traceback": trace, "notes": list(notes)}.items() if value}
        tell("error", logging.ERROR, message=message, exit_code=exit_code, **more)
        return
    sys.stderr.write(plain(trace, kept="\n"))
    _say(message)
    remark_lines(notes)


def remark(message: str) -> None:
    """One line on stderr beside a result."""
    if is_json():
        tell("note", message=message)
    else:
        _say(message)


def remark_lines(lines: Sequence[str]) -> None:
    """Further lines on stderr, each whole: commands are copied from them."""
    for line in lines:
        if is_json():
            tell("note", message=line)
        else:
            print(f"  {plain(line)}", file=sys.stderr)


def _say(message: str) -> None:
    line = plain(" ".join(message.split()))
    print(f"auditor: {line if len(line) <= _LONGEST else line[:_LONGEST] + '...'}", file=sys.stderr)


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
    if quiet or is_json() or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # slow to load

    with Console(stderr=True).status(what) as status:
        yield status.update
