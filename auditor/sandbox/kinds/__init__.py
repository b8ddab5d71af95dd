"""All kinds of evidence that the box answers for: one module each, found by its place in this folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from auditor.sandbox.operations import BoxedKind


def _kinds() -> Iterator[BoxedKind]:
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        kind: BoxedKind = importlib.import_module(f"{__name__}.{name}").KIND
        yield kind


KINDS = tuple(_kinds())
