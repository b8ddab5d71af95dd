"""What a badly written catalogue folder gets: one sentence that names the file, the entry and the way out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.catalog import load_catalog
from auditor.errors import CatalogError

CONTROL = """\
  - id: my-control
    title: Something holds
    why: Because.
    service: IAM
    severity: low
    unit: user
    check: null
    how_tested: By hand.
    remediation: {console: Click., cli: aws iam list-users}
    references: [Nothing]
"""
CONTROLS = "controls:\n" + CONTROL
BENCHMARK = """\
id: mine
title: Mine
version: "1"
publisher: Us
about: Ours.
requirements:
  - {id: "1.10", control: my-control, level: 1, assessment: manual, section: All}
"""


def folder(place: Path, controls: str = CONTROLS, benchmark: str = BENCHMARK) -> Path:
    for part, text in (("controls", controls), ("benchmarks", benchmark)):
        (place / part).mkdir(parents=True)
        (place / part / "a.yaml").write_text(text, encoding="utf-8")
    return place


def refusal(place: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        load_catalog(place)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_small_folder_is_a_catalogue(tmp_path: Path) -> None:
    catalog = load_catalog(folder(tmp_path))
    assert list(catalog.controls) == ["my-control"]
    assert catalog.find("1.10").control.id == "my-control"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("severity: low", "severity: [low", r"a\.yaml:7: not YAML: "),
        ("severity: low", "severity: lowest", r"a\.yaml:6: control 'my-control': severity: .*'critical'"),
        ("    severity: low", "    severety: low", r"unknown key 'severety' \(did you mean 'severity'\?\)"),
        (
            "    check: null",
            "    check: null\n    titel: x",
            r"unknown key 'titel' \(did you mean 'title'\?\)",
        ),
        ("cli: aws", "cly: x, cli: aws", r"remediation: unknown key 'cly' \(did you mean 'cli'\?\)"),
        ("    check: null\n", "", r"control 'my-control': name a check, or a table with the SQL that decides"),
        ("check: null", "check: key_age", r"must name the evidence it reads"),
        (
            "check: null",
            "check: x\n    evidence: [contact]",
            r"unknown kind of evidence 'contact' \(did you mean 'contacts'",
        ),
        ("check: null", "check: null\n    planned: true", r"unknown key 'planned'"),
        ("check: null", "check: null\n    parameters: {days: -1}", r"parameters: days must not be negative"),
        ("check: null", "check: null\n    stricter: {days: less}", r"stricter: unknown parameter 'days'"),
        (
            "check: null",
            "check: null\n    parameters: {name: x}\n    stricter: {name: less}",
            r"stricter: name is neither a number nor true or false",
        ),
        (
            "check: null",
            "check: null\n    parameters: {days: 1}\n    stricter: {days: fewer}",
            r"stricter\.days: Input should be 'less' or 'more'",
        ),
        ("unit: user", "unit: credential", r"credentials must be named for the unit 'credential'"),
        (
            "unit: user",
            "unit: credential\n    credentials: [access_key1]",
            r"unknown credential 'access_key1' \(did you mean 'access_key_1'\?\)",
        ),
        ("id: my-control", "id: My_Control", r"control 'My_Control': id: String should match"),
        (
            "id: my-control",
            "id: 1.10",
            r"control 1\.1: id must be text, not the number 1\.1: put it in quotes",
        ),
        ("title: Something holds", "title: yes", r"title must be text, not the truth value True: put it in"),
        ("title: Something holds", "title: [x]", r"control 'my-control': title must be text, not a list$"),
        ("why: Because.", "why: 2026-11-24", r"why must be text, not a date$"),
        ("why: Because.", "why: ''", r"why: String should have at least 1 character"),
        ("why: Because.", "why: 2026-13-45", r"a\.yaml:\d+: not YAML: month must be in 1\.\.12"),
        ("service: IAM", "service: !!python/object:os.system x", r"a\.yaml:5: not YAML: could not determine"),
        (
            "references:",
            "related: [other]\n    references:",
            r"names the control 'other', which does not exist",
        ),
        ("controls:", "control:", r"unknown key 'control' \(did you mean 'controls'\?\)"),
    ],
)
def test_a_bad_control_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CONTROLS
    assert re.search(message, refusal(folder(tmp_path, controls=CONTROLS.replace(old, new, 1))))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'id: "1.10"',
            "id: 1.10",
            r"requirement 1\.1: id must be text, not the number 1\.1: put it in quotes",
        ),
        (
            'version: "1"',
            "version: 1",
            r"benchmark 'mine': version must be text, not the number 1: put it in",
        ),
        ("level: 1", "levle: 1", r"requirement '1\.10': unknown key 'levle' \(did you mean 'level'\?\)"),
        (
            "control: my-control",
            "control: my-contrl",
            r"requirement '1\.10' names .*did you mean 'my-control'",
        ),
        ("assessment: manual", "assessment: maybe", r"requirement '1\.10': assessment: .*'automated'"),
        ('id: "1.10"', 'id: "a; b"', r"requirement 'a; b': id: String should match"),
        (
            "publisher: Us",
            "publisher: Us\npublished: x",
            r"unknown key 'published' \(did you mean 'publisher'",
        ),
        ("id: mine\n", "", r"benchmark number 1: id: Field required"),
        (
            "requirements:\n",
            'requirements:\n  - {id: "1.10", control: my-control, assessment: manual, section: All}\n',
            r"benchmark 'mine': the requirement '1\.10' is declared twice",
        ),
    ],
)
def test_a_bad_benchmark_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in BENCHMARK
    assert re.search(message, refusal(folder(tmp_path, benchmark=BENCHMARK.replace(old, new, 1))))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.yaml:1: the file must hold keys and values, not nothing"),
        ("- 1", r"must hold keys and values, not a list"),
        ("controls: {}", r"a\.yaml:1: controls must be a list"),
        ("controls: [7]", r"control number 1: Input should be a valid dictionary"),
        ("controls: []\nmore: 1\n", r"unknown key 'more'"),
        ("\x01", r"a\.yaml:1: not YAML: control characters are not allowed"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert re.search(message, refusal(folder(tmp_path, controls=text)))


def test_requirements_may_not_be_empty(tmp_path: Path) -> None:
    empty = BENCHMARK[: BENCHMARK.index("requirements:")] + "requirements: []\n"
    assert "at least 1 item" in refusal(folder(tmp_path, benchmark=empty))


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    (folder(tmp_path) / "controls" / "a.yaml").write_bytes(b"controls: \xff\xfe")
    assert "a.yaml:1: not YAML" in refusal(tmp_path)


def test_a_key_that_is_not_text_is_refused(tmp_path: Path) -> None:
    place = folder(tmp_path, controls=CONTROLS + "    1: x\n")
    assert "a key must be text, and '1' is none: put it in quotes" in refusal(place)


def test_the_same_id_twice_is_refused(tmp_path: Path) -> None:
    assert "control 'my-control' is declared twice, first in a.yaml" in refusal(
        folder(tmp_path / "1", controls=CONTROLS + CONTROL)
    )
    place = folder(tmp_path / "2")
    (place / "benchmarks" / "b.yaml").write_text(BENCHMARK, encoding="utf-8")
    assert "b.yaml:1: benchmark 'mine' is declared twice, first in a.yaml:1" in refusal(place)


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    assert "it has none of controls/, benchmarks/, crosswalks/, queries/ and parameters.yaml" in refusal(tmp_path)
    assert "there is no such folder" in refusal(tmp_path / "missing")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (folder(tmp_path) / "controls" / "b.yaml").mkdir()
    assert "b.yaml: cannot be read" in refusal(tmp_path)


def test_a_users_own_folder_adds_and_replaces(tmp_path: Path) -> None:
    mfa = CONTROLS.replace("my-control", "root-mfa").replace("Something holds", "Ours")
    own = folder(tmp_path, controls=mfa + CONTROL)
    shipped, merged = load_catalog(), load_catalog(None, own)
    assert merged.control("root-mfa").title == "Ours"
    assert set(merged.controls) == {*shipped.controls, "my-control"}
    assert set(merged.benchmarks) == {*shipped.benchmarks, "mine"}
    assert merged.hash != shipped.hash
