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
from auditor.report.csv_files import PLAIN, CsvFiles, CsvStyle
from auditor.report.interface import Format
from auditor.report.json_file import JsonFile
from auditor.report.listing import name_in, remove_leftovers, write_list
from auditor.report.summary import write_summary
from auditor.report.workbook import Workbook

FORMATS: Mapping[str, Format] = {f.name: f for f in (Workbook(), CsvFiles(), JsonFile())}

__all__ = ["FORMATS", "CsvStyle", "Format", "Written", "write_reports"]


class Written(NamedTuple):
    """The files of a report; ``removed`` are those of the report before that this one did not write again."""

    files: tuple[Path, ...]
    removed: tuple[Path, ...]


def write_reports(
    assessment: Assessment, folder: Path, formats: Sequence[str], style: CsvStyle = PLAIN, paper: str = "a4"
) -> Written:
    """Write the named formats, then ``summary.json``, which carries their hashes, and ``reports.sha256`` about all.

    Makes ``folder`` (0700) where it is missing; every file is 0600. Raises ConfigurationError for an unknown
    format, before anything is written, and SnapshotError when the folder cannot be written.
    """
    chosen = [_format(name, style, paper) for name in dict.fromkeys(formats)]
    make_folder(folder)
    written = tuple(path for form in chosen for path in form.write(assessment, folder))
    stamps = {name_in(folder, path): stamp_at(path) for path in written}
    summary = write_summary(assessment, folder, stamps, {"csv": asdict(style), "paper": paper})
    stamps[name_in(folder, summary)] = stamp_at(summary)
    removed = remove_leftovers(folder, stamps)
    write_list(folder, stamps)
    return Written((*written, summary), removed)


def _format(name: str, style: CsvStyle, paper: str) -> Format:
    if name not in FORMATS:
        raise ConfigurationError(f"unknown format {name!r}{nearest(name, FORMATS)}")
    adjusted: Mapping[str, Format] = {f.name: f for f in (Workbook(paper), CsvFiles(style))}
    return adjusted.get(name, FORMATS[name])
