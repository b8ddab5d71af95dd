"""SQL over a judged snapshot: read-only, within limits, without files, network or extensions."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa

from auditor.assessment import Assessment
from auditor.catalog import config_folder
from auditor.errors import QueryError, nearest
from auditor.query_process import Limits, ask

TABLES = ("accounts", "gaps", "users", "credentials", "findings", "controls", "waivers")
_INTEGERS = (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32())
_NULLABLE = {pa.bool_(): pd.BooleanDtype(), **dict.fromkeys(_INTEGERS, pd.Int64Dtype())}


def run_query(assessment: Assessment, sql: str, limits: Limits | None = None) -> pd.DataFrame:
    """The rows that ``sql`` selects from TABLES and the assessment's evidence; times are UTC, categories texts,
    integers and booleans nullable.

    Raises QueryError when it is not one reading statement, DuckDB does not accept it, or it goes beyond the limits.
    """
    tables: dict[str, pd.DataFrame] = {name: getattr(assessment, name) for name in TABLES}
    selected: pd.DataFrame = ask(tables | dict(assessment.evidence), sql, limits or Limits()).to_pandas(
        types_mapper=_NULLABLE.get
    )
    return selected


def named_queries(*more: Path) -> dict[str, Path]:
    """The questions that ship with the product, by name; those of the folders ``more`` replace them or add to them."""
    folders = (config_folder(), *more)
    return {path.stem: path for folder in folders for path in sorted((folder / "queries").glob("*.sql"))}


def named_query(name: str, *more: Path) -> str:
    """The SQL of a question that is shipped or stands in a folder of ``more``; QueryError names the nearest one."""
    known = named_queries(*more)
    if name not in known:
        raise QueryError(f"there is no query {name!r}{nearest(name, known)}; known: {', '.join(known)}")
    try:
        return known[name].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{known[name]}: cannot be read: {error}") from error
