"""The prompt by itself: when a statement ends, what is completed, and what its own commands say."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.document import Document

from auditor.ask.query_tables.table import Column, QueryTable
from auditor.cli.query_prompt import SqlCompleter, history_file, is_complete, quoted

TABLES = {
    name: QueryTable(name, "About.", tuple(Column(column, "text", "A column.") for column in columns))
    for name, columns in {
        "users": ("account_id", "user", "x_Größe", 'x_a"b', "x_a; drop"),
        "findings": ("account_id", "status"),
    }.items()
}


@pytest.mark.parametrize(
    "text",
    ["", "  ", "select 1;", "select 1 ; ", "select ';' ;", "select 1; -- done", ".tables", "\\q", "select 1;\n/* x */"],
)
def test_enter_ends_the_input(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize(
    "text",
    ["select 1", "select ';", "select 1 -- ;", "select 1 /* ;", 'select ";', "select 'it''s;'", "select 1 /* ; */"],
)
def test_enter_begins_another_line(text: str) -> None:
    assert not is_complete(text)


def completed(text: str) -> list[str]:
    return [found.text for found in SqlCompleter(TABLES).get_completions(Document(text, len(text)))]


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("sel", ["select"]),
        ("select * from us", ["users"]),
        ("select us", ['"user"', "users", "using"]),
        ("select 1 from users join ", ["users", "findings"]),
        ("select * from findings where st", ["status", "string_agg(", "starts_with("]),
        ("select findings.", ["account_id", "status"]),
        ("select * from users u where u.us", ['"user"']),
        ('select * from users where "x_', ['"x_Größe"', '"x_a""b"', '"x_a; drop"']),
        (".c", [".columns"]),
        (".columns f", [".columns findings"]),
        ("\\", ["\\q"]),
        ("qqq", []),
        ("", []),
    ],
)
def test_words_tables_and_columns_are_completed(text: str, offered: list[str]) -> None:
    assert completed(text) == offered


def test_a_name_is_quoted_where_sql_needs_it() -> None:
    assert [quoted(name) for name in ("status", "user", 'a"b', "X", "1a")] == [
        "status",
        '"user"',
        '"a""b"',
        '"X"',
        '"1a"',
    ]


def test_the_history_is_kept_in_the_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert history_file() == tmp_path / "auditor/query_history"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert history_file() == tmp_path / ".local/state/auditor/query_history"
