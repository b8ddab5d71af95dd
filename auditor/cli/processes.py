"""The further processes that ``--processes`` asks for: how they are started, and what they are told first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
from collections.abc import Collection
from dataclasses import dataclass

from auditor.aws.events import LOGGER
from auditor.aws.lending import Lender
from auditor.aws.statistics import RunStatistics
from auditor.cli.log import is_json
from auditor.collect import Progress, Team
from auditor.settings import SECRETS, Settings

_CREDENTIAL = re.compile("AWS_.*(ACCESS_KEY|SECRET|TOKEN)")
"""Variables of the caller, which no further process needs."""
_START = "import auditor.cli.worker; auditor.cli.worker.main()"


def own_share(settings: Settings) -> int:
    """How many of the calls at the same time this process may make: all, or a quarter beside others.

    It assumes the roles, which is a third of all calls where nothing but credential reports is collected.
    """
    if settings.processes == 1:
        return settings.concurrency
    return max(1, min(settings.concurrency // 4, settings.concurrency - settings.processes))


def team_of(settings: Settings, kinds: Collection[str], progress: Progress, statistics: RunStatistics) -> Team | None:
    """The processes that collect; None where this one collects alone."""
    if settings.processes == 1:
        return None
    values = settings.model_dump(mode="json", exclude=set(SECRETS) | {"waivers", "redact", "sign"})
    plan = {
        "settings": values,
        "kinds": sorted(kinds),
        "concurrency": (settings.concurrency - own_share(settings)) // settings.processes,
        "level": LOGGER.getEffectiveLevel() if is_json() else None,
    }
    return Team(settings.processes, _start, plan, Lender, progress.say, statistics)


async def _start(their_end: socket.socket) -> _Process:
    """It is told everything over the socket: nothing secret stands on its command line or in its environment.

    It has a session of its own, so Ctrl-C and a terminal that closes reach this process alone.
    """
    environment = {name: value for name, value in os.environ.items() if not _CREDENTIAL.match(name)}
    descriptor = their_end.fileno()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", _START, str(descriptor)),
        pass_fds=(descriptor,),
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    return _Process(process)


@dataclass(frozen=True)
class _Process:
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def end(self) -> int | None:
        with contextlib.suppress(ProcessLookupError):
            if self.process.returncode is None:
                self.process.kill()
        return await self.process.wait()
