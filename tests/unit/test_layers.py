"""Imports point strictly downward, boto stays in one place, judging does no I/O, and nothing grows too big."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import auditor

PACKAGE = Path(auditor.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))
# Every room right below ``auditor``, in the order of the data read backwards: each may import those below it in this
# list, and nothing else. The version, which ``__init__`` has, may be read by all.
ROOMS = (
    "__main__",
    "__init__",
    "cli",
    "report",
    "ask",
    "history",
    "cluster",
    "judge",
    "tables",
    "reperform",
    "collect",
    "aws",
    "settings",
    "catalog",
    "kinds",
    "store",
    "sandbox",
    "policy",
    "yaml_file",
    "csv_file",
    "schema",
    "ages",
    "model",
    "period",
    "times",
    "catalog_folders",
    "plugins",
    "errors",
)
RANKS = {name: rank for rank, name in enumerate(ROOMS)}
HANDING_OUT = ("report", "ask", "history")
JUDGING = ("judge", "tables", *HANDING_OUT)
DASK = {"dask", "distributed"}
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


def module(path: Path) -> str:
    """The full name of the module that a file is."""
    return ".".join(("auditor", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


@cache
def imports_by_module() -> dict[str, set[str]]:
    """The modules of our own that each file names; a package that is only the way to a module in it is not named."""
    files = {module(path): path for path in FILES if path != PACKAGE / "__init__.py"}
    found = {name: set(imported(path)) & set(files) for name, path in files.items()}
    return {n: {m for m in names if not any(o.startswith(f"{m}.") for o in names)} - {n} for n, names in found.items()}


def test_every_room_has_its_place() -> None:
    assert {top(path) for path in FILES} == set(ROOMS)


@pytest.mark.parametrize("path", FILES, ids=by_name)
def test_imports_point_strictly_downward(path: Path) -> None:
    rank = RANKS[top(path)]
    assert {name for name in ours(path) - {top(path)} if RANKS[name] <= rank} == set()


def test_no_file_imports_in_a_circle() -> None:
    graphlib.TopologicalSorter(imports_by_module()).prepare()  # CycleError names the circle


@pytest.mark.parametrize("path", below("sandbox"), ids=by_name)
def test_the_sandbox_stands_apart(path: Path) -> None:
    assert ours(path) <= {"sandbox", "model", "errors"}
    own = {"__main__.py": {"click"}, "shapes.py": {"botocore"}}.get(path.name, set())
    assert packages(path) <= {"auditor", "aiohttp", *own, *_standard_library()}


def test_only_the_command_line_knows_the_sandbox() -> None:
    assert {top(path) for path in FILES if "sandbox" in ours(path)} - {"sandbox"} <= {"cli"}


def test_boto_is_imported_by_the_aws_package_only() -> None:
    """The sandbox reads the service models that botocore ships: they are data, and say what AWS can answer."""
    models = {path for path in below("sandbox") if path.name == "shapes.py"}
    assert {top(path) for path in FILES if packages(path) & BOTO and path not in models} == {"aws"}
    for path in models:
        assert {name for name in imported(path) if name.startswith("boto")} == {
            *("botocore.loaders", "botocore.loaders.Loader", "botocore.model", "botocore.model.ServiceModel")
        }


def test_dask_is_imported_by_one_module_where_it_is_used() -> None:
    """Most commands need no cluster, and it is an extra that may not be installed."""
    (path,) = (path for path in FILES if packages(path) & DASK)
    assert by_name(path) == "cluster/client.py"
    at_top = {n for node in tree(path).body if _runs_at_import(node) for n in ast.walk(node)}
    names = {n.name for n in at_top if isinstance(n, ast.alias)} | {
        n.module or "" for n in at_top if isinstance(n, ast.ImportFrom)
    }
    assert not {name.partition(".")[0] for name in names} & DASK
    assert {top(path) for path in FILES if "cluster" in ours(path)} <= {"cli", "cluster"}


def test_a_scheduler_loads_no_pandas() -> None:
    """It loads what it hands on to the workers."""
    loaded = "import sys, auditor.cluster.worker; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert not {"pandas", "pyarrow", "duckdb", "pydantic"} & set(found.stdout.split())


@pytest.mark.parametrize("path", below("aws", "collect"), ids=by_name)
def test_nothing_left_of_the_snapshot_judges(path: Path) -> None:
    assert not ours(path) & {*JUDGING, "ages", "policy", "schema"}


@pytest.mark.parametrize("path", below(*JUDGING, "reperform"), ids=by_name)
def test_nothing_right_of_the_snapshot_talks_to_aws(path: Path) -> None:
    assert not ours(path) & {"aws", "collect", "sandbox"}
    assert not packages(path) & {*BOTO, "aiohttp", "asyncio", "socket", "http", "ssl", "requests"}
    assert "urllib.request" not in set(imported(path))


def within(*folders: str) -> list[Path]:
    return [path for path in FILES if by_name(path).startswith(folders)]


PURE = ("judge/evaluator", "judge/checks", "judge/sql", "ages", "policy", "schema", "kinds")


@pytest.mark.parametrize("path", within(*PURE), ids=by_name)
def test_judging_is_pure(path: Path) -> None:
    impure = {"os", "pathlib", "shutil", "tempfile", "socket", "subprocess", "time", "random", "locale", "sys"}
    # Parsing reads lines of a text in memory; nothing else may open anything.
    impure |= set() if path.stem == "report_parser" else {"io"}
    assert not packages(path) & impure
    assert "auditor.store.files" not in set(imported(path))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input", "eval", "exec"})
        if isinstance(node, ast.Attribute):
            assert node.attr not in {"now", "today", "utcnow", "getenv", "environ"}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", within("reperform/plain"), ids=by_name)
def test_the_second_implementation_shares_nothing_with_the_first(path: Path) -> None:
    assert {name for name in imported(path) if name.startswith("auditor.reperform")} <= {
        name for name in imported(path) if name.startswith("auditor.reperform.plain")
    }
    assert ours(path) <= {"reperform", "errors", "plugins", "times"}
    assert packages(path) <= {"auditor", *_standard_library()} - {"asyncio", "socket", "http", "ssl", "subprocess"}


@pytest.mark.parametrize("path", [p for p in below("report") if "responses" not in p.parts], ids=by_name)
def test_reports_are_made_of_an_assessment(path: Path) -> None:
    """Answers of an auditor are read back beside a snapshot, so that ``responses`` knows it."""
    assert not ours(path) & {"tables", "settings"}
    assert not {name for name in imported(path) if name.startswith(("auditor.store.snapshot", "auditor.judge.checks"))}


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
    loaded = "import sys, auditor.reperform.reperformance, auditor.reperform.verdict_cells; print(*sys.modules)"
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
