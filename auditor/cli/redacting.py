"""The unredact command, and the key that settings name."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from auditor.cli.console import plain, remark
from auditor.cli.options import CONFIG, JUDGING, catalog_of, options, selection_of, settings_from
from auditor.cli.sealed import remark_on_changes
from auditor.csv_file import BOM, CsvProblem, CsvTable, guard, read_csv
from auditor.errors import ConfigurationError
from auditor.settings import Settings

_ZIP = b"PK\x03\x04"


def check_redaction_key(settings: Settings) -> None:
    """Raise ConfigurationError now where the settings name a file that is no key, warn where others can read it."""
    if settings.redact:
        _key(settings.redact)


def redaction_key(settings: Settings) -> bytes | None:
    """The key that the settings name, if any."""
    from auditor.report.redaction import read_key

    return read_key(settings.redact) if settings.redact else None


@click.command()
@click.argument("what", metavar="FILE|-|PSEUDONYM")
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--key", metavar="KEYFILE", type=click.Path(path_type=Path), required=True, help="The key of --redact")
@options(CONFIG, *JUDGING)
def unredact(what: str, snapshot: Path, key: Path, **given: Any) -> None:
    """Show the names behind the pseudonyms of a redacted file.

    Prints FILE, or stdin for -, with the names of SNAPSHOT in place of their pseudonyms; of a PSEUDONYM (user-...,
    mail-..., contact-...) its name. CSV and JSON stay well-formed, and CSV safe to open: a file is read as what its
    name ends in. The key must be the one that the file was made with; so must be the waivers and benchmarks, where
    names are in what they tell. Nothing is written but to stdout.
    """
    from auditor.report.redaction import PSEUDONYM

    settings, secret = settings_from(given), _key(key)
    content = None if PSEUDONYM.fullmatch(what) else _content(what)
    known = _known(snapshot, secret, settings)
    if content is None:
        print(plain(_name_of(what, known)))
        return
    spelt = {".csv": _in_csv, ".json": _in_json}.get(Path(what).suffix.lower(), _in_text)
    sys.stdout.buffer.write(spelt(content, known).encode())


def _key(file: Path) -> bytes:
    from auditor.report.redaction.key import is_open_to_others, read_key

    key = read_key(file)
    if is_open_to_others(file):
        remark(f"other users of this machine can read the key {file}; run 'chmod 600' on it")
    return key


def _content(what: str) -> str:
    try:
        content = sys.stdin.buffer.read() if what == "-" else Path(what).read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{what}: cannot be read: {error.strerror}") from error
    if content.startswith(_ZIP):
        raise ConfigurationError(f"{what} is a workbook: save a sheet as CSV, or give a pseudonym")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{what}: not UTF-8: {error.reason} at byte {error.start}") from error


def _known(folder: Path, key: bytes, settings: Settings) -> Mapping[str, str]:
    """Pseudonym -> name, of all that redacting the snapshot replaces."""
    from auditor.cli.waivers import waivers_of
    from auditor.judge.assessing import assess
    from auditor.report.redaction import Pseudonyms, redacted, redactor_of
    from auditor.store.snapshot import Snapshot

    catalog = catalog_of(settings)
    selection, waivers = selection_of(settings, catalog), waivers_of(settings, catalog)
    opened = Snapshot.open(folder)
    assessment = assess(opened, as_of=settings.as_of, catalog=catalog, selection=selection, waivers=waivers)
    remark_on_changes(opened)
    redactor = redactor_of(assessment, Pseudonyms(key))
    redacted(assessment, key, redactor)
    return redactor.pseudonyms.known


def _name_of(pseudonym: str, known: Mapping[str, str]) -> str:
    if pseudonym not in known:
        raise ConfigurationError(f"{pseudonym} matches no name in this snapshot, or was made with another key")
    return known[pseudonym]


def _replacer(known: Mapping[str, str], spelt: Callable[[str], str] = str) -> Callable[[str], str]:
    """Puts the names in place of their pseudonyms; those that are not known stay."""
    from auditor.report.redaction import PSEUDONYM

    def name(found: re.Match[str]) -> str:
        return spelt(known[found[0]]) if found[0] in known else found[0]

    return lambda text: PSEUDONYM.sub(name, text)


def _in_text(text: str, known: Mapping[str, str]) -> str:
    return _replacer(known)(text)


def _in_json(text: str, known: Mapping[str, str]) -> str:
    return _replacer(known, lambda name: json.dumps(name, ensure_ascii=False)[1:-1])(text)


def _in_csv(text: str, known: Mapping[str, str]) -> str:
    """Cells are quoted anew where a name asks for it, and guarded where one looks like a formula."""
    table, named = _table(text), _replacer(known)
    written = io.StringIO()
    writer = csv.writer(written, delimiter=table.delimiter, lineterminator="\n")
    for cells in (table.header, *(row.cells for row in table.rows)):
        writer.writerow([_guarded(cell, named(cell)) for cell in cells])
    return (BOM if table.has_bom else "") + written.getvalue()


def _table(text: str) -> CsvTable:
    try:
        return read_csv(text)
    except CsvProblem as error:
        raise ConfigurationError(str(error)) from error


def _guarded(before: str, after: str) -> str:
    return guard(after) if after != before else after
