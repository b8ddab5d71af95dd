"""The verdicts that stand in a workbook's cells.

Read by another program (calamine, in Rust) than the one that writes workbooks (openpyxl), so that what is compared is
what any reader sees; it also takes 0.6 s for 25,000 rows where openpyxl takes 13 s.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from auditor.errors import SnapshotError
from auditor.reperform.plain.compare import Book, Cell
from auditor.reperform.plain.words import FAIL, MANUAL, NO_EVIDENCE, NOT_APPLICABLE, PASS

_FAILURES, _SAMPLE = re.compile(r"Exceptions(?: \(\d+\))?"), "Re-performance"
_ACCOUNT, _CONTROL, _ARN, _CREDENTIAL = "Account id", "Control", "ARN", "Credential"
_STATUS, _VERDICT = "Status", "Tool's verdict"
_ABOUT = (_ACCOUNT, _CONTROL, _ARN, _CREDENTIAL)
# NOT_APPLICABLE before PASS: no word may be found within another.
_WORD = re.compile("|".join((NOT_APPLICABLE, NO_EVIDENCE, MANUAL, FAIL, PASS)))
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def read_book(path: Path) -> Book:
    """Every row of the sheets Exceptions, Exceptions (2), ... and of Re-performance, where there is one.

    SnapshotError where it cannot be read, or holds no exceptions: absence is no verdict.
    """
    try:
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
            sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names if _is_wanted(name)}
            found = {name: list(_cells(path, name, sheet)) for name, sheet in sheets.items()}
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from error
    except CalamineError as error:
        raise SnapshotError(f"{path} is not a workbook: {error}") from error
    if "Exceptions" not in found:
        raise SnapshotError(f"{path} has no sheet 'Exceptions', so its verdicts are not there to compare")
    failures = [cell for name, cells in found.items() if name != _SAMPLE for cell in cells]
    return Book(_by_account(failures), _by_account(found.get(_SAMPLE, ())))


def _is_wanted(name: str) -> bool:
    return name == _SAMPLE or _FAILURES.fullmatch(name) is not None


def _by_account(cells: Sequence[Cell]) -> Mapping[str, list[Cell]]:
    found: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        found[cell.account_id].append(cell)
    return found


def _cells(path: Path, name: str, sheet: CalamineSheet) -> Iterator[Cell]:
    """The rows below the first one that names the columns; those that name no control are no verdicts."""
    needed = {*_ABOUT, _VERDICT} if name == _SAMPLE else set(_ABOUT)
    places: dict[str, int] = {}
    for number, values in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        texts = [_text(value) for value in values]
        if not places:
            places = {text: at for at, text in enumerate(texts)} if needed <= set(texts) else {}
        elif texts[places[_CONTROL]]:
            yield _cell(f"{name}, row {number}", texts, places, _VERDICT if name == _SAMPLE else _STATUS)
    if not places:
        raise SnapshotError(f"{path}: no row of the sheet {name!r} names the columns {', '.join(sorted(needed))}")


def _cell(place: str, texts: Sequence[str], places: Mapping[str, int], verdict: str) -> Cell:
    account_id, control_id, arn, credential = (texts[places[column]] for column in _ABOUT)
    said = texts[places[verdict]] if verdict in places else FAIL  # a sheet of exceptions need not say so
    word = _WORD.search(said)
    return Cell(place, account_id, control_id, arn, credential, word[0] if word else said)


def _text(value: Any) -> str:
    """A cell's text; what spreadsheets spell ``_x005F_`` is an underscore."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), value) if isinstance(value, str) else str(value)
