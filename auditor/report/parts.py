"""A folder for each owner with only what is theirs, beside the whole, and an index of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from auditor.judge.assessment import Assessment
from auditor.model import Status
from auditor.report.csv_files import write_csv
from auditor.report.narrowing import Narrowing, Part
from auditor.report.output import Output
from auditor.report.part_names import folder_names
from auditor.report.processes import each
from auditor.report.workbook.single import write_single
from auditor.store.checksums import stamp_at
from auditor.store.files import make_folder

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
    output: Output,
    tell: Tell = tell_nobody,
    *,
    book: bool,
) -> Iterator[Path]:
    """Write the parts into ``folder``, in as many processes as ``output`` says, then its ``index.csv`` and, for a
    ``book``, ``index.xlsx``."""
    make_folder(folder)
    names, narrowing = folder_names([part.owner for part in parts]), Narrowing(assessment)
    narrowing.look_through()

    def write_one(number: int) -> tuple[Sequence[Path], list[tuple[object, ...]]]:
        part, name = parts[number], names[number]
        files = write(own := narrowing.to(part.account_ids, part.owner), folder / name)
        figures = _figures(own)
        return files, [(part.owner, f"{name}/{file.name}", *figures, stamp_at(file).sha256) for file in files]

    rows: list[tuple[object, ...]] = []
    tell(1, len(parts))
    for number, (files, found) in enumerate(each(write_one, range(len(parts)), output.jobs), start=2):
        rows += found
        yield from files
        if number <= len(parts):
            tell(number, len(parts))
    index = pd.DataFrame(rows, columns=list(INDEX)).astype(dict.fromkeys(("owner", "file", "sha256"), "str"))
    yield write_csv(index, folder / "index.csv", output.style)
    if book:
        yield write_single(index, folder / "index.xlsx", "Index", assessment.tool_version, assessment.as_of)


def _figures(own: Assessment) -> tuple[int, ...]:
    status, waived = own.findings["status"], own.findings["waiver_id"] != ""
    failed, lacking = (status == word.value for word in (Status.FAIL, Status.NO_EVIDENCE))
    return len(own.accounts), int(failed.sum()), int(waived.sum()), int(lacking.sum())
