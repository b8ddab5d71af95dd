"""The wheel, installed away from the checkout, has all it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.ask.ready_made import named_queries
from auditor.catalog import load_catalog

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel installs, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    building = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(building, check=True, capture_output=True, timeout=120)
    (wheel,) = folder.glob("aws_org_auditor-*.whl")
    target = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(target), str(wheel)], check=True, timeout=120)
    return target


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": str(installed)},
        cwd=installed.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_catalogue_and_the_queries_come_along(installed: Path) -> None:
    code = (
        "import auditor, json; from auditor.catalog import config_folder, load_catalog;"
        "from auditor.ask.ready_made import named_queries;"
        "found = [str(config_folder()), len(load_catalog().controls), len(named_queries())];"
        "print(json.dumps([auditor.__file__, *found]))"
    )
    result = run(installed, "-c", code)
    package, config, controls, queries = json.loads(result.stdout)
    assert Path(package).is_relative_to(installed)
    assert Path(config).is_relative_to(installed)
    assert (controls, queries) == (len(load_catalog().controls), len(named_queries()))
    assert controls > 50


def test_the_demo_runs(installed: Path) -> None:
    result = run(installed, "-m", "auditor", "demo", "--accounts", "6", "--users", "3", "--out", "reports")
    assert result.returncode in (0, 4), result.stderr
    assert (installed.parent / result.stdout.splitlines()[-1] / "audit.xlsx").is_file()


def test_the_command_is_installed(installed: Path) -> None:
    result = run(installed, str(installed / "bin" / "auditor"), "--version")
    assert result.stdout.startswith("auditor, version ")
