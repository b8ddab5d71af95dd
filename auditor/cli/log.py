"""``--log-format json``: everything that is told on stderr, as one JSON object a line."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from auditor.aws.events import LOGGER

if TYPE_CHECKING:  # pydantic is slow to load, so it is loaded where it is used
    from auditor.settings import Settings


class JsonLines(logging.Formatter):
    """``time`` (UTC), ``level``, ``event``, then the event's own fields; escapes all that is not ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": moment.replace("+00:00", "Z"), "level": record.levelname.lower()}
        return json.dumps(head | self._event(record))

    def _event(self, record: logging.LogRecord) -> dict[str, Any]:
        """Warnings of other libraries come along as ``log``: on stderr they would not be JSON."""
        if record.name == LOGGER.name:
            return {"event": record.msg, **getattr(record, "fields", {})}
        told = {"event": "log", "logger": record.name, "message": record.getMessage()}
        return told | ({"traceback": self.formatException(record.exc_info)} if record.exc_info else {})


def is_json() -> bool:
    """Whether stderr is JSON."""
    return any(isinstance(handler.formatter, JsonLines) for handler in logging.getLogger().handlers)


def begin_json(*, quiet: bool) -> None:
    """From now on stderr is JSON; ``quiet`` leaves warnings and errors only."""
    LOGGER.setLevel(logging.WARNING if quiet else logging.INFO)
    if not is_json():
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logging.getLogger().addHandler(handler)
        logging.captureWarnings(True)


def follow(settings: Settings) -> Settings:
    """Log as the settings say; returns them."""
    if settings.log_format == "json":
        begin_json(quiet=settings.quiet)
    return settings


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether a command line says so, known before it is read: what is wrong with it has to be told as well."""
    return "--log-format=json" in arguments or ("--log-format", "json") in pairwise(arguments)
