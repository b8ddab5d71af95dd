"""README, CONTRIBUTING and the example settings say what the program does."""

from __future__ import annotations

import re

import pytest
import yaml

from auditor.ask.ready_made import named_queries
from auditor.aws.assume import session_policy
from auditor.catalog import load_catalog
from auditor.cli.main import command
from auditor.kinds import KINDS, names_of
from auditor.kinds.declaration import Owner
from auditor.settings import Settings, load_settings
from tests.readme import README, updated

ROOT = README.parent


def test_the_tables_are_those_of_the_program() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == updated(text), "run: make docs"


def test_every_option_of_run_can_stand_in_the_settings_file() -> None:
    names = {option.name for option in command("run").params} - {"config", "resume", "retry_gaps"}
    assert names <= set(Settings.model_fields)


def test_the_example_settings_are_the_defaults() -> None:
    example = ROOT / "config" / "auditor.example.yaml"
    assert load_settings(example) == Settings()
    assert set(yaml.safe_load(example.read_text())) == set(Settings.model_fields)


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_the_files_that_are_named_exist(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    paths = re.findall(r"`((?:auditor|config|tests)/[\w/.-]+)`", text)
    assert [p for p in {*links, *paths} if not (ROOT / p).exists()] == []


def test_the_benchmarks_and_queries_that_are_named_exist() -> None:
    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"--benchmark ((?:cis|aws)[\w.-]+)", text)) <= set(load_catalog().benchmarks)
    assert set(re.findall(r"query --name ([\w-]+)", text)) <= set(named_queries())


def test_query_help_names_every_shipped_question() -> None:
    assert "auditor query --list" in (command("query").help or "")


def test_a_session_policy_of_everything_is_short_enough_for_sts() -> None:
    every = [action for kind in names_of(Owner.ACCOUNT) for action in KINDS[kind].actions]
    assert len(session_policy(every)) <= 2048


# Policies that are read or planted, words about them, and the made-up account of examples: no ARN of any evidence.
ABOUT_POLICIES = {
    "catalog/examples.py",
    "reperform/plain/policies/everything.py",
    "policy/document.py",
    "policy/everything.py",
    "sandbox/policies.py",
}


def test_nothing_hard_codes_the_partition() -> None:
    package = ROOT / "auditor"
    found = {str(p.relative_to(package)) for p in package.rglob("*.py") if "arn:aws:" in p.read_text(encoding="utf-8")}
    assert found == ABOUT_POLICIES


def test_links_of_the_makefile_targets_that_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{name}:" in makefile for name in re.findall(r"\$ make (\w+)", README.read_text(encoding="utf-8")))
