"""The files an auditor takes away: one module per format, all behind one small interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from auditor.ask.derivation import Derivation
from auditor.judge.assessment import Assessment
from auditor.report.added import added_format
from auditor.report.csv_files import CsvFiles, CsvStyle
from auditor.report.interface import Format
from auditor.report.json_file import JsonFile
from auditor.report.listing import name_in, remove_leftovers, write_list
from auditor.report.narrowing import Part, parts_of
from auditor.report.output import USUAL, Output
from auditor.report.part_names import folder_names
from auditor.report.parts import Tell, tell_nobody, write_parts
from auditor.report.processes import each
from auditor.report.summary import write_summary
from auditor.report.table_files import ParquetFiles
from auditor.report.workbook import Workbook
from auditor.store.checksums import REPORTS_FILE, stamp_at
from auditor.store.files import make_folder

FORMATS: Mapping[str, Format] = {f.name: f for f in (Workbook(), CsvFiles(), JsonFile(), ParquetFiles())}

__all__ = ["FORMATS", "CsvStyle", "Format", "Output", "Written", "write_reports"]


class Written(NamedTuple):
    """The files of a report; ``removed`` are those of the report before that this one did not write again."""

    files: tuple[Path, ...]
    removed: tuple[Path, ...]


def write_reports(
    assessment: Assessment,
    folder: Path,
    formats: Sequence[str],
    output: Output = USUAL,
    tell: Tell = tell_nobody,
) -> Written:
    """Write the named formats, then ``summary.json``, which carries their hashes, and ``reports.sha256`` about all.

    ``tell`` hears of each part, before it is written, which of how many it is.
    Makes ``folder`` (0700) where it is missing; every file is 0600. Raises ConfigurationError for an unknown
    format or where there is nothing to split by, before anything is written, and SnapshotError when the folder cannot
    be written.
    """
    chosen = [_format(name, output) for name in dict.fromkeys(formats)]
    parts = parts_of(assessment, output.split_by) if output.split_by else ()
    has_tables = any(isinstance(form, ParquetFiles) for form in chosen)
    forms = [*chosen, ParquetFiles()] if output.with_tables and not has_tables else chosen
    # Small tables are written before further processes would have begun.
    written = _written(assessment, folder, forms, 1 if assessment.large.in_memory else output.jobs)
    if output.split_by:
        written += _written_parts(assessment, parts, folder, chosen, output, tell)
    derivation = output.derivation if output.with_tables or has_tables else None
    done = _finished(assessment, folder, written, output.told(), derivation)
    _remove_empty(folder, done.removed)
    return done


def _written(assessment: Assessment, folder: Path, forms: Sequence[Format], jobs: int = 1) -> tuple[Path, ...]:
    make_folder(folder)
    return tuple(path for paths in each(lambda form: form.write(assessment, folder), forms, jobs) for path in paths)


def _written_parts(
    assessment: Assessment,
    parts: Sequence[Part],
    folder: Path,
    chosen: Sequence[Format],
    output: Output,
    tell: Tell,
) -> tuple[Path, ...]:
    def write_part(one: Assessment, where: Path) -> tuple[Path, ...]:
        files = _finished(one, where, _written(one, where, chosen), output.told()).files
        return (*files, where / REPORTS_FILE)

    below, book = folder / f"by-{folder_names([output.split_by])[0]}", any(f.name == Workbook.name for f in chosen)
    return tuple(write_parts(assessment, parts, below, write_part, output, tell, book=book))


def _remove_empty(folder: Path, removed: Sequence[Path]) -> None:
    """Folders of parts that are no more."""
    for parent in sorted({parent for path in removed for parent in path.parents}, reverse=True):
        if folder in parent.parents:
            with suppress(OSError):  # somebody else's files are in it
                parent.rmdir()


def _finished(
    assessment: Assessment,
    folder: Path,
    written: tuple[Path, ...],
    output: Mapping[str, Any],
    derivation: Derivation | None = None,
) -> Written:
    """The summary and the list of ``written`` files, and nothing that an earlier report left there."""
    stamps = {name_in(folder, path): stamp_at(path) for path in written}
    summary = write_summary(assessment, folder, stamps, output, derivation)
    stamps[name_in(folder, summary)] = stamp_at(summary)
    removed = remove_leftovers(folder, stamps)
    write_list(folder, stamps)
    return Written((*written, summary), removed)


def _format(name: str, output: Output) -> Format:
    adjusted: Mapping[str, Format] = {f.name: f for f in (Workbook(output.paper), CsvFiles(output.style))}
    return adjusted.get(name) or FORMATS.get(name) or added_format(name, FORMATS)
