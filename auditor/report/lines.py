"""Turns frames into lines of text, a block of rows at a time and without a Python loop over rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.ages import time_text

# Large enough that a call costs nothing per row, small enough that the lines of a block stay below 100 MB.
BLOCK_ROWS = 200_000
_TEXT = pa.large_string()
# pyarrow ships no types: an array of texts, nulls where a value is missing.
Texts: TypeAlias = Any
_Encoder: TypeAlias = Callable[[slice], Texts]


@dataclass(frozen=True)
class Dialect:
    """How one file format spells values. ``text`` and ``time`` get and give ``str`` series of any length."""

    text: Callable[[pd.Series], pd.Series]
    time: Callable[[pd.Series], pd.Series]
    missing: str


def encoded_blocks(frame: pd.DataFrame, dialect: Dialect) -> Iterator[list[Texts]]:
    """The frame's columns as arrays of texts, at most BLOCK_ROWS rows at a time."""
    # By position: the columns of a query may share a name.
    encoders = [_encoder(frame.iloc[:, number], dialect) for number in range(frame.shape[1])]
    for start in range(0, len(frame), BLOCK_ROWS):
        yield [encoder(slice(start, start + BLOCK_ROWS)) for encoder in encoders]


def joined(parts: list[Texts], separator: str, missing: str | None) -> Texts:
    """One text per row; single texts among ``parts`` are repeated in every row. ``missing`` stands where a part is
    null; None: the whole row is null there."""
    scalars = [pa.scalar(p, _TEXT) if isinstance(p, str) else p for p in (*parts, separator)]
    handling = "emit_null" if missing is None else "replace"
    return pc.binary_join_element_wise(*scalars, null_handling=handling, null_replacement=missing or "")


def raw_bytes(lines: Texts) -> memoryview:
    """The UTF-8 of all lines, one after another, without copying."""
    _, offsets, values = lines.buffers()
    if values is None:
        return memoryview(b"")
    ends = memoryview(offsets).cast("q")
    return memoryview(values)[ends[lines.offset] : ends[lines.offset + len(lines)]]


def holds_any(texts: pd.Series, characters: str) -> bool:
    """Whether any of the texts has one of these ASCII characters: many times faster than an expression."""
    _, values = _offsets_and_bytes(texts)
    return any((values == ord(character)).any() for character in characters)


def begins_with_any(texts: pd.Series, characters: str) -> bool:
    """Whether any of the texts may begin with one of the characters; their first byte tells, sometimes wrongly so."""
    offsets, values = _offsets_and_bytes(texts)
    first = values[offsets[:-1][offsets[:-1] < offsets[1:]] - offsets[0]]
    return bool(np.isin(first, [character.encode()[0] for character in characters]).any())


def _offsets_and_bytes(texts: pd.Series) -> tuple[Any, Any]:
    """Where each text begins and where the last one ends; the bytes from the first of them on."""
    array = _texts(texts)
    _, offsets, values = array.buffers()
    bounds = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    held = np.frombuffer(values, np.uint8) if values is not None else np.array([], np.uint8)
    return bounds, held[bounds[0] : bounds[-1]]


def _encoder(series: pd.Series, dialect: Dialect) -> _Encoder:
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _category_encoder(series, dialect)
    return lambda rows: _encode(series.iloc[rows], dialect)


def _category_encoder(series: pd.Series, dialect: Dialect) -> _Encoder:
    """Each distinct text is spelt once, however many rows hold it."""
    words = _texts(dialect.text(series.cat.categories.to_series().astype("str")))
    codes = series.cat.codes.to_numpy()
    return lambda rows: words.take(pa.array(codes[rows], mask=codes[rows] < 0))


def _encode(values: pd.Series, dialect: Dialect) -> Texts:
    if pd.api.types.is_bool_dtype(values.dtype):
        return pc.if_else(pa.array(values, pa.bool_(), from_pandas=True), "true", "false").cast(_TEXT)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _texts(dialect.time(time_text(values)))
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pa.array(values, from_pandas=True).cast(_TEXT)
    return _texts(dialect.text(values.astype("str")))


def _texts(series: pd.Series) -> Texts:
    array = pa.array(series, _TEXT, from_pandas=True)
    # A series that was put together from several is held in as many chunks.
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
