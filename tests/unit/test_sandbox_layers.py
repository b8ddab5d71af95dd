"""The box stands apart: it never sees the evaluator, nor the SDK that it is called by."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import auditor.sandbox

FOLDER = Path(auditor.sandbox.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide from this test"
            found.add(node.module or "")
            found |= {f"{node.module}.{name.name}" for name in node.names if node.module == "auditor"}
    return found - {"auditor"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_box_imports_nothing_of_the_auditor_but_its_words(path: Path) -> None:
    foreign = {name for name in _imports(path) if name.startswith("auditor.")}
    allowed = ("auditor.model", "auditor.errors", "auditor.sandbox")
    assert {name for name in foreign if not name.startswith(allowed)} == set()
    assert not {
        name for name in _imports(path) if name.split(".")[0] in ("boto3", "botocore", "aioboto3", "aiobotocore")
    }


def test_verdicts_are_plain_code_over_plain_facts() -> None:
    files = [path for path in FILES if path.name.startswith("expected") or path.name in ("facts.py", "evidence.py")]
    ours = {name for path in files for name in _imports(path)}
    assert len(files) == 8
    plain = {f"auditor.sandbox.{name}" for name in ("facts", "evidence", "denials", "guardrails")}
    between = {f"auditor.sandbox.{path.stem}" for path in files}
    assert {name for name in ours if name.startswith("auditor")} <= {"auditor.model"} | plain | between
    assert not ours & {"csv", "json", "pandas", "re"}
