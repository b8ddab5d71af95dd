"""What is called: the operation behind a client's method, of which service and in which region."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

Operation = Callable[..., Awaitable[dict[str, Any]]]
"""A method of a client."""


@dataclass(frozen=True, slots=True)
class CalledOperation:
    """``accessanalyzer``, ``ListAnalyzers``, ``eu-west-1``; ``unknown`` and empty for what is no client's method."""

    service: str
    name: str
    region: str = ""

    def __str__(self) -> str:
        is_regional = self.region and not self.region.endswith("-global")
        return f"{self.service}:{self.name}" + (f" in {self.region}" if is_regional else "")


def called_operation(operation: Operation) -> CalledOperation:
    """The operation that a client's method calls."""
    client: Any = getattr(operation, "__self__", None)
    name = getattr(operation, "__name__", "unknown")
    if client is None:
        return CalledOperation("unknown", name)
    meta = client.meta
    service = str(meta.service_model.service_name)
    return CalledOperation(service, str(meta.method_to_api_mapping.get(name, name)), getattr(meta, "region_name", ""))
