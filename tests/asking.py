"""SQL over an assessment or over frames, by way of the files that the product writes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa

from auditor.ask.derivation import Derivation
from auditor.ask.query import frame_of
from auditor.ask.query import run_query as run_query_on_files
from auditor.ask.query_process import Limits, Sources, query_process
from auditor.ask.query_tables.known import BASE_TABLES
from auditor.ask.stored_tables import StoredTables
from auditor.judge.assessment import Assessment
from auditor.report.table_files import tables_of, write_cached, write_parquet
from auditor.settings import load_settings

TABLES = tuple(BASE_TABLES)
_WRITTEN: dict[int, tuple[Assessment, StoredTables, tempfile.TemporaryDirectory[str]]] = {}


def run_query(assessment: Assessment, sql: str, limits: Limits | None = None) -> pd.DataFrame:
    """The rows that ``sql`` selects from the assessment's tables, which are written once."""
    with query_process() as process:
        return frame_of(run_query_on_files(process, [_stored(assessment)], sql, limits))


def frames_of(assessment: Assessment) -> dict[str, pd.DataFrame]:
    """The frame of each table that can be asked about."""
    return tables_of(assessment)


@contextmanager
def files_of(frames: Mapping[str, pd.DataFrame]) -> Iterator[Sources]:
    """Frames as files for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / f"{name}.parquet" for name in frames}
        for name, frame in frames.items():
            write_parquet(pa.Table.from_pandas(frame, preserve_index=False), paths[name])
        yield {name: [(path, "")] for name, path in paths.items()}


def ask_frames(frames: Mapping[str, pd.DataFrame], sql: str, limits: Limits) -> pa.Table:
    with files_of(frames) as sources, query_process() as process:
        return process.ask(sources, sql, limits)


def _stored(assessment: Assessment) -> StoredTables:
    if id(assessment) not in _WRITTEN:
        folder = tempfile.TemporaryDirectory()
        derivation = Derivation.of(load_settings(read_file=False), assessment.manifest_sha256, assessment.as_of)
        stored = write_cached(assessment, derivation, Path(folder.name) / "tables-of-a-test")
        _WRITTEN[id(assessment)] = (assessment, stored, folder)
    return _WRITTEN[id(assessment)][1]
