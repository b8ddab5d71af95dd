"""``import auditor`` in a notebook: the same tables as typed frames, and the findings by any benchmark."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import auditor
from auditor import schema
from auditor.errors import CatalogError, ConfigurationError, SnapshotError
from tests.boxed import AS_OF, Box, day
from tests.expected import Expected


@pytest.fixture(scope="module")
def folder(box: Box, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("notebook")
    ids = [a for a, outcome in Expected(box.sandbox).outcomes().items() if outcome == "assessed"][:5]
    options = [part for account_id in ids for part in ("--account", account_id)]
    done = box.auditor("collect", "--out", out, "--as-of", AS_OF.isoformat(), *options)
    return Path(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("table", ["accounts", "users", "credentials", "findings", "controls"])
def test_the_tables_are_typed_frames(folder: Path, table: str) -> None:
    frame = getattr(auditor.open_snapshot(folder), table)
    columns: dict[str, str] = getattr(schema, table.upper())
    assert list(frame.columns)[: len(columns)] == list(columns)
    assert len(frame) > 0
    for name, kind in columns.items():
        if kind == "time":
            assert frame[name].dtype == pd.DatetimeTZDtype("us", "UTC"), name
        if kind == "bool":
            assert frame[name].dtype == pd.BooleanDtype(), name


def test_evaluate_takes_a_path_or_an_open_snapshot(folder: Path) -> None:
    snapshot = auditor.open_snapshot(str(folder))
    assert auditor.evaluate(folder).equals(auditor.evaluate(snapshot))
    assert auditor.evaluate(snapshot).equals(snapshot.findings)


def test_evaluate_by_another_benchmark_at_another_time(folder: Path) -> None:
    findings = auditor.evaluate(folder, benchmarks=["aws-iam-rules"], as_of=day(1200))
    assert set(findings["control_id"].unique()) == {"access-key-1-rotated-45d", "access-key-2-rotated-45d"}
    in_scope = findings[findings["status"] != "NO_EVIDENCE"]
    assert set(in_scope["status"].unique()) == {"FAIL"}, "by then every key is too old"


def test_what_does_not_exist_is_told(folder: Path) -> None:
    with pytest.raises(SnapshotError, match="no such folder"):
        auditor.open_snapshot(folder / "nowhere")
    with pytest.raises(CatalogError, match=r"did you mean 'cis-aws-7.0.0'"):
        auditor.evaluate(folder, benchmarks=["cis-aws-7.0"])
    with pytest.raises(ConfigurationError, match="is not a time"):
        auditor.evaluate(folder, as_of="soon")


def test_importing_is_quick_because_pandas_is_loaded_later() -> None:
    code = "import sys, auditor, auditor.cli; assert 'pandas' not in sys.modules and 'botocore' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
