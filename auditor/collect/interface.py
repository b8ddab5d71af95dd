"""What the orchestrator needs of the world: small enough to be played by files in a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from auditor.aws.statistics import RunStatistics
from auditor.errors import EvidenceError
from auditor.model import Account, AccountRecord, Caller, Evidence, Lack, Organization


class OuTree(Protocol):
    """All OU ids, and each account's OU path and OU ids."""

    @property
    def ou_ids(self) -> frozenset[str]: ...
    @property
    def places(self) -> Mapping[str, tuple[str, tuple[str, ...]]]: ...


class Directory(Protocol):
    """Who calls, and the list of accounts. All methods raise AccessError."""

    async def caller(self) -> Caller: ...
    async def organization(self) -> Organization | None: ...
    def account_pages(self, organization: Organization) -> AsyncIterator[list[Account]]: ...
    async def ou_tree(self) -> OuTree | None: ...


class Access(Protocol):
    """The way into an account; what it gives is passed on to the collectors."""

    async def room(self) -> None:
        """Returns when a further account may be begun."""

    async def open(self, account: Account) -> Any:
        """Raises EvidenceError when there is no way in."""

    async def open_root(self, account: Account) -> Any:
        """The way to what may be read about its root; raises EvidenceError when there is none."""

    def organization(self) -> Any:
        """The way to what belongs to the organization as a whole."""


class Collector(Protocol):
    """Brings one kind of evidence of one account, or of the organization; ``owner_id`` says of which."""

    @property
    def kind(self) -> str: ...
    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions it needs, as a policy names them."""

    @property
    def after(self) -> tuple[str, ...]:
        """The kinds of evidence of the same owner that it looks at, where they are collected."""

    async def collect(self, owner_id: str, calls: Any, known: Mapping[str, Evidence]) -> Evidence:
        """``known`` has the evidence of the kinds in ``after`` that could be had. Raises EvidenceError."""

    def check(self, owner_id: str, evidence: Evidence) -> None:
        """Raises EvidenceError when it cannot be used, WrongAccountError when it is another account's."""


class Checker(Protocol):
    """Finds out what a run may not do, without doing it."""

    async def in_account(self, calls: Any) -> list[Lack]:
        """What is lacking in the account that ``calls`` lead to."""

    async def in_organization(self, calls: Any, caller_id: str) -> list[Lack]:
        """What is lacking of the organization's own."""

    def entering(self, error: EvidenceError) -> list[Lack]:
        """What is lacking where there was no way in."""


class Progress(Protocol):
    """Is told how a run goes."""

    def watch(self, statistics: RunStatistics) -> None:
        """Where calls, retries and throttles are counted."""

    def say(self, message: str) -> None:
        """One sentence that the operator should read."""

    def ask(self, prompt: str) -> str:
        """A secret that a person types; AccessError where there is nobody."""

    def found(self, in_scope: int) -> None:
        """So many further accounts are to be collected."""

    def finished(self, record: AccountRecord) -> None:
        """One account is done, for better or worse."""
