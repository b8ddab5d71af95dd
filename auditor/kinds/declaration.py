"""What a kind of evidence declares of itself: whose it is, its calls, its tables, and how answers become rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from auditor.model import Evidence, Unit
from auditor.store.answers import as_written, first_response, line_of
from auditor.store.evidence import Document

LARGEST_PAGE = 1000
"""As many items as IAM puts on a page; where it is not asked for, a page holds a hundred."""

Row = dict[str, Any]
"""Values by column. The keys ``name``, ``arn`` and ``line`` say which unit a row is about, and where it stands.

``resource`` stands in place of an ``arn`` that AWS does not show: what follows the partition in it.
"""
RowsByUnit = Mapping[Unit, Iterable[Row]]
KnownEvidence = Mapping[str, Evidence]
"""The evidence of the same owner that a kind looks at, by kind; one that could not be had is missing."""


class Owner(StrEnum):
    """Whose evidence it is."""

    ACCOUNT = "account"
    ORGANIZATION = "organization"
    ROOT = "root of an account in which no role could be assumed"


@dataclass(frozen=True)
class Probe:
    """How ``--check-permissions`` tries an action: as cheaply as AWS lets it be, and nothing is kept.

    ``harmless``: error codes that only somebody who is allowed gets. ``caller_in`` and ``root_in`` name the parameter
    that takes the caller's account id, or the id of the organization's root.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    harmless: tuple[str, ...] = ()
    caller_in: str = ""
    root_in: str = ""


@dataclass(frozen=True)
class EachItem:
    """A call for every item of the list ``items`` of earlier answers: ``parameter`` is the item's ``member``."""

    items: str
    member: str
    parameter: str


@dataclass(frozen=True)
class Call:
    """One API call, named by its IAM action (``iam:GetAccountSummary``); all pages of a list are read.

    ``service``: the SDK's client, where it is not called like the action's prefix. ``items``: the member of the
    response that lists items. ``answers``: error codes that are an answer and no failure.
    ``continues``: a failure is kept as the answer and makes a gap, but costs other calls nothing; so it is of each
    call ``for_each`` item and ``in_each_region``.
    """

    action: str
    service: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    items: str = ""
    answers: tuple[str, ...] = ()
    continues: bool = False
    for_each: EachItem | None = None
    in_each_region: bool = False
    probe: Probe = field(default_factory=Probe)

    @property
    def client(self) -> str:
        return self.service or self.action.partition(":")[0]

    @property
    def operation(self) -> str:
        return self.action.partition(":")[2]

    @property
    def keeps_failures(self) -> bool:
        return self.continues or self.in_each_region or self.for_each is not None


REGIONS = Call("ec2:DescribeRegions", items="Regions")
"""Lists the regions that are enabled in an account; asked once an account, for all kinds that ask in each region."""


@dataclass(frozen=True)
class Column:
    """``dtype`` is str, Int64, boolean or datetime64[us, UTC]; ``about`` is one sentence for people.

    ``unit``: days, UTC, characters, ..., where the value has one. ``path``: the member of the row's item or object that
    the value is read from (``User.Arn``), changed by ``convert``; without a path the kind's code gives the value.
    ``in_controls``: controls may read it in SQL, so that the second implementation must give the same value.
    """

    name: str
    dtype: str
    about: str
    unit: str = ""
    path: str = ""
    convert: Callable[[Any], Any] | None = None
    in_controls: bool = True

    def value_in(self, item: Any) -> Any:
        """What is not there is None; whatever is not of AWS's form raises, so that it becomes a gap."""
        first, *further = self.path.split(".")
        item = item.get(first)
        for member in further:
            item = None if item is None else item.get(member)
        return self.convert(item) if self.convert else item


def written(name: str, path: str = "") -> Column:
    """A column that keeps how AWS writes the value of column ``name``, so that findings can quote it."""
    return Column(f"{name}_spelling", "str", f"{name} as AWS writes it.", path=path, convert=as_written)


@dataclass(frozen=True)
class RowPerItem:
    """A row for each item of the list ``items`` in the answers to ``action``.

    ``name`` and ``arn`` are the item's members that say which unit it is; of several names (``UserName/Id``) the values
    are joined likewise, and redaction takes what stands before the slash for a user's name. Two items with the same
    ``key`` (by default the ARN) are one, as pages may overlap. An item without its key, or without one of several
    names, is not of AWS's form.
    """

    action: str
    items: str
    name: str
    arn: str = ""
    key: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        """Those of the item that are read."""
        return tuple(member for member in (*self.name.split("/"), self.arn, self.key) if member)

    def rows(self, document: Document, columns: Sequence[Column]) -> Iterator[Row]:
        seen: set[str] = set()
        answers = (answer for answer in document.answers if answer.operation == self.action)
        for line, item in (found for answer in answers for found in answer.items(self.items)):
            key = item[self.key] if self.key else item.get(self.arn, "")
            if key and key in seen:
                continue
            seen.add(key)
            name = "/".join(item[m] for m in self.name.split("/")) if "/" in self.name else item.get(self.name, "")
            which = {"name": name, "line": line}
            yield which | ({"arn": item.get(self.arn, "")} if self.arn else {}) | values_of(item, columns)


@dataclass(frozen=True)
class RowPerOwner:
    """One row: the object ``member`` of the first answer to ``action``, on the line of that call."""

    action: str
    member: str

    def rows(self, document: Document, columns: Sequence[Column]) -> Iterator[Row]:
        values = values_of(first_response(document, self.action).get(self.member, {}), columns)
        yield {"line": line_of(document, self.action)} | values


def values_of(item: Any, columns: Iterable[Column]) -> Row:
    """The values of those columns that are read from a member of the item."""
    return {column.name: column.value_in(item) for column in columns if column.path}


@dataclass(frozen=True)
class Table:
    """The units of one type that a kind of evidence holds, a row each.

    ``name`` and ``about``: what SQL calls the table, and a sentence for people; empty where it cannot be asked for.
    ``source`` says where in the answers the rows stand, where that suffices, else ``rows`` makes them of (owner id,
    document). Its EvidenceError, or any error of a document that has not AWS's form, makes a gap of the evidence.
    """

    unit: Unit
    columns: tuple[Column, ...]
    name: str = ""
    about: str = ""
    source: RowPerItem | RowPerOwner | None = None
    rows: Callable[[str, Document], Iterable[Row]] | None = None

    @property
    def dtypes(self) -> dict[str, str]:
        return {column.name: column.dtype for column in self.columns}

    def rows_of(self, owner_id: str, document: Document) -> Iterable[Row]:
        if self.rows:
            return self.rows(owner_id, document)
        return self.source.rows(document, self.columns) if self.source else ()


class Recorder(Protocol):
    """Makes calls and keeps every answer as evidence."""

    async def ask(self, call: Call, **parameters: Any) -> list[Mapping[str, Any]]:
        """All pages of the answer; none where it is one of the call's error codes that are an answer.

        ``parameters`` are sent besides the call's own. Raises EvidenceError for every other error.
        """


@dataclass(frozen=True)
class Kind:
    """One kind of evidence.

    ``after``: the kinds of the same owner that it looks at, where they are collected. ``optional``: collected only
    where the settings ask for it. ``spared`` says why nothing has to be asked, given what is known, else nothing.
    ``collect`` makes the calls where they are not simply all made in their order; it returns why some were spared.
    ``foreign`` names what in the answers is of another account than the owner id, else nothing.
    ``rows`` makes the rows of all tables at once, where tables share the work.
    """

    name: str
    owner: Owner
    about: str
    calls: tuple[Call, ...]
    after: tuple[str, ...] = ()
    optional: bool = False
    spared: Callable[[KnownEvidence], str] | None = None
    collect: Callable[[Recorder, str, KnownEvidence], Awaitable[str]] | None = None
    foreign: Callable[[str, Document], str] | None = None
    tables: tuple[Table, ...] = ()
    rows: Callable[[str, Document], RowsByUnit] | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions that it takes, sorted."""
        regions = {REGIONS.action} if any(call.in_each_region for call in self.calls) else set()
        return tuple(sorted({call.action for call in self.calls} | regions))

    def rows_of(self, owner_id: str, document: Document) -> RowsByUnit:
        if self.rows:
            return self.rows(owner_id, document)
        return {table.unit: table.rows_of(owner_id, document) for table in self.tables}


def shortened(text: str, limit: int = 2000) -> str:
    """At most ``limit`` characters, so that the rest of a table can still be read."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
