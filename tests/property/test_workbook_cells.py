"""Any texts, numbers and times go through the writer and are read back equal, by two readers."""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from auditor.report.workbook.book import new_book
from auditor.report.workbook.package import save_book
from auditor.report.workbook.table import Column, Kind, write_table
from auditor.report.workbook.text import cell_text
from tests.books import grids, opened, sheet
from tests.support import AS_OF

COLUMNS = [
    Column("row", "Row", 9, Kind.COUNT),  # a reader may leave out empty rows at the end
    Column("text", "Text", 20),
    Column("category", "Category", 20, Kind.WRAPPED),
    Column("number", "Number", 9, Kind.COUNT),
    Column("time", "Time (UTC)", 19, Kind.TIME),
    Column("flag", "Flag", 9, Kind.YES_NO),
]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    [
        "=1+1",
        "@x",
        "\t",
        " ",
        "#N/A",
        "_x0041_",
        "_x005F_x0041_",
        "a\r\nb",
        "<&>'\"",
        "\ufffe",
        "\U0001f680",
        "]]>",
        "007",
    ]
)
TIMES = st.datetimes(datetime(1900, 3, 1), datetime(9999, 12, 30)).map(lambda t: t.replace(microsecond=0, tzinfo=UTC))
ROWS = st.lists(
    st.tuples(
        TEXTS, TEXTS, st.none() | st.integers(-(10**15) + 1, 10**15 - 1), st.none() | TIMES, st.none() | st.booleans()
    ),
    min_size=1,
    max_size=20,
)
_TYPES = {"text": "str", "category": "category", "number": "Int64", "time": "datetime64[us, UTC]", "flag": "boolean"}


def meant(value: Any) -> Any:
    """What a cell shows of a value, nothing as nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return unescape(cell_text(value)) or None
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def nearly(mine: Any, theirs: Any) -> bool:
    """Times but for microseconds, as a day is no exact number of a spreadsheet's; midnight may be a day."""
    if isinstance(theirs, date) and not isinstance(theirs, datetime):
        theirs = datetime(theirs.year, theirs.month, theirs.day)
    if isinstance(mine, datetime) and isinstance(theirs, datetime):
        return abs(mine - theirs) < timedelta(milliseconds=1)
    return bool(mine == theirs)


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_what_is_written_is_read_back_equal(rows: list[tuple[Any, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=list(_TYPES)).astype({"category": "str"}).astype(_TYPES)
    frame.insert(0, "row", range(len(rows)))
    with tempfile.TemporaryDirectory() as folder:
        book = new_book("t", "0", AS_OF, ["S"])
        write_table(book, "S", frame, COLUMNS)
        path = save_book(book, Path(folder) / "b.xlsx")
        page = sheet(opened(path), "S")
        first = [[cell.value for cell in cells] for cells in page.iter_rows(min_row=2, min_col=2)]
        second = [row[1:] for row in grids(path)["S"][1:]]
    for row, by_openpyxl, by_calamine in zip(rows, first, second, strict=True):
        for value, one, other in zip(row, by_openpyxl, by_calamine, strict=True):
            expected = meant(value)
            assert nearly(expected, unescape(one) if isinstance(one, str) else one)
            assert nearly(expected, None if other == "" else other)
