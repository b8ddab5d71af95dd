"""Names that are not there: the nearest ones of all tables are told, and where the columns are listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor import schema
from auditor.ask.query_tables.known import query_tables
from auditor.ask.query_tables.naming import misread_user
from auditor.ask.ready_made import named_queries
from auditor.cli.main import main
from auditor.errors import QueryError
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from tests.asking import TABLES, frames_of, run_query
from tests.documents import policy, summary
from tests.support import ACCOUNT, ago, catalog, judged, key, report, root, stored, user


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    users = [root(), user("ann", **key(1, ago(46), ago(1)))]
    return judged(tmp_path_factory.mktemp("names"), {ACCOUNT: report(users)})


def said(assessment: Assessment, sql: str) -> str:
    with pytest.raises(QueryError) as raised:
        run_query(assessment, sql)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        (
            "select resource_name from users",
            "there is no column 'resource_name' in users; nearest: users.user; resource_name is a column of findings; "
            "'auditor tables users' lists the columns",
        ),
        (
            "select user from findings",
            "there is no column 'user' in findings; nearest: findings.resource_name; user is a column of users, "
            "credentials, ",
        ),
        (
            "select code from accounts",
            "there is no column 'code' in accounts; nearest: accounts.gap_code; code is a column of gaps; ",
        ),
        ("select gap_code from gaps", "nearest: gaps.code; gap_code is a column of accounts; "),
        ("select g.gap_message from gaps g", "there is no column 'gap_message' in gaps; nearest: gaps.message; "),
        ("select stauts from findings", "there is no column 'stauts' in findings; nearest: findings.status"),
        (
            "select f.arn from findings f join users u on true",
            'Table "f" does not have a column named "arn"; arn is a column of users; '
            "'auditor tables NAME' lists the columns of a table",
        ),
        ("select name from accounts", "nearest: accounts.account_name; "),
        (
            "select age_day from users",
            "there is no column 'age_day' in users; nearest in other tables: credentials.age_days",
        ),
        ("select * exclude (resource_name) from users", "nearest: users.user"),
        ("select * from users order by username", "there is no column 'username' in users; nearest: users.user"),
        (
            'select * from findings where status = "FAIL"',
            "a text stands in single quotes: 'FAIL'; 'auditor tables findings' lists the columns",
        ),
        ("select * from finding", "there is no table 'finding'; nearest: findings; 'auditor tables' lists the tables"),
        ("select * from qqqqq", "there is no table 'qqqqq'; known: accounts, gaps, users, "),
    ],
)
def test_the_nearest_names_are_told(assessment: Assessment, sql: str, sentence: str) -> None:
    assert sentence in said(assessment, sql)


def test_a_table_whose_evidence_was_not_asked_for_is_told_from_a_misspelt_one(tmp_path: Path) -> None:
    found = judged(tmp_path, {ACCOUNT: report([root()])}, benchmarks=["aws-iam-rules"])
    assert said(found, "select * from certificates") == (
        "there is no table 'certificates' in this snapshot: such evidence was not collected, or not asked for"
    )


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select", "Parser Error"),
        ("select foo(1) from users", 'Scalar Function with name foo does not exist! Did you mean "floor"?'),
        ("select sum(arn) from users", "No function matches"),
        ("select x.arn from users", 'Referenced table "x" not found!'),
        ("select data_type from (describe select * from users)", 'Candidate bindings: "column_type"'),
        ("with t as (select arn from users) select is_root from t", 'Referenced column "is_root" not found'),
        ("update users set arn = 1", "a query only reads: UPDATE is not allowed"),
        ("select 1; select 2", "a query is one statement"),
    ],
)
def test_what_duckdb_says_of_other_mistakes_is_kept(assessment: Assessment, sql: str, message: str) -> None:
    assert message in said(assessment, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select user from users",
        "select u.user from users u join findings f using (account_id)",
        "select resource_name as user from findings order by user",
        "select 'user' as what, resource_name from findings -- of a user",
        "with t(user) as (select resource_name from findings) select user from t",
        "select user.status from findings user",
        "select user() as me from findings",
    ],
)
def test_a_user_that_is_there_is_no_mistake(sql: str) -> None:
    assert misread_user(sql, query_tables()) == ""


def test_the_questions_that_are_shipped_name_no_user_that_is_not_there() -> None:
    assert not [path for path in named_queries().values() if misread_user(path.read_text("utf-8"), query_tables())]


@pytest.mark.parametrize("sql", ["select USER from findings", "select 1 from controls where user = 'ann'"])
def test_the_database_s_own_user_is_never_taken_for_a_column(sql: str) -> None:
    assert "there is no column 'user' in " in misread_user(sql, query_tables())


class TestListing:
    def test_every_table_of_a_snapshot_is_listed_with_its_columns_and_types(self, tmp_path: Path) -> None:
        documents = {ACCOUNT: {"account-summary": summary(), "password-policy": policy()}}
        snapshot = stored(tmp_path, {ACCOUNT: report([root(), user("ann")])}, documents=documents)
        found = assess(snapshot, ["cis-aws-7.0.0"], catalog=catalog())
        tables = frames_of(found)
        for name, frame in tables.items():
            assert [column.name for column in query_tables()[name].columns] == list(frame.columns), name
        assert set(TABLES) < set(tables) <= set(query_tables())

    def test_every_table_and_column_has_a_sentence(self) -> None:
        for table in query_tables().values():
            assert table.about.endswith("."), table.name
            for column in table.columns:
                assert column.about.endswith("."), f"{table.name}.{column.name}"
                assert column.type in ("text", "integer", "boolean", "timestamp")

    def test_types_are_those_that_a_query_gives(self, assessment: Assessment) -> None:
        described = run_query(assessment, "select column_name, column_type from (describe select * from users)")
        words = {"VARCHAR": "text", "BOOLEAN": "boolean", "BIGINT": "integer", "TIMESTAMP WITH TIME ZONE": "timestamp"}
        found = {name: words[kind] for name, kind in described.itertuples(index=False)}
        assert found == {column.name: column.type for column in query_tables()["users"].columns}

    def test_the_command_lists_tables_and_columns(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("tables") == 0
        listed = [line.split()[0] for line in capsys.readouterr().out.split("\n\n")[0].splitlines()[1:]]
        assert listed == list(query_tables())
        assert run("tables", "findings") == 0
        names = [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]]
        assert names == list(schema.FINDINGS_TABLE)
        assert run("tables", "Findings", "--format", "json") == 0
        (table,) = json.loads(capsys.readouterr().out)
        assert [column["name"] for column in table["columns"]] == names

    def test_an_unknown_table_is_told_with_the_nearest(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert run("tables", "credential") == 2
        assert "there is no table 'credential' (did you mean 'credentials'?)" in capsys.readouterr().err


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)
