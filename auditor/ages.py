"""The one place where ages are counted (whole elapsed days, in UTC), and where many times are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000  # microseconds
_MOST_DAYS = 3_650_000  # ten thousand years: no calendar of AWS reaches so far


def days_between(times: pd.Series, as_of: datetime) -> pd.Series:
    """``(as_of - t) // 1 day`` for every time: nullable ``Int64``, <NA> where there is no time.

    Exactly 45 days is 45, a second less is 44. A time after ``as_of`` gives a negative age.
    """
    now = (as_of - _EPOCH) // timedelta(microseconds=1)
    elapsed = now - times.astype("datetime64[us, UTC]").astype("int64")
    return (elapsed // _DAY).astype("Int64").mask(times.isna())


def days_after(times: pd.Series, days: int) -> pd.Series:
    """The times, ``days`` whole days later; NaT where there is no time. It is the first instant at that age."""
    later: pd.Series = times + np.timedelta64(min(days, _MOST_DAYS), "D").astype("timedelta64[us]")
    return later


def time_text(times: pd.Series) -> pd.Series:
    """``2026-08-01T08:00:00Z``, missing where there is no time; parts of a second are dropped."""
    # Arrow writes times without a zone thirty times faster than those with one; all are UTC.
    seconds = pc.cast(pc.cast(pa.array(times), pa.timestamp("us")), pa.timestamp("s"), safe=False)
    texts = pc.utf8_replace_slice(pc.cast(seconds, pa.string()), 10, 11, "T")
    written = pc.binary_join_element_wise(texts, "Z", "").to_pandas().astype("str").array  # without an index of its own
    return pd.Series(written, index=times.index)
