"""The query command: SQL over the tables of a snapshot, by default of the newest one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor import __version__
from auditor.ask.query_process import Limits, ShownRows, query_process
from auditor.cli.console import remark, show_data
from auditor.cli.options import CONFIG, JUDGING, OUT, options, settings_from
from auditor.errors import ConfigurationError

if TYPE_CHECKING:  # slow to load, so they are loaded where they are used
    import pyarrow as pa

    from auditor.ask.stored_tables import StoredTables
    from auditor.settings import Settings

_FORMATS = ("table", "csv", "json", "xlsx", "parquet")
_FILES = ("xlsx", "parquet")


@click.command()
@click.argument("sql", required=False)
@click.option("--name", metavar="NAME", help="Run a ready-made query instead of SQL")
@click.option(
    "--snapshot",
    "snapshots",
    metavar="DIR",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Snapshot; several: over all of them  [the newest below --out]",
)
@click.option("--all", "is_all", is_flag=True, help="Over all snapshots below --out")
@click.option("--list", "is_list", is_flag=True, help="List the ready-made queries")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", help="How to print  [table]")
@click.option("--to", metavar="FILE", type=click.Path(path_type=Path), help="Write to this file instead of stdout")
@options(CONFIG, *JUDGING, OUT)
def query(
    sql: str | None,
    name: str | None,
    snapshots: tuple[Path, ...],
    is_all: bool,
    is_list: bool,
    form: str,
    to: Path | None,
    **given: Any,
) -> None:
    """Run SQL over the tables of a snapshot: accounts, users, credentials, findings, controls and others.

    'auditor tables' lists all tables, and 'auditor tables NAME' the columns of one. Evidence such as password_policies,
    user_permissions and certificates has a table where it was collected. Over several snapshots every table has a
    column snapshot_id.

    \b
    auditor query "select account_name, count(*) from findings where status = 'FAIL' group by all"
    auditor query --name old-active-keys --format csv
    auditor query --list

    Without SQL, on a terminal, it is a prompt with history and completion; .help lists its commands.

    The SQL only reads these tables; it reaches no file and no network, and has the memory and the time that
    query_memory and query_timeout of the settings file allow.
    """
    chosen = [sql is not None, name is not None, is_list].count(True)
    is_prompt = not chosen and form == "table" and to is None and sys.stdin.isatty() and sys.stdout.isatty()
    if chosen != 1 and not is_prompt:
        raise ConfigurationError("give either SQL or --name NAME; 'auditor query --list' lists the names")
    if form in (*_FILES, "table") and (to is None) == (form in _FILES):
        raise ConfigurationError(
            "--format xlsx and parquet need --to FILE, and --to needs --format csv, json, xlsx or parquet"
        )
    if is_all and snapshots:
        raise ConfigurationError("give either --all or --snapshot DIR")
    if is_list:
        _show_list(settings_from(given))
    elif is_prompt:
        settings = settings_from(given)
        _prompt(settings, _folders(settings, snapshots, is_all=is_all), several=is_all or len(set(snapshots)) > 1)
    else:
        _answer(given, (sql, name), (snapshots, is_all), (form, to))


def _answer(
    given: dict[str, Any],
    question: tuple[str | None, str | None],
    where: tuple[Sequence[Path], bool],
    output: tuple[str, Path | None],
) -> None:
    """``question`` is SQL or a name, ``where`` the snapshots or whether all, ``output`` a format and a file."""
    with query_process() as process:
        # Slow to load: the process loads what it needs meanwhile.
        from auditor.ask.query import rows_to_show, run_query
        from auditor.cli.stored import tables_of_snapshots

        settings = settings_from(given)
        statement, folders = _statement(*question, settings), _folders(settings, where[0], is_all=where[1])
        stored, limits = tables_of_snapshots(folders, settings), Limits(settings.query_memory, settings.query_timeout)
        asked, several = (process, stored, statement, limits), where[1] or len(folders) > 1
        if output[0] == "table":
            _show(rows_to_show(*asked, with_snapshot_ids=several))
            return
        rows = run_query(*asked, with_snapshot_ids=several)
    _write(rows, *output, stored[-1], settings)


def _prompt(settings: Settings, folders: Sequence[Path], *, several: bool) -> None:
    """Ask for statements; each runs in a process of its own."""
    from auditor.ask.file_tables import tables_in_files
    from auditor.ask.query import rows_to_show
    from auditor.cli.query_prompt import history_file, run_prompt
    from auditor.cli.stored import tables_of_snapshots

    stored, limits = tables_of_snapshots(folders, settings), Limits(settings.query_memory, settings.query_timeout)

    def answer(statement: str) -> None:
        with query_process() as process:
            _show(rows_to_show(process, stored, statement, limits, with_snapshot_ids=several))

    last = stored[-1]
    intro = f"{len(stored)} snapshots" if several else f"{last.snapshot_id}, as of {last.as_of}"
    run_prompt(tables_in_files(last, with_snapshot_ids=several), answer, history_file(), intro=intro)


def _statement(sql: str | None, name: str | None, settings: Settings) -> str:
    from auditor.ask.ready_made import named_query

    return named_query(name, *_own_folders(settings)) if name else str(sql)


def _own_folders(settings: Settings) -> list[Path]:
    return [settings.config_dir] if settings.config_dir else []


def _folders(settings: Settings, snapshots: Sequence[Path], *, is_all: bool) -> Sequence[Path]:
    """The snapshots that are asked, the oldest first where all are."""
    from auditor.store.snapshot_folders import newest_snapshot, sealed_snapshots

    if is_all:
        newest_snapshot(settings.out)  # says so where there is none
        return sealed_snapshots(settings.out)
    return list(dict.fromkeys(snapshots)) or [newest_snapshot(settings.out)]


def _show_list(settings: Settings) -> None:
    from auditor.ask.ready_made import named_queries, question_of
    from auditor.cli.tables import show_table

    rows = [(name, question_of(path)) for name, path in named_queries(*_own_folders(settings)).items()]
    show_table(("name", "what it answers"), rows, wrapping=("what it answers",))


def _write(rows: pa.Table, form: str, to: Path | None, stored: StoredTables, settings: Settings) -> None:
    if to is None:
        show_data(_blocks(rows, form, settings))
    else:
        _write_file(rows, form, to, stored, settings)


def _show(found: ShownRows) -> None:
    from auditor.cli.tables import show_table

    show_table(found.columns, found.rows)
    remark(f"{len(found.rows)} row{'' if len(found.rows) == 1 else 's'}")


def _blocks(rows: pa.Table, form: str, settings: Settings) -> Any:
    from auditor.ask.query import frame_of
    from auditor.cli.reporting import csv_style
    from auditor.report.csv_files import csv_blocks
    from auditor.report.json_file import json_blocks

    frame = frame_of(rows)
    return csv_blocks(frame, csv_style(settings)) if form == "csv" else json_blocks(frame)


def _write_file(rows: pa.Table, form: str, to: Path, stored: StoredTables, settings: Settings) -> None:
    from auditor.ask.query import frame_of
    from auditor.cli.reporting import csv_style
    from auditor.report.csv_files import write_csv
    from auditor.report.json_file import write_json
    from auditor.report.table_files import write_parquet
    from auditor.report.workbook.single import write_single

    if form == "parquet":
        write_parquet(rows, to)
    elif form == "xlsx":
        write_single(frame_of(rows), to, "Query", __version__, datetime.fromisoformat(stored.as_of))
    elif form == "csv":
        write_csv(frame_of(rows), to, csv_style(settings))
    else:
        write_json(frame_of(rows), to)
