"""The ``auditor`` command: its subcommands, and how errors become one line and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from asyncio import CancelledError
from collections.abc import Sequence

import click

from auditor import __version__
from auditor.cli.accounts import accounts
from auditor.cli.collecting import collect, demo, run
from auditor.cli.console import complain
from auditor.cli.controls import controls
from auditor.cli.explain import explain
from auditor.cli.importing import import_responses
from auditor.cli.log import asks_for_json, begin_json
from auditor.cli.query import query
from auditor.cli.redacting import unredact
from auditor.cli.reperform import reperform
from auditor.cli.reporting import report
from auditor.cli.role import role
from auditor.cli.signing import sign
from auditor.cli.verifying import bundle, verify
from auditor.cli.waivers import waivers
from auditor.errors import AuditorError

EXIT_CODES = {
    0: "done",
    1: "unexpected error",
    2: "wrong usage or configuration (before any call is made)",
    3: "nothing could be collected",
    4: "done, but some account in scope has an evidence gap",
    5: "`--fail-on` was met",
    6: "both 4 and 5",
    7: "`verify` or `import-responses` found a difference, or `bundle` or `sign` would have passed one on",
    8: "`reperform` disagrees",
    130: "interrupted; what was collected is kept",
}
_EPILOG = "Exit codes:\n\n\b\n" + "\n".join(f"{code:>4}  {text.replace('`', '')}" for code, text in EXIT_CODES.items())


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="auditor")
def cli() -> None:
    """Audit the IAM credentials of every account of an AWS organization.

    Start with 'auditor demo', which audits an organization in a box, or with 'auditor accounts', which shows who is
    in scope and can be reached; then 'auditor run'.
    """


for command in (
    *(run, collect, report, demo, query, controls, explain, accounts, role, waivers),
    *(verify, reperform, sign, bundle, import_responses, unredact),
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit. A polite end (SIGTERM) is an interruption, so that nothing unfinished stays."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    code = _guarded(list(sys.argv[1:] if arguments is None else arguments))
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code)


def _guarded(arguments: list[str]) -> int:
    if asks_for_json(arguments):
        begin_json(quiet="--quiet" in arguments)
    try:
        return int(cli.main(arguments, prog_name="auditor", standalone_mode=False) or 0)
    except click.ClickException as error:
        complain(error.format_message(), error.exit_code)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, CancelledError):
        complain("interrupted", 130)
        return 130
    except AuditorError as error:
        complain(str(error), error.exit_code)
        return error.exit_code
    except BrokenPipeError:
        return 0
    except Exception as error:
        return _unexpected(error, verbose="--verbose" in arguments)


def _unexpected(error: Exception, *, verbose: bool) -> int:
    hint = "" if verbose else "; --verbose shows where"
    trace = traceback.format_exc() if verbose else ""
    complain(f"unexpected error: {type(error).__name__}: {error}{hint}", 1, trace)
    return 1
