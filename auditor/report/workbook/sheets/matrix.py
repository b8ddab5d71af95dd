"""The sheet Matrix: accounts x controls, failures counted, with a subtotal for each OU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil
from typing import Any, TypeAlias

import pandas as pd
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break, ColBreak
from openpyxl.worksheet.properties import Outline
from openpyxl.worksheet.worksheet import Worksheet

from auditor.judge.assessment import Assessment
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula, Stream, quoted
from auditor.report.workbook.font import line_counts
from auditor.report.workbook.paper import PAPERS, set_note
from auditor.report.workbook.rows import Column, Kind, row_chunks
from auditor.report.workbook.sheet import MAX_HEIGHT, lay_out
from auditor.report.workbook.table import write_intro

TITLE = "Matrix"
HEADER = 3
_PLACES = (
    Column("ou_path", "OU path", 30, Kind.WRAPPED),
    Column("account_id", "Account id", 13, Kind.IDENTIFIER),
    Column("account_name", "Account name", 20, Kind.WRAPPED),
    Column("outcome", "Outcome", 17, Kind.STATUS),
)
_REPEATED = 3
"""So many of them stand on every page."""
_TOTAL_WIDTH, _NARROWEST, _WIDEST = 8.0, 8.0, 10.0
_HEADING_LINES = 3
_MEASURES = ("failed", "population", "not_applicable")
_WORDS = {"failed": "", "population": "tested: ", "not_applicable": "not applicable: "}
_TOTAL = "failed_in_all"
_INTRO = (
    "Failed units of each account, by control; 0: none of those tested failed, ▲: no evidence, empty: nothing to "
    "test. What was tested, and what a control does not apply to, stands in the folded columns to the right. Each OU "
    "has its subtotal; the last row is the whole organization."
)
_LEGEND = "Failed units; 0: none of those tested failed, ▲: no evidence, empty: nothing to test."
_NOT_PRINTED = "Not printed: columns {} to {} (of each control: tested, not applicable)"
_NO_EVIDENCE = "▲"
_Row: TypeAlias = dict[Any, Any]


def write_matrix(book: Book, assessment: Assessment) -> None:
    """Fill the sheet and note where each control's totals stand: ``book.ranges["Matrix"]["population <control>"]``."""
    controls = _controls(assessment)
    blocks, width = _blocks(len(controls), PAPERS[book.paper].units)
    columns = _columns(controls, width)
    sheet = book.workbook[TITLE]
    lay_out(book, sheet, [column.width for column in columns], frozen=f"{get_column_letter(6)}{HEADER + 1}")
    write_intro(book, TITLE, _INTRO, columns[: len(_PLACES) + 1 + blocks[0]])
    _write_header(book, sheet, columns)
    frame = _frame(assessment, controls, columns)
    last = HEADER + len(frame)
    list(row_chunks(book, (), columns, HEADER + 1, len(frame)))
    book.streams[TITLE] = Stream(
        HEADER + 1,
        len(frame),
        len(columns),
        lambda: row_chunks(book, [frame], columns, HEADER + 1, len(frame), "level"),
    )
    _write_totals(book, sheet, frame, columns, last + 1)
    if len(frame) and controls:
        _colour(sheet, len(_PLACES) + 2, len(_PLACES) + 1 + len(controls), last)
    _set_print(sheet, blocks, last + 1)
    measures = [column.header for column in columns[len(_PLACES) + 1 + len(controls) :]]
    if measures:
        first = get_column_letter(len(columns) - len(measures) + 1)
        set_note(sheet, f"{_LEGEND} {_NOT_PRINTED.format(first, get_column_letter(len(columns)))}")
    sheet.sheet_properties.outlinePr = Outline(summaryBelow=False)


def _controls(assessment: Assessment) -> list[str]:
    """Those that decide anything by themselves."""
    return [control.id for control in assessment.catalog_controls if control.assessment == "automated"]


def _blocks(controls: int, room: float) -> tuple[list[int], float]:
    """How many controls stand on each of the pages side by side, about as many on each, and how wide each is."""
    places = [column.width for column in _PLACES]
    first = int((room - sum(places) - _TOTAL_WIDTH) / _NARROWEST)
    further = int((room - sum(places[:_REPEATED])) / _NARROWEST)
    pages = 1 + max(0, ceil((controls - first) / further))
    sizes = [min(ceil(controls / pages), first)]
    for left in range(pages - 1, 0, -1):
        sizes.append(ceil((controls - sum(sizes)) / left))
    fitting = (room - sum(places) - _TOTAL_WIDTH) / max(sizes[0], 1), (room - sum(places[:_REPEATED])) / max(*sizes, 1)
    return sizes, int(min(_WIDEST, *fitting) * 4) / 4


def _set_print(sheet: Worksheet, blocks: Sequence[int], last: int) -> None:
    """A page for each block of controls, all of the same scale; each begins with the account."""
    column, breaks = len(_PLACES) + 1, ColBreak()
    for size in blocks:
        column += size
        breaks.append(Break(id=column))
    sheet.print_title_rows = f"{HEADER}:{HEADER}"
    sheet.print_area = f"A{HEADER if len(blocks) > 1 else 1}:{get_column_letter(column)}{last}"
    if len(blocks) > 1:
        breaks.brk = breaks.brk[:-1]
        sheet.col_breaks = breaks
        sheet.print_title_cols = f"A:{get_column_letter(_REPEATED)}"


def _columns(controls: Sequence[str], width: float) -> list[Column]:
    columns = [*_PLACES, Column(_TOTAL, "Failed in all", _TOTAL_WIDTH, Kind.COUNT, formula=f"{_TOTAL}=")]
    for measure in _MEASURES:
        kind, level = (Kind.FIGURE, 0) if measure == "failed" else (Kind.COUNT, 1)
        for control in controls:
            source = f"{measure} {control}"
            columns.append(
                Column(source, f"{_WORDS[measure]}{control}", width, kind, formula=f"{source}=", level=level)
            )
    return columns


def _write_header(book: Book, sheet: Worksheet, columns: Sequence[Column]) -> None:
    upright = replace(style.HEADER, rotation=90, vertical="bottom")
    for number, column in enumerate(columns, start=1):
        look = style.HEADER if number <= len(_PLACES) + 1 else upright
        book.put(sheet, HEADER, number, column.header, look)
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.outlineLevel, dimension.hidden = column.level, bool(column.level)
    sheet.row_dimensions[HEADER].height = _heading_height([column.header for column in columns])


def _heading_height(headers: Sequence[str]) -> float:
    """The least height, in points, in which upright text, which wraps at the row's height, takes three lines."""
    heights = range(60, int(MAX_HEIGHT), 6)
    look = style.HEADER
    return next(
        (h for h in heights if line_counts(headers, h - 2 * 3, look.size, look.bold).max() <= _HEADING_LINES),
        MAX_HEIGHT,
    )


def _frame(assessment: Assessment, controls: Sequence[str], columns: Sequence[Column]) -> pd.DataFrame:
    """A row for each OU, and below it one for each of its accounts."""
    accounts = _with_counts(assessment, controls)
    rows: list[_Row] = []
    sources = [column.source for column in columns[len(_PLACES) :]]
    for ou_path, group in accounts.groupby("ou_path", sort=True, observed=True):
        found: list[_Row] = group.to_dict("records")
        first = HEADER + len(rows) + 2
        rows.append(_subtotal(str(ou_path), group, sources, first))
        rows += [_account(row, columns, number) for number, row in enumerate(found, start=first)]
    names = [*(c.source for c in columns), *(c.formula for c in columns if c.formula)]
    frame = pd.DataFrame(rows, columns=["level", *names])
    return frame.astype({c.source: "Int64" for c in columns if c.kind is Kind.COUNT})


def _with_counts(assessment: Assessment, controls: Sequence[str]) -> pd.DataFrame:
    """The accounts with a column for each measure of each control, missing where nothing was tested."""
    counts = assessment.by_account.astype({"account_id": "str", "control_id": "str"})
    counts["account_id"] = counts["account_id"].fillna("")
    counts["failed"] = counts["failed"].astype("object").where(counts["population"] > 0, None)
    lacking = (counts["population"] == 0) & (counts["no_evidence"] > 0)
    counts["failed"] = counts["failed"].mask(lacking, _NO_EVIDENCE)
    wide = counts.pivot(index="account_id", columns="control_id", values=list(_MEASURES))
    wide.columns = pd.Index([" ".join(names) for names in wide.columns.to_flat_index()])
    names = [f"{measure} {control}" for measure in _MEASURES for control in controls]
    accounts = assessment.accounts[[c.source for c in _PLACES]].astype("str").fillna("")
    if "" in wide.index:  # what belongs to the organization, whose management account was not listed
        accounts.loc[len(accounts)] = ["(organization)", "", "", "organization"]
    joined = accounts.join(wide.reindex(columns=names).astype("object"), on="account_id")
    return joined.where(joined.notna(), None)


def _account(row: _Row, columns: Sequence[Column], number: int) -> _Row:
    failed = [column for column in columns if column.kind is Kind.FIGURE]
    if not failed:  # no chosen control decides anything by itself
        return row | {"level": 1, _TOTAL: 0, f"{_TOTAL}=": "0"}
    first, last = (get_column_letter(columns.index(column) + 1) for column in (failed[0], failed[-1]))
    return row | {
        "level": 1,
        _TOTAL: sum(value for column in failed if isinstance(value := row[column.source], int)),
        f"{_TOTAL}=": f"SUM({first}{number}:{last}{number})",
    }


def _subtotal(ou_path: str, group: pd.DataFrame, sources: Sequence[str], first: int) -> _Row:
    row: _Row = {"ou_path": ou_path, "level": 0}
    for number, source in enumerate(sources, start=len(_PLACES) + 1):
        letter = get_column_letter(number)
        row[f"{source}="] = f"SUM({letter}{first}:{letter}{first + len(group) - 1})"
        wanted = [s for s in sources if s.startswith("failed ")] if source == _TOTAL else [source]
        row[source] = sum(value for name in wanted for value in group[name] if isinstance(value, int))
    return row


def _write_totals(book: Book, sheet: Worksheet, frame: pd.DataFrame, columns: Sequence[Column], row: int) -> None:
    """The last row: the sum over all accounts, whatever is filtered."""
    book.put(sheet, row, 1, "All accounts", style.TOTAL_LABEL)
    for number in range(2, len(_PLACES) + 1):
        book.put(sheet, row, number, None, style.TOTAL_LABEL)
    ous = frame["level"] == 0
    for number, column in enumerate(columns[len(_PLACES) :], start=len(_PLACES) + 1):
        letter, value = get_column_letter(number), int(frame.loc[ous, column.source].sum())
        area = f"{letter}{HEADER + 1}:{letter}{row - 1}"
        outcomes = f"$D${HEADER + 1}:$D${row - 1}"
        formula = f'SUMIF({outcomes},"?*",{area})' if len(frame) else "0"
        book.put(sheet, row, number, Formula(formula, value), style.TOTAL)
        book.add_range(TITLE, column.source, f"{quoted(TITLE)}!${letter}${row}")


def _colour(sheet: Worksheet, first: int, last: int, row: int) -> None:
    """Subtotals stand out, and failures do: a row of an OU has no outcome."""
    top, start, end = HEADER + 1, get_column_letter(first), get_column_letter(last)
    grey = PatternFill("solid", bgColor=style.TOTAL.fill or "")
    style.add_rule(sheet, f"A{top}:{end}{row}", f'$D{top}=""', Font(bold=True), grey)
    bad = PatternFill("solid", bgColor=style.BAD_FILL)
    failed = f"AND(ISNUMBER({start}{top}),{start}{top}>0)"
    style.add_rule(sheet, f"{start}{top}:{end}{row + 1}", failed, Font(bold=True, color=style.BAD_INK), bad)
