"""Formats and catalogues that another installed package adds, and what is said of one that cannot be used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auditor.ask.ready_made import named_queries
from auditor.catalog import load_catalog
from auditor.cli.options import stamp_of_catalog
from auditor.errors import ConfigurationError, PluginError
from auditor.plugins import ADDED_FORMATS, plugins
from auditor.report import write_reports
from auditor.settings import Settings, load_settings
from tests import reporting

CODE = """
from pathlib import Path

class Lines:
    name = "lines"
    def write(self, assessment, folder):
        path = folder / "findings.txt"
        path.write_text(f"{len(assessment.findings)} findings")
        return (path,)

class Nameless:
    def write(self, assessment, folder):
        return ()

FOLDER = Path(__file__).parent / "acme_catalog"
NUMBER = 7
"""
CONTROL = (Path(__file__).parents[2] / "config" / "controls" / "hygiene.yaml").read_text(encoding="utf-8")


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, points: str, *, name: str = "acme-audit") -> None:
    """What an installed package leaves behind: its code, and the metadata that names its entry points."""
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (folder / "acme.py").write_text(CODE)
    monkeypatch.delitem(sys.modules, "acme", raising=False)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(folder)


def test_without_other_packages_there_is_nothing_to_add() -> None:
    assert plugins(ADDED_FORMATS) == ()


def test_a_format_is_known_to_settings_and_written_with_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "[auditor.formats]\nlines = acme:Lines\n")
    assert Settings(format=("csv", "lines")).format == ("csv", "lines")
    written = write_reports(reporting.small(), tmp_path / "out", ["json", "lines"])
    assert "findings.txt" in {path.name for path in written.files}
    assert "findings.txt" in (tmp_path / "out" / "reports.sha256").read_text()


def test_an_unknown_format_names_those_of_packages_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "[auditor.formats]\nlines = acme:Lines\n")
    with pytest.raises(ConfigurationError, match=r"unknown value 'lnes' \(did you mean 'lines'\?\); known: .*lines"):
        load_settings(None, {"format": ("lnes",)}, read_file=False)


@pytest.mark.parametrize(
    ("point", "problem"),
    [
        ("acme:Nameless", r"'lines' of the installed package acme-audit 1\.2 \(auditor\.formats\) must have the name"),
        ("acme:NUMBER", "must have the name 'lines' and a method write"),
        ("acme:Gone", "cannot be loaded: AttributeError"),
        ("nowhere:Lines", "cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_a_format_that_is_none_is_an_error_that_names_the_package(
    point: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f"[auditor.formats]\nlines = {point}\n")
    with pytest.raises(PluginError, match=problem):
        write_reports(reporting.small(), tmp_path / "out", ["lines"])
    assert not (tmp_path / "out").exists()


def test_two_packages_with_one_name_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "a", monkeypatch, "[auditor.formats]\nlines = acme:Lines\n")
    install(tmp_path / "b", monkeypatch, "[auditor.formats]\nlines = acme:Lines\n", name="other")
    with pytest.raises(PluginError, match=r"has the name of another one, which (other|acme-audit) 1\.2 brings"):
        plugins(ADDED_FORMATS)


def test_a_catalogue_adds_controls_and_queries_and_the_stamp_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "[auditor.catalogs]\nacme = acme:FOLDER\n")
    controls, queries = (tmp_path / "acme_catalog" / name for name in ("controls", "queries"))
    controls.mkdir(parents=True)
    queries.mkdir()
    before = load_catalog(Path(__file__).parents[2] / "config")
    (controls / "own.yaml").write_text(CONTROL.replace("- id: no-", "- id: acme-no-"))
    (queries / "acme.sql").write_text("select 1")
    after = load_catalog()
    assert {name for name in after.controls if name not in before.controls} == {
        "acme-no-inline-full-admin", "acme-no-inline-near-admin", "acme-no-near-admin-policy"
    }  # fmt: skip
    assert "acme" in named_queries()
    stamp = stamp_of_catalog(Settings(), after)
    assert stamp.version.endswith("+acme-audit-1.2")
    assert stamp.hash != before.hash


def test_a_catalogue_that_is_no_folder_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "[auditor.catalogs]\nacme = acme:NUMBER\n")
    with pytest.raises(PluginError, match=r"must be the pathlib.Path of a folder, not 7"):
        load_catalog()
