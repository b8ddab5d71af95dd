"""Collects the access keys of the users of whom the credential report says that it does not list them all."""

from __future__ import annotations

from collections.abc import Mapping

from auditor import credential_report
from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder
from auditor.model import ACCESS_KEYS, CREDENTIAL_REPORT, Evidence

_NONE = "the credential report tells of no user with more credentials than it lists"
_GONE = "NoSuchEntity"
_NO_REPORT = "there is no usable credential report, so no user is judged whose further keys would count"


class AccessKeysCollector(JsonCollector):
    """A call (or more, by pages) for each such user, none for all others.

    That a user is gone since the report was made is an answer, and costs other users nothing.
    """

    kind = ACCESS_KEYS
    actions = ("iam:ListAccessKeys",)
    after = (CREDENTIAL_REPORT,)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        if CREDENTIAL_REPORT not in known:  # which is a gap that says it all
            return recorder.evidence(_NO_REPORT)
        users = credential_report.users_with_more(known[CREDENTIAL_REPORT].content, owner_id)
        for user in users:
            keys = recorder.pages(self.clients.iam, "iam:ListAccessKeys", accepted={_GONE}, UserName=user)
            async for _ in keys:
                pass
        return recorder.evidence("" if users else _NONE)
