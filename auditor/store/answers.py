"""What a document of evidence holds of one operation: its response, its error, its line, its time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from auditor.store.evidence import Document


def first_response(document: Document, operation: str) -> Mapping[str, Any]:
    """The response to the first call of ``operation``, empty where it was answered by an error or not made."""
    return next((a.response for a in document.answers if a.operation == operation and a.response), {})


def error_of(document: Document, operation: str) -> str:
    """The error code that answered the first call of ``operation``; empty where there was none."""
    return next((a.error for a in document.answers if a.operation == operation), "")


def is_answered(document: Document, operation: str, *accepted: str) -> bool:
    """Whether ``operation`` was answered: by a response, or by an error code that is ``accepted`` as one."""
    return any(a.response is not None or a.error in accepted for a in document.answers if a.operation == operation)


def line_of(document: Document, operation: str) -> int:
    """Where the first call of ``operation`` stands; 1, the file itself, where it was not made."""
    return next((a.line for a in document.answers if a.operation == operation), 1)


def time_of(document: Document, operation: str) -> str:
    """When the first call of ``operation`` was answered (UTC, as text); empty where the file does not say."""
    return next((a.collected_at for a in document.answers if a.operation == operation), "")


def as_written(value: Any) -> str | None:
    """A value as it stands in JSON, a text without its quotes; None for what is not there."""
    return value if value is None or isinstance(value, str) else json.dumps(value)
