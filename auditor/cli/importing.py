"""The import-responses command: what people wrote into a workbook, and what else they changed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditor.cli.console import busy, remark
from auditor.cli.sealed import remark_on_changes
from auditor.errors import ConfigurationError

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    from auditor.report.responses import Returned

_FILE = click.Path(path_type=Path)
_DIFFERENT = 7


@click.command("import-responses")
@click.argument("book", type=_FILE)
@click.argument("snapshot", type=_FILE)
@click.option(
    "--original", metavar="FILE", type=_FILE, help="The workbook that was sent out  [audit.xlsx of the snapshot]"
)
@click.option("--to", metavar="FILE", type=_FILE, help="File to write the CSV to  [stdout]")
def import_responses(book: Path, snapshot: Path, original: Path | None, to: Path | None) -> int:
    """Read the responses out of BOOK, which came back, as CSV: a row for each row that somebody has written into.

    Each is found again in the workbook of SNAPSHOT that was sent out, however BOOK was sorted, filtered or saved. Every
    locked cell that is not as it was is told on stderr, and so are rows and sheets that are missing or were added:
    exit code 7.
    """
    from auditor.report.responses import original_of, read_returned
    from auditor.store.files import check_writable
    from auditor.store.snapshot import MANIFEST, Snapshot

    sent, proven = original_of(snapshot, original)
    if to is not None:
        if to.resolve() in (book.resolve(), sent.resolve()):
            raise ConfigurationError(f"--to {to} would overwrite the workbook; name another file, like responses.csv")
        check_writable(to.parent)
    if not proven:
        remark(f"{sent} is not a file that {snapshot}/summary.json names, so it is not proven that it was sent out")
    with busy("comparing", quiet=False):
        returned = read_returned(book, sent)
    if (snapshot / MANIFEST).is_file():
        remark_on_changes(Snapshot.open(snapshot))
    _write(returned, to)
    _tell(returned, sent)
    return _DIFFERENT if returned.differences else 0


def _write(returned: Returned, to: Path | None) -> None:
    """The CSV, guarded like every other one."""
    from auditor.report.csv_files import csv_blocks, write_csv

    if to is not None:
        print(write_csv(returned.responses, to))
        return
    sys.stdout.flush()
    sys.stdout.buffer.writelines(csv_blocks(returned.responses))


def _tell(returned: Returned, sent: Path) -> None:
    for sheet, (answered, rows) in returned.answered.items():
        remark(f"{sheet}: {answered:,} of {rows:,} rows have responses")
    for difference in returned.differences:
        remark(str(difference))
    number = len(returned.differences)
    told = f"{number:,} {'difference' if number == 1 else 'differences'}" if number else "nothing locked was changed"
    remark(f"{told}; compared with {sent}")
