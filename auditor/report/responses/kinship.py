"""Whether a workbook that came back is of the same snapshot as the one that was sent out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.errors import WorkbookError
from auditor.report.responses.cells import Sheet
from auditor.report.responses.comparing import Difference, same_formula
from auditor.report.responses.package import Package

_COVER, _LABEL = "Cover", "Snapshot"


def check_kinship(sent: Package, came: Package) -> None:
    """WorkbookError where the book is none of the original's snapshot, so that nothing could be said of its cells."""
    if not sent.sheets.keys() & came.sheets.keys():
        raise WorkbookError(f"{came.path} has no sheet of {sent.path}: it is another workbook")
    ours, theirs = _snapshot(sent), _snapshot(came)
    if ours and theirs and ours != theirs:
        raise WorkbookError(f"{came.path} is the workbook of snapshot {theirs}, and {sent.path} is that of {ours}")


def _snapshot(package: Package) -> str:
    """What the cover says beside ``Snapshot``."""
    if _COVER not in package.sheets:
        return ""
    for row in Sheet(package, _COVER, frozenset()).rows():
        texts = [value for _, value in sorted(row.cells.items()) if isinstance(value, str)]
        if texts[:1] == [_LABEL]:
            return " ".join(texts[1:2])
    return ""


def renamed(sent: Mapping[str, str], came: Mapping[str, str]) -> Iterator[Difference]:
    """Names that formulas count on."""
    for name, cells in sent.items():
        if not same_formula(cells, came.get(name, "")):
            told = f"stood for {cells}, and stands for {came.get(name) or 'nothing'}"
            yield Difference(f"the name {name}", "", told)
