"""An expression in the words of one engine, by sqlglot; what engines do differently is spelt out first.

Both engines hold a time as microseconds since 1970 in UTC. Besides their own functions they have ``checked_add``,
``checked_subtract`` and ``checked_multiply`` (null where the result leaves 64 bits), ``boolean_text``, ``time_text``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from auditor.catalog.sql.expressions import Expression
from auditor.catalog.sql.tables import Sort

if TYPE_CHECKING:
    from sqlglot import exp

Dialect = Literal["duckdb", "sqlite"]
_CHECKED = {"Add": "checked_add", "Sub": "checked_subtract", "Mul": "checked_multiply"}


def rendered(expression: Expression, dialect: Dialect, lists: Mapping[str, int]) -> str:
    """``lists`` has the lengths of the parameters that are lists: ``$names`` becomes ``$names__0, $names__1``.

    Every operator stands in parentheses, so that no engine reads another order into it.
    """
    used = tuple((name, lists[name]) for name in expression.parameters if name in lists)
    return _rendered(expression, dialect, used)


@lru_cache(maxsize=512)  # an evaluation asks for the same few again and again
def _rendered(expression: Expression, dialect: Dialect, lists: tuple[tuple[str, int], ...]) -> str:
    tree = _Renderer(expression, dict(lists)).copy(expression.tree)
    return str(tree.sql(dialect, comments=False))


def bound_values(expressions: Iterable[Expression], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that the expressions name, lists taken apart; a number that 64 bits cannot hold is unknown."""
    found: dict[str, Any] = {}
    for name in sorted({name for expression in expressions for name in expression.parameters}):
        value = parameters[name]
        parts = {list_name(name, number): item for number, item in enumerate(value)} if isinstance(value, list) else {}
        found |= parts or ({} if isinstance(value, list) else {name: value})
    return {name: None if isinstance(value, int) and abs(value) >= 1 << 63 else value for name, value in found.items()}


def list_name(name: str, number: int) -> str:
    return f"{name}__{number}"


class _Renderer:
    def __init__(self, expression: Expression, lists: Mapping[str, int]) -> None:
        self._sorts, self._lists = expression.sorts, lists

    def copy(self, node: exp.Expression) -> Any:
        """The node with everything below it, in words that engines agree on."""
        from sqlglot import exp

        kind = type(node).__name__
        if kind in ("Null", "Boolean"):
            return node.copy()
        if kind == "Column":
            return exp.column(node.name, quoted=True)
        if kind in ("Literal", "Placeholder"):
            is_wide = self._sorts[id(node)] in (Sort.NUMBER, Sort.TIME)
            return exp.cast(node.copy(), "BIGINT") if is_wide else node.copy()
        if kind == "Paren":
            return self.copy(node.this)
        if kind == "Neg":
            return self._function("checked_subtract", exp.cast(exp.Literal.number(0), "BIGINT"), self.copy(node.this))
        if kind in _CHECKED:
            return self._function(_CHECKED[kind], self.copy(node.this), self.copy(node.expression))
        if kind == "DPipe":
            return exp.paren(exp.DPipe(this=self._text(node.this), expression=self._text(node.expression)))
        if kind == "Cast":
            return self._text(node.this)
        if kind == "In" and node.args.get("field") is not None:
            return self._among_list(node)
        return self._copied_below(node)

    def _copied_below(self, node: exp.Expression) -> Any:
        from sqlglot import exp

        args = {name: self._copied_value(value) for name, value in node.args.items()}
        whole = type(node)(**args)
        is_closed = isinstance(node, exp.Func) and not isinstance(node, exp.Connector)
        return whole if is_closed else exp.paren(whole, copy=False)

    def _copied_value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.copy(item) for item in value]
        return self.copy(value) if hasattr(value, "args") else value

    def _among_list(self, node: exp.Expression) -> Any:
        from sqlglot import exp

        name = node.args["field"].name
        values = [exp.Placeholder(this=list_name(name, number)) for number in range(self._lists[name])]
        return exp.paren(exp.In(this=self.copy(node.this), expressions=values)) if values else exp.false()

    def _text(self, node: exp.Expression) -> Any:
        """A value as text: ``true``, ``12``, ``2026-08-01T08:00:00Z``."""
        from sqlglot import exp

        value, sort = self.copy(node), self._sorts[id(node)]
        if sort is Sort.BOOLEAN:
            return self._function("boolean_text", value)
        if sort is Sort.TIME:
            return self._function("time_text", value)
        return value if sort is Sort.TEXT else exp.cast(value, "TEXT")

    @staticmethod
    def _function(name: str, *values: Any) -> Any:
        from sqlglot import exp

        return exp.Anonymous(this=name, expressions=list(values))
