"""Says on stderr that a snapshot which a command has used is not as it was sealed."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from auditor.cli.console import remark

if TYPE_CHECKING:  # pydantic's models are slow to load, so they are loaded where they are used
    from auditor.store.snapshot import Snapshot


def remark_on_changes(snapshot: Snapshot, unusable: Collection[str] = ()) -> None:
    """One sentence with the numbers of files, once everything is read; nothing where all is as it was sealed."""
    from auditor.store.sealed_state import sealed_state

    if sentence := sealed_state(snapshot, unusable).sentence:
        remark(sentence)
