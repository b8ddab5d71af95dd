"""The accounts command: who is in scope, and can each be reached."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.console import remark, show_data, show_table
from auditor.cli.loop import run_async
from auditor.cli.options import CONFIG, PACE, SCOPE, TALK, WHO, options, settings_from
from auditor.cli.progress import reporter

if TYPE_CHECKING:
    from auditor.collect import Reached


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", help="table, csv or json  [table]"
)
@options(CONFIG, *WHO, *SCOPE, *PACE, *TALK)
def accounts(form: str, **given: Any) -> int:
    """Show who is in scope and whether the role can be assumed in each; collect nothing.

    The first thing to run against a real organization.
    """
    from auditor.cli.aws import reach_in_aws

    settings = settings_from(given)
    with reporter(settings).showing() as progress:
        reached = run_async(reach_in_aws(settings, progress))
    _print([_row(r) for r in reached], form)
    tried = [r for r in reached if r.reachable is not None]
    lost = sum(not r.reachable for r in tried)
    if not settings.quiet:
        remark(f"{len(reached)} accounts, {len(tried)} in scope, {len(tried) - lost} reachable, {lost} not")
    if lost == len(tried):
        return 3
    return 4 if lost else 0


def _row(reached: Reached) -> dict[str, str]:
    account = reached.account
    return {
        "account_id": account.id,
        "name": account.name,
        "ou_path": account.ou_path,
        "state": account.state,
        "in_scope": "no" if reached.exclusion else "yes",
        "reachable": {True: "yes", False: "no", None: ""}[reached.reachable],
        "why_not": reached.exclusion or reached.problem,
    }


def _print(rows: list[dict[str, str]], form: str) -> None:
    if form == "json":
        print(json.dumps(rows, indent=2))
    elif form == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]) if rows else ["account_id"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        show_data([text.getvalue().encode()])
    else:
        names = ("account_id", "name", "ou_path", "reachable", "why_not")
        show_table(names, [[row[n] for n in names] for row in rows])
