"""A boxed organization served by a process of its own, whose CPU time is known once it has ended."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass
class Box:
    """``active`` accounts can be assessed; ``cpu`` is what serving took, in seconds, 0 until the box is closed."""

    environment: dict[str, str]
    as_of: str
    caller: str
    accounts: int
    active: int
    cpu: float = 0.0


@contextmanager
def boxed(active: int, users: int, **options: float | str | Sequence[str]) -> Iterator[Box]:
    """Serve an organization with so many ACTIVE accounts; ``options`` are those of ``auditor.sandbox``."""
    given = {"accounts": active * 15 // 14, "users": users} | options  # one in fifteen is not active
    flags = [text for name, value in given.items() for text in _flags(name, value)]
    command = [sys.executable, "-m", "auditor.sandbox", "--not-faulty", *flags]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        box = _box(server, active)
        yield box
    finally:
        before = _cpu_of_children()
        server.terminate()
        server.communicate()
    box.cpu = _cpu_of_children() - before


def _flags(name: str, value: float | str | Sequence[str]) -> Iterator[str]:
    """Several values are the same flag again."""
    for one in (value,) if isinstance(value, float | int | str) else value:
        yield f"--{name.replace('_', '-')}"
        yield str(one)


def _box(server: subprocess.Popen[str], active: int) -> Box:
    assert server.stdout is not None
    said: dict[str, Any] = json.loads(server.stdout.readline())
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return Box(clean | said["environment"], said["as_of"], said["caller_account"], said["accounts"], active)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
