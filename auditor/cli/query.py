"""The query command: SQL over a snapshot, by default the newest one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor import __version__
from auditor.cli.console import remark, show_data, show_table
from auditor.cli.options import CONFIG, JUDGING, OUT, catalog_of, options, selection_of, settings_from
from auditor.cli.reporting import csv_style
from auditor.errors import ConfigurationError

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    import pandas as pd

    from auditor.assessment import Assessment
    from auditor.report import CsvStyle
    from auditor.settings import Settings

_FORMATS = ("table", "csv", "json", "xlsx")


@click.command()
@click.argument("sql", required=False)
@click.option("--name", metavar="NAME", help="A question that ships with the product or is yours, in place of SQL")
@click.option("--snapshot", metavar="DIR", type=click.Path(path_type=Path), help="Snapshot  [the newest below --out]")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", help="How to print  [table]")
@click.option("--to", metavar="FILE", type=click.Path(path_type=Path), help="Write to this file, not to stdout")
@options(CONFIG, *JUDGING, OUT)
def query(sql: str | None, name: str | None, snapshot: Path | None, form: str, to: Path | None, **given: Any) -> None:
    """Run SQL over the tables accounts, gaps, users, credentials, findings, controls and waivers.

    The other evidence is in account_summaries, password_policies, root_mfa_devices, policies, user_permissions,
    account_permissions, certificates, analyzers, contacts, identity_providers, instances and root_credentials,
    where it was collected.

    \b
    auditor query "select account_name, count(*) from findings where status = 'FAIL' group by all"
    auditor query --name old-active-keys --format csv

    Names: old-active-keys, console-users-without-mfa, never-used-credentials, root-activity, accounts-by-failures,
    full-admin-policies.
    The SQL only reads these tables; it reaches no file and no network, and has the memory and the time that
    query_memory and query_timeout of the settings file allow.
    """
    from auditor.query import named_query, run_query
    from auditor.query_process import Limits

    if (sql is None) == (name is None):
        raise ConfigurationError("give either SQL or --name NAME; 'auditor query --help' lists the names")
    if form in ("xlsx", "table") and (to is None) == (form == "xlsx"):
        raise ConfigurationError("--format xlsx needs --to FILE, and --to needs --format csv, json or xlsx")
    settings = settings_from(given)
    statement = named_query(name, *([settings.config_dir] if settings.config_dir else [])) if name else str(sql)
    assessment = _assessed(settings, snapshot)
    limits = Limits(settings.query_memory, settings.query_timeout)
    _write(run_query(assessment, statement, limits), form, to, assessment, csv_style(settings))


def _assessed(settings: Settings, folder: Path | None) -> Assessment:
    from auditor.assessment import assess
    from auditor.cli.waivers import waivers_of
    from auditor.snapshot import Snapshot, newest_snapshot

    catalog = catalog_of(settings)
    selection, waivers = selection_of(settings, catalog), waivers_of(settings, catalog)
    opened = Snapshot.open(folder or newest_snapshot(settings.out))
    return assess(opened, as_of=settings.as_of, catalog=catalog, selection=selection, waivers=waivers)


def _write(frame: pd.DataFrame, form: str, to: Path | None, assessment: Assessment, style: CsvStyle) -> None:
    from auditor.report.csv_files import csv_blocks, write_csv
    from auditor.report.json_file import json_blocks, write_json
    from auditor.report.workbook.single import write_single

    if form == "table":
        shown = frame.astype("object").where(frame.notna(), None)
        show_table(list(frame.columns), shown.itertuples(index=False))
        remark(f"{len(frame)} row{'' if len(frame) == 1 else 's'}")
    elif to is None:
        show_data(csv_blocks(frame, style) if form == "csv" else json_blocks(frame))
    elif form == "xlsx":
        write_single(frame, to, "Query", __version__, assessment.as_of)
    elif form == "csv":
        write_csv(frame, to, style)
    else:
        write_json(frame, to)
