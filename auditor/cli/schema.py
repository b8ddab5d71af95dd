"""The tables command: what SQL can ask about, each table and column in a line."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from auditor.cli.tables import show_sentence, show_table
from auditor.errors import QueryError, nearest


@click.command()
@click.argument("name", required=False)
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="table or json  [table]")
def tables(name: str | None, form: str) -> None:
    """List the tables that 'auditor query' can ask about, or the columns of the table NAME.

    \b
    auditor tables findings
    """
    from auditor.ask.query_tables.known import query_tables

    known = query_tables()
    if name is not None and name.lower() not in known:
        raise QueryError(f"there is no table {name!r}{nearest(name, known)}; 'auditor tables' lists the tables")
    if form == "json":
        print(
            json.dumps(
                [asdict(table) for table in known.values() if name is None or name.lower() == table.name], indent=2
            )
        )
    elif name is None:
        show_table(("table", "what it holds"), [(t.name, t.about) for t in known.values()], wrapping=("what it holds",))
        print()
        further = [table.name for table in known.values() if table.is_optional]
        show_sentence(f"only where such evidence was collected: {', '.join(further)}")
    else:
        columns = [(column.name, column.type, column.about) for column in known[name.lower()].columns]
        show_table(("column", "type", "what it holds"), columns, wrapping=("what it holds",))
