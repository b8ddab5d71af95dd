"""The query command: SQL over a snapshot, by default the newest one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from auditor.cli.options import CONFIG, JUDGING, OUT, options, settings_from
from auditor.errors import ConfigurationError

_FORMATS = ("table", "csv", "json", "xlsx")


@click.command()
@click.argument("sql", required=False)
@click.option("--name", metavar="NAME", help="A question that ships with the product, in place of SQL")
@click.option("--snapshot", metavar="DIR", type=click.Path(path_type=Path), help="Snapshot  [the newest below --out]")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="table", help="How to print  [table]")
@click.option("--to", metavar="FILE", type=click.Path(path_type=Path), help="Write to this file, not to stdout")
@options(CONFIG, *JUDGING, OUT)
def query(sql: str | None, name: str | None, snapshot: Path | None, form: str, to: Path | None, **given: Any) -> None:
    """Run SQL over the tables accounts, users, credentials, findings and controls.

    \b
    auditor query "select account_id, count(*) from findings where status = 'FAIL' group by all"
    auditor query --name old-active-keys --format csv

    The SQL only reads these tables; it reaches no file and no network.
    """
    from auditor.query import named_query, run_query

    if (sql is None) == (name is None):
        raise ConfigurationError("give either SQL or --name; 'auditor query --name list' shows the names")
    if form == "xlsx" and to is None:
        raise ConfigurationError("--format xlsx needs --to FILE")
    settings = settings_from(given)
    table = run_query(_assessed(settings, snapshot), named_query(name) if name else str(sql))
