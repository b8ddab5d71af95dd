"""The one place where ages are counted: whole elapsed days, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400_000_000  # microseconds


def days_between(times: pd.Series, as_of: datetime) -> pd.Series:
    """``(as_of - t) // 1 day`` for every time: nullable ``Int64``, <NA> where there is no time.

    Exactly 45 days is 45, a second less is 44. A time after ``as_of`` gives a negative age.
    """
    now = (as_of - _EPOCH) // timedelta(microseconds=1)
    elapsed = now - times.astype("datetime64[us, UTC]").astype("int64")
    return (elapsed // _DAY).astype("Int64").mask(times.isna())
