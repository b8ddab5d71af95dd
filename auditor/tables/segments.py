"""Tables on the disk while they are judged: the rows of one batch of accounts in a folder, a file for each table.

The files are Apache Arrow's, with what pandas needs to read its own dtypes back. A file holds one record batch, or
several where its rows shall be read in portions.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from auditor.errors import SnapshotError

_NO_TEXTS = pd.Index([], dtype="str")
_DICTIONARY = pa.dictionary(pa.int32(), pa.large_string())
_FORM = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True)
class Segment:
    """One batch's tables in ``folder``, and how many ``rows`` each has."""

    folder: Path
    rows: Mapping[str, int]

    def has(self, table: str) -> bool:
        return table in self.rows

    def columns(self, table: str) -> list[str]:
        with self._opened(table) as reader:
            return list(reader.schema.names)

    def frame(self, table: str) -> pd.DataFrame:
        """All rows of a table."""
        with self._opened(table) as reader:
            return as_frame([reader.read_all()])

    def portion(self, table: str, number: int) -> pa.Table:
        """The rows of one portion, for ``as_frame``."""
        with self._opened(table) as reader:
            return pa.Table.from_batches([reader.get_batch(number)])

    def _opened(self, table: str) -> pa.ipc.RecordBatchFileReader:
        path = self.folder / f"{table}.arrow"
        try:
            return pa.ipc.open_file(pa.memory_map(str(path)))
        except (OSError, pa.ArrowInvalid) as error:
            raise SnapshotError(f"cannot read {path}: {error}") from error


def write_segment(
    folder: Path, tables: Mapping[str, pd.DataFrame], portions: Mapping[str, Sequence[int]] | None = None
) -> Segment:
    """Write the ``tables`` of one batch; who comes second, with the same, finds it done.

    ``portions`` has the lengths of the portions of some tables. Raises SnapshotError where the disk is full.
    """
    rows = {name: len(frame) for name, frame in tables.items()}
    try:
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        for name, frame in tables.items():
            _write(unfinished / f"{name}.arrow", frame, (portions or {}).get(name))
        try:
            unfinished.rename(folder)
        except OSError:  # another process was asked for the same, and was faster
            if not folder.is_dir():
                raise
            shutil.rmtree(unfinished)
    except OSError as error:
        raise SnapshotError(f"cannot write {folder}: {error.strerror or error}") from error
    return Segment(folder, rows)


def as_frame(portions: Sequence[pa.Table]) -> pd.DataFrame:
    """The rows of portions of the same table, with the dtypes that they had.

    One frame of many portions costs far less than one of each.
    """
    frame: pd.DataFrame = pa.concat_tables(portions).unify_dictionaries().to_pandas()
    # A category without any text has lost that it was one of texts.
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype) and not len(dtype.categories):
            frame[name] = frame[name].cat.set_categories(_NO_TEXTS)
    return frame


def _write(path: Path, frame: pd.DataFrame, lengths: Sequence[int] | None) -> None:
    table, start = pa.Table.from_pandas(frame, preserve_index=False), 0
    columns = [_in_one_piece(column) for column in table.columns]
    fields = [pa.field(name, column.type) for name, column in zip(table.column_names, columns, strict=True)]
    rows = pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields, table.schema.metadata))
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, rows.schema, options=_FORM) as writer:
        for length in [rows.num_rows] if lengths is None else lengths:
            writer.write(rows.slice(start, length))
            start += length


def _in_one_piece(column: pa.ChunkedArray) -> pa.Array:
    """The values as one array; every dictionary has the same type, whatever the number of its texts."""
    found = column.combine_chunks()
    found = found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return found.cast(_DICTIONARY) if pa.types.is_dictionary(found.type) else found
