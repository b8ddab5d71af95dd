"""The ``auditor`` command: its subcommands, and how errors become one line and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module

import click

from auditor import __version__
from auditor.cli.console import complain, write_any_text
from auditor.cli.log import asks_for_json, begin_json
from auditor.cli.signals import end_like_ctrl_c
from auditor.errors import AuditorError, nearest

EXIT_CODES = {
    0: "done",
    1: "unexpected error",
    2: "wrong usage or configuration (before any call is made)",
    3: "nothing could be collected",
    4: "done, but some account in scope has an evidence gap",
    5: "`--fail-on` was met",
    6: "both 4 and 5",
    7: "`verify` or `import-responses` found a difference, or `bundle` or `sign` refused a changed snapshot",
    8: "`reperform` disagrees",
    130: "interrupted; what was collected is kept",
}
_EPILOG = "Exit codes:\n\n\b\n" + "\n".join(f"{code:>4}  {text.replace('`', '')}" for code, text in EXIT_CODES.items())


# Each command and the module that has it, in the order of the help text. A module is loaded when its command is asked
# for: to load them all takes longer than most commands do.
_COMMANDS = {
    "run": "collecting",
    "collect": "collecting",
    "report": "reporting",
    "demo": "collecting",
    "query": "query",
    "tables": "schema",
    "controls": "controls",
    "explain": "explain",
    "accounts": "accounts",
    "role": "role",
    "waivers": "waivers",
    "verify": "verifying",
    "reperform": "reperform",
    "sign": "signing",
    "bundle": "verifying",
    "import-responses": "importing",
    "unredact": "redacting",
}


class _Commands(click.Group):
    """The commands by name, each loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            return command(cmd_name)
        if cmd_name.startswith("-"):
            return None  # an option, which click complains about
        raise click.UsageError(f"No such command {cmd_name!r}{nearest(cmd_name, _COMMANDS)}.", ctx)


def command(name: str) -> click.Command:
    """The command ``name``, which is one of ``_COMMANDS``."""
    module = import_module(f"auditor.cli.{_COMMANDS[name]}")
    found: click.Command = getattr(module, name.replace("-", "_"))
    return found


@click.group(
    cls=_Commands, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="auditor")
def cli() -> None:
    """Audit the IAM credentials of every account of an AWS organization.

    Start with 'auditor demo', which audits a simulated organization, or with 'auditor accounts', which shows who is
    in scope and can be reached; then 'auditor run'.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit. To be told to end (SIGTERM, SIGHUP) is an interruption like Ctrl-C."""
    end_like_ctrl_c()
    write_any_text()
    try:
        code = _guarded(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:  # while it was said how the command ended
        code = 130
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
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        complain(error.format_message(), error.exit_code)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        complain("interrupted", 130)
        return 130
    except AuditorError as error:
        complain(str(error), error.exit_code, notes=_notes(error))
        return error.exit_code
    except BrokenPipeError:
        return 0
    except Exception as error:
        return _unexpected(error, verbose="--verbose" in arguments)


def _unexpected(error: Exception, *, verbose: bool) -> int:
    hint = "" if verbose else "; --verbose shows where"
    trace = traceback.format_exc() if verbose else ""
    complain(f"unexpected error: {type(error).__name__}: {error}{hint}", 1, trace, _notes(error))
    return 1


def _notes(error: Exception) -> list[str]:
    """What was added to an error on its way: how far the run came, and the commands that go on."""
    return list(getattr(error, "__notes__", ()))
