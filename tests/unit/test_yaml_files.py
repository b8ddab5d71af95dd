"""Every YAML file is read by one reader: the same slips get the same sentences, with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.catalog import load_catalog
from auditor.errors import UsageError
from auditor.judge.waivers import load_waivers
from auditor.settings import load_settings
from auditor.yaml_file import YamlProblem, parse_yaml
from tests.support import catalog, waiver, waivers_file

Reader = Callable[[Path], object]
CONTROL = """\
controls:
- id: ours
  title: Ours
  why: Because.
  service: IAM
  severity: low
  unit: user
  check: null
  how_tested: By hand.
  remediation: {console: Click., cli: aws iam}
  references: ["https://example.com/"]
"""
BENCHMARK = """\
id: mine
title: Mine
version: "1"
publisher: Us
about: Ours.
requirements:
- id: "1"
  control: root-mfa
  assessment: manual
  section: All
"""
CROSSWALK = """\
id: ours
title: Ours
version: "1"
publisher: Us
mapping:
  root-mfa: ["7"]
"""
PARAMETERS = """\
- control: access-key-rotated-90d
  ou: Root/Dev
  parameters: {max_age_days: 60}
  reason: ours
"""


def own_catalog(file: Path) -> object:
    return load_catalog(None, file.parent if file.name == "parameters.yaml" else file.parent.parent)


# By what is read: the file below the folder, how it is loaded, its text in order, and a key with its line in it.
FILES: dict[str, tuple[str, Reader, str, str, int]] = {
    "settings": ("auditor.yaml", load_settings, "out: here\nrole: a\n", "role", 2),
    "waivers": ("waivers.yaml", lambda file: load_waivers(file, catalog(), 366), "", "reason", 5),
    "controls": ("controls/ours.yaml", own_catalog, CONTROL, "title", 3),
    "benchmarks": ("benchmarks/ours.yaml", own_catalog, BENCHMARK, "publisher", 4),
    "crosswalks": ("crosswalks/ours.yaml", own_catalog, CROSSWALK, "version", 3),
    "parameters": ("parameters.yaml", own_catalog, PARAMETERS, "reason", 4),
}
every_file = pytest.mark.parametrize("kind", FILES)


def made(folder: Path, kind: str) -> tuple[Path, Reader, list[str]]:
    name, reader, text, _, _ = FILES[kind]
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    text = text or waivers_file(folder, waiver()).read_text(encoding="utf-8")
    return file, reader, text.splitlines()


def said(file: Path, reader: Reader, lines: list[str]) -> str:
    """What is said of the file, without its folder."""
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    with pytest.raises(UsageError) as raised:
        reader(file)
    assert "\n" not in str(raised.value)
    return str(raised.value).removeprefix(f"{file.parent}/")


@every_file
def test_the_file_that_the_tests_begin_with_is_in_order(tmp_path: Path, kind: str) -> None:
    file, reader, lines = made(tmp_path, kind)
    file.write_text("\n".join(lines), encoding="utf-8")
    reader(file)


@every_file
def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path: Path, kind: str) -> None:
    file, reader, lines = made(tmp_path, kind)
    key, first = FILES[kind][3:]
    repeated = lines[first - 1].replace(f"- {key}", f"  {key}")
    lines.insert(first, repeated)
    assert said(file, reader, lines) == (
        f"{file.name}:{first + 1}: the key '{key}' stands here twice, first in line {first}"
    )


@every_file
def test_an_unknown_key_is_named_with_its_line_and_the_nearest_one(tmp_path: Path, kind: str) -> None:
    file, reader, lines = made(tmp_path, kind)
    key, first = FILES[kind][3:]
    wrong = key[0] + key[2] + key[1] + key[3:]
    lines[first - 1] = lines[first - 1].replace(key, wrong, 1)
    sentence = said(file, reader, lines)
    assert sentence.startswith(f"{file.name}:{first}: ")
    assert f"unknown key '{wrong}' (did you mean '{key}'?)" in sentence


@every_file
def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    file, reader, lines = made(tmp_path, kind)
    sentence = said(file, reader, [*lines, "]"])
    assert sentence.startswith(f"{file.name}:{len(lines) + 1}: not YAML: ")


@every_file
def test_a_second_document_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    file, reader, lines = made(tmp_path, kind)
    sentence = said(file, reader, [*lines, "---", *lines])
    assert sentence == f"{file.name}:{len(lines) + 1}: a second document begins; a file holds one"


@every_file
def test_a_value_of_the_wrong_kind_is_told_with_its_line(tmp_path: Path, kind: str) -> None:
    file, reader, lines = made(tmp_path, kind)
    key, first = FILES[kind][3:]
    lines[first - 1] = lines[first - 1].partition(f"{key}:")[0] + f"{key}: [[1]]"
    sentence = said(file, reader, lines)
    assert sentence.startswith(f"{file.name}:{first}: ")
    assert key in sentence


def test_the_last_of_two_roles_is_not_taken_in_silence(tmp_path: Path) -> None:
    file = tmp_path / "auditor.yaml"
    assert said(file, load_settings, ["role: a", "role: b"]) == (
        "auditor.yaml:2: the key 'role' stands here twice, first in line 1"
    )


def test_a_key_that_stands_twice_is_found_at_any_depth_and_in_aliases() -> None:
    for text in ("a: {b: [1, {c: 1, c: 2}]}", "- {x: 1}\n- [[{y: 1, 'y': 2}]]", "a: &a {b: 1, b: 2}\nc: *a"):
        with pytest.raises(YamlProblem, match="stands here twice, first in line "):
            parse_yaml(text.encode())


def test_a_key_that_a_merge_brings_may_be_replaced() -> None:
    text = b"base: &b {x: 1, y: 2}\none: {<<: *b, x: 3}\ntwo: &t {<<: *b}\nthree: {<<: [*t, *b], y: 4}\n"
    assert parse_yaml(text) == {
        "base": {"x": 1, "y": 2},
        "one": {"x": 3, "y": 2},
        "two": {"x": 1, "y": 2},
        "three": {"x": 1, "y": 4},
    }


@pytest.mark.parametrize("key", ["1", "true", "2026-01-01", "~", "1.5"])
def test_a_key_that_is_no_text_is_told_to_be_put_in_quotes(key: str) -> None:
    with pytest.raises(YamlProblem, match="a key must be text") as raised:
        parse_yaml(f"a: 1\n{key}: 2\n".encode())
    assert raised.value.line == 2
    assert parse_yaml(f"'{key}': 2\n".encode()) == {key: 2}


@pytest.mark.parametrize("value", ['!!int ""', "!!bool x", "2026-02-30", "[1, 2026-02-30]"])
def test_a_value_that_yaml_itself_cannot_make_is_told_with_its_line(value: str) -> None:
    with pytest.raises(YamlProblem, match="not YAML") as raised:
        parse_yaml(f"a: 1\nb:\n  c: {value}\n".encode())
    assert raised.value.line == 3


def test_names_across_files_are_told_with_the_line_that_names_them(tmp_path: Path) -> None:
    for kind, (old, new), line in (
        ("benchmarks", ("control: root-mfa", "control: root-mfaa"), 8),
        ("crosswalks", ("root-mfa:", "root-mfaa:"), 6),
        ("parameters", ("control: access-key-rotated-90d", "control: access-key-rotatd-90d"), 1),
        ("parameters", ("max_age_days", "max_age_dayz"), 3),
    ):
        (tmp_path / f"{kind}-{line}").mkdir()
        file, reader, lines = made(tmp_path / f"{kind}-{line}", kind)
        sentence = said(file, reader, [text.replace(old, new) for text in lines])
        assert sentence.startswith(f"{file.name}:{line}: "), sentence
        assert "did you mean" in sentence
