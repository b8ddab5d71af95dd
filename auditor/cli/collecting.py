"""The commands that talk to AWS and leave a snapshot: run, collect, demo."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from auditor.aws.events import tell
from auditor.cli.console import complain
from auditor.cli.ending import WaysOn, lines_of_ways_on, say_what_is_left, telling_ways_on, ways_on
from auditor.cli.loop import run_async
from auditor.cli.options import (
    CONFIG,
    JUDGING,
    OUT,
    OUTPUT,
    PACE,
    PROCESSES,
    RESUME,
    SCOPE,
    SIGN,
    TALK,
    WHO,
    catalog_of,
    options,
    selection_of,
    settings_from,
    stamp_of_catalog,
)
from auditor.cli.progress import reporter
from auditor.cli.resuming import Plan, plan_from
from auditor.cli.signing import sign_collected, signer_of
from auditor.collect.state import RunState
from auditor.kinds import KINDS
from auditor.model import ACCOUNT_TAGS, EC2_INSTANCES, ROOT_CREDENTIALS, Outcome, Unit
from auditor.settings import Settings

if TYPE_CHECKING:  # pandas and the AWS SDK are slow to load, so they are loaded where they are used
    from auditor.catalog import Catalog, Selection
    from auditor.judge.waivers import Waivers
    from auditor.store.snapshot import Snapshot

_DEMO_REPORT_TIMEOUT = 5.0  # seconds; the box has reports that never get ready


@click.command()
@options(CONFIG, *WHO, *SCOPE, *JUDGING, *OUTPUT, OUT, SIGN, *RESUME, *PACE, PROCESSES, *TALK)
def run(**given: Any) -> int:
    """Collect, evaluate and report in one go.

    Prints a short result and, as its last line, the path of the snapshot.
    """
    plan = plan_from(given)
    return _run(plan, ways_on(click.get_current_context(), plan.settings))


@click.command()
@options(CONFIG, *WHO, *SCOPE, *JUDGING, OUT, SIGN, *RESUME, *PACE, PROCESSES, *TALK)
def collect(**given: Any) -> int:
    """Collect only; print the path of the snapshot.

    'auditor report SNAPSHOT' tests it later, offline.
    """
    from auditor.cli.reporting import show_snapshot
    from auditor.cli.waivers import waivers_of

    plan = plan_from(given)
    catalog = catalog_of(plan.settings)
    waivers = waivers_of(plan.settings, catalog)
    kinds = kinds_needed(selection_of(plan.settings, catalog), plan.settings, waivers)
    state, ways = RunState(), ways_on(click.get_current_context(), plan.settings)
    with telling_ways_on(ways, state):
        snapshot = _collected(plan, kinds, catalog, ways, state)
        show_snapshot(snapshot)
    _say_what_is_left(plan, ways, state)
    manifest = snapshot.manifest
    if not any(record.outcome is Outcome.ASSESSED for record in manifest.accounts):
        return 3
    return 4 if manifest.interrupted or any(record.gaps for record in manifest.accounts) else 0


@click.command()
@click.option(
    "--accounts",
    metavar="N",
    type=click.IntRange(1, 20_000),
    default=60,
    help="Accounts of the simulated organization  [60]",
)
@click.option(
    "--users", metavar="N", type=click.IntRange(0, 10_000), default=25, help="IAM users in each account  [25]"
)
@click.option("--seed", metavar="N", type=int, default=1, help="Seed of the simulated organization  [1]")
@options(*JUDGING, *OUTPUT, OUT, *PACE, PROCESSES, *TALK)
def demo(accounts: int, users: int, seed: int, **given: Any) -> int:
    """The same as run, on a simulated organization.

    Nothing leaves this machine and no AWS credentials are needed. Some of the simulated accounts cannot be assessed;
    this is intended. The exit code is 4, as it would be for a real organization with such accounts.
    """
    from auditor.sandbox import Sandbox, SandboxOptions

    settings = settings_from(given, read_file=False)
    as_of = settings.as_of or datetime.now(UTC).replace(microsecond=0)
    box = Sandbox(SandboxOptions(accounts=accounts, users=users, seed=seed, as_of=as_of, report_delay=(0.2, 1.5)))
    settings = settings.model_copy(update={"as_of": as_of, "report_timeout": _DEMO_REPORT_TIMEOUT})
    with box.serve() as url, _environment(box.environment(url)):
        return _run(Plan(settings), ways_on(click.get_current_context(), settings))


def _run(plan: Plan, ways: WaysOn) -> int:
    from auditor.cli.judging import check_engine
    from auditor.cli.redacting import check_redaction_key
    from auditor.cli.reporting import judged_and_reported
    from auditor.cli.waivers import waivers_of

    catalog = catalog_of(plan.settings)
    # An unknown benchmark must not cost a collection, nor a bad waiver or key, nor a cluster that is not there.
    selection, waivers = selection_of(plan.settings, catalog), waivers_of(plan.settings, catalog)
    check_redaction_key(plan.settings)
    check_engine(plan.settings)
    state = RunState()
    with telling_ways_on(ways, state):
        snapshot = _collected(plan, kinds_needed(selection, plan.settings, waivers), catalog, ways, state)
        code = judged_and_reported(snapshot, snapshot.folder, plan.settings, catalog, waivers)
    _say_what_is_left(plan, ways, state)
    return code


def _say_what_is_left(plan: Plan, ways: WaysOn, state: RunState) -> None:
    if state.unfinished and not plan.settings.quiet:
        say_what_is_left(ways, state)


def _collected(plan: Plan, kinds: Collection[str], catalog: Catalog, ways: WaysOn, state: RunState) -> Snapshot:
    from auditor.cli.aws import collect_from_aws
    from auditor.collect import Resume

    signer = signer_of(plan.settings)  # a key that cannot be used must not cost a collection either
    stamp = stamp_of_catalog(plan.settings, catalog)
    with reporter(plan.settings).showing() as progress:
        collecting = collect_from_aws(
            plan.settings,
            kinds,
            progress,
            resume=Resume(plan.resume, plan.retry_gaps),
            catalog=stamp,
            state=state,
            at_once=lambda: complain("interrupted, nothing was sealed", 130, notes=lines_of_ways_on(ways, state)),
        )
        snapshot = run_async(collecting)
    sign_collected(snapshot, signer)
    manifest = snapshot.manifest
    outcomes = Counter(record.outcome.value for record in manifest.accounts)
    tell(
        "run-finished",
        snapshot=str(snapshot.folder),
        interrupted=manifest.interrupted,
        accounts=outcomes,
        **manifest.run,
    )
    return snapshot


def kinds_needed(selection: Selection, settings: Settings, waivers: Waivers | None = None) -> frozenset[str]:
    """The kinds of evidence that the chosen controls read; optional ones only where they are asked for."""
    split = (settings.split_by or "").startswith("tag:")
    tagged = split or settings.account_tags or selection.uses_tags or (waivers is not None and waivers.uses_tags)
    of_root = settings.root_audit and any(control.unit is Unit.ROOT for control in selection.controls)
    wanted = {kind for kind, is_wanted in ((ACCOUNT_TAGS, tagged), (ROOT_CREDENTIALS, of_root)) if is_wanted}
    asked_for = wanted | ({EC2_INSTANCES} if settings.ec2_instances else set())
    read = {kind for kind in selection.evidence if not KINDS[kind].optional or kind in asked_for}
    return frozenset(read | wanted)


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Other environment variables for a while: this is how every AWS SDK is told where to go."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
