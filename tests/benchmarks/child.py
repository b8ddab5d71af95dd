"""One measurement in a process of its own, so that its CPU time and its peak of memory are its own."""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

Figures = dict[str, Any]


def measured(case: str, environment: Mapping[str, str] | None = None, **arguments: Any) -> Figures:
    """The figures of ``case``, a ``module.function`` of this package, run in a child with ``environment``."""
    command = [sys.executable, "-m", __name__, case, json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    figures: Figures = json.loads(done.stdout)
    return figures


def cpu_seconds() -> float:
    """Of this process so far, in the program and in the kernel for it."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mib() -> int:
    """The most memory that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _run(case: str, arguments: Mapping[str, Any]) -> Figures:
    """A case that says its CPU time itself leaves out what it needs to load."""
    module, _, function = case.partition(".")
    before = cpu_seconds()
    figures: Figures = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)(**arguments)
    return {"cpu": cpu_seconds() - before, "peak_mib": peak_mib()} | figures


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_run(sys.argv[1], json.loads(sys.argv[2]))) + "\n")
