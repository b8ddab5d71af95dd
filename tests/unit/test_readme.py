"""README, CONTRIBUTING and the example settings say what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from auditor.aws.assume import session_policy
from auditor.catalog import load_catalog
from auditor.cli.collectors import OF_ACCOUNTS, OF_THE_ORGANIZATION
from auditor.cli.main import cli
from auditor.model import ACCOUNT_EVIDENCE, ORGANIZATION_EVIDENCE
from auditor.query import named_queries
from auditor.settings import Settings, load_settings
from tests.readme import README, updated

ROOT = README.parent


def test_the_tables_are_those_of_the_program() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == updated(text), "run: make docs"


def test_every_option_of_run_can_stand_in_the_settings_file() -> None:
    names = {option.name for option in cli.commands["run"].params} - {"config", "resume", "retry_gaps"}
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
    assert all(name in (cli.commands["query"].help or "") for name in named_queries())


def test_a_session_policy_of_everything_is_short_enough_for_sts() -> None:
    every = [action for collector in OF_ACCOUNTS for action in collector.actions]
    assert len(session_policy(every)) <= 2048


def test_there_is_one_collector_for_each_kind_of_evidence() -> None:
    assert sorted(c.kind for c in OF_ACCOUNTS) == sorted(ACCOUNT_EVIDENCE)
    assert sorted(c.kind for c in OF_THE_ORGANIZATION) == sorted(ORGANIZATION_EVIDENCE)


# Policies that are read or planted, and words about them: none of these makes an ARN.
ABOUT_POLICIES = {"plain/policies/everything.py", "policy/document.py", "policy/everything.py", "sandbox/policies.py"}


def test_nothing_hard_codes_the_partition() -> None:
    package = ROOT / "auditor"
    found = {str(p.relative_to(package)) for p in package.rglob("*.py") if "arn:aws:" in p.read_text(encoding="utf-8")}
    assert found == ABOUT_POLICIES


def test_links_of_the_makefile_targets_that_readme_names() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"\n{name}:" in makefile for name in re.findall(r"\$ make (\w+)", README.read_text(encoding="utf-8")))


def test_paths_of_the_layout_exist() -> None:
    rows = re.findall(r"^\| (`[^|]+`)", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert names
    assert [name for name in names if not Path(ROOT / name).exists()] == []
