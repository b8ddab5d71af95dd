"""Access analyzers by region."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import Facts

_ANALYZERS = "access-analyzer:ListAnalyzers"


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    asked = document.of(_ANALYZERS)
    active = {
        f"{analyzer.get('type')}@{call.region}"
        for call in asked
        for _line, analyzer in call.items.get("analyzers", ())
        if analyzer.get("status") == "ACTIVE"
    }
    common = [
        (call.region, line)
        for call in asked
        for line, analyzer in call.items.get("analyzers", ())
        if (analyzer.get("type"), analyzer.get("status")) == ("ORGANIZATION", "ACTIVE")
    ]
    return {
        "account": [
            {
                "of_organization": dict(reversed(common)),  # the first line in each region
                "line": document.line(_ANALYZERS),
                "regions": " ".join(sorted({call.region for call in asked})),
                "unanswered": " ".join(sorted({call.region for call in asked if call.error})),
                "analyzers": " ".join(sorted(active)),
                "regions_listed": any(call.response is not None for call in document.of("ec2:DescribeRegions")),
            }
        ]
    }
