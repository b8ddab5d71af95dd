"""All that is known of one account, or of the organization, read from its files when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from typing import TypeVar

from auditor.reperform.plain.collected import Collected, File, Owner
from auditor.reperform.plain.document import Document, read
from auditor.reperform.plain.kinds import reader_of
from auditor.reperform.plain.kinds.access_keys import Listed, listed_keys
from auditor.reperform.plain.kinds.account_tags import tags_of_accounts
from auditor.reperform.plain.kinds.credential_report import User, read_report
from auditor.reperform.plain.shape import Facts
from auditor.reperform.plain.trouble import UnusableError
from auditor.reperform.plain.words import CREDENTIAL_REPORT

T = TypeVar("T")
_ODD = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class Evidence:
    """An owner's evidence of the ``kinds`` that count. What cannot be used is as good as not there."""

    def __init__(self, collected: Collected, owner: Owner, kinds: Collection[str]) -> None:
        self.owner, self._collected, self._kinds = owner, collected, kinds
        self._units: dict[str, dict[str, list[Facts]] | None] = {}

    def has(self, kind: str) -> bool:
        """Whether there is such evidence and it can be used, be it a part only."""
        if kind == CREDENTIAL_REPORT:
            return self.users is not None
        if kind == "access-keys":
            return self.listed is not None
        return self._read(kind) is not None

    def lacks(self, kind: str) -> bool:
        """Whether something of this kind is known to be missing."""
        return kind in self.owner.gaps or (kind in self.owner.files and not self.has(kind))

    def path(self, kind: str) -> str:
        return self.owner.files[kind].path

    def place(self, kind: str, line: int) -> str:
        """``evidence/012345678901/account-summary.json:2``"""
        return f"{self.path(kind)}:{line}"

    def made(self, kind: str) -> str:
        """When what the file holds was made (UTC, as text); empty where that is not known."""
        return self.owner.files[kind].made

    def units(self, kind: str, unit: str) -> list[Facts]:
        """The facts of the units of a type that this kind tells of; none without such evidence."""
        return (self._read(kind) or {}).get(unit, [])

    def of_account(self, kind: str) -> Facts:
        """The facts of the account by a kind that tells of it as a whole; empty without such evidence."""
        return next(iter(self.units(kind, "account")), {})

    @cached_property
    def users(self) -> list[User] | None:
        """The rows of the credential report; None without a usable one."""
        if CREDENTIAL_REPORT in self.owner.gaps:
            return None
        return self._read_with(
            CREDENTIAL_REPORT, lambda file: read_report(self._collected.content(file), self.owner.id)
        )

    @cached_property
    def listed(self) -> Listed | None:
        """The access keys of users of whom the report tells more; None where they were not listed."""
        return self._read_with("access-keys", lambda file: listed_keys(self._document(file)))

    def tags(self) -> dict[str, dict[str, str] | None] | None:
        """By account, where this is the organization's evidence; None where they are not known."""
        return self._read_with("account-tags", lambda file: tags_of_accounts(self._document(file)), always=True)

    def _read(self, kind: str) -> dict[str, list[Facts]] | None:
        if kind not in self._units:
            make = reader_of(kind)
            self._units[kind] = self._read_with(kind, lambda file: make(self._document(file), self.owner.id))
        return self._units[kind]

    def _document(self, file: File) -> Document:
        return read(self._collected.content(file), file.kind)

    def _read_with(self, kind: str, make: Callable[[File], T], *, always: bool = False) -> T | None:
        """What ``make`` gives; answers of a shape that AWS does not give say nothing."""
        file = self.owner.files.get(kind)
        if file is None or (kind not in self._kinds and not always):
            return None
        try:
            return make(file)
        except (UnusableError, *_ODD):
            return None
