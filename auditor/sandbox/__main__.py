"""Serves a boxed organization in a process of its own: ``python -m auditor.sandbox``."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import UTC, datetime
from typing import Any

import click

from auditor.sandbox.box import Sandbox
from auditor.sandbox.denials import is_fault
from auditor.sandbox.faults import FAULTS
from auditor.sandbox.options import SHOWN_STATES, SandboxOptions
from auditor.sandbox.server import listening
from auditor.sandbox.services import CLIENTS

DEFAULTS = SandboxOptions()


def _delay(_context: click.Context, _option: click.Parameter, text: str) -> float | tuple[float, float]:
    low, _, high = text.partition(",")
    try:
        return (float(low), float(high)) if high else float(low)
    except ValueError:
        raise click.BadParameter("seconds, or two numbers as low,high") from None


def _time(_context: click.Context, _option: click.Parameter, text: str | None) -> datetime:
    if text is None:
        return DEFAULTS.as_of
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        raise click.BadParameter("a UTC time like 2026-11-24T10:15:00Z") from None


def _faults(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    found = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(found) < len(pairs) or not all(map(is_fault, found.values())):
        raise click.BadParameter(f"ACCOUNT=FAULT, with deny:OPERATION or one of {', '.join(sorted(FAULTS))}")
    return found


def _rates(_context: click.Context, _option: click.Parameter, pairs: tuple[str, ...]) -> dict[str, float]:
    try:
        return {service: float(rate) for service, _, rate in (pair.partition("=") for pair in pairs)}
    except ValueError:
        raise click.BadParameter("SERVICE=CALLS, like iam=4") from None


def _services(_context: click.Context, _option: click.Parameter, names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(names)


@click.command()
@click.option("--accounts", type=int, default=DEFAULTS.accounts, show_default=True)
@click.option("--users", type=int, default=DEFAULTS.users, show_default=True, help="About how many an account.")
@click.option("--seed", type=int, default=DEFAULTS.seed, show_default=True)
@click.option("--as-of", callback=_time, help="UTC; the time all ages count from. Default: now.")
@click.option("--partition", default=DEFAULTS.partition, show_default=True)
@click.option("--role", default=DEFAULTS.role, show_default=True)
@click.option("--external-id", default="")
@click.option("--caller-account", default="", help="Default: the management account.")
@click.option("--delegated/--not-delegated", default=True, help="May a member caller list the organization?")
@click.option("--in-organization/--no-organization", default=True)
@click.option("--account-state", type=click.Choice(SHOWN_STATES), default="both", show_default=True)
@click.option("--latency", type=float, default=0.0, help="Seconds a call.")
@click.option("--report-delay", callback=_delay, default="0", help="Seconds, or low,high.")
@click.option("--throttle-rate", type=float, default=0.0)
@click.option("--error-rate", type=float, default=0.0, help="Share of 503 answers.")
@click.option("--reset-rate", type=float, default=0.0)
@click.option(
    "--disturbed", type=click.Choice(sorted(CLIENTS)), multiple=True, callback=_services, help="Default: all."
)
@click.option("--rate", "rates", callback=_rates, multiple=True, metavar="SERVICE=CALLS", help="A second and account.")
@click.option("--down", callback=_services, multiple=True, metavar="SERVICE", help="Answers 500 to everything.")
@click.option("--unknown", callback=_services, multiple=True, metavar="SERVICE", help="The endpoint lacks it.")
@click.option("--session-seconds", type=float, help="How long assumed credentials live.")
@click.option("--page-size", type=int, default=DEFAULTS.page_size, show_default=True)
@click.option("--short-pages-every", type=int, default=DEFAULTS.short_pages_every, show_default=True)
@click.option("--region", "regions", multiple=True, help="Default: some of the partition.")
@click.option("--central-root/--no-central-root", default=True, help="Are members' root credentials managed centrally?")
@click.option("--policy-delegate/--no-policy-delegate", default=True, help="Is there a resource policy?")
@click.option("--identity-center/--no-identity-center", default=True)
@click.option("--fault", "faults", callback=_faults, multiple=True, metavar="ACCOUNT=FAULT")
@click.option("--faulty/--not-faulty", default=True, help="Plant the default faults.")
@click.option("--port", type=int, default=0, help="Default: any free one.")
def main(port: int, **given: Any) -> None:
    """Serve a boxed organization until SIGTERM or Ctrl-C; one JSON line on stdout says where."""
    try:
        box = Sandbox(SandboxOptions(**given))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    asyncio.run(_serve(box, port))


async def _serve(box: Sandbox, port: int) -> None:
    stopped = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stopped.set)
    async with listening(box.endpoint(), port) as url:
        click.echo(json.dumps(_where(box, url)))
        await stopped.wait()


def _where(box: Sandbox, url: str) -> dict[str, object]:
    return {
        "endpoint": url,
        "as_of": f"{box.options.as_of:%Y-%m-%dT%H:%M:%SZ}",
        "management_account": box.organization.management_id,
        "caller_account": box.caller_account,
        "accounts": len(box.organization.accounts),
        "environment": box.environment(url),
    }


if __name__ == "__main__":
    main()
