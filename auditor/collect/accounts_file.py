"""A CSV of accounts in place of discovery, for callers who may not list the organization's accounts."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from auditor.collect.interface import Directory, OuTree
from auditor.errors import AccessError, ConfigurationError, nearest
from auditor.model import Account, Caller, Organization

_COLUMNS = ("account_id", "name", "email", "ou_path")


def read_accounts_file(path: Path) -> list[Account]:
    """Accounts in file order. Raises ConfigurationError with file and line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(path, list(reader.fieldnames or ()))
            accounts = [_account(path, reader.line_num, row) for row in reader]
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: not a CSV file in UTF-8: {error}") from error
    _check_accounts(path, accounts)
    return accounts


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        if name not in _COLUMNS:
            hint = nearest(name, _COLUMNS)
            raise ConfigurationError(f"{path}: unknown column {name!r}{hint}; known: {', '.join(_COLUMNS)}")
    if "account_id" not in header:
        raise ConfigurationError(f"{path}: the first line must name the column account_id")


def _account(path: Path, line: int, row: dict[str, str]) -> Account:
    account_id = row["account_id"] or ""
    if not (len(account_id) == 12 and account_id.isascii() and account_id.isdigit()):
        raise ConfigurationError(f"{path}: line {line}: {account_id!r} is not an account id (12 digits)")
    if None in row:
        raise ConfigurationError(f"{path}: line {line}: more fields than the first line names")
    name, email, ou_path = (row.get(column) or "" for column in ("name", "email", "ou_path"))
    return Account(account_id, name, email, ou_path=ou_path)


def _check_accounts(path: Path, accounts: list[Account]) -> None:
    if not accounts:
        raise ConfigurationError(f"{path}: no account is listed")
    seen: set[str] = set()
    for account in accounts:
        if account.id in seen:
            raise ConfigurationError(f"{path}: account {account.id} is listed twice")
        seen.add(account.id)


class FileDirectory:
    """The accounts of a file; caller and organization still come from AWS."""

    def __init__(self, accounts: list[Account], aws: Directory) -> None:
        self._accounts, self._aws = accounts, aws

    async def caller(self) -> Caller:
        return await self._aws.caller()

    async def organization(self) -> Organization:
        """Who may not read the organization still has a file; the snapshot is then named after the caller."""
        caller = await self.caller()
        unknown = Organization(f"accounts-{caller.account_id}")
        try:
            return await self._aws.organization() or unknown
        except AccessError:
            return unknown

    async def account_pages(self, organization: Organization) -> AsyncIterator[list[Account]]:
        management = organization.management_account_id
        yield [replace(a, is_management=a.id == management) for a in self._accounts]

    async def ou_tree(self) -> OuTree | None:
        """The file says what is known of OUs."""
        return None
