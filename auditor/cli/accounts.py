"""The accounts command: who is in scope, can each be reached, and may a run do there what it has to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.console import remark, show_data
from auditor.cli.loop import run_async
from auditor.cli.options import CHOOSING, CONFIG, PACE, SCOPE, TALK, WAIVERS, WHO, options, settings_from
from auditor.cli.progress import reporter
from auditor.cli.reporting import csv_style
from auditor.cli.tables import show_table
from auditor.errors import ConfigurationError

if TYPE_CHECKING:
    from auditor.collect import Reached
    from auditor.model import Lack
    from auditor.settings import Settings

_CHOOSING = ("benchmark", "level", "section", "requirement", "config_dir", "waivers")
_WRAPPING = ("name", "ou_path", "why_not", "missing", "unchecked")
_Row = dict[str, Any]


@click.command()
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", help="table, csv or json  [table]"
)
@click.option(
    "--check-permissions", is_flag=True, help="Also make every API call of a run once, and show what is denied"
)
@options(CONFIG, *WHO, *SCOPE, *CHOOSING, WAIVERS, *PACE, *TALK)
def accounts(form: str, check_permissions: bool, **given: Any) -> int:
    """Show the accounts in scope and whether the role can be assumed in each; collect nothing.

    The first thing to run against a real organization. With --check-permissions, each call that a run of the chosen
    benchmarks needs is made once in every account, for one item where it lists some, and the organization's own as
    the caller. Exit code 4 when something is missing.
    """
    named = [name for name in _CHOOSING if given.get(name)]
    if named and not check_permissions:
        raise ConfigurationError(
            f"--{named[0].replace('_', '-')} chooses what to check: use it with --check-permissions"
        )
    return _checked(form, given) if check_permissions else _reached(form, given)


def _reached(form: str, given: dict[str, Any]) -> int:
    from auditor.cli.aws import reach_in_aws

    settings = settings_from(given)
    with reporter(settings).showing() as progress:
        reached = run_async(reach_in_aws(settings, progress))
    _print([_row(r) for r in reached], form, ("account_id", "name", "ou_path", "reachable", "why_not"), settings)
    tried = [r for r in reached if r.reachable is not None]
    lost = sum(not r.reachable for r in tried)
    if not settings.quiet:
        remark(f"{len(reached)} accounts, {len(tried)} in scope, {len(tried) - lost} reachable, {lost} not")
    if lost == len(tried):
        return 3
    return 4 if lost else 0


def _row(reached: Reached) -> _Row:
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


def _checked(form: str, given: dict[str, Any]) -> int:
    from auditor.cli.aws import reach_in_aws
    from auditor.cli.role import kinds_of

    settings = settings_from(given)
    kinds = kinds_of(settings)
    with reporter(settings).showing() as progress:
        reached = run_async(reach_in_aws(settings, progress, kinds))
    shown = [r for r in reached if r.lacks or not r.exclusion]
    spell: Callable[[Iterable[Lack]], Any] = _rows_of_lacks if form == "json" else _spelt
    rows = [_permissions(r, spell) for r in shown]
    _print(rows, form, ("account_id", "name", "missing", "unchecked"), settings)
    lacking = sum(bool(r.lacks) for r in shown)
    if not settings.quiet:
        remark(f"{len(shown)} accounts checked, {len(shown) - lacking} allow all calls of a run, {lacking} do not")
    return 4 if lacking else 0


def _permissions(reached: Reached, spell: Callable[[Iterable[Lack]], Any]) -> _Row:
    return {
        "account_id": reached.account.id,
        "name": reached.account.name,
        "missing": spell(lack for lack in reached.lacks if lack.is_denied),
        "unchecked": spell(lack for lack in reached.lacks if not lack.is_denied),
    }


def _spelt(lacks: Iterable[Lack]) -> str:
    """``iam:ListAccessKeys; access-analyzer:ListAnalyzers in us-east-1``; the code where nobody could tell."""
    texts = []
    for lack in lacks:
        where = f" in {', '.join(lack.regions)}" if lack.regions else ""
        texts.append(f"{lack.action}{where}" + ("" if lack.is_denied else f" ({lack.code})"))
    return "; ".join(text.strip() for text in texts)


def _rows_of_lacks(lacks: Iterable[Lack]) -> list[_Row]:
    """``regions`` is empty where the action is lacking in all of them."""
    return [{k: v for k, v in asdict(lack).items() if k != "is_denied"} for lack in lacks]


def _print(rows: list[_Row], form: str, shown: Sequence[str], settings: Settings) -> None:
    if form == "json":
        print(json.dumps(rows, indent=2))
    elif form == "csv":
        import pandas as pd

        from auditor.report.csv_files import csv_blocks

        table = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["account_id"], dtype="str")
        show_data(csv_blocks(table, csv_style(settings)))
    else:
        show_table(shown, [[row[n] for n in shown] for row in rows], wrapping=_WRAPPING)
