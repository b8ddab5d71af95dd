"""Where the rows of each account stand in a table, found once for all accounts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

Places = np.ndarray[Any, np.dtype[np.integer[Any]]]


class RowsByAccount:
    """The places of the rows of some accounts, in the order of the table, without a look at the other rows.

    A table that does not show whose its rows are is a KeyError.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        codes, owners = _codes(frame["account_id"])
        self._order = np.argsort(codes, kind="stable").astype(np.int64)
        bounds = np.searchsorted(codes[self._order], np.arange(len(owners) + 1))
        self._spans = {owner: (int(bounds[at]), int(bounds[at + 1])) for at, owner in enumerate(owners)}

    def places(self, account_ids: Collection[str]) -> Places:
        """Those of these accounts; the empty id is that of rows of no account."""
        found = [self._order[slice(*self._spans[owner])] for owner in account_ids if owner in self._spans]
        places: Places = np.concatenate([np.array([], dtype=np.int64), *found])
        return places[np.argsort(places, kind="stable")]


def with_used_categories(column: pd.Series) -> pd.Series:
    """A category without the texts that none of its rows has; the work depends on its rows alone."""
    codes, categories = column.cat.codes.to_numpy(), column.cat.categories
    used = np.unique(codes[codes >= 0])
    compact = np.where(codes >= 0, np.searchsorted(used, codes), -1)
    return pd.Series(pd.Categorical.from_codes(compact, categories=categories.take(used)), index=column.index)


def _codes(owners: pd.Series) -> tuple[Places, list[str]]:
    """A number for each row, and the accounts by their numbers; rows of no account have none."""
    if isinstance(owners.dtype, pd.CategoricalDtype):
        return owners.cat.codes.to_numpy(dtype=np.int64), list(owners.cat.categories)
    codes, found = pd.factorize(owners)
    return np.asarray(codes, dtype=np.int64), list(found)
