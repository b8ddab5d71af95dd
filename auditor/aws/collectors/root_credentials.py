"""Collects the state of one member account's root credentials, in a session of its root that may do nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.collectors.recorder import Recorder, first_trouble
from auditor.errors import WrongAccountError
from auditor.evidence import Document
from auditor.model import ROOT_CREDENTIALS, Evidence

_NONE = "NoSuchEntity"  # what AWS answers where root has no password


class RootCredentialsCollector(JsonCollector):
    """Five calls, all of which the task policy IAMAuditRootUserCredentials allows; no names: root is who asks."""

    kind = ROOT_CREDENTIALS
    actions = (
        "iam:GetAccountSummary",
        "iam:GetLoginProfile",
        "iam:ListAccessKeys",
        "iam:ListMFADevices",
        "iam:ListSigningCertificates",
    )

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        recorder = Recorder(self.kind, calls)
        for action in self.actions:
            await recorder.attempt(self.clients.iam, action)
        self._check_owner(owner_id, recorder)
        return recorder.evidence()

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """A call that was refused is a gap, and costs nothing of what the others answered."""
        if error := first_trouble(evidence.content, {_NONE}):
            raise error

    def _check_owner(self, owner_id: str, recorder: Recorder) -> None:
        """A device that has an ARN must be of the account that was asked; raises WrongAccountError."""
        for _, device in Document(self.kind, tuple(recorder.answers)).items("MFADevices"):
            serial = str(device.get("SerialNumber", ""))
            if serial.startswith("arn:") and serial.split(":")[4:5] != [owner_id]:
                raise WrongAccountError(
                    f"the root credentials of account {owner_id} name the device {serial!r}: "
                    "credentials of two accounts were mixed up; the run was stopped"
                )
