"""What the Parquet files of a snapshot hold: their tables and columns, with the sentences that stand in the files."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.ask.query_process import no_table
from auditor.ask.query_tables.table import Column, QueryTable
from auditor.ask.stored_tables import StoredTables

_SNAPSHOT = Column("snapshot_id", "text", "The snapshot.")


def tables_in_files(stored: StoredTables, *, with_snapshot_ids: bool) -> dict[str, QueryTable]:
    """By name; ``with_snapshot_ids``: as several snapshots have them. Raises DifferenceError: a file is none."""
    return {name: _table(stored, name, with_snapshot_ids=with_snapshot_ids) for name in stored.sha256}


def _table(stored: StoredTables, name: str, *, with_snapshot_ids: bool) -> QueryTable:
    try:
        schema = pq.read_schema(stored.path(name))
        about = json.loads((schema.metadata or {}).get(b"auditor", b"{}")).get("about", "")
    except (OSError, ValueError) as error:  # pyarrow's own errors are such
        raise no_table(stored.path(name)) from error
    columns = tuple(Column(field.name, _type(field.type), _sentence(field)) for field in schema)
    is_added = with_snapshot_ids and "snapshot_id" not in schema.names
    return QueryTable(name, about, (_SNAPSHOT, *columns) if is_added else columns)


def _sentence(field: pa.Field) -> str:
    text: bytes = (field.metadata or {}).get(b"description", b"")
    return text.decode("utf-8", "replace")


def _type(found: pa.DataType) -> str:
    if pa.types.is_timestamp(found):
        return "timestamp"
    return {pa.bool_(): "boolean", pa.int64(): "integer"}.get(found, "text")
