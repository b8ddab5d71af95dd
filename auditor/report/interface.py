"""What every output format looks like from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from auditor.judge.assessment import Assessment


class Format(Protocol):
    """One way to hand an assessment out."""

    @property
    def name(self) -> str:
        """What ``--format`` calls it."""

    def write(self, assessment: Assessment, folder: Path) -> tuple[Path, ...]:
        """Write the format's files into ``folder``, which exists, and return their paths.

        Each file is whole or not there. Raises SnapshotError when one cannot be written.
        """
