"""``query`` on tables that were changed, torn, removed or locked, and the same files read by other programs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import duckdb
import pandas as pd
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.model import ORGANIZATION_POLICIES
from tests.documents import organization_policies
from tests.fork_server import Completed, run_command
from tests.support import ACCOUNT, COLUMNS, ago, key, report, root, stored, user

ODD = ("Größe", 'a"b', "a'b", "a; drop table users", "ünï cödé", "a\tb", "日本")
USERS = [root(password_last_used=ago(5)), user("=ann", **key(1, ago(46), ago(1)))]


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot with its tables; the credential report has columns with odd names."""
    rows = [row | {name: f"value of {name}" for name in ODD} for row in USERS]
    documents = {"organization": {ORGANIZATION_POLICIES: organization_policies([], {})}}
    folder = tmp_path_factory.mktemp("files")
    snapshot = stored(folder, {ACCOUNT: report(rows, (*COLUMNS, *ODD))}, documents=documents)
    done = run_command(["report", snapshot.folder, "--format", "parquet"])
    assert done.returncode in (0, 4), done.stderr
    return snapshot.folder


@pytest.fixture
def snapshot(reported: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(reported, tmp_path / "reports" / reported.name))


def query(folder: Path, sql: str, cache: Path) -> Completed:
    return run_command(
        ["query", sql, "--snapshot", folder, "--format", "json"], os.environ | {"XDG_CACHE_HOME": str(cache)}
    )


def test_a_table_that_was_changed_is_a_difference(snapshot: Path, tmp_path: Path) -> None:
    file = snapshot / "tables/users.parquet"
    table = pq.read_table(file)
    pq.write_table(table.slice(0, 1), file)
    done = query(snapshot, "select * from users", tmp_path)
    assert done.returncode == 7
    assert f"{file} is not the file that its summary.json names; 'auditor report {snapshot}' writes it" in done.stderr
    assert query(snapshot, "select 1 as n from accounts", tmp_path).returncode == 0, "other tables can be asked"
    assert run_command(["verify", snapshot]).returncode == 7


def test_a_torn_table_is_a_difference(snapshot: Path, tmp_path: Path) -> None:
    file = snapshot / "tables/users.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    done = query(snapshot, "select count(*) as n from users", tmp_path)
    assert (done.returncode, done.stdout) == (7, "")
    assert len(done.stderr.splitlines()) == 1


def test_a_table_that_its_summary_names_but_is_none_is_one_sentence(snapshot: Path, tmp_path: Path) -> None:
    """Whoever changes the summary, too, is told by ``verify``; a query must not break all the same."""
    file, summary = snapshot / "tables/users.parquet", snapshot / "summary.json"
    file.write_bytes(b"PAR1 this is no table PAR1")
    told = json.loads(summary.read_text())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    told["files"]["tables/users.parquet"]["sha256"] = digest
    summary.write_text(json.dumps(told))
    done = query(snapshot, "select * from users", tmp_path)
    assert done.returncode == 7, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "users.parquet is no table" in done.stderr


def test_missing_tables_are_made_again_in_the_cache(snapshot: Path, tmp_path: Path) -> None:
    (snapshot / "tables/findings.parquet").unlink()
    before = sorted(path.name for path in snapshot.rglob("*"))
    done = query(snapshot, "select count(*) > 0 as there from findings", tmp_path / "cache")
    assert json.loads(done.stdout) == [{"there": True}]
    assert "are made again, because files of them are missing" in done.stderr
    assert sorted(path.name for path in snapshot.rglob("*")) == before
    again = query(snapshot, "select count(*) > 0 as there from findings", tmp_path / "cache")
    assert (json.loads(again.stdout), again.stderr) == ([{"there": True}], "")


def test_tables_that_queries_open_stay_however_many_and_others_go_after_a_month(snapshot: Path, tmp_path: Path) -> None:
    shutil.rmtree(snapshot / "tables")
    cache = tmp_path / "cache" / "auditor" / "tables"
    recent, old = [cache / f"recent-{number}" for number in range(40)], cache / "old"
    for folder in (*recent, old):
        folder.mkdir(parents=True, mode=0o700)
    now = old.stat().st_mtime  # the disk may have another clock than this machine
    os.utime(old, (now - 31 * 86_400,) * 2)
    assert query(snapshot, "select 1 as n", tmp_path / "cache").returncode == 0
    (made,) = set(cache.iterdir()) - {*recent}
    assert (made / "summary.json").is_file()
    os.utime(made, (now - 31 * 86_400,) * 2)
    assert query(snapshot, "select 1 as n", tmp_path / "cache").returncode == 0
    assert made.stat().st_mtime >= now


def test_a_snapshot_that_cannot_be_written_is_asked_all_the_same(snapshot: Path, tmp_path: Path) -> None:
    shutil.rmtree(snapshot / "tables")
    (snapshot / "summary.json").unlink()
    folders = [snapshot, *(path for path in snapshot.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        done = query(snapshot, "select count(*) as n from users", tmp_path / "cache")
    finally:
        for folder in folders:
            folder.chmod(0o700)
    assert json.loads(done.stdout) == [{"n": 2}]
    assert not (snapshot / "tables").exists()
    (kept,) = (tmp_path / "cache/auditor/tables").iterdir()
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in kept.rglob("*.parquet")} == {0o600}


def test_a_table_without_rows_has_its_columns(reported: Path, tmp_path: Path) -> None:
    assert pq.read_metadata(reported / "tables/waivers.parquet").num_rows == 0
    done = query(reported, "select count(*) as n, count(ticket) as t, max(matched) as m from waivers", tmp_path)
    assert json.loads(done.stdout) == [{"n": 0, "t": 0, "m": None}]
    shown = run_command(["query", "select waiver_id, ticket from waivers", "--snapshot", reported])
    assert shown.stdout.split() == ["waiver_id", "ticket"]


ODD_VALUES = {
    "null": "",
    "true": "true",
    "170141183460469231731687303715884105727::hugeint": "170141183460469231731687303715884105727",
    "1.50::decimal(9, 2)": "1.50",
    "timestamptz '2026-11-24 10:15:00+01'": "2026-11-24T09:15:00Z",
    "'2026-11-24 10:15:00.123456789'::timestamp_ns::date": "2026-11-24",
    "[1, null]": "[1, None]",
    "{'a': date '2026-01-02'}": "{'a': datetime.date(2026, 1, 2)}",
    "'nan'::double": "nan",
    "time '10:15:00'": "10:15:00",
    "'é日本'": "é日本",
}


def test_values_of_every_type_are_shown(reported: Path) -> None:
    columns = ", ".join(f"{value} as c{number}" for number, value in enumerate(ODD_VALUES))
    done = run_command(["query", f"select {columns}", "--snapshot", reported])
    assert done.returncode == 0, done.stderr
    _, row = done.stdout.splitlines()
    assert row.split() == " ".join(ODD_VALUES.values()).split()


@pytest.mark.parametrize("name", ODD)
def test_a_column_with_an_odd_name_can_be_asked_for(reported: Path, tmp_path: Path, name: str) -> None:
    columns = pq.read_schema(reported / "tables/users.parquet").names
    (column,) = [found for found in columns if found.startswith("x_") and found.endswith(name[-1])][:1] or [""]
    quoted = '"' + column.replace('"', '""') + '"'
    done = query(reported, f"select {quoted} as found from users where is_root", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "value of" in json.loads(done.stdout)[0]["found"]


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select * from user_", "there is no table 'user_'; nearest: users"),
        ("select mfa_activ from users", "there is no column 'mfa_activ' in users; nearest: users.mfa_active"),
    ],
)
def test_a_misspelled_name_is_answered_with_the_nearest(reported: Path, tmp_path: Path, sql: str, words: str) -> None:
    done = query(reported, sql, tmp_path)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


class TestOtherPrograms:
    """DuckDB, pandas, pyarrow and polars read the same from the files."""

    def test_duckdb(self, reported: Path) -> None:
        with duckdb.connect() as database:
            database.execute("set TimeZone = 'UTC'")
            file = reported / "tables/users.parquet"
            found = database.sql(f"select \"user\", access_key_1_last_rotated::varchar from '{file}' where not is_root")
            assert found.fetchall() == [("=ann", "2026-10-09 10:15:00+00")]

    def test_pandas(self, reported: Path) -> None:
        frame = pd.read_parquet(reported / "tables/users.parquet")
        assert frame["account_id"].to_list() == [ACCOUNT, ACCOUNT]
        assert str(frame["access_key_1_last_rotated"].dtype) == "datetime64[us, UTC]"
        assert frame["access_key_1_last_rotated"][1] == pd.Timestamp(ago(46))

    def test_polars(self, reported: Path) -> None:
        frame = polars.read_parquet(reported / "tables/users.parquet")
        assert frame["account_id"].to_list() == [ACCOUNT, ACCOUNT]
        assert frame["access_key_1_last_rotated"].dtype == polars.Datetime("us", "UTC")

    def test_types_and_sentences(self, reported: Path) -> None:
        allowed = {pa.string(), pa.int64(), pa.bool_(), pa.timestamp("us", "UTC")}
        for file in sorted((reported / "tables").iterdir()):
            schema = pq.ParquetFile(file).schema_arrow
            assert set(schema.types) <= allowed, file.name
            assert b"pandas" not in schema.metadata
            told = json.loads(schema.metadata[b"auditor"])
            assert (told["table"], told["snapshot_id"]) == (file.stem, reported.name)
            assert told["about"].endswith(".")
            known = [field for field in schema if not field.name.startswith("x_")]
            assert {field.metadata[b"description"][-1:] for field in known} == {b"."}, file.name
