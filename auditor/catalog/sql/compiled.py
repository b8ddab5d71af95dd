"""The SQL of one control, read strictly and ready for any engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from auditor.catalog.entry import AS_OF
from auditor.catalog.sql.entries import Reason, named_parameters
from auditor.catalog.sql.expressions import Expression, Names, SqlProblem, read_expression
from auditor.catalog.sql.tables import TABLES, EvidenceTable, Sort
from auditor.errors import nearest

AS_OF_NAME = "as_of"
Path = tuple[str | int, ...]


class FieldProblem(ValueError):  # noqa: N818 -- the catalogue makes an error of its own of it
    """What is wrong with a control's SQL, and in which field."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(problem)
        self.path = path


class SqlControl(Protocol):
    """What is needed to know of a control."""

    @property
    def table(self) -> str | None: ...
    @property
    def where(self) -> str | None: ...
    @property
    def passes(self) -> str | None: ...
    @property
    def observed(self) -> str | None: ...
    @property
    def since(self) -> str | None: ...
    @property
    def lines(self) -> str | None: ...
    @property
    def reason(self) -> Reason | None: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Compiled:
    """``special`` are the conditions of the reasons of their own, ``columns`` all that any expression reads."""

    table: EvidenceTable
    where: Expression | None
    passes: Expression
    observed: Expression
    since: Expression | None
    special: tuple[Expression, ...]
    lines: str | None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        given = (self.where, self.passes, self.observed, self.since, *self.special)
        return tuple(expression for expression in given if expression)

    @property
    def columns(self) -> Mapping[str, Sort]:
        names = dict.fromkeys(name for expression in self.expressions for name in expression.columns)
        return {name: self.table.columns[name] for name in names}


def compiled(control: SqlControl) -> Compiled:
    """Raises FieldProblem for whatever is not allowed."""
    table = TABLES[str(control.table)]
    names = Names(table.columns, {**control.parameters, AS_OF_NAME: AS_OF})
    read = _reader(names)
    special = control.reason.special if control.reason else ()
    found = Compiled(
        table,
        read(("where",), control.where, Sort.BOOLEAN) if control.where else None,
        read(("passes",), control.passes or "", Sort.BOOLEAN),
        read(("observed",), control.observed or "", Sort.TEXT),
        read(("since",), control.since, Sort.TIME) if control.since else None,
        tuple(read(("reason", "special", n, "when"), one.when, Sort.BOOLEAN) for n, one in enumerate(special)),
        control.lines,
    )
    _refuse_odd_names(control, found, names)
    return found


def _reader(names: Names) -> Callable[[Path, str, Sort], Expression]:
    def read(path: Path, text: str, wanted: Sort) -> Expression:
        try:
            return read_expression(text, names, wanted)
        except SqlProblem as problem:
            raise FieldProblem(path, str(problem)) from problem

    return read


def _refuse_odd_names(control: SqlControl, found: Compiled, names: Names) -> None:
    if found.lines and names.columns.get(found.lines) is not Sort.TEXT:
        texts = [name for name, sort in names.columns.items() if sort is Sort.TEXT]
        raise FieldProblem(("lines",), f"there is no column {found.lines!r} of lines{nearest(found.lines, texts)}")
    used = {name for expression in found.expressions for name in expression.parameters}
    for path, name in _named_in_reasons(control):
        if name not in names.parameters:
            raise FieldProblem(path, f"there is no parameter '${name}'{nearest(name, names.parameters)}")
        used.add(name)
    for name in control.parameters:
        if name == AS_OF_NAME:
            raise FieldProblem(("parameters", name), "$as_of is the time of the snapshot: choose another name")
        if name not in used:
            raise FieldProblem(("parameters", name), f"no expression and no reason names ${name}")


def _named_in_reasons(control: SqlControl) -> Iterator[tuple[Path, str]]:
    for path, text in control.reason.texts() if control.reason else ():
        yield from ((("reason", *path), name) for name in named_parameters(text))
