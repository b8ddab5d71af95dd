"""SQL over a judged snapshot: it answers, and it can neither reach nor change anything."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from auditor import schema
from auditor.ask.query_tables.known import BASE_TABLES
from auditor.ask.ready_made import named_queries, named_query
from auditor.errors import QueryError
from auditor.judge.assessment import Assessment
from tests.asking import TABLES, frames_of, run_query
from tests.support import (
    ACCOUNT,
    AS_OF,
    COLUMNS,
    OTHER,
    ago,
    excluded,
    judged,
    key,
    password,
    report,
    root,
    unreachable,
    user,
    waiver,
    waivers_of,
)


@pytest.fixture(scope="module")
def assessment(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    ann = user("ann", **password(ago(3), ago(9)), **key(1, ago(100), ago(1)))
    bob = user("=1+1", OTHER, **key(1, ago(46)), **password(changed=ago(200)))
    reports = {
        ACCOUNT: report([root(password_last_used=ago(5)), ann]),
        OTHER: report([root(OTHER), bob]),
    }
    folder = tmp_path_factory.mktemp("query")
    others = (unreachable("444455556666"), excluded("555566667777"))
    return judged(folder, reports, *others, waivers=waivers_of(folder, waiver()))


def rows(assessment: Assessment, sql: str) -> list[dict[str, object]]:
    found = run_query(assessment, sql)
    return [{str(k): v for k, v in row.items()} for row in found.to_dict("records")]


@pytest.mark.parametrize("table", TABLES)
def test_every_table_is_there_with_the_columns_of_the_schema(assessment: Assessment, table: str) -> None:
    found = run_query(assessment, f"select * from {table}")
    assert list(found.columns) == list(BASE_TABLES[table])
    assert len(found) == len(frames_of(assessment)[table])
    assert len(found) > 0 or table == "remarks"


def test_waivers_join_the_findings_they_are_on(assessment: Assessment) -> None:
    sql = "select f.resource_name, w.ticket, w.waived from findings f join waivers w using (waiver_id)"
    assert rows(assessment, sql) == [{"resource_name": "ann", "ticket": "SEC-1", "waived": 1}]


def test_findings_tell_since_when_they_are_ones(assessment: Assessment) -> None:
    """The column is not in findings.csv; here it dates failures and nothing else."""
    found = rows(assessment, "select distinct status from findings where in_violation_since is not null")
    assert found == [{"status": "FAIL"}]


def test_types_survive(assessment: Assessment) -> None:
    found = run_query(assessment, 'select account_id, active, last_rotated, age_days, "user" from credentials')
    assert {name: str(found[name].dtype) for name in found} == {
        "account_id": "str",
        "active": "boolean",
        "last_rotated": "datetime64[us, UTC]",
        "age_days": "Int64",
        "user": "str",
    }
    assert found["last_rotated"].isna().any()
    first = found[(found["user"] == "=1+1") & (found["age_days"] == 46)].iloc[0]
    assert first["last_rotated"] == pd.Timestamp(ago(46))


def test_leading_zeros_survive_and_compare_as_text(assessment: Assessment) -> None:
    assert rows(assessment, f"select distinct account_id from users where account_id = '{ACCOUNT}'") == [
        {"account_id": ACCOUNT}
    ]
    assert rows(assessment, "select count(*) as n from accounts where account_id = '7'") == [{"n": 0}]


def test_nothing_is_null_and_not_a_word(assessment: Assessment) -> None:
    where = "users is null and report_generated_at is null and outcome <> 'assessed'"
    assert rows(assessment, f"select count(*) as n from accounts where {where}") == [{"n": 2}]


@pytest.mark.parametrize(
    "sql",
    [
        "select 1 as n",
        "select 1 as n;",
        "-- a question\nselect 1 as n",
        "with one as (select 1 as n) select n from one",
        "from (values (1)) t(n)",
        "select count(distinct account_id) as n from users where is_root and account_id = '000000000007'",
    ],
)
def test_reading_statements(assessment: Assessment, sql: str) -> None:
    assert rows(assessment, sql) == [{"n": 1}]


@pytest.mark.parametrize(
    "sql",
    [
        "explain select * from users",
        "pivot accounts on outcome using count(*)",
        "describe users",
        "summarize users",
        "show tables",
    ],
)
def test_other_ways_of_reading(assessment: Assessment, sql: str) -> None:
    assert len(run_query(assessment, sql)) > 0


def test_the_clock_of_the_machine_is_utc(assessment: Assessment) -> None:
    assert rows(assessment, "select max(as_of)::timestamptz::varchar as t from findings") == [
        {"t": "2026-11-24 10:15:00+00"}
    ]
    assert AS_OF.hour == 10


SECRET = "the-secret-of-this-test"

WRITING = {
    "copy-to": "copy accounts to '{out}'",
    "copy-query-to": "copy (select 1) to '{out}' (format csv)",
    "copy-from": "copy accounts from '{file}'",
    "export": "export database '{out}'",
    "import": "import database '{out}'",
    "attach": "attach '{out}' as other",
    "attach-memory": "attach ':memory:' as other",
    "detach": "detach memory",
    "install": "install httpfs",
    "load": "load httpfs",
    "load-file": "load '{file}'",
    "set": "set enable_external_access = true",
    "set-threads": "set threads = 1",
    "reset": "reset lock_configuration",
    "pragma": "pragma enable_profiling",
    "pragma-database": "pragma database_size",
    "insert": "insert into accounts select * from accounts",
    "update": "update accounts set reason = ''",
    "delete": "delete from findings",
    "truncate": "truncate findings",
    "drop": "drop table findings",
    "create": "create table mine as select 1",
    "create-view": "create view mine as select 1",
    "create-macro": "create macro mine() as 1",
    "create-secret": "create secret (type s3)",
    "alter": "alter table accounts drop column reason",
    "call": "call pragma_version()",
    "checkpoint": "checkpoint",
    "begin": "begin transaction",
    "vacuum": "vacuum",
    "use": "use memory",
    "prepare": "prepare p as select 1",
    "two": "select 1; select 2",
    "two-bad": "select 1; copy accounts to '{out}'",
    "none": "",
    "comment-only": "-- nothing",
    "explain-copy": "explain analyze copy accounts to '{out}'",
}
REACHING = {
    "read-csv": "select * from read_csv('{file}')",
    "read-csv-auto": "select * from read_csv_auto('{file}')",
    "file-by-name": "select * from '{file}'",
    "read-text": "select * from read_text('{file}')",
    "read-blob": "select * from read_blob('{file}')",
    "read-json": "select * from read_json('{file}')",
    "read-parquet": "select * from read_parquet('{file}')",
    "sniff": "select * from sniff_csv('{file}')",
    "glob": "select * from glob('{folder}/*')",
    "passwd": "select * from read_text('/etc/passwd')",
    "network": "select * from read_csv('http://127.0.0.1:9/x.csv')",
    "s3": "select * from read_parquet('s3://bucket/key')",
    "in-query": "select * from query('select * from read_text(''{file}'')')",
    "in-subquery": "select (select content from read_text('{file}')) as x",
    "python-variable": "select * from leaked",
    "python-global": "select * from LEAKED",
    "incoming": "select * from incoming",
    "environment": "select getenv('HOME')",
}
LEAKED = pd.DataFrame({"secret": [SECRET]})


@pytest.mark.parametrize("name", [*WRITING, *REACHING])
def test_a_query_only_reads_the_tables(assessment: Assessment, tmp_path: Path, name: str) -> None:
    leaked = pd.DataFrame({"secret": [SECRET]})
    file, out = tmp_path / "secret.csv", tmp_path / "out"
    file.write_text(f"a,b\n{SECRET},2\n")
    sql = (WRITING | REACHING)[name].format(file=file, folder=tmp_path, out=out)
    with pytest.raises(QueryError) as caught:
        run_query(assessment, sql)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["secret.csv"]
    assert len(leaked) == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("enable_external_access", False),
        ("python_enable_replacements", False),  # Python's variables stay out even if the first one ever let them in
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("allow_community_extensions", False),
        ("lock_configuration", True),
        ("allow_persistent_secrets", False),
        ("temp_directory", ""),  # too big is an error, not a file
    ],
)
def test_every_door_has_its_own_lock(assessment: Assessment, setting: str, value: object) -> None:
    assert rows(assessment, f"select current_setting('{setting}') as locked") == [{"locked": value}]


def test_one_query_leaves_nothing_for_the_next(assessment: Assessment) -> None:
    before = run_query(assessment, "select * from findings")
    for sql in ("explain analyze delete from findings", "delete from findings"):
        try:
            run_query(assessment, sql)
        except QueryError:
            continue
    pd.testing.assert_frame_equal(run_query(assessment, "select * from findings"), before)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("selct 1", ("syntax error", "selct")),
        ("select nothing from users", ("nothing",)),
        ("select * from credential", ("credential",)),
        ("select 1 from", ("syntax error",)),
        ("select 'x'::int", ("Could not convert",)),
        ("select 1; select 2", ("a query is one statement; this has 2",)),
        ("", ("a query is one statement; this has 0",)),
        ("delete from users", ("a query only reads: DELETE is not allowed",)),
    ],
)
def test_a_wrong_query_is_one_sentence(assessment: Assessment, sql: str, words: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as caught:
        run_query(assessment, sql)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_misspelled_table_names_the_nearest(assessment: Assessment) -> None:
    with pytest.raises(QueryError, match="credentials"):
        run_query(assessment, "select * from credentals")


SHIPPED = {
    "accounts-by-failures": (
        ["account_id", "account_name", "ou_path", "outcome", "gap_code", "critical", "high", "medium", "low"],
        4,
    ),
    "console-users-without-mfa": (
        ["account_id", "account_name", "ou_path", "user", "password_last_used", "user_creation_time"],
        2,
    ),
    "full-admin-policies": (["account_id", "account_name", "ou_path", "policy", "arn", "attached_to", "reason"], 0),
    "never-used-credentials": (["account_id", "account_name", "user", "credential", "last_rotated", "age_days"], 2),
    "old-active-keys": (
        ["account_id", "account_name", "ou_path", "user", "credential", "last_rotated", "age_days", "last_used"],
        2,
    ),
    "root-activity": (
        [
            *("account_id", "account_name", "password_enabled", "mfa_active", "password_last_used"),
            *("access_key_1_active", "access_key_1_last_used_date", "access_key_2_active"),
            "access_key_2_last_used_date",
        ],
        2,
    ),
}


def test_the_shipped_queries_are_known() -> None:
    assert set(SHIPPED) < set(named_queries())


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_query_answers(assessment: Assessment, name: str) -> None:
    columns, count = SHIPPED[name]
    text = named_query(name)
    assert text.startswith("-- ")
    found = run_query(assessment, text)
    assert (list(found.columns), len(found)) == (columns, count)


def test_shipped_answers_are_right(assessment: Assessment) -> None:
    old = rows(assessment, named_query("old-active-keys"))
    assert [(row["user"], row["age_days"]) for row in old] == [("ann", 100), ("=1+1", 46)]
    unused = rows(assessment, named_query("never-used-credentials"))
    assert [(row["user"], row["credential"]) for row in unused] == [("=1+1", "password"), ("=1+1", "access_key_1")]
    by_account = rows(assessment, named_query("accounts-by-failures"))
    assert {row["account_id"]: row["outcome"] for row in by_account} == dict(
        zip(assessment.accounts["account_id"], assessment.accounts["outcome"], strict=True)
    )
    failed = (assessment.findings["status"] == "FAIL").sum()
    counts = [row[level] for row in by_account for level in ("critical", "high", "medium", "low")]
    assert sum(n for n in counts if isinstance(n, int)) == failed > 0
    recent = rows(assessment, named_query("root-activity"))
    assert [row["account_id"] for row in recent] == [ACCOUNT, OTHER]


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(QueryError) as caught:
        named_query("old-keys")
    assert str(caught.value).startswith(
        "there is no query 'old-keys' (did you mean 'old-active-keys'?); known: access-from-"
    )
    with pytest.raises(QueryError):
        named_query("../queries/old-active-keys")


def test_unknown_columns_that_differ_in_case_only_can_be_asked_for(tmp_path: Path) -> None:
    columns = (*COLUMNS, "Passkeys", "passkeys", "")
    row = root() | {"Passkeys": "1", "passkeys": "2", "": "3"}
    found = run_query(judged(tmp_path, {ACCOUNT: report([row], columns)}), "select * from users")
    assert found.shape == (1, len(schema.USERS) + 3)
