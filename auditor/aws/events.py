"""What a run tells of itself as it happens: events with named fields, for whoever listens to the logger ``auditor``."""

from __future__ import annotations

import logging
from typing import Any

LOGGER = logging.getLogger("auditor")
LOGGER.addHandler(logging.NullHandler())  # with nobody listening, Python would print warnings by itself


def tell(event: str, level: int = logging.INFO, /, **fields: Any) -> None:
    """``event`` is a kebab-case name; ``fields`` are texts, numbers and lists that JSON can hold, never a secret."""
    LOGGER.log(level, event, extra={"fields": fields})
