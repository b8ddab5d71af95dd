"""Collects the virtual MFA devices of one account: root's hardware MFA is what is not among them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.account_summary import counted
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import LARGEST_PAGE, Recorder
from auditor.model import ACCOUNT_SUMMARY, VIRTUAL_MFA_DEVICES, Evidence

_NO_ROOT_MFA = "the account summary says that root has no MFA, so none of root's devices can be virtual"


class VirtualMfaDevicesCollector(JsonCollector):
    """Asks only where root has MFA at all, or nobody knows."""

    kind = VIRTUAL_MFA_DEVICES
    actions = ("iam:ListVirtualMFADevices",)
    after = (ACCOUNT_SUMMARY,)

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        if counted(known, "AccountMFAEnabled") == 0:
            return recorder.evidence(_NO_ROOT_MFA)
        devices = recorder.pages(
            self.clients.iam, "iam:ListVirtualMFADevices", AssignmentStatus="Assigned", MaxItems=LARGEST_PAGE
        )
        async for _ in devices:
            pass
        return recorder.evidence()
