"""The columns of the workbook that people fill in; every other cell is locked."""

from __future__ import annotations

from collections.abc import Mapping

MANAGEMENT_RESPONSE, OWNER, DUE_DATE, CONCLUSION = "Management response", "Owner", "Due date", "Auditor's conclusion"
ANSWER, ANSWERED_BY, ANSWERED_ON = "Answer", "Answered by", "Answered on"

RESPONSES: Mapping[str, tuple[str, ...]] = {
    "Exceptions": (MANAGEMENT_RESPONSE, OWNER, DUE_DATE, CONCLUSION),
    "Manual": (ANSWER, ANSWERED_BY, ANSWERED_ON),
}
"""Sheet, without the number of a further sheet -> the headers of its last columns, in order."""

DATES = frozenset({DUE_DATE, ANSWERED_ON})
"""Those that hold dates."""
