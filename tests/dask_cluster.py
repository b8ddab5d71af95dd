"""A real Dask cluster on this machine: a scheduler and worker processes, which can be killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.dask_worker import BEGUN, ORDERS

_ROOT = Path(__file__).resolve().parents[1]
_LONGEST = 60.0  # seconds, on a machine that does other work


@dataclass
class DaskCluster:
    """``folder`` holds the logs, and the orders for workers by their names."""

    folder: Path
    options: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        address: str = json.loads((self.folder / "scheduler.json").read_text())["address"]
        return address

    def start_scheduler(self) -> None:
        file = self.folder / "scheduler.json"
        self._start("scheduler", "scheduler", "--port", "0", "--scheduler-file", str(file))
        wait_until(lambda: file.is_file() and bool(file.read_text()))

    def start_worker(self, name: str) -> None:
        """One that has no order, and has registered."""
        self.forget(name)
        options = ("--name", name, "--nthreads", "1", "--no-nanny", "--preload", "tests.dask_worker")
        self._start(name, "worker", self.address, *options)
        wait_until(lambda: "Registered to" in self.log(name))

    def need_workers(self, *names: str) -> None:
        """These, without orders; those that were killed are started again."""
        for name in names:
            if name in self.processes and self.processes[name].poll() is None:
                self.forget(name)
            else:
                self.start_worker(name)

    def order(self, name: str, what: str) -> None:
        (self.folder / name).write_text(what)

    def forget(self, name: str) -> None:
        for path in (self.folder / name, (self.folder / name).with_suffix(BEGUN)):
            path.unlink(missing_ok=True)

    def wait_until_begun(self, name: str) -> None:
        wait_until((self.folder / name).with_suffix(BEGUN).is_file)

    def kill(self, *names: str) -> None:
        """With SIGKILL, which nothing survives."""
        for name in names:
            process = self.processes.pop(name)
            process.send_signal(signal.SIGKILL)
            process.wait()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, kind: str, *arguments: str) -> None:
        """It imports this checkout, wherever it is started."""
        words = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, *self.options]
        own = {"PYTHONPATH": str(_ROOT), "DASK_TEMPORARY_DIRECTORY": str(self.folder), ORDERS: str(self.folder / name)}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [*words, "--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0"],
                cwd=self.folder,
                env=os.environ | own | dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@contextlib.contextmanager
def dask_cluster(
    folder: Path, options: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[DaskCluster]:
    """A scheduler without workers, gone after the block with all workers that it then has."""
    folder.mkdir()
    cluster = DaskCluster(folder, options, environment or {})
    try:
        cluster.start_scheduler()
        yield cluster
    finally:
        cluster.kill(*cluster.processes)


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _LONGEST
    while not is_so():
        assert time.monotonic() < until, "nothing has come of it"
        time.sleep(0.05)
