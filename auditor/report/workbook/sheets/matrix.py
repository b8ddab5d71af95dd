"""The sheet Matrix: accounts x controls, failures counted, with a subtotal for each OU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import pandas as pd
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import Outline
from openpyxl.worksheet.worksheet import Worksheet

from auditor.assessment import Assessment
from auditor.report.workbook import style
from auditor.report.workbook.book import Book, Formula, Stream, quoted
from auditor.report.workbook.rows import Column, Kind, row_chunks
from auditor.report.workbook.sheet import lay_out
from auditor.report.workbook.table import write_intro

TITLE = "Matrix"
HEADER = 3
_PLACES = (
    Column("ou_path", "OU path", 26, Kind.WRAPPED),
    Column("account_id", "Account id", 14, Kind.IDENTIFIER),
    Column("account_name", "Account name", 24, Kind.WRAPPED),
    Column("outcome", "Outcome", 15, Kind.STATUS),
)
_MEASURES = ("failed", "population", "not_applicable")
_WORDS = {"failed": "", "population": "tested: ", "not_applicable": "not applicable: "}
_TOTAL = "failed_in_all"
_INTRO = (
    "Failed units of each account, by control; 0: none of those tested failed, ▲: no evidence, empty: nothing to "
    "test. What was tested, and what a control does not apply to, stands in the folded columns to the right. Each OU "
    "has its subtotal; the last row is the whole organization."
)
_NO_EVIDENCE = "▲"
_Row: TypeAlias = dict[Any, Any]


def write_matrix(book: Book, assessment: Assessment) -> None:
    """Fill the sheet and note where each control's totals stand: ``book.ranges["Matrix"]["population <control>"]``."""
    controls = _controls(assessment)
    columns = _columns(controls)
    sheet = book.workbook[TITLE]
    lay_out(book, sheet, [column.width for column in columns], frozen=f"{get_column_letter(6)}{HEADER + 1}")
    write_intro(book, TITLE, _INTRO, columns)
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
    _colour(sheet, len(_PLACES) + 2, len(_PLACES) + 1 + len(controls), last)
    sheet.print_title_rows = f"{HEADER}:{HEADER}"
    sheet.print_area = f"A1:{get_column_letter(len(_PLACES) + 1 + len(controls))}{last + 1}"
    sheet.sheet_properties.outlinePr = Outline(summaryBelow=False)


def _controls(assessment: Assessment) -> list[str]:
    """Those that decide anything by themselves."""
    return [control.id for control in assessment.catalog_controls if control.assessment == "automated"]


def _columns(controls: Sequence[str]) -> list[Column]:
    columns = [*_PLACES, Column(_TOTAL, "Failed in all", 9, Kind.COUNT, formula=f"{_TOTAL}=")]
    for measure in _MEASURES:
        kind, level = (Kind.FIGURE, 0) if measure == "failed" else (Kind.COUNT, 1)
        for control in controls:
            source = f"{measure} {control}"
            columns.append(Column(source, f"{_WORDS[measure]}{control}", 7, kind, formula=f"{source}=", level=level))
    return columns


def _write_header(book: Book, sheet: Worksheet, columns: Sequence[Column]) -> None:
    upright = replace(style.HEADER, rotation=90, wrap=False, vertical="bottom")
    for number, column in enumerate(columns, start=1):
        look = style.HEADER if number <= len(_PLACES) + 1 else upright
        book.put(sheet, HEADER, number, column.header, look)
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.outlineLevel, dimension.hidden = column.level, bool(column.level)
    sheet.row_dimensions[HEADER].height = 215


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
        formula = f'SUMIF({outcomes},"?*",{area})'
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
