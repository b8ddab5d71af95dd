"""What all entries of the catalogue are, and the kinds of text that stand in them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Kebab = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Parameter = int | bool | str | list[str]
AS_OF = datetime(2026, 1, 1, tzinfo=UTC)
"""When examples are judged that name no time of their own."""


class Entry(BaseModel):
    """Base of all entries: immutable, and a misspelled key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True)


def first_complaint(error: ValidationError) -> ErrorDetails:
    """One of pydantic's complaints: an unknown key first, as it explains a missing one."""
    return min(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
