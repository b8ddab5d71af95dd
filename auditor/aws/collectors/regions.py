"""The regions that are enabled in an account, asked once an account however many kinds of evidence need them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

from auditor.aws.assume import AccountCalls
from auditor.aws.recorder import Recorder
from auditor.errors import EvidenceError
from auditor.kinds.declaration import REGIONS
from auditor.store.evidence import Answer


class EnabledRegions:
    """The ``given`` regions, else those that AWS lists for the account that calls lead to."""

    def __init__(self, given: Sequence[str] = ()) -> None:
        self._given = tuple(dict.fromkeys(given))
        self._lists: WeakKeyDictionary[AccountCalls, _RegionList] = WeakKeyDictionary()

    async def record(self, recorder: Recorder) -> Sequence[str]:
        """The regions, sorted; AWS's answer is kept in ``recorder``. Raises EvidenceError where AWS lists none."""
        if self._given:
            return self._given
        listed = self._lists.setdefault(recorder.calls, _RegionList())
        answer = await listed.answer(recorder)
        recorder.answers.append(answer)
        return sorted({region["RegionName"] for _, region in answer.items(REGIONS.items)})


class _RegionList:
    """What AWS answered for one account, be it an error: whoever asks meanwhile waits for that answer."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._answer: Answer | None = None
        self._error: EvidenceError | None = None

    async def answer(self, recorder: Recorder) -> Answer:
        async with self._lock:
            if self._answer is None and self._error is None:
                await self._ask(recorder.blank())
        if self._error:
            raise EvidenceError(self._error.stage, self._error.code, self._error.message, self._error.request_id)
        assert self._answer  # noqa: S101 -- one of the two is there
        return self._answer

    async def _ask(self, recorder: Recorder) -> None:
        try:
            await recorder.ask(REGIONS)
        except EvidenceError as error:
            self._error = error
        else:
            self._answer = recorder.answers[0]
