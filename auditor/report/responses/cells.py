"""The rows of a sheet, one after another: values and formulas as they stand, and which cells bear certain styles."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import column_index_from_string

from auditor.report.responses.markup import feed
from auditor.report.responses.package import Package
from auditor.report.responses.texts import normal

_DIGITS = "0123456789"

Scalar: TypeAlias = str | float | bool | None


class Formula(NamedTuple):
    """A cell that computes: the formula without its equals sign, and what the last program made of it."""

    text: str
    value: Scalar


Value: TypeAlias = Scalar | Formula


@dataclass(slots=True)
class Row:
    """One row by its number; ``cells`` by the number of their column, None where a cell is blank.

    ``marked`` are the columns whose style is one that was asked for; ``rest_marked`` tells it of the cells that the
    row does not name.
    """

    number: int
    cells: dict[int, Value] = field(default_factory=dict)
    marked: set[int] = field(default_factory=set)
    rest_marked: bool = False


class Sheet:
    """One sheet of a package. ``marks`` are ids of styles; ``marked_columns`` is known once the first row is read."""

    def __init__(self, package: Package, name: str, marks: Set[str]) -> None:
        self.name = name
        self._package, self._marks = package, marks
        self.marked_columns: list[range] = []

    def rows(self) -> Iterator[Row]:
        """Every row that is written down. Raises WorkbookError."""
        where = f"{self._package.path}, sheet {self.name!r}"
        handler = _Cells(self._package.texts, self._marks, self.marked_columns)
        with self._package.stream(self._package.sheets[self.name], where) as stream:
            for _ in feed(stream, handler, where):
                while handler.finished:
                    yield handler.finished.popleft()

    def is_marked(self, row: Row, column: int) -> bool:
        """Whether the cell has one of the styles that were asked for."""
        if column in row.cells:
            return column in row.marked
        return row.rest_marked or any(column in columns for columns in self.marked_columns)


class _Cells:
    """Makes rows of the events of a sheet's XML. It is called some ten million times, and so it is plain."""

    def __init__(self, texts: list[str], marks: Set[str], marked_columns: list[range]) -> None:
        self.finished: deque[Row] = deque()
        self._texts, self._marks, self._marked_columns = texts, marks, marked_columns
        self._columns: dict[str, int] = {}
        self._formulas: dict[str, tuple[str, str]] = {}  # id -> formula that cells share, cell that it is written for
        self._row = Row(0)
        self._column = 0
        self._kind = "n"
        self._value = ""
        self._formula: str | None = None
        self._shared = ""
        self._parts: list[str] = []
        self._phonetic = False

    @property
    def text(self) -> Callable[[str], object]:
        return self._parts.append

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            letters = attributes["r"].rstrip(_DIGITS) if "r" in attributes else ""
            self._column = self._columns.get(letters) or self._number(letters)
            self._kind = attributes.get("t", "n")
            self._value, self._formula = "", None
            if attributes.get("s", "0") in self._marks:
                self._row.marked.add(self._column)
        elif name in ("v", "t", "f"):
            self._parts.clear()
            if name == "f":
                self._shared = attributes.get("si", "") if attributes.get("t") == "shared" else ""
        elif name != "is":
            self._begin(name, attributes)

    def end(self, name: str) -> None:
        if name == "c":
            value = self._scalar()
            self._row.cells[self._column] = value if self._formula is None else Formula(self._formula, value)
        elif name == "v":
            self._value = "".join(self._parts)
        elif name == "t":
            if not self._phonetic:
                self._value += "".join(self._parts)
        elif name == "f":
            self._formula = self._expanded("".join(self._parts))
        elif name == "row":
            self.finished.append(self._row)
        elif name == "rPh":
            self._phonetic = False

    def _begin(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "row":
            number = int(attributes.get("r", self._row.number + 1))
            if number <= self._row.number:
                raise ValueError(f"row {number} follows row {self._row.number}")
            self._row = Row(number, rest_marked=attributes.get("s") in self._marks)
            self._column = 0
        elif name == "rPh":
            self._phonetic = True
        elif name == "col" and attributes.get("style") in self._marks:
            self._marked_columns.append(range(int(attributes["min"]), int(attributes["max"]) + 1))

    def _number(self, letters: str) -> int:
        """The number of a column; a cell without a name is the next one."""
        if not letters:
            return self._column + 1
        return self._columns.setdefault(letters, column_index_from_string(letters))

    def _scalar(self) -> Scalar:
        kind, value = self._kind, self._value
        if kind == "s":
            return self._texts[int(value)] if value else None
        if kind == "n":
            return float(value) if value else None
        if kind == "b":
            return value in ("1", "true")
        return normal(value) or None

    def _expanded(self, text: str) -> str:
        """A formula that is shared by several cells is written out in the first of them only."""
        if not self._shared:
            return text
        here = f"{get_column_letter(self._column)}{self._row.number}"
        if text:
            self._formulas[self._shared] = (text, here)
            return text
        return moved(*self._formulas[self._shared], here)


def moved(formula: str, origin: str, here: str) -> str:
    """``formula`` of the cell ``origin`` as it reads in the cell ``here``: relative references move along."""
    if origin == here:
        return formula
    return str(Translator(f"={formula}", origin).translate_formula(here)).removeprefix("=")
