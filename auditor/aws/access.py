"""The way into every account: the caller's own, through a role, or as root to read about root."""

from __future__ import annotations

from auditor.aws.assume import AccountCalls, CallerCredentials, RoleCredentials, RoleSettings, organization_calls
from auditor.aws.assume_root import RootSessions
from auditor.aws.calls import Calls
from auditor.aws.retries import Budget
from auditor.aws.session import Clients
from auditor.model import Account, Caller


class AwsAccess:
    """Opens accounts: the caller's own as the caller, every other through its role."""

    def __init__(self, clients: Clients, calls: Calls, role: RoleSettings, caller: Caller) -> None:
        self._clients, self._calls, self._role, self._caller = clients, calls, role, caller
        self._roots = RootSessions(clients, calls, role.partition)

    async def open(self, account: Account) -> AccountCalls:
        """Raises EvidenceError (stage ``assume``) when the role cannot be assumed."""
        budget = Budget(account.id)
        if account.id == self._caller.account_id:
            return AccountCalls(self._calls, CallerCredentials(self._clients.caller_credentials), budget)
        role = RoleCredentials(self._clients, self._calls, self._role, budget)
        await role.current()
        return AccountCalls(self._calls, role, budget)

    async def open_root(self, account: Account) -> AccountCalls:
        """Raises EvidenceError (stage ``assume-root``) when root cannot be read about either."""
        return await self._roots.open(account)

    async def room(self) -> None:
        """Return when a further account can be worked on without waiting in a long queue."""
        await self._calls.room()

    def organization(self) -> AccountCalls:
        return organization_calls(self._calls, self._clients)
