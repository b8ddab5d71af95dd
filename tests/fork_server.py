"""A process that has loaded the program and forks for each command: real commands without the cost of loading.

A command has a process, an environment, a folder and an exit code of its own, as one that is started has. What it does
not show is how a fresh interpreter loads the program: tests of that start one (``tests.boxed.command``).
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import auditor
from auditor.catalog import load_catalog

Completed = subprocess.CompletedProcess[str]
_ROOT = Path(__file__).resolve().parents[1]
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "HOME")
"""Variables that an interpreter or a library reads when it starts, and never again."""
_WRITE = os.O_WRONLY | os.O_CREAT


@dataclass(frozen=True)
class Command:
    """What a forked process runs, and where; ``streams`` is a folder with ``stdin``, for ``stdout`` and ``stderr``.

    ``patches`` are values that constants of modules have there, by ``module:name``.
    """

    arguments: list[str]
    environment: dict[str, str]
    folder: str
    umask: int
    streams: str
    timeout: float
    patches: dict[str, Any]


def run_command(
    arguments: Sequence[str | Path],
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
    given: bytes = b"",
    timeout: float = 120,
    patches: Mapping[str, Any] | None = None,
) -> Completed:
    """``python -m auditor`` with these arguments and ``given`` as its input; ``patches`` as a Command has them."""
    assert _read_at_start(environment) == _read_at_start(os.environ), "such variables need a fresh interpreter"
    texts, where = [str(argument) for argument in arguments], str(folder or Path.cwd())
    with tempfile.TemporaryDirectory() as streams:
        (Path(streams) / "stdin").write_bytes(given)
        wanted = Command(texts, dict(environment), where, _umask(), streams, timeout, dict(patches or {}))
        code = _server().run(wanted)
        if code is None:
            raise subprocess.TimeoutExpired(texts, timeout)
        stdout, stderr = ((Path(streams) / name).read_text("utf-8") for name in ("stdout", "stderr"))
    return subprocess.CompletedProcess(texts, code, stdout, stderr)


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _umask() -> int:
    found = os.umask(0o077)
    os.umask(found)
    return found


class _Server:
    """The process that forks; it ends when its input does."""

    def __init__(self) -> None:
        arguments, pipe = [sys.executable, "-m", __name__], subprocess.PIPE
        self._process = subprocess.Popen(arguments, cwd=_ROOT, stdin=pipe, stdout=pipe, text=True)

    def run(self, command: Command) -> int | None:
        """The exit code; None where the command took too long."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(asdict(command))}\n")
        self._process.stdin.flush()
        code: int | None = json.loads(self._process.stdout.readline())
        return code

    def end(self) -> None:
        self._process.communicate()


@cache
def _server() -> _Server:
    started = _Server()
    atexit.register(started.end)
    return started


def _load() -> None:
    """All modules that a command may load, and the shipped catalogue."""
    for module in pkgutil.walk_packages(auditor.__path__, "auditor."):
        if module.name not in ("auditor.__main__", "auditor.ask.query_worker", "auditor.sandbox.__main__"):
            importlib.import_module(module.name)
    for name in ("sqlglot", "sqlglot.dialects.duckdb", "sqlglot.dialects.sqlite"):  # loaded by the first SQL only
        importlib.import_module(name)
    load_catalog()
    gc.collect()
    gc.freeze()  # else every child would copy what the first collection looks at


def _forked() -> Command:
    """Forks for every command that is asked for, and returns in the forked processes only."""
    for line in iter(sys.stdin.readline, ""):
        command = Command(**json.loads(line))
        process = os.fork()
        if process == 0:
            return command
        sys.stdout.write(f"{json.dumps(_exit_code(process, command.timeout))}\n")
        sys.stdout.flush()
    sys.exit()


def _exit_code(process: int, timeout: float) -> int | None:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(process, 9)
    os.waitpid(process, 0)
    return None


def _execute(command: Command) -> None:
    os.environ.clear()
    os.environ.update(command.environment)
    time.tzset()
    os.umask(command.umask)
    os.chdir(command.folder)
    os.setsid()  # without a terminal
    for number, (name, flags) in enumerate((("stdin", os.O_RDONLY), ("stdout", _WRITE), ("stderr", _WRITE))):
        opened = os.open(f"{command.streams}/{name}", flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    for place, value in command.patches.items():
        module, name = place.split(":")
        setattr(importlib.import_module(module), name, value)
    sys.argv = ["auditor", *command.arguments]
    runpy.run_module("auditor", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _load()
    _execute(_forked())
