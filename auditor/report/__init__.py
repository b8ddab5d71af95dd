"""The files an auditor takes away: one module per format, all behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from auditor.assessment import Assessment
from auditor.checksums import stamp_at
from auditor.errors import ConfigurationError, nearest
from auditor.files import make_folder
from auditor.model import FileStamp
from auditor.narrowing import parts_of
from auditor.report.csv_files import PLAIN, CsvFiles, CsvStyle
from auditor.report.interface import Format
from auditor.report.json_file import JsonFile
from auditor.report.listing import name_in, remove_leftovers, write_list
from auditor.report.part_names import folder_names
from auditor.report.parts import write_parts
from auditor.report.summary import write_summary
from auditor.report.workbook import Workbook

FORMATS: Mapping[str, Format] = {f.name: f for f in (Workbook(), CsvFiles(), JsonFile())}

__all__ = ["FORMATS", "CsvStyle", "Format", "Written", "write_reports"]


class Written(NamedTuple):
    """The files of a report; ``removed`` are those of the report before that this one did not write again."""

    files: tuple[Path, ...]
    removed: tuple[Path, ...]


def write_reports(
    assessment: Assessment, folder: Path, formats: Sequence[str], style: CsvStyle = PLAIN, split_by: str = ""
) -> Written:
    """Write the named formats, then ``summary.json``, which carries their hashes, and ``reports.sha256`` about all.

    With ``split_by`` (see ``narrowing.parts_of``) also a folder such as ``by-ou`` with the same files of each owner.
    Makes ``folder`` (0700) where it is missing; every file is 0600. Raises ConfigurationError for an unknown
    format or where there is nothing to split by, before anything is written, and SnapshotError when the folder cannot
    be written.
    """
    chosen = [_format(name, style) for name in dict.fromkeys(formats)]
    parts = parts_of(assessment, split_by) if split_by else ()
    output = {"csv": asdict(style), "split_by": split_by or None}
    stamps: dict[Path, FileStamp] = {}

    def write(one: Assessment, where: Path) -> tuple[Path, ...]:
        make_folder(where)
        files = [path for form in chosen for path in form.write(one, where)]
        if one is assessment and split_by:
            below, book = where / f"by-{folder_names([split_by])[0]}", any(f.name == Workbook.name for f in chosen)
            files += write_parts(assessment, parts, below, write, book=book, style=style)
        stamps.update({path: stamp_at(path) for path in files if path not in stamps})
        summary = write_summary(one, where, {name_in(where, path): stamps[path] for path in files}, output)
        stamps[summary] = stamp_at(summary)
        return (*files, summary)

    files = write(assessment, folder)
    listed = {name_in(folder, path): stamps[path] for path in files}
    removed = remove_leftovers(folder, listed)
    write_list(folder, listed)
    return Written(files, removed)


def _format(name: str, style: CsvStyle) -> Format:
    if name not in FORMATS:
        raise ConfigurationError(f"unknown format {name!r}{nearest(name, FORMATS)}")
    return CsvFiles(style) if name == CsvFiles.name else FORMATS[name]
