"""What the tests of a kind of evidence, a file each in ``tests/kinds``, bring for tests that go over all kinds."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from auditor.catalog import load_catalog

FOLDER = Path(__file__).parent / "kinds"


def _modules() -> dict[str, str]:
    """The test module of each kind that has one."""
    names = sorted(path.stem for path in FOLDER.glob("test_*.py"))
    return {name.removeprefix("test_").replace("_", "-"): f"tests.kinds.{name}" for name in names}


def controls_tested_by_kind() -> set[str]:
    """The controls whose verdicts are compared there with what is planted, and need no oracle of the box."""
    kinds = set(_modules())
    return {control.id for control in load_catalog().controls.values() if kinds & set(control.evidence[:1])}


def made_by_kinds() -> dict[str, Callable[..., Any]]:
    """``by_chance`` of each kind: evidence for organizations made by chance."""
    return {kind: import_module(module).by_chance for kind, module in _modules().items()}
