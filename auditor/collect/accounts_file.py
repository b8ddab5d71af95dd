"""A CSV of accounts in place of discovery, for callers who may not list the organization's accounts."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

from auditor.collect.interface import Directory, OuTree
from auditor.csv_file import CsvProblem, CsvRow, read_csv_file, unguard
from auditor.errors import AccessError, ConfigurationError, nearest, shown
from auditor.model import Account, Caller, Organization

_COLUMNS = ("account_id", "name", "email", "ou_path")
_DELIMITER_NAMES = {"\t": "a tab", "|": "|", ";": ";", ",": ","}
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"  # of no width: what is copied from a web page brings them along
_ID = re.compile("[0-9]{12}")
_AS_TEXT = "format the column as text before the ids are entered, or export the list again"
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]+")
# What spreadsheets make of an id that they take for a number, and what that tells.
_DAMAGES = (
    (_ROUNDED, f"a spreadsheet has rounded it and digits were lost: {_AS_TEXT}"),
    (re.compile(r"[0-9]{1,12}[.,]0+"), f"a spreadsheet took it for a number: {_AS_TEXT}"),
    (re.compile(r"[0-9]{1,11}"), f"leading zeros were lost, as spreadsheets drop them: {_AS_TEXT}"),
    (re.compile(r"[0-9]{1,3}(?:[., '\u2019\xa0\u202f][0-9]{3})+"), "write it without separators"),
    (re.compile(r"[0-9]{4}-[0-9]{4}-[0-9]{4}"), "write it without hyphens"),
    (re.compile(r"=?\"[0-9]+\"?|'[0-9]+'?"), "write the digits only"),
)
_SPLIT = re.compile(r"\"?[0-9]{12}\"?\s*([,;|\t:])")


def read_accounts_file(path: Path, say: Callable[[str], None] = lambda sentence: None) -> list[Account]:
    """Accounts in file order; ``say`` is told how a file was read that is not separated by commas.

    Raises ConfigurationError with file and line.
    """
    try:
        table = read_csv_file(path)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except CsvProblem as error:
        raise ConfigurationError(f"{path}: {error}") from error
    header = [_column(name) for name in table.header]
    _check_header(path, header)
    accounts = [_account(path, header, row) for row in table.rows]
    _check_accounts(path, accounts)
    if table.delimiter != ",":
        say(f"{path}: {_seems(table.delimiter)}, so the file was read with it (accounts: {len(accounts):,})")
    return accounts


def _column(name: str) -> str:
    """``Account ID`` is ``account_id``: people name columns as they name things."""
    return re.sub(r"[\s-]+", "_", _bare(name).lower())


def _bare(cell: str) -> str:
    """Without blanks at the ends, also those that do not break or have no width, and without our own apostrophe."""
    return unguard(cell).strip().strip(_UNSEEN).strip()


def _check_header(path: Path, header: list[str]) -> None:
    for name in header:
        if name not in _COLUMNS:
            raise ConfigurationError(f"{path}: {_unknown(name)}")
        if header.count(name) > 1:
            raise ConfigurationError(f"{path}: the first line names the column {name!r} twice")
    if "account_id" not in header:
        raise ConfigurationError(f"{path}: the first line must name the column account_id")


def _unknown(name: str) -> str:
    if found := re.match(rf"\"?(?:{'|'.join(_COLUMNS)})\"?_*([^\w\"])", name):
        return f"the first line is {shown(name)}: {_seems(found[1])}; known are , ; | and tab"
    if _ID.match(name):
        return f"the first line must name its columns: {', '.join(_COLUMNS)}; only account_id is needed"
    return f"unknown column {shown(name)}{nearest(name, _COLUMNS)}; known: {', '.join(_COLUMNS)}"


def _seems(delimiter: str) -> str:
    return f"the delimiter seems to be {_DELIMITER_NAMES.get(delimiter, delimiter)}"


def _account(path: Path, header: list[str], row: CsvRow) -> Account:
    cells = dict(zip(header, map(_bare, row.cells), strict=False))
    account_id = cells.get("account_id", "")
    if not _ID.fullmatch(account_id):
        raise ConfigurationError(f"{path}: line {row.line}: {_no_id(_whole(account_id, header, row))}")
    if len(row.cells) > len(header):
        raise ConfigurationError(f"{path}: line {row.line}: more fields than the first line names")
    name, email, ou_path = (cells.get(column, "") for column in ("name", "email", "ou_path"))
    return Account(account_id, name, email, ou_path=ou_path)


def _whole(account_id: str, header: list[str], row: CsvRow) -> str:
    """A number with a decimal comma (4,5E+11) stands in two cells of a file that commas separate."""
    at = header.index("account_id")
    number = ",".join(map(_bare, row.cells[at : at + 2]))
    return number if len(row.cells) > len(header) and _ROUNDED.fullmatch(number) else account_id


def _no_id(text: str) -> str:
    """Why it is none, where that can be seen: each is a way in which spreadsheets lose ids."""
    sentence = f"{shown(text)} is not an account id (12 digits)"
    if why := next((why for pattern, why in _DAMAGES if pattern.fullmatch(text)), ""):
        return f"{sentence}: {why}"
    found = _SPLIT.match(text)
    return f"{sentence}: {_seems(found[1])}" if found else sentence


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
