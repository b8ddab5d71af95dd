"""XML as IAM and EC2 write it."""

from __future__ import annotations

from datetime import datetime
from xml.sax.saxutils import escape


def element(name: str, inside: str) -> str:
    """``inside`` is markup already, or text without markup characters."""
    return f"<{name}>{inside}</{name}>"


def text(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def flag(value: bool) -> str:
    return "true" if value else "false"


def moment(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%SZ}"
