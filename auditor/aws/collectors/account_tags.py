"""Collects the tags that the organization has put on its accounts; a call each, so only where they matter."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.organization import AwsDirectory
from auditor.aws.recorder import Recorder, first_failure
from auditor.aws.session import Clients
from auditor.kinds.account_tags import KIND, LEFT, TAGS
from auditor.model import Evidence

_ABOUT = "ResourceId"


class AccountTagsCollector:
    """A call for each account, one after another, once all accounts are listed.

    That one account's tags cannot be had, as of an account that has left, costs the others nothing, and is a gap.
    """

    kind, actions, after = KIND.name, KIND.actions, KIND.after

    def __init__(self, clients: Clients, directory: AwsDirectory) -> None:
        self._clients, self._directory = clients, directory

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls, self._clients)
        for account_id in await self._directory.listed:
            if not await recorder.attempt(TAGS, **{_ABOUT: account_id}):
                break
        return recorder.evidence()

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """What is worse than an account that has left comes first."""
        for accepted in ((LEFT,), ()):
            if error := first_failure(evidence.content, {TAGS.action: accepted}, {_ABOUT}):
                raise error
