"""How far a run has come, for whoever has to say so when it ends early."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass
class RunState:
    """``folder`` is the snapshot, None before there is one.

    ``count`` tells how many accounts were listed so far that are to be collected, and how many of them have an outcome
    that stands. ``all_listed``: there are no others. ``sealed``: the snapshot can be judged. ``unfinished``: there is
    something to resume.
    """

    folder: Path | None = None
    count: Callable[[], tuple[int, int]] = lambda: (0, 0)
    all_listed: bool = False
    sealed: bool = False
    unfinished: bool = True

    def progress_text(self) -> str:
        """``12 of 56 accounts``, as they are in the snapshot."""
        in_scope, done = self.count()
        accounts = "account" if in_scope == 1 else "accounts"
        return f"{done:,} of {in_scope:,} {accounts}" + ("" if self.all_listed else " that were listed so far")
