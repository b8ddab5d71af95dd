"""The explain command: why one verdict is what it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.options import AS_OF, CONFIG, CONFIG_DIR, WAIVERS, catalog_of, options, settings_from
from auditor.cli.sealed import remark_on_changes
from auditor.errors import ConfigurationError

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    from auditor.judge.explanation import Explanation


@click.command()
@click.argument("control", metavar="CONTROL")
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--account", metavar="ID", default="", help="Account; not for controls of the organization")
@click.option("--user", metavar="NAME", default="", help="User, by name or ARN")
@click.option("--resource", metavar="NAME", default="", help="Policy, certificate or instance, by name or ARN")
@click.option("--credential", metavar="NAME", default="", help="password, access_key_1, ... if the user has several")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="text or json  [text]")
@options(CONFIG, CONFIG_DIR, AS_OF, WAIVERS)
def explain(
    control: str, snapshot: Path, account: str, user: str, resource: str, credential: str, form: str, **given: Any
) -> None:
    """Explain the verdict of CONTROL on one unit of SNAPSHOT, step by step.

    CONTROL is the id of a control or of a requirement (AWS_IAM_50, cis-aws-7.0.0:2.12). Printed are the parameters
    that hold for the account, the evidence as AWS gave it, each comparison with its values, and the verdict.

    \b
    auditor explain AWS_IAM_50 --account 012345678901 --user ann reports/SNAPSHOT
    """
    if user and resource:
        raise ConfigurationError("give --user or --resource, not both")
    from auditor.cli.waivers import waivers_of
    from auditor.judge.explanation import Wanted
    from auditor.judge.explanation import explain as explained
    from auditor.store.snapshot import Snapshot

    settings = settings_from(given)
    catalog = catalog_of(settings)
    catalog.find(control)
    waivers = waivers_of(settings, catalog)
    wanted = Wanted(account, user or resource, credential)
    opened = Snapshot.open(snapshot)
    try:
        found = explained(opened, catalog, control, wanted, settings.as_of, waivers)
    finally:  # evidence that is gone may be why there is no such user
        remark_on_changes(opened)
    _print(found, form)


def _print(found: Explanation, form: str) -> None:
    from auditor.cli.explained import as_facts, as_text

    print(json.dumps(as_facts(found), indent=2) if form == "json" else as_text(found))
