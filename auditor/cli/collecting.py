"""The commands that talk to AWS and leave a snapshot: run, collect, demo."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.loop import run_async
from auditor.cli.options import (
    CONFIG,
    JUDGING,
    OUT,
    OUTPUT,
    PACE,
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
from auditor.errors import InterruptedRunError
from auditor.events import tell
from auditor.model import ACCOUNT_TAGS, EC2_INSTANCES, ROOT_CREDENTIALS, Unit
from auditor.settings import Settings

if TYPE_CHECKING:  # pandas and the AWS SDK are slow to load, so they are loaded where they are used
    from auditor.catalog import Catalog, Selection
    from auditor.snapshot import Snapshot
    from auditor.waivers import Waivers

_DEMO_REPORT_TIMEOUT = 5.0  # seconds; the box has reports that never get ready


@click.command()
@options(CONFIG, *WHO, *SCOPE, *JUDGING, *OUTPUT, OUT, SIGN, *RESUME, *PACE, *TALK)
def run(**given: Any) -> int:
    """Collect, evaluate and report in one go.

    Prints a short result and, as its last line, the path of the snapshot.
    """
    return _run(plan_from(given))


@click.command()
@options(CONFIG, *WHO, *SCOPE, *JUDGING, OUT, SIGN, *RESUME, *PACE, *TALK)
def collect(**given: Any) -> int:
    """Collect only; print the path of the snapshot.

    'auditor report SNAPSHOT' judges it later, offline.
    """
    from auditor.cli.reporting import show_snapshot
    from auditor.cli.waivers import waivers_of

    plan = plan_from(given)
    catalog = catalog_of(plan.settings)
    waivers = waivers_of(plan.settings, catalog)
    snapshot = _collected(plan, kinds_needed(selection_of(plan.settings, catalog), plan.settings, waivers), catalog)
    show_snapshot(snapshot)
    records = snapshot.manifest.accounts
    if not any(record.evidence and not record.gaps for record in records):
        return 3
    return 4 if any(record.gaps for record in records) else 0


@click.command()
@click.option("--accounts", metavar="N", type=click.IntRange(1, 20_000), default=60, help="Accounts in the box  [60]")
@click.option("--users", metavar="N", type=click.IntRange(0, 10_000), default=25, help="IAM users an account  [25]")
@click.option("--seed", metavar="N", type=int, default=1, help="Another seed, another organization  [1]")
@options(*JUDGING, *OUTPUT, OUT, *PACE, *TALK)
def demo(accounts: int, users: int, seed: int, **given: Any) -> int:
    """The same as run, on an organization in a box.

    Nothing leaves this machine and no AWS credentials are needed. Some of the boxed accounts cannot be assessed, on
    purpose: the exit code is 4, as it would be for a real organization with such accounts.
    """
    from auditor.sandbox import Sandbox, SandboxOptions

    settings = settings_from(given, read_file=False)
    as_of = settings.as_of or datetime.now(UTC).replace(microsecond=0)
    box = Sandbox(SandboxOptions(accounts=accounts, users=users, seed=seed, as_of=as_of, report_delay=(0.2, 1.5)))
    settings = settings.model_copy(update={"as_of": as_of, "report_timeout": _DEMO_REPORT_TIMEOUT})
    with box.serve() as url, _environment(box.environment(url)):
        return _run(Plan(settings))


def _run(plan: Plan) -> int:
    from auditor.cli.redacting import check_redaction_key
    from auditor.cli.reporting import judged_and_reported
    from auditor.cli.waivers import waivers_of

    catalog = catalog_of(plan.settings)
    # An unknown benchmark must not cost a collection, nor a bad waiver or key.
    selection, waivers = selection_of(plan.settings, catalog), waivers_of(plan.settings, catalog)
    check_redaction_key(plan.settings)
    snapshot = _collected(plan, kinds_needed(selection, plan.settings, waivers), catalog)
    try:
        return judged_and_reported(snapshot, snapshot.folder, plan.settings, catalog, waivers)
    except KeyboardInterrupt:
        raise InterruptedRunError(snapshot.folder) from None


def _collected(plan: Plan, kinds: Collection[str], catalog: Catalog) -> Snapshot:
    from auditor.cli.aws import collect_from_aws

    signer = signer_of(plan.settings)  # a key that cannot be used must not cost a collection either
    stamp = stamp_of_catalog(plan.settings, catalog)
    with reporter(plan.settings).showing() as progress:
        collecting = collect_from_aws(
            plan.settings, kinds, progress, resume=plan.resume, retry_gaps=plan.retry_gaps, catalog=stamp
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
    """The kinds of evidence that the chosen controls read; what costs many calls only where it matters."""
    unwanted = set() if settings.ec2_instances else {EC2_INSTANCES}
    split = (settings.split_by or "").startswith("tag:")
    tagged = split or settings.account_tags or selection.uses_tags or (waivers is not None and waivers.uses_tags)
    of_root = settings.root_audit and any(control.unit is Unit.ROOT for control in selection.controls)
    wanted = ({ACCOUNT_TAGS} if tagged else set()) | ({ROOT_CREDENTIALS} if of_root else set())
    return selection.evidence - unwanted | wanted


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
