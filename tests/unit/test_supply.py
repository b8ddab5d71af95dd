"""``make audit`` and the bill of materials: what is pinned is what is told, and what was not looked at is no pass."""

from __future__ import annotations

import json
import subprocess
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import audit
from tests.sbom import ROOT, TARGET, closure, declared, pins, sbom


@pytest.fixture(scope="module")
def committed() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))
    return document


def test_the_sbom_is_that_of_the_lock() -> None:
    assert TARGET.read_text(encoding="utf-8") == sbom(), "'make sbom' writes it anew"
    assert sbom() == sbom()


def test_the_sbom_names_exactly_what_runs_and_is_pinned(committed: dict[str, Any]) -> None:
    by_scope: dict[str, dict[str, str]] = {}
    for part in committed["components"]:
        by_scope.setdefault(part["scope"], {})[part["name"]] = part["version"]
    locked, running, extra = pins(), closure(declared()), closure([*declared("fast"), *declared("dask")])
    assert by_scope["required"] == {name: locked[name] for name in running}
    assert by_scope["optional"] == {name: locked[name] for name in extra.keys() - running.keys()}
    assert sum(len(parts) for parts in by_scope.values()) == len(locked)
    assert {"duckdb", "pydantic-core", "aiohttp", "botocore"} <= by_scope["required"].keys()
    assert {"pytest", "moto", "ruff"} <= by_scope["excluded"].keys()
    assert all(part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}" for part in committed["components"])


def test_the_sbom_is_cyclonedx_and_tells_how_things_depend(committed: dict[str, Any]) -> None:
    assert (committed["bomFormat"], committed["specVersion"]) == ("CycloneDX", "1.6")
    assert "timestamp" not in committed["metadata"]
    refs = {part["bom-ref"] for part in committed["components"]} | {committed["metadata"]["component"]["bom-ref"]}
    graph = {entry["ref"]: entry.get("dependsOn", []) for entry in committed["dependencies"]}
    assert {ref for needed in graph.values() for ref in needed} <= refs
    direct = {canonicalize_name(Requirement(text).name) for text in declared()}
    assert {ref.partition("==")[0] for ref in graph["aws-org-auditor"]} == direct


def test_everything_that_is_asked_for_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(text for extra in project["optional-dependencies"].values() for text in extra),
    ]
    assert {canonicalize_name(Requirement(text).name) for text in wanted} <= pins().keys()
    assert closure(declared("dev")).keys() - {"pip"} <= pins().keys()  # pip comes with Python


SOUND = {"name": "a", "version": "1", "vulns": []}
BAD = {
    "name": "b",
    "version": "2",
    "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}, {"id": "CVE-2", "fix_versions": []}],
}
NOBODY = "not audited: no index with known vulnerabilities can be reached from here"
TOLD = ["b 2: CVE-1, mended in 3", "b 2: CVE-2, mended in no version", "2 packages audited, 2 known vulnerabilities"]
SKIPPED = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1)"}


@pytest.mark.parametrize(
    ("audited", "told", "code"),
    [
        ([SOUND], ["1 packages audited, 0 known vulnerabilities"], 0),
        ([SOUND, BAD], TOLD, 1),
        ([SOUND, SKIPPED], ["1 packages audited, 0 known vulnerabilities", "not audited: c"], 0),
        ([SKIPPED], [f"{NOBODY} (all 1 packages are unknown to it)"], 0),
    ],
)
def test_what_was_not_looked_at_is_no_pass(audited: list[dict[str, Any]], told: list[str], code: int) -> None:
    assert audit.verdict(audited) == (told, code)


def test_no_index_is_a_clear_message_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = subprocess.CompletedProcess([], 1, "", "Traceback ...\nConnectionError: no route to pypi.org\n")
    monkeypatch.setattr("tests.audit.subprocess.run", lambda *_, **__: broken)
    assert audit.main() == 0
    assert capsys.readouterr().out == f"{NOBODY} (ConnectionError: no route to pypi.org)\n"
