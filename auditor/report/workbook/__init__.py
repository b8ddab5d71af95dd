"""``audit.xlsx``: the paper that an auditor signs, a module for each of its sheets in ``sheets/``."""

from __future__ import annotations

from pathlib import Path

from auditor.judge.assessment import Assessment
from auditor.report.workbook.book import Book, new_book
from auditor.report.workbook.package import save_book
from auditor.report.workbook.sheets import (
    catalogue,
    controls,
    cover,
    evidence,
    exceptions,
    gaps,
    manual,
    matrix,
    method,
    population,
    reconciliation,
    reperformance,
    scope,
    waivers,
)
from auditor.times import iso

_SHEETS = (
    cover,
    scope,
    controls,
    reconciliation,
    exceptions,
    matrix,
    population,
    reperformance,
    waivers,
    gaps,
    manual,
    catalogue,
    evidence,
    method,
)
_HASH_DIGITS = 12
SHEETS = tuple(sheet.TITLE for sheet in _SHEETS)


class Workbook:
    """``audit.xlsx``; the same assessment gives the same bytes."""

    name = "xlsx"

    def __init__(self, paper: str = "a4") -> None:
        self._paper = paper

    def write(self, assessment: Assessment, folder: Path) -> tuple[Path, ...]:
        return (save_book(made_of(assessment, self._paper), folder / "audit.xlsx"),)


def made_of(assessment: Assessment, paper: str = "a4") -> Book:
    """The workbook, all but written; formulas need to know where other sheets have what they count."""
    title = f"IAM credential audit of {assessment.organization_id}"
    book = new_book(title, assessment.tool_version, assessment.as_of, SHEETS, paper, imprint_of(assessment))
    lines = population.write_population(book, assessment)
    failed = exceptions.write_exceptions(book, assessment)
    gaps.write_gaps(book, assessment)
    manual.write_manual(book, assessment)
    evidence.write_evidence(book, assessment)
    matrix.write_matrix(book, assessment)
    waivers.write_waivers(book, assessment)
    scope.write_scope(book, assessment)
    definitions = catalogue.write_catalogue(book, assessment)
    reconciliation.write_reconciliation(book, assessment, definitions)
    controls.write_controls(book, assessment, definitions, failed)
    reperformance.write_reperformance(book, assessment, lines)
    method.write_method(book, assessment)
    cover.write_cover(book, assessment)
    return book


def imprint_of(assessment: Assessment) -> str:
    """What every page says of the evidence it rests on."""
    return (
        f"{assessment.organization_id} | snapshot {assessment.snapshot_id} | as of {iso(assessment.as_of)} | "
        f"root hash {assessment.manifest_sha256[:_HASH_DIGITS]}"
    )
