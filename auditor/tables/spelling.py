"""How a credential report spells its values, kept beside the typed ones so that findings can quote the very text.

A spelling is the text of a flag, or of what stands in place of a value. Of a time it is what follows the seconds
(``Z``, ``+00:00``): with it the text can be written again, and most reports have a single one.
"""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.kinds.credential_report import report_parser

SUFFIX = "_spelling"
"""``mfa_active_spelling`` is how the value of ``mfa_active`` is spelt."""
PLACES = "_places"
"""Columns of texts like those of ``also_seen_in``."""
LINES = "_lines"
"""Columns of numbers of lines of the unit's evidence file, joined by a blank."""
_AFTER_SECONDS = len("2026-08-01T08:00:00")


def spelling_of(reports: pa.Table) -> dict[str, pd.Categorical]:
    """A column for each flag and time of the ``reports`` (texts as AWS wrote them), row by row."""
    flags = {name: reports[name] for name in report_parser.BOOL_COLUMNS}
    times = {name: _of_times(reports[name]) for name in report_parser.TIME_COLUMNS}
    return {f"{name}{SUFFIX}": category_of(texts) for name, texts in (flags | times).items()}


def without_spelling(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame as it is handed out: without spellings, and without the places that only findings name."""
    inner = [name for name in frame.columns if str(name).endswith((SUFFIX, PLACES, LINES))]
    return frame.drop(columns=inner) if inner else frame


def place_of(file: str, line: int) -> str:
    """``evidence/012345678901/account-summary.json:2``"""
    return f"{file}:{line}"


def _of_times(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    is_time = pc.is_valid(report_parser.to_time(texts))
    return pc.if_else(is_time, pc.utf8_slice_codeunits(texts, _AFTER_SECONDS), texts)


def category_of(texts: pa.ChunkedArray) -> pd.Categorical:
    """The texts as a categorical of which each text is a category."""
    encoded = texts.combine_chunks().dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    return pd.Categorical.from_codes(codes, categories=pd.Index(encoded.dictionary.to_pandas(), dtype="str"))
