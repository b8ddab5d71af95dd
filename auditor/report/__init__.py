"""The files an auditor takes away: one module per format, all behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from auditor.assessment import Assessment
from auditor.errors import ConfigurationError, nearest
from auditor.files import make_folder
from auditor.report.csv_files import PLAIN, CsvFiles, CsvStyle
from auditor.report.interface import Format
from auditor.report.json_file import JsonFile
from auditor.report.summary import write_summary
from auditor.report.workbook import Workbook

FORMATS: Mapping[str, Format] = {f.name: f for f in (Workbook(), CsvFiles(), JsonFile())}

__all__ = ["FORMATS", "CsvStyle", "Format", "write_reports"]


def write_reports(
    assessment: Assessment, folder: Path, formats: Sequence[str], style: CsvStyle = PLAIN
) -> tuple[Path, ...]:
    """Write the named formats and then ``summary.json``, which carries their hashes; return all paths.

    Makes ``folder`` (0700) where it is missing; every file is 0600. Raises ConfigurationError for an unknown
    format, before anything is written, and SnapshotError when the folder cannot be written.
    """
    chosen = [_format(name, style) for name in dict.fromkeys(formats)]
    make_folder(folder)
    written = tuple(path for form in chosen for path in form.write(assessment, folder))
    return (*written, write_summary(assessment, folder, written, {"csv": asdict(style)}))


def _format(name: str, style: CsvStyle) -> Format:
    if name not in FORMATS:
        raise ConfigurationError(f"unknown format {name!r}{nearest(name, FORMATS)}")
    return CsvFiles(style) if name == CsvFiles.name else FORMATS[name]
