"""Collects a kind of evidence as its declaration says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import groupby

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.regions import EnabledRegions
from auditor.aws.recorder import Recorder, first_failure
from auditor.aws.session import Clients
from auditor.errors import WrongAccountError
from auditor.kinds.declaration import Call, EachItem, Kind
from auditor.model import Evidence
from auditor.store.evidence import Document


class DeclaredCollector:
    """Makes the calls of a kind in their order, or in the course that its ``collect`` takes."""

    def __init__(self, declared: Kind, clients: Clients, regions: EnabledRegions) -> None:
        self.kind, self.actions, self.after = declared.name, declared.actions, declared.after
        self._declared, self._clients, self._regions = declared, clients, regions

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder, declared = Recorder(self.kind, calls, self._clients), self._declared
        omitted = declared.spared(known) if declared.spared else ""
        if not omitted and declared.collect:
            omitted = await declared.collect(recorder, owner_id, known)
        elif not omitted:
            await self._make_calls(recorder)
        self._check_owner(owner_id, recorder)
        return recorder.evidence(omitted)

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """A failure that was kept as an answer is a gap, and costs nothing of what the other calls answered."""
        calls = self._declared.calls
        if not any(call.keeps_failures for call in calls):
            return
        accepted = {call.action: call.answers for call in calls}
        about = {call.for_each.parameter for call in calls if call.for_each}
        if error := first_failure(evidence.content, accepted, about):
            raise error

    async def _make_calls(self, recorder: Recorder) -> None:
        for each, calls in groupby(self._declared.calls, key=lambda call: call.for_each):
            if each:
                await _ask_for_each(recorder, each, list(calls))
                continue
            for call in calls:
                await self._make_call(recorder, call)

    async def _make_call(self, recorder: Recorder, call: Call) -> None:
        if call.in_each_region:
            await self._ask_in_each_region(recorder, call)
        elif call.continues:
            await recorder.attempt(call)
        else:
            await recorder.ask(call)

    async def _ask_in_each_region(self, recorder: Recorder, call: Call) -> None:
        """A region that does not answer is a gap; what the others answered is kept."""
        parts = [recorder.blank(region) for region in await self._regions.record(recorder)]
        await asyncio.gather(*(part.attempt(call) for part in parts))
        recorder.answers += [answer for part in parts for answer in part.answers]

    def _check_owner(self, owner_id: str, recorder: Recorder) -> None:
        """Raises WrongAccountError where an answer is about another account than the one that was asked."""
        document = Document(self.kind, tuple(recorder.answers))
        if self._declared.foreign and (foreign := self._declared.foreign(owner_id, document)):
            raise WrongAccountError(f"{foreign}: credentials of two accounts were mixed up; the run was stopped")


async def _ask_for_each(recorder: Recorder, each: EachItem, calls: Sequence[Call]) -> None:
    """All calls about one item, then those about the next, until one of them is refused."""
    items = Document("", tuple(recorder.answers)).items(each.items)
    for value in dict.fromkeys(item[each.member] for _, item in items):
        for call in calls:
            if not await recorder.attempt(call, **{each.parameter: value}):
                return
