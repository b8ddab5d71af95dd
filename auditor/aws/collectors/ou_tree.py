"""Collects the tree of organizational units with the accounts in each, which discovery walks anyway."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.organization import AwsDirectory
from auditor.kinds.ou_tree import KIND
from auditor.model import Evidence


class OuTreeCollector:
    """No calls beyond those of discovery."""

    kind, actions, after = KIND.name, KIND.actions, KIND.after

    def __init__(self, directory: AwsDirectory) -> None:
        self._directory = directory

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        return (await self._directory.walked())[1]

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """What AWS answers can be used as it is."""
