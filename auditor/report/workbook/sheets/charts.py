"""The two charts of the Cover, and the figures behind them, which stand in folded columns beside the page."""

from __future__ import annotations

import pandas as pd
from openpyxl.chart import BarChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.chart.text import RichText
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, TwoCellAnchor
from openpyxl.drawing.text import CharacterProperties, Paragraph, ParagraphProperties
from openpyxl.utils import get_column_letter

from auditor.judge.assessment import Assessment
from auditor.report.figures import by_count
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula
from auditor.report.workbook.page import Page, heading
from auditor.report.workbook.sheets.exceptions import failures

_MOST = 12
_LINES_BESIDE_BARS = 4  # of a chart, for its axis and its edges
_FIRST_COLUMN = 15  # beyond the page
_FIGURES = 3  # columns: the name, what the chart shows of it, the number
_LONGEST_LABEL = 30  # characters
_HALF = 6  # columns of the page
_INK = "243B53"
_POINTS = 9


def draw_charts(book: Book, page: Page, assessment: Assessment, lines: int) -> None:
    """Failures by control and by OU, side by side, ``lines`` rows high."""
    failed = failures(assessment)
    page.row(heading("Failures by control, largest first", _HALF), heading("Failures by OU, largest first", _HALF))
    top, most = page.rows + 1, min(_MOST, lines - _LINES_BESIDE_BARS)
    for number, source in enumerate(("control_id", "ou_path")):
        column = _FIRST_COLUMN + _FIGURES * number
        _fold(page, column)
        rows = _write_figures(book, page, failed[source], source, column, most)
        if rows:
            chart = _chart(page, column, rows)
            chart.anchor = _anchor(number * _HALF, top, lines)  # type: ignore[assignment]
            page.sheet.add_chart(chart)
    for _ in range(lines):
        page.gap()


def _fold(page: Page, first: int) -> None:
    for column in range(first, first + _FIGURES):
        dimension = page.sheet.column_dimensions[get_column_letter(column)]
        dimension.width, dimension.outlineLevel, dimension.hidden = 34, 1, True


def _anchor(column: int, row: int, lines: int) -> TwoCellAnchor:
    """Half of the page, however wide its columns turn out to be."""
    corners = (column, row - 1), (column + _HALF, row - 1 + lines)
    first, last = (AnchorMarker(col=at, row=line) for at, line in corners)
    return TwoCellAnchor(editAs="twoCell", _from=first, to=last)


def _write_figures(book: Book, page: Page, values: pd.Series, source: str, column: int, most: int) -> int:
    """A name, its label and a live count a row; returns how many there are."""
    head = f"Failures by {'control' if source == 'control_id' else 'OU'}"
    for at, words in enumerate((head, "Label", "Failed"), start=column):
        book.put(page.sheet, 1, at, words, style.HEADER)
    counts = by_count(values)
    shown = counts.head(most)
    for row, (name, number) in enumerate(shown.items(), start=2):
        cell = f"{get_column_letter(column)}{row}"
        book.put(page.sheet, row, column, str(name), style.BODY)
        book.put(page.sheet, row, column + 1, _label(str(name)), style.BODY)
        book.put(page.sheet, row, column + 2, book.matching("Exceptions", source, cell, int(number)), style.COUNT)
    if len(counts) > most:
        _put_rest(book, page, column, len(shown) + 2, counts)
    return min(len(counts), most + 1)


def _label(name: str) -> str:
    """The end of a long name says more than its beginning: an OU path begins as all others do."""
    return name if len(name) <= _LONGEST_LABEL else f"…{name[1 - _LONGEST_LABEL :]}"


def _put_rest(book: Book, page: Page, column: int, row: int, counts: pd.Series) -> None:
    letter, most = get_column_letter(column + 2), row - 2
    everything = book.counted("Exceptions", {"severity": '"?*"'}, int(counts.sum()))
    book.put(page.sheet, row, column + 1, f"{len(counts) - most} others", style.BODY)
    rest = Formula(f"{everything.text}-SUM({letter}2:{letter}{row - 1})", int(counts.iloc[most:].sum()))
    book.put(page.sheet, row, column + 2, rest, style.COUNT)


def _chart(page: Page, column: int, rows: int) -> BarChart:
    chart = BarChart()
    chart.type, chart.style, chart.legend, chart.gapWidth = "bar", 10, None, 40
    chart.visible_cells_only = False  # the figures are folded away
    numbers = Reference(page.sheet, min_col=column + 2, min_row=2, max_row=rows + 1)
    chart.add_data(numbers, titles_from_data=False)
    chart.set_categories(Reference(page.sheet, min_col=column + 1, min_row=2, max_row=rows + 1))
    chart.series[0].graphicalProperties = GraphicalProperties(solidFill=_INK)
    chart.dataLabels = DataLabelList(showVal=True, showSerName=False, showCatName=False, showLegendKey=False)
    chart.x_axis.scaling.orientation = "maxMin"  # the first row on top
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines = None
    chart.y_axis.number_format = "#,##0"
    chart.x_axis.txPr = chart.dataLabels.txPr = _small_text()
    return chart


def _small_text() -> RichText:
    properties = CharacterProperties(sz=_POINTS * 100)
    return RichText(p=[Paragraph(pPr=ParagraphProperties(defRPr=properties), endParaRPr=properties)])
