"""The two charts of the Cover, and the figures behind them, which stand beside the printed page."""

from __future__ import annotations

import pandas as pd
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.utils import get_column_letter

from auditor.assessment import Assessment
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula
from auditor.report.workbook.page import Page, heading
from auditor.report.workbook.sheets.exceptions import failures

_MOST = 12
_FIRST_COLUMN = 15  # beyond the page
_INK = "243B53"


def draw_charts(book: Book, page: Page, assessment: Assessment, lines: int) -> None:
    """Failures by control and by OU, side by side, ``lines`` rows high."""
    failed = failures(assessment)
    page.row(heading("Failures by control, the most first", 6), heading("Failures by OU, the most first", 6))
    top = page.rows + 1
    for column, (source, anchor) in enumerate((("control_id", "A"), ("ou_path", "G"))):
        at = _FIRST_COLUMN + 3 * column
        rows = _figures(book, page, failed[source], source, at)
        if rows:
            chart = _chart(page, at, rows, lines)
            chart.anchor = f"{anchor}{top}"
            page.sheet.add_chart(chart)
    for _ in range(lines):
        page.gap()


def _figures(book: Book, page: Page, values: pd.Series, source: str, column: int) -> int:
    """A label and a live count a row; returns how many there are."""
    page.sheet.column_dimensions[get_column_letter(column)].width = 34
    book.put(page.sheet, 1, column, f"Failures by {'control' if source == 'control_id' else 'OU'}", style.HEADER)
    book.put(page.sheet, 1, column + 1, "Failed", style.HEADER)
    counts = values.astype("str").value_counts().sort_index().sort_values(ascending=False, kind="stable")
    shown = counts.head(_MOST)
    for row, (name, number) in enumerate(shown.items(), start=2):
        cell = f"{get_column_letter(column)}{row}"
        book.put(page.sheet, row, column, str(name), style.BODY)
        book.put(page.sheet, row, column + 1, book.matching("Exceptions", source, cell, int(number)), style.COUNT)
    if len(counts) > _MOST:
        _put_rest(book, page, column, len(shown) + 2, counts)
    return min(len(counts), _MOST + 1)


def _put_rest(book: Book, page: Page, column: int, row: int, counts: pd.Series) -> None:
    letter = get_column_letter(column + 1)
    everything = book.counted("Exceptions", {"severity": '"?*"'}, int(counts.sum()))
    book.put(page.sheet, row, column, f"{len(counts) - _MOST} others", style.BODY)
    rest = Formula(f"{everything.text}-SUM({letter}2:{letter}{row - 1})", int(counts.iloc[_MOST:].sum()))
    book.put(page.sheet, row, column + 1, rest, style.COUNT)


def _chart(page: Page, column: int, rows: int, lines: int) -> BarChart:
    chart = BarChart()
    chart.type, chart.style, chart.legend, chart.gapWidth = "bar", 10, None, 40
    numbers = Reference(page.sheet, min_col=column + 1, min_row=2, max_row=rows + 1)
    chart.add_data(numbers, titles_from_data=False)
    chart.set_categories(Reference(page.sheet, min_col=column, min_row=2, max_row=rows + 1))
    chart.series[0].graphicalProperties = GraphicalProperties(solidFill=_INK)
    chart.dataLabels = DataLabelList(showVal=True, showSerName=False, showCatName=False, showLegendKey=False)
    chart.x_axis.scaling.orientation = "maxMin"  # the first row on top
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines = None
    chart.y_axis.number_format = "#,##0"
    chart.height, chart.width = lines * 0.52, 18.8  # type: ignore[assignment]  # cm
    return chart
