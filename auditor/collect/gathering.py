"""All evidence of one owner, an account or the organization, gathered at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from auditor.collect.interface import Collector
from auditor.errors import EvidenceError
from auditor.model import Evidence, EvidenceFile, EvidenceGap

Store = Callable[[Evidence], EvidenceFile]


def failed(kind: str, error: EvidenceError) -> EvidenceGap:
    """The error as a gap of one kind of evidence."""
    return EvidenceGap(kind, error.stage, error.code, error.message, error.request_id)


class Gathering:
    """``files`` and ``gaps`` as they come; a kind may have both, when what was collected cannot be used."""

    def __init__(self, owner_id: str, collectors: Sequence[Collector], store: Store) -> None:
        self._owner_id, self._collectors, self._store = owner_id, list(collectors), store
        self._wanted = {kind for collector in collectors for kind in collector.after}
        self._open = [collector.kind for collector in collectors]
        self._files: dict[str, EvidenceFile] = {}
        self._gaps: dict[str, EvidenceGap] = {}

    @property
    def files(self) -> list[EvidenceFile]:
        """In the order of the collectors."""
        return [self._files[c.kind] for c in self._collectors if c.kind in self._files]

    @property
    def gaps(self) -> list[EvidenceGap]:
        """In the order of the collectors."""
        return [self._gaps[c.kind] for c in self._collectors if c.kind in self._gaps]

    def add(self, collector: Collector) -> None:
        """One more kind, also when the others were given up."""
        self._collectors.append(collector)
        self._open.append(collector.kind)

    def give_up(self, error: EvidenceError) -> None:
        """Make a gap of every kind that is not there yet."""
        self._gaps |= {kind: failed(kind, error) for kind in self._open}
        self._open = []

    async def run(self, calls: Any) -> None:
        """Collect every kind that was not given up; those that look at others wait for them.

        Raises what is no EvidenceError.
        """
        tasks: dict[str, asyncio.Task[Evidence | None]] = {}
        async with asyncio.TaskGroup() as group:
            for collector in _in_order(c for c in self._collectors if c.kind in self._open):
                before = {kind: tasks[kind] for kind in collector.after if kind in tasks}
                tasks[collector.kind] = group.create_task(self._collected(collector, calls, before))

    async def _collected(
        self, collector: Collector, calls: Any, before: Mapping[str, asyncio.Task[Evidence | None]]
    ) -> Evidence | None:
        known = {kind: found for kind, task in before.items() if (found := await task)}
        try:
            evidence = await self._collect_and_store(collector, calls, known)
        except EvidenceError as error:
            self._gaps[collector.kind] = failed(collector.kind, error)
            evidence = None
        self._open.remove(collector.kind)
        return evidence if collector.kind in self._wanted else None

    async def _collect_and_store(self, collector: Collector, calls: Any, known: Mapping[str, Evidence]) -> Evidence:
        """Keep the evidence even where it cannot be used: an auditor may want to see why."""
        evidence = await collector.collect(self._owner_id, calls, known)
        unusable: EvidenceError | None = None
        try:
            collector.check(self._owner_id, evidence)
        except EvidenceError as error:
            unusable = error
        self._files[collector.kind] = self._store(evidence)
        if unusable:
            raise unusable
        return evidence


def _in_order(collectors: Iterable[Collector]) -> list[Collector]:
    """Those that look at nothing first."""
    return sorted(collectors, key=lambda collector: bool(collector.after))
