"""The IAM Access Analyzers of every region of one account."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import REGIONS, Call, Column, Kind, Owner, Probe, Row, Table
from auditor.model import ACCESS_ANALYZERS, Unit
from auditor.store.answers import is_answered, line_of
from auditor.store.evidence import Document

_ANALYZERS = Call(
    "access-analyzer:ListAnalyzers",
    service="accessanalyzer",
    items="analyzers",
    in_each_region=True,
    probe=Probe({"maxResults": 1}),
)
# Lists of regions are sorted and joined by blanks.
_COLUMNS = (
    Column("regions", "str", "Regions that were asked, joined by blanks."),
    Column("unanswered", "str", "Regions that answered with an error."),
    Column("analyzers", "str", "Active analyzers as type@region, joined by blanks."),
    # Without that list, the regions of the settings were asked.
    Column("regions_listed", "boolean", "Whether AWS listed all enabled regions of the account."),
    Column(
        "organization_lines",
        "str",
        "region=line of the organization's first active analyzer in each region.",
        in_controls=False,
    ),
)


def _rows(_: str, document: Document) -> Iterator[Row]:
    asked = [answer for answer in document.answers if answer.operation == _ANALYZERS.action]
    active = [
        (answer.region, line, analyzer.get("type"))
        for answer in asked
        for line, analyzer in answer.items(_ANALYZERS.items)
        if analyzer.get("status") == "ACTIVE"
    ]
    common: dict[str, int] = {}
    for region, line, kind in active:
        if kind == "ORGANIZATION":
            common.setdefault(region, line)
    yield {
        "organization_lines": " ".join(f"{region}={line}" for region, line in sorted(common.items())),
        "line": line_of(document, _ANALYZERS.action),
        "regions": " ".join(sorted({answer.region for answer in asked})),
        "unanswered": " ".join(sorted({answer.region for answer in asked if answer.error})),
        "analyzers": " ".join(sorted({f"{kind}@{region}" for region, _, kind in active})),
        "regions_listed": is_answered(document, REGIONS.action),
    }


KIND = Kind(
    name=ACCESS_ANALYZERS,
    owner=Owner.ACCOUNT,
    about="The IAM Access Analyzers of every region.",
    calls=(_ANALYZERS,),
    tables=(
        Table(
            Unit.ACCOUNT,
            _COLUMNS,
            name="analyzers",
            about="In which regions each account has an IAM Access Analyzer.",
            rows=_rows,
        ),
    ),
)
