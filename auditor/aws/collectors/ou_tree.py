"""Collects the tree of organizational units with the accounts in each, which discovery walks anyway."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.aws.assume import AccountCalls
from auditor.aws.collectors.interface import JsonCollector
from auditor.aws.organization import AwsDirectory
from auditor.aws.session import Clients
from auditor.model import OU_TREE, Evidence


class OuTreeCollector(JsonCollector):
    """No calls beyond those of discovery."""

    kind = OU_TREE
    actions = (
        "organizations:ListAccountsForParent",
        "organizations:ListOrganizationalUnitsForParent",
        "organizations:ListRoots",
    )

    def __init__(self, clients: Clients, directory: AwsDirectory) -> None:
        super().__init__(clients)
        self._directory = directory

    async def collect(self, owner_id: str, calls: AccountCalls, known: Mapping[str, Evidence]) -> Evidence:
        return (await self._directory.walked())[1]
