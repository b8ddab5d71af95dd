"""Access Analyzers by region: one row an account."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.evidence import Document
from auditor.frames.tables import Row, line_of, table
from auditor.model import ACCESS_ANALYZERS, Unit

_CALL = "access-analyzer:ListAnalyzers"
# Lists of regions, sorted and joined by " ".
_COLUMNS = {
    "regions": "str",  # that were asked
    "unanswered": "str",  # that answered an error
    "analyzers": "str",  # type@region of every active analyzer
}


def _rows(_: str, document: Document) -> Iterator[Row]:
    asked = [answer for answer in document.answers if answer.operation == _CALL]
    active = {
        f"{analyzer.get('type')}@{answer.region}"
        for answer in asked
        for _, analyzer in answer.items("analyzers")
        if analyzer.get("status") == "ACTIVE"
    }
    yield {
        "line": line_of(document, _CALL),
        "regions": " ".join(sorted({answer.region for answer in asked})),
        "unanswered": " ".join(sorted({answer.region for answer in asked if answer.error})),
        "analyzers": " ".join(sorted(active)),
    }


TABLES = (table(Unit.ACCOUNT, ACCESS_ANALYZERS, _COLUMNS, _rows),)
