"""Every table of an assessment as a Parquet file, for queries and for other programs.

Texts are UTF-8 strings, encoded by a dictionary where that is shorter; times are microseconds in UTC; integers have 64
bits; what is missing is null. The file's metadata has an entry ``auditor``: JSON with the table's name, its snapshot,
and a sentence for the table and each column. The sentences of the columns are also the fields' own metadata.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from auditor.ask.derivation import Derivation
from auditor.ask.query_tables.known import BASE_TABLES
from auditor.ask.query_tables.texts import column_text, table_text
from auditor.ask.stored_tables import SUMMARY, StoredTables
from auditor.errors import SnapshotError
from auditor.judge.assessment import Assessment
from auditor.store.checksums import stamp_at
from auditor.store.files import atomic_path, make_folder, write_bytes
from auditor.times import iso

TABLES_FOLDER = "tables"
_ROWS = 65_536
"""Of a row group: as many as are held at once, by who writes and by who reads."""
_FORM: Mapping[str, Any] = {"compression": "zstd", "version": "2.6"}
_KEPT = 30 * 86_400
"""Seconds for which a folder of the cache stays that no query opens. A number of folders would not do: a query over
all snapshots needs one for each."""
_OWN_NAMES = {"evidence": "evidence_files"}
"""Tables whose frame has another name in the assessment."""
_TIME = pa.timestamp("us", "UTC")


class ParquetFiles:
    """``tables/<name>.parquet``."""

    name = "parquet"

    def write(self, assessment: Assessment, folder: Path) -> tuple[Path, ...]:
        return write_tables(assessment, folder / TABLES_FOLDER)


def tables_of(assessment: Assessment) -> dict[str, pd.DataFrame]:
    """The frames by the names that queries know them by: ``BASE_TABLES``, then those of further evidence."""
    base: dict[str, pd.DataFrame] = {name: getattr(assessment, _OWN_NAMES.get(name, name)) for name in BASE_TABLES}
    return base | assessment.evidence


def _blocks_of(assessment: Assessment) -> dict[str, Iterator[pd.DataFrame]]:
    """The same tables, none of them read before it is asked for its blocks."""
    large = assessment.large
    small = {n: iter([getattr(assessment, _OWN_NAMES.get(n, n))]) for n in BASE_TABLES if n not in large.names}
    found = small | {name: large.blocks(name) for name in large.names}
    return {name: found[name] for name in dict.fromkeys((*BASE_TABLES, *large.names))}


def write_tables(assessment: Assessment, folder: Path) -> tuple[Path, ...]:
    """Write every table into ``folder``, which is made; each file is whole or not there. Raises SnapshotError."""
    make_folder(folder)
    tables = _blocks_of(assessment)
    return tuple(_write(blocks, name, assessment.snapshot_id, folder) for name, blocks in tables.items())


def write_cached(assessment: Assessment, derivation: Derivation, folder: Path) -> StoredTables:
    """Keep every table in a folder of the cache, and remove those beside it that no query has opened for 30 days.

    The summary is written last: without it a folder holds no tables.
    """
    files = {path.relative_to(folder).as_posix(): path for path in write_tables(assessment, folder / TABLES_FOLDER)}
    told = {
        "snapshot_id": assessment.snapshot_id,
        "as_of": iso(assessment.as_of),
        "tables": {"derived_from": derivation.told()},
        "files": {name: dataclasses.asdict(stamp_at(path)) for name, path in files.items()},
    }
    write_bytes(folder / SUMMARY, json.dumps(told, indent=2, sort_keys=True).encode())
    _remove_older_than(folder)
    found = StoredTables.in_folder(folder)
    if found is None:
        raise SnapshotError(f"cannot read {folder / SUMMARY}, which was just written")
    return found


def write_parquet(rows: pa.Table, path: Path) -> Path:
    """Write any rows to ``path``, atomically and 0600; raises SnapshotError."""
    with atomic_path(path) as temporary:
        pq.write_table(rows, temporary, row_group_size=_ROWS, **_FORM)
    return path


def _remove_older_than(written: Path) -> None:
    """By the clock of the disk that both are on, which may be another than that of this machine."""
    now = written.stat().st_mtime
    for folder in sorted(written.parent.iterdir()):
        with suppress(OSError):  # another query has just removed it
            if folder.stat().st_mtime < now - _KEPT:
                shutil.rmtree(folder, ignore_errors=True)


def _write(blocks: Iterator[pd.DataFrame], name: str, snapshot_id: str, folder: Path) -> Path:
    first = next(blocks)
    path, schema = folder / f"{name}.parquet", _schema(first, name, snapshot_id)
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema, **_FORM) as writer:
        for rows in _row_groups(itertools.chain([first], blocks), schema):
            writer.write_table(rows, row_group_size=_ROWS)
    return path


def _row_groups(blocks: Iterable[pd.DataFrame], schema: pa.Schema) -> Iterator[pa.Table]:
    """The rows of all blocks, ``_ROWS`` at a time: a file's bytes do not tell in which blocks its rows came."""
    held: list[pa.RecordBatch] = []
    room = _ROWS
    for block in blocks:
        start, rows_of = 0, _reader(block, schema)
        while start < len(block):
            held.append(rows_of(slice(start, start + room)))
            start, room = start + room, room - held[-1].num_rows
            if room == 0:
                yield pa.Table.from_batches(held, schema).combine_chunks()
                held, room = [], _ROWS
    if held:
        yield pa.Table.from_batches(held, schema).combine_chunks()


def _schema(frame: pd.DataFrame, name: str, snapshot_id: str) -> pa.Schema:
    sentences = {str(column): column_text(name, str(column)) for column in frame}
    told = {"table": name, "snapshot_id": snapshot_id, "about": table_text(name), "columns": sentences}
    fields = [
        pa.field(column, _type(frame[column]), metadata={"description": text} if text else None)
        for column, text in sentences.items()
    ]
    return pa.schema(fields, metadata={"auditor": json.dumps(told, ensure_ascii=False)})


def _type(column: pd.Series) -> pa.DataType:
    if pd.api.types.is_bool_dtype(column.dtype):
        return pa.bool_()
    if pd.api.types.is_integer_dtype(column.dtype):
        return pa.int64()
    return _TIME if pd.api.types.is_datetime64_any_dtype(column.dtype) else pa.string()


def _reader(block: pd.DataFrame, schema: pa.Schema) -> Callable[[slice], pa.RecordBatch]:
    """Gives some rows of the block."""
    readers = [_column_reader(block[field.name], field.type) for field in schema]
    return lambda rows: pa.record_batch([read(rows) for read in readers], schema=schema)


def _column_reader(column: pd.Series, wanted: pa.DataType) -> Callable[[slice], pa.Array]:
    """Of a category its texts: a row group that lists all categories would list a million ARNs for 65,536 rows."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return lambda rows: _array(column.iloc[rows], wanted)
    texts, codes = _array(column.cat.categories.to_series(), wanted), column.cat.codes.to_numpy()
    return lambda rows: texts.take(pa.array(codes[rows], mask=codes[rows] < 0))


def _array(column: pd.Series, wanted: pa.DataType) -> pa.Array:
    found = pa.array(column, from_pandas=True)
    return (found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found).cast(wanted)
