"""Which accounts of the organization are audited, and why the others are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from auditor.errors import ScopeError, nearest
from auditor.model import Account
from auditor.settings import Settings

ACTIVE = "ACTIVE"


@dataclass(frozen=True)
class Scope:
    """Accounts below the named OUs and the named accounts (all, where neither is named), less the excluded ones."""

    ou: frozenset[str] = frozenset()
    account: frozenset[str] = frozenset()
    exclude: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Scope:
        return cls(frozenset(settings.ou), frozenset(settings.account), frozenset(settings.exclude))

    @property
    def needs_ous(self) -> bool:
        return bool(self.ou) or any(not name.isdigit() for name in self.exclude)

    @property
    def names_something(self) -> bool:
        """Whether there is something to look up before the first account may be touched."""
        return bool(self.ou or self.account or self.exclude)

    def exclusion(self, account: Account) -> str:
        """Why the account is not audited; an empty text when it is."""
        if account.state != ACTIVE:
            return f"the account's state is {account.state}"
        if self.exclude.intersection((account.id, *account.ou_ids)):
            return "excluded by --exclude"
        if (self.ou or self.account) and account.id not in self.account and not self.ou.intersection(account.ou_ids):
            return "not in the accounts and OUs that were asked for"
        return ""

    def check(self, accounts: Iterable[Account], ou_ids: Collection[str]) -> None:
        """Raise ScopeError for the first named account or OU that the organization does not have."""
        account_ids = {account.id for account in accounts}
        for name in sorted(self.account | self.ou | self.exclude):
            known, what = (account_ids, "account") if name.isdigit() else (ou_ids, "OU")
            if name not in known:
                raise ScopeError(f"the organization has no {what} {name}{nearest(name, known)}")
