"""Columns of a frame as the XML of cells, without a Python loop over rows wherever that can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.csv_file import FORMULA_START
from auditor.report.lines import Texts, joined
from auditor.report.workbook.text import GUARDED, MAX_CHARACTERS, cell_text

_TEXT = pa.large_string()
# Texts that need more than to be put between tags: control characters, XML's own, what could be a formula, blanks at
# an end, Excel's escapes. Everything else is most texts.
_UNUSUAL = rf"[\x00-\x1f&<>\x{{fffe}}\x{{ffff}}]|_x|^(?:{FORMULA_START}|[#\s])|\s$"
_EXCEL_EPOCH = pd.Timestamp("1899-12-30", tz="UTC")
# Excel counts a 29 February 1900 that never was, and ends with the year 9999.
_FIRST_DAY, _LAST_DAY = 61, 2_958_466
_DAY = pd.Timedelta(days=1)
_FIFTEEN_DIGITS = 10**15
_FEW_CATEGORIES = 5_000

Ends: TypeAlias = Texts
"""The rest of a cell's XML behind ``<c r="A5``; null where there is no value."""


class TextCells:
    """Spells texts as cells; each distinct text of a short category is spelt once."""

    def __init__(self, plain: int, guarded: int, styles: Mapping[str, tuple[int, str]] | None = None) -> None:
        self._plain, self._guarded, self._styles = plain, guarded, styles or {}
        self._known: tuple[Any, Ends] | None = None

    def __call__(self, series: pd.Series) -> Ends:
        if isinstance(series.dtype, pd.CategoricalDtype) and len(series.cat.categories) <= _FEW_CATEGORIES:
            codes = series.cat.codes.to_numpy()
            return self._of_categories(series.cat.categories).take(pa.array(codes, mask=codes < 0))
        return self._of_texts(pa.array(series.astype("str"), _TEXT, from_pandas=True))

    def _of_categories(self, categories: Any) -> Ends:
        if self._known is None or self._known[0] is not categories:
            self._known = categories, pa.array([self.end(text) for text in categories], _TEXT)
        return self._known[1]

    def _of_texts(self, texts: Any) -> Ends:
        texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
        unusual = pc.fill_null(pc.match_substring_regex(texts, _UNUSUAL), False)
        unusual = pc.or_(unusual, pc.fill_null(pc.greater(pc.binary_length(texts), MAX_CHARACTERS), False))
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, _TEXT), texts)
        ends = joined([f'" s="{self._plain}" t="inlineStr"><is><t>', texts, "</t></is></c>"], "", None)
        if self._styles or pc.any(unusual).as_py():
            odd = texts.filter(unusual) if not self._styles else texts
            spelt = pa.array([None if t is None else self.end(t) for t in odd.to_pylist()], _TEXT)
            return spelt if self._styles else pc.replace_with_mask(ends, unusual, spelt)
        return ends

    def end(self, text: str) -> str | None:
        """One text as the rest of a cell."""
        style, shown = self._styles.get(text, (self._plain, text))
        shown = cell_text(shown)
        if not shown:
            return None
        if shown[0] in GUARDED and text not in self._styles:
            style = self._guarded
        return f'" s="{style}" t="inlineStr"><is><t{_space(shown)}>{escape(shown)}</t></is></c>'


def _space(text: str) -> str:
    """Blanks at an end, and line feeds, survive only where that is asked for."""
    return ' xml:space="preserve"' if text.strip() != text or "\n" in text else ""


def number_ends(series: pd.Series, style: int, spell: Callable[[str], str | None]) -> Ends:
    """Whole or other numbers; what a spreadsheet would round, or cannot hold, is text."""
    values = pa.array(series, from_pandas=True)
    values = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    ends = joined([f'" s="{style}"><v>', values.cast(_TEXT), "</v></c>"], "", None)
    unfit = _unfit(values)
    if not pc.any(unfit).as_py():
        return ends
    texts = [spell(str(value)) for value in values.filter(unfit).to_pylist()]
    return pc.replace_with_mask(ends, unfit, pa.array(texts, _TEXT))


def _unfit(values: Any) -> Any:
    if pa.types.is_floating(values.type):
        unfit = pc.invert(pc.is_finite(values))
    else:
        numbers = values.to_numpy(zero_copy_only=False).astype("float64")
        unfit = pa.array(np.abs(np.nan_to_num(numbers)) >= _FIFTEEN_DIGITS)
    return pc.fill_null(unfit, False)


def figure_ends(series: pd.Series, style: int, spell: Callable[[str], str | None]) -> Ends:
    """Whole numbers, and words in place of some; of few rows."""
    ends = [
        None if pd.isna(value) else spell(value) if isinstance(value, str) else f'" s="{style}"><v>{value}</v></c>'
        for value in series
    ]
    return pa.array(ends, _TEXT)


def time_ends(series: pd.Series, style: int, spell: Callable[[str], str | None]) -> Ends:
    """Excel's days since 1900 in UTC, which has no time zones; what its calendar lacks stays text."""
    days = excel_days(series)
    fits = days.between(_FIRST_DAY, _LAST_DAY, inclusive="left") | days.isna()
    ends = number_ends(days.where(fits), style, spell)
    if fits.all():
        return ends
    texts = [spell(str(moment)) for moment in series[~fits]]
    return pc.replace_with_mask(ends, pa.array(~fits.to_numpy()), pa.array(texts, _TEXT))


def excel_days(times: pd.Series) -> pd.Series:
    return (times - _EXCEL_EPOCH) / _DAY


def flag_ends(series: pd.Series, spell: Callable[[str], str | None]) -> Ends:
    """``yes`` and ``no``."""
    flags = pa.array(series, pa.bool_(), from_pandas=True)
    return pc.if_else(flags, pa.scalar(spell("yes"), _TEXT), pa.scalar(spell("no"), _TEXT))


def formula_ends(formulas: pd.Series, values: pd.Series, style: int, plain: Ends) -> Ends:
    """Formulas with the values they are known to give; ``plain`` where there is no formula."""
    texts = pa.array(formulas.map(escape, na_action="ignore").astype("str"), _TEXT, from_pandas=True)
    textual = not pd.api.types.is_numeric_dtype(values.dtype)
    shown = values.astype("str").map(escape, na_action="ignore") if textual else values
    known = pa.array(shown, from_pandas=True).cast(_TEXT)
    # What a formula gives that has no number to give is the empty text.
    text = pa.scalar(' t="str"', _TEXT)
    kinds = text if textual else pc.if_else(pc.is_valid(known), pa.scalar("", _TEXT), text)
    ends = joined([f'" s="{style}"', kinds, "><f>", texts, "</f><v>", known, "</v></c>"], "", "")
    return pc.if_else(pc.is_valid(texts), ends, plain)
