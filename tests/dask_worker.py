"""Preloaded by the workers of ``tests.dask_cluster``: a worker that misbehaves as a file of its name says.

``block`` halts a batch until the file is gone, ``die ACCOUNT`` kills the worker and ``raise ACCOUNT`` raises in the
batch of an account.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from auditor.judge import assessing, batches
from auditor.store.snapshot import Snapshot

ORDERS = "AUDITOR_TEST_ORDERS"
"""The variable that names the file."""
BEGUN = ".begun"
"""The end of the name of a file that says that a batch was begun."""
_judged = assessing.judged_tables


def misbehaving(snapshot: Snapshot, *others: Any) -> Any:
    order = Path(os.environ[ORDERS])
    if order.is_file():
        what, _, account = order.read_text().partition(" ")
        hit = account in {record.account.id for record in snapshot.manifest.accounts}
        if what == "block":
            order.with_suffix(BEGUN).touch()
            while order.is_file():
                time.sleep(0.05)
        if what == "die" and hit:
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "raise" and hit:
            raise ArithmeticError("a mistake of the program")
    return _judged(snapshot, *others)


def dask_setup(_: object) -> None:
    """Called by a worker that preloads this module."""
    vars(batches)["judged_tables"] = misbehaving
