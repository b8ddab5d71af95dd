"""The files an auditor takes away: one module per format, all behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from auditor.assessment import Assessment
from auditor.checksums import REPORTS_FILE, stamp_at
from auditor.errors import ConfigurationError, nearest
from auditor.files import make_folder
from auditor.narrowing import parts_of
from auditor.report.csv_files import PLAIN, CsvFiles, CsvStyle
from auditor.report.interface import Format
from auditor.report.json_file import JsonFile
from auditor.report.listing import name_in, remove_leftovers, write_list
from auditor.report.part_names import folder_names
from auditor.report.parts import Tell, tell_nobody, write_parts
from auditor.report.summary import write_summary
from auditor.report.workbook import Workbook

FORMATS: Mapping[str, Format] = {f.name: f for f in (Workbook(), CsvFiles(), JsonFile())}

__all__ = ["FORMATS", "CsvStyle", "Format", "Written", "write_reports"]


class Written(NamedTuple):
    """The files of a report; ``removed`` are those of the report before that this one did not write again."""

    files: tuple[Path, ...]
    removed: tuple[Path, ...]


def write_reports(
    assessment: Assessment,
    folder: Path,
    formats: Sequence[str],
    style: CsvStyle = PLAIN,
    paper: str = "a4",
    split_by: str = "",
    tell: Tell = tell_nobody,
) -> Written:
    """Write the named formats, then ``summary.json``, which carries their hashes, and ``reports.sha256`` about all.

    With ``split_by`` (see ``narrowing.parts_of``) also a folder such as ``by-ou`` with the same files of each owner;
    ``tell`` hears of each, before it is written, which of how many it is.
    Makes ``folder`` (0700) where it is missing; every file is 0600. Raises ConfigurationError for an unknown
    format or where there is nothing to split by, before anything is written, and SnapshotError when the folder cannot
    be written.
    """
    chosen = [_format(name, style, paper) for name in dict.fromkeys(formats)]
    parts = parts_of(assessment, split_by) if split_by else ()
    output = {"csv": asdict(style), "paper": paper, "split_by": split_by or None}

    def write(one: Assessment, where: Path) -> tuple[Path, ...]:
        make_folder(where)
        return tuple(path for form in chosen for path in form.write(one, where))

    def write_part(one: Assessment, where: Path) -> tuple[Path, ...]:
        return (*_finished(one, where, write(one, where), output).files, where / REPORTS_FILE)

    written = write(assessment, folder)
    if split_by:
        below, book = folder / f"by-{folder_names([split_by])[0]}", any(f.name == Workbook.name for f in chosen)
        written += tuple(write_parts(assessment, parts, below, write_part, book=book, style=style, tell=tell))
    done = _finished(assessment, folder, written, output)
    _remove_empty(folder, done.removed)
    return done


def _remove_empty(folder: Path, removed: Sequence[Path]) -> None:
    """Folders of parts that are no more."""
    for parent in sorted({parent for path in removed for parent in path.parents}, reverse=True):
        if folder in parent.parents:
            with suppress(OSError):  # somebody else's files are in it
                parent.rmdir()


def _finished(assessment: Assessment, folder: Path, written: tuple[Path, ...], output: Mapping[str, Any]) -> Written:
    """The summary and the list of ``written`` files, and nothing that an earlier report left there."""
    stamps = {name_in(folder, path): stamp_at(path) for path in written}
    summary = write_summary(assessment, folder, stamps, output)
    stamps[name_in(folder, summary)] = stamp_at(summary)
    removed = remove_leftovers(folder, stamps)
    write_list(folder, stamps)
    return Written((*written, summary), removed)


def _format(name: str, style: CsvStyle, paper: str) -> Format:
    if name not in FORMATS:
        raise ConfigurationError(f"unknown format {name!r}{nearest(name, FORMATS)}")
    adjusted: Mapping[str, Format] = {f.name: f for f in (Workbook(paper), CsvFiles(style))}
    return adjusted.get(name, FORMATS[name])
