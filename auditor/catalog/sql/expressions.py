"""One expression of SQL, read strictly: names, comparisons and the few functions that both engines agree on.

Allowed are columns, ``$parameters``, texts, whole numbers, ``true``, ``false``, ``null``, ``and``, ``or``, ``not``,
comparisons, ``between``, ``in``, ``like``, ``is [not] null``, ``+ - *``, ``||``, ``case``, ``cast(x as text)`` and
FUNCTIONS. Whatever else SQL has is refused, as it could read, change or wait for something, or differ between engines.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from auditor.catalog.sql.tables import Sort
from auditor.errors import nearest, shown

if TYPE_CHECKING:  # sqlglot takes a quarter of a second to load, and most commands never judge
    from sqlglot import exp

FUNCTIONS = ("coalesce", "nullif", "days_between", "days_after")
"""``days_between(earlier, later)`` is the whole days gone by, rounded down; ``days_after(time, days)`` a later time."""
MOST = 2000
"""Characters of one expression."""
_LIST = "a list of texts"
_DEEPEST = 70
_DIGITS = 18  # any number of so many digits has 64 bits


class SqlProblem(ValueError):  # noqa: N818 -- not an error of its own: the catalogue makes its own of it
    """Why an expression is not taken, in one sentence without the place."""


@dataclass(frozen=True)
class Names:
    """What an expression may name."""

    columns: Mapping[str, Sort]
    parameters: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Expression:
    """Equal to itself only. ``tree`` is sqlglot's; ``sorts`` of its nodes stand at their ids; ``columns`` and
    ``parameters`` are those named, in their order."""

    tree: Any
    sort: Sort
    sorts: Mapping[int, Sort | None]
    columns: tuple[str, ...]
    parameters: tuple[str, ...]


def read_expression(text: str, names: Names, wanted: Sort) -> Expression:
    """Raises SqlProblem for whatever is not one allowed expression of the ``wanted`` sort."""
    sorts = tuple(
        (name, _LIST if isinstance(value, list) else parameter_sort(value)) for name, value in names.parameters.items()
    )
    return _read(text, tuple(names.columns.items()), sorts, wanted)


@lru_cache(maxsize=512)  # an evaluation reads the same few again and again
def _read(
    text: str, columns: tuple[tuple[str, Sort], ...], parameters: tuple[tuple[str, Sort | str], ...], wanted: Sort
) -> Expression:
    reader = _Reader(dict(columns), dict(parameters))
    try:
        tree = _parsed(text)
        sort = reader.sort_of(tree)
    except RecursionError as error:
        raise SqlProblem("it is nested too deep") from error
    if sort not in (wanted, None):
        raise SqlProblem(f"it must be {wanted}, and is {sort}")
    return Expression(tree, wanted, reader.sorts, tuple(reader.columns), tuple(reader.parameters))


def _parsed(text: str) -> Any:
    from sqlglot import exp
    from sqlglot.dialects import Dialect
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it warns of is refused here
    if len(text) > MOST:
        raise SqlProblem(f"it has more than {MOST:,} characters")
    try:
        found = Dialect.get_or_raise("duckdb").parse_into(exp.Condition, text)
    except SqlglotError as error:
        raise SqlProblem(f"it is not one expression of SQL: {shown(text)}") from error
    if len(found) != 1 or found[0] is None:
        raise SqlProblem("it must be exactly one expression")
    return found[0]


class _Reader:
    """Tells the sort of each node, None for a plain ``null``, and refuses what is not allowed."""

    def __init__(self, columns: Mapping[str, Sort], parameters: Mapping[str, Sort | str]) -> None:
        self._columns, self._parameters = columns, parameters
        self._depth = 0
        self.sorts: dict[int, Sort | None] = {}
        self.columns: dict[str, None] = {}
        self.parameters: dict[str, None] = {}

    def sort_of(self, node: exp.Expression) -> Sort | None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise SqlProblem("it is nested too deep")
        sort = self._allowed(node)
        self._depth -= 1
        return sort

    def _allowed(self, node: exp.Expression) -> Sort | None:
        rule = _RULES.get(type(node).__name__)
        if rule is None:
            raise SqlProblem(f"{_name_of(node)} is not allowed")
        odd = [key for key, value in node.args.items() if value and key not in (*rule[0], "safe")]
        if odd:
            raise SqlProblem(f"{_name_of(node)} with {odd[0]!r} is not allowed")
        sort: Sort | None = rule[1](self, node)
        self.sorts[id(node)] = sort
        return sort

    def common(self, nodes: Sequence[exp.Expression], what: str) -> Sort | None:
        """The one sort of them all."""
        found = {sort for node in nodes if (sort := self.sort_of(node)) is not None}
        if len(found) > 1:
            raise SqlProblem(f"{what} {' and '.join(sorted(found))}: both must be of one sort")
        return next(iter(found), None)

    def require(self, sort: Sort, *nodes: exp.Expression) -> Sort:
        for node in nodes:
            if self.sort_of(node) not in (sort, None):
                raise SqlProblem(f"{_text_of(node)} must be {sort}")
        return sort

    def column(self, node: exp.Expression) -> Sort:
        name = node.name
        if name not in self._columns:
            raise SqlProblem(f"there is no column {shown(name)}{nearest(name, self._columns)}")
        self.columns[name] = None
        return self._columns[name]

    def parameter(self, node: exp.Expression) -> Sort:
        sort = self._parameter(node)
        if not isinstance(sort, Sort):
            raise SqlProblem(f"${node.name} is a list: it stands behind 'in' only")
        return sort

    def _parameter(self, node: exp.Expression) -> Sort | str:
        known = self._parameters
        if node.name not in known:
            raise SqlProblem(f"there is no parameter {shown('$' + node.name)}{nearest(node.name, known)}")
        self.parameters[node.name] = None
        return known[node.name]

    def literal(self, node: exp.Expression) -> Sort:
        if node.is_string:
            return Sort.TEXT
        if not node.name.isdecimal() or len(node.name) > _DIGITS:
            raise SqlProblem(f"the number {shown(node.name)} is not a whole number of at most {_DIGITS} digits")
        return Sort.NUMBER

    def same(self, node: exp.Expression) -> Sort | None:
        return self.sort_of(node.this)

    def connected(self, node: exp.Expression) -> Sort:
        return self.require(Sort.BOOLEAN, *_operands(node))

    def compared(self, node: exp.Expression) -> Sort:
        self.common(_operands(node), "it compares")
        return Sort.BOOLEAN

    def calculated(self, node: exp.Expression) -> Sort:
        return self.require(Sort.NUMBER, *_operands(node))

    def is_what(self, node: exp.Expression) -> Sort:
        if type(node.expression).__name__ != "Null":
            raise SqlProblem("'is' must be followed by null or not null")
        self.sort_of(node.expression)
        self.sort_of(node.this)
        return Sort.BOOLEAN

    def among(self, node: exp.Expression) -> Sort:
        if (field := node.args.get("field")) is None:
            self.common([node.this, *node.expressions], "it compares")
            return Sort.BOOLEAN
        if type(field).__name__ != "Placeholder" or self._parameter(field) != _LIST:
            raise SqlProblem("behind 'in' stands a list in parentheses or a parameter that is a list")
        return self.require(Sort.TEXT, node.this) and Sort.BOOLEAN

    def like(self, node: exp.Expression) -> Sort:
        if type(node.expression).__name__ not in ("Literal", "Placeholder"):
            raise SqlProblem("the pattern of 'like' must be a text or a parameter")
        return self.require(Sort.TEXT, *_operands(node)) and Sort.BOOLEAN

    def joined(self, node: exp.Expression) -> Sort:
        for operand in _operands(node):
            self.sort_of(operand)
        return Sort.TEXT

    def cast(self, node: exp.Expression) -> Sort:
        if node.args["to"].sql("duckdb") != "TEXT":
            raise SqlProblem("cast is allowed to text only")
        self.sort_of(node.this)
        return Sort.TEXT

    def case(self, node: exp.Expression) -> Sort | None:
        subject, branches = node.args.get("this"), node.args["ifs"]
        for branch in branches:
            if set(filter(branch.args.get, branch.args)) - {"this", "true"}:
                raise SqlProblem("case is not allowed in this form")
        tests = [branch.this for branch in branches]
        if subject is None:
            self.require(Sort.BOOLEAN, *tests)
        else:
            self.common([subject, *tests], "it compares")
        default = node.args.get("default")
        return self.common([b.args["true"] for b in branches] + ([default] if default else []), "case gives")

    def coalesced(self, node: exp.Expression) -> Sort | None:
        return self.common([node.this, *node.expressions], "coalesce gives")

    def nullif(self, node: exp.Expression) -> Sort | None:
        return self.common(_operands(node), "it compares")

    def function(self, node: exp.Expression) -> Sort:
        name, given = str(node.this).lower(), node.expressions
        if name not in ("days_between", "days_after") or len(given) != 2:
            raise SqlProblem(f"{_function(name)} of {len(given)} values is not allowed")
        self.require(Sort.TIME, given[0])
        if name == "days_after":
            return self.require(Sort.NUMBER, given[1]) and Sort.TIME
        return self.require(Sort.TIME, given[1]) and Sort.NUMBER


_TWO = ("this", "expression")
_RULES: Mapping[str, tuple[tuple[str, ...], Any]] = {
    "Column": (("this",), _Reader.column),
    "Placeholder": (("this",), _Reader.parameter),
    "Literal": (("this", "is_string"), _Reader.literal),
    "Boolean": (("this",), lambda _, __: Sort.BOOLEAN),
    "Null": ((), lambda _, __: None),
    "Paren": (("this",), _Reader.same),
    "Not": (("this",), lambda reader, node: reader.require(Sort.BOOLEAN, node.this)),
    "And": (_TWO, _Reader.connected),
    "Or": (_TWO, _Reader.connected),
    **dict.fromkeys(("EQ", "NEQ", "LT", "LTE", "GT", "GTE"), (_TWO, _Reader.compared)),
    **dict.fromkeys(("Add", "Sub", "Mul"), (_TWO, _Reader.calculated)),
    "Neg": (("this",), lambda reader, node: reader.require(Sort.NUMBER, node.this)),
    "Is": (_TWO, _Reader.is_what),
    "Between": (("this", "low", "high"), _Reader.compared),
    "In": (("this", "expressions", "field"), _Reader.among),
    "Like": ((*_TWO, "negate"), _Reader.like),
    "DPipe": (_TWO, _Reader.joined),
    "Cast": (("this", "to"), _Reader.cast),
    "Case": (("this", "ifs", "default"), _Reader.case),
    "Coalesce": (("this", "expressions"), _Reader.coalesced),
    "Nullif": (_TWO, _Reader.nullif),
    "Anonymous": (("this", "expressions"), _Reader.function),
}


def parameter_sort(value: Any) -> Sort:
    """The sort of a parameter that is no list; the as-of time is a time."""
    if isinstance(value, bool):
        return Sort.BOOLEAN
    if isinstance(value, int):
        return Sort.NUMBER
    return Sort.TEXT if isinstance(value, str) else Sort.TIME


def _operands(node: Any) -> list[Any]:
    return [node.args[name] for name in ("this", "expression", "low", "high") if node.args.get(name) is not None]


def _text_of(node: Any) -> str:
    return shown(node.sql("duckdb", comments=False))


def _name_of(node: Any) -> str:
    """What SQL calls it: the function, else the very words."""
    name = node.sql_name().lower() if hasattr(node, "sql_name") else ""
    return _function(name) if name else _text_of(node)


def _function(name: str) -> str:
    return f"the function {shown(name)}{nearest(name, FUNCTIONS)}"
