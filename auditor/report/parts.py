"""A folder for each owner with only what is theirs, beside the whole, and an index of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from auditor.assessment import Assessment
from auditor.checksums import stamp_at
from auditor.files import make_folder
from auditor.model import Status
from auditor.narrowing import Part, narrowed
from auditor.report.csv_files import CsvStyle, write_csv
from auditor.report.part_names import folder_names
from auditor.report.workbook.single import write_single

Write: TypeAlias = Callable[[Assessment, Path], Sequence[Path]]
"""Writes all files of one assessment into a folder that it makes."""
Tell: TypeAlias = Callable[[int, int], None]
"""Is called with the number of a part, from 1, and how many there are."""
INDEX = ("owner", "file", "accounts", "failures", "waived", "no_evidence", "sha256")
"""One row a file: whose it is, where, how many accounts it tells of, and with how many findings of each kind."""


def tell_nobody(_: int, __: int) -> None:
    """For those who do not want to hear."""


def write_parts(
    assessment: Assessment,
    parts: Sequence[Part],
    folder: Path,
    write: Write,
    *,
    book: bool,
    style: CsvStyle,
    tell: Tell = tell_nobody,
) -> Iterator[Path]:
    """Write the parts into ``folder`` one after another, then its ``index.csv`` and, for a ``book``, ``index.xlsx``."""
    make_folder(folder)
    names = folder_names([part.owner for part in parts])
    rows: list[tuple[object, ...]] = []
    for number, (part, name) in enumerate(zip(parts, names, strict=True), start=1):
        tell(number, len(parts))
        files = write(own := narrowed(assessment, part.account_ids, part.owner), folder / name)
        rows += [(part.owner, f"{name}/{file.name}", *_figures(own), stamp_at(file).sha256) for file in files]
        yield from files
    index = pd.DataFrame(rows, columns=list(INDEX)).astype(dict.fromkeys(("owner", "file", "sha256"), "str"))
    yield write_csv(index, folder / "index.csv", style)
    if book:
        yield write_single(index, folder / "index.xlsx", "Index", assessment.tool_version, assessment.as_of)


def _figures(own: Assessment) -> tuple[int, ...]:
    status, waived = own.findings["status"], own.findings["waiver_id"] != ""
    failed, lacking = (status == word.value for word in (Status.FAIL, Status.NO_EVIDENCE))
    return len(own.accounts), int(failed.sum()), int(waived.sum()), int(lacking.sum())
