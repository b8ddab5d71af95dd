"""The box stands apart: it never sees the evaluator, nor more of the SDK that it is called by than its data."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import auditor.sandbox

FOLDER = Path(auditor.sandbox.__file__).parent
FILES = sorted(FOLDER.rglob("*.py"))
EXPECTED = Path(__file__).parents[1] / "expected"


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
    boto = {name for name in _imports(path) if name.split(".")[0] in ("boto3", "botocore", "aioboto3", "aiobotocore")}
    # The service models say what AWS can answer; none of the SDK's code takes part in answering.
    assert boto == ({"botocore.loaders", "botocore.model"} if path.name == "shapes.py" else set())


def test_what_an_audit_must_find_is_plain_code_over_plain_facts() -> None:
    files = [*EXPECTED.glob("*.py"), FOLDER / "facts.py", FOLDER / "evidence.py"]
    ours = {name for path in files for name in _imports(path)}
    assert len(files) > 2
    allowed = ("auditor.model", "auditor.sandbox", "tests.expected")
    assert {name for name in ours if name.startswith(("auditor", "tests")) and not name.startswith(allowed)} == set()
    assert not ours & {"csv", "json", "pandas", "re"}
