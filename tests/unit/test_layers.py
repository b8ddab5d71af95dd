"""Imports point strictly downward, boto stays in one place, judging does no I/O, and nothing grows too big."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import auditor

PACKAGE = Path(auditor.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
# Every module or package right below ``auditor``, lowest layer first. One may import what stands in a line above its
# own, and nothing else: not its neighbours on the same line either.
LAYERS = (
    ("errors", "events", "times", "statistics", "query_worker"),
    ("model", "period", "files", "yaml_file"),
    ("ages", "evidence", "policy", "schema", "journal", "checksums", "plain", "role", "query_process"),
    ("credential_report", "snapshot", "catalog", "verdict_cells"),
    ("settings", "seal"),
    ("scope",),
    ("aws", "collect"),
    ("checks", "frames"),
    ("evaluator",),
    ("waivers",),
    ("assessment", "history"),
    ("narrowing", "redaction"),
    ("report", "query", "notebook", "explanation", "reperformance"),
    ("responses",),
    ("cli",),
    ("__main__", "__init__"),
)
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}
SQL = ("query", "query_process", "query_worker")
HANDING_OUT = ("report", *SQL, "notebook", "explanation", "responses", "narrowing", "redaction")
JUDGING = ("checks", "frames", "evaluator", "waivers", "assessment", "history", *HANDING_OUT)
BOTO = {"boto3", "botocore", "aioboto3", "aiobotocore"}
MAX_FILE, MAX_FUNCTION = 300, 50


def top(path: Path) -> str:
    """The module or package right below ``auditor`` that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """Full names of all imported modules, those inside functions too; names out of a package count as its modules."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides from this test"
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def ours(path: Path) -> set[str]:
    """The parts of the auditor that a file imports, by their names right below ``auditor``."""
    found = {name.split(".")[1] for name in imported(path) if name.startswith("auditor.")}
    return found - {"__version__"}


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def below(*names: str) -> list[Path]:
    return [path for path in FILES if top(path) in names]


def by_name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_part_has_its_layer() -> None:
    assert {top(path) for path in FILES} == {*RANKS, "sandbox"}


@pytest.mark.parametrize("path", [f for f in FILES if top(f) != "sandbox"], ids=by_name)
def test_imports_point_strictly_downward(path: Path) -> None:
    rank = RANKS[top(path)]
    upward = {name for name in ours(path) - {top(path)} if RANKS.get(name, len(LAYERS)) >= rank}
    assert upward == ({"sandbox"} & upward if top(path) == "cli" else set())


@pytest.mark.parametrize("path", below("sandbox"), ids=by_name)
def test_the_sandbox_stands_apart(path: Path) -> None:
    assert ours(path) <= {"sandbox", "model", "errors"}
    own_command = {"click"} if path.name == "__main__.py" else set()
    assert packages(path) <= {"auditor", "aiohttp", *own_command, *_standard_library()}


def test_only_the_command_line_knows_the_sandbox() -> None:
    assert {top(path) for path in FILES if "sandbox" in ours(path)} - {"sandbox"} <= {"cli"}


def test_boto_is_imported_by_the_aws_package_only() -> None:
    assert {top(path) for path in FILES if packages(path) & BOTO} == {"aws"}


@pytest.mark.parametrize("path", below("aws", "collect"), ids=by_name)
def test_nothing_left_of_the_snapshot_judges(path: Path) -> None:
    assert not ours(path) & {*JUDGING, "ages", "policy", "schema"}


@pytest.mark.parametrize("path", below(*JUDGING, "reperformance", "verdict_cells"), ids=by_name)
def test_nothing_right_of_the_snapshot_talks_to_aws(path: Path) -> None:
    assert not ours(path) & {"aws", "collect", "scope", "sandbox"}
    assert not packages(path) & {*BOTO, "aiohttp", "asyncio", "socket", "http", "urllib", "ssl", "requests"}


@pytest.mark.parametrize(
    "path", below("evaluator", "checks", "ages", "policy", "schema", "credential_report"), ids=by_name
)
def test_judging_is_pure(path: Path) -> None:
    impure = {"os", "pathlib", "shutil", "tempfile", "socket", "subprocess", "time", "random", "locale", "sys"}
    # Parsing reads lines of a text in memory; nothing else may open anything.
    impure |= set() if top(path) == "credential_report" else {"io"}
    assert not packages(path) & impure
    assert "auditor.files" not in set(imported(path))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input", "eval", "exec"})
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "today", "utcnow", "getenv", "environ"}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", below("plain"), ids=by_name)
def test_the_second_implementation_shares_nothing_with_the_first(path: Path) -> None:
    assert ours(path) <= {"plain", "errors", "times"}
    assert packages(path) <= {"auditor", *_standard_library()} - {"asyncio", "socket", "http", "ssl", "subprocess"}


@pytest.mark.parametrize("path", below("report"), ids=by_name)
def test_reports_are_made_of_an_assessment(path: Path) -> None:
    assert not ours(path) & {"snapshot", "evaluator", "frames", "checks", "credential_report", "settings"}


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_files_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= MAX_FUNCTION, node.name


@pytest.mark.parametrize("path", [f for f in FILES if f.read_bytes().strip()], ids=by_name)
def test_a_module_says_in_one_sentence_what_lives_there(path: Path) -> None:
    first = (ast.get_docstring(tree(path)) or "").split("\n\n")[0]
    assert first.rstrip().endswith((".", ":"))


def test_reperforming_loads_no_pandas() -> None:
    loaded = "import sys, auditor.reperformance, auditor.verdict_cells; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert not {"pandas", "pyarrow", "duckdb", "boto3"} & set(found.stdout.split())


def test_importing_the_package_loads_no_pandas() -> None:
    at_top = {n for node in tree(PACKAGE / "__init__.py").body for n in ast.walk(node) if _runs_at_import(node)}
    names = {a.name for n in at_top if isinstance(n, ast.Import) for a in n.names}
    assert not names & {"pandas", "pyarrow", "duckdb", "boto3"}


def _runs_at_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _standard_library() -> frozenset[str]:
    return sys.stdlib_module_names
