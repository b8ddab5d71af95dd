"""Nested facts as text that fits the terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping
from typing import Any

from auditor.cli.tables import wrapped

_WIDEST = 100


def page(facts: Mapping[str, Any], indent: str = "") -> str:
    """``name: value`` lines, wrapped; lists and mappings below their names, empty values left out."""
    return "\n".join(
        _entry(name.replace("_", " "), value, indent) for name, value in facts.items() if _has_content(value)
    )


def _has_content(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_has_content(item) for item in value.values())
    return value is not None and value not in ("", [])


def _entry(name: str, value: Any, indent: str) -> str:
    if isinstance(value, Mapping):
        return f"{indent}{name}:\n{page(value, indent + '  ')}"
    if isinstance(value, list) and max(map(len, map(str, value))) > 25:
        return f"{indent}{name}:\n" + "\n".join(_wrapped(f"- {item}", indent + "  ") for item in value)
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    if "\n" in str(value):
        return f"{indent}{name}:\n" + textwrap.indent(str(value), indent + "    ")  # commands: never wrapped
    return _wrapped(f"{name}: {value}", indent)


def _wrapped(text: str, indent: str) -> str:
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    return "\n".join(wrapped(indent + text, width, "  ", cuts=False))
