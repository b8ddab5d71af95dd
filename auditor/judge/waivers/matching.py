"""Which failures a waiver covers, found without looking at all failures for each waiver."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from auditor.judge.waivers.entries import Scope
from auditor.judge.waivers.loading import Waiver
from auditor.judge.waivers.names import Ints, Mask, Names
from auditor.model import Account, Status

Tags = Mapping[str, Mapping[str, str]]
"""Account id -> the account's tags."""
_NO_ROWS: Ints = np.array([], dtype=np.intp)
_WIDE = 1000  # rows, from which it pays to look for a way to fewer


class Places:
    """Which accounts a scope covers, as codes of the findings' accounts."""

    def __init__(self, accounts: Iterable[Account], tags: Tags, account_ids: Sequence[str]) -> None:
        self._codes = {account_id: code for code, account_id in enumerate(account_ids)}
        self._accounts = [account for account in accounts if account.id in self._codes]
        self._tags = tags
        self._known: dict[Any, Ints] = {}

    def covered(self, scope: Scope) -> Ints | None:
        """Codes in ascending order; None where the scope says nothing about accounts."""
        parts = []
        if scope.account:
            parts.append(_sorted(self._codes[i] for i in scope.account if i in self._codes))
        if scope.ou:
            parts.append(self._once(scope.ou, self._below))
        if scope.tag:
            parts.append(self._once(tuple(scope.tag.items()), self._tagged))
        if not parts:
            return None
        found = parts[0]
        for part in parts[1:]:
            found = np.intersect1d(found, part, assume_unique=True)
        return found

    def _once(self, wanted: Any, search: Any) -> Ints:
        if wanted not in self._known:
            self._known[wanted] = _sorted(
                self._codes[account.id] for account in self._accounts if search(account, wanted)
            )
        return self._known[wanted]

    def _below(self, account: Account, ous: Sequence[str]) -> bool:
        path = f"{account.ou_path}/"
        return any(ou in account.ou_ids or path.startswith(f"{ou}/") for ou in ous)

    def _tagged(self, account: Account, tags: Sequence[tuple[str, str]]) -> bool:
        own = self._tags.get(account.id, {})
        return all(own.get(name) == value for name, value in tags)


@dataclass(frozen=True)
class _Spans:
    """Slices of some order of the rows, and how many rows they hold in all."""

    order: Ints
    low: Ints
    high: Ints

    @property
    def size(self) -> int:
        return int(np.add.reduce(self.high - self.low))

    def rows(self) -> Ints:
        if len(self.low) == 1:
            return self.order[self.low[0] : self.high[0]]
        parts = [self.order[a:b] for a, b in zip(self.low, self.high, strict=True) if b > a]
        return np.concatenate(parts) if parts else _NO_ROWS


class Failures:
    """The failed rows of a findings frame (``schema.FINDINGS``), in orders that lead from a scope to its rows.

    ``rows`` are their positions in the frame; what ``covered`` returns are positions in ``rows``.
    """

    def __init__(self, findings: pd.DataFrame, control_ids: Iterable[str], places: Places) -> None:
        controls = findings["control_id"].cat
        wanted = set(control_ids)
        waivable = np.array([*(c in wanted for c in controls.categories), False])
        chosen = (findings["status"] == Status.FAIL.value).to_numpy(dtype=bool) & waivable[controls.codes]
        self.rows: Ints = np.flatnonzero(chosen)
        self._findings, self._places = findings, places
        self._control_codes = {c: code for code, c in enumerate(controls.categories)}
        self._controls = controls.codes.to_numpy()[self.rows].astype(np.intp)
        self._accounts = findings["account_id"].cat.codes.to_numpy()[self.rows].astype(np.intp)
        self._width = len(findings["account_id"].cat.categories) + 1  # one place for rows without an account
        keys = self._controls * self._width + self._accounts + 1
        self._by_account: Ints = np.argsort(keys, kind="stable")
        counts = np.bincount(keys, minlength=len(controls.categories) * self._width)
        self._offsets: Ints = np.concatenate(([0], np.cumsum(counts)))

    def covered(self, waiver: Waiver) -> Ints:
        """The failures of the waiver's control in its scope, whatever its days; in no particular order."""
        control = self._control_codes.get(waiver.control_id)
        if control is None:
            return _NO_ROWS
        scope, accounts = waiver.scope, self._places.covered(waiver.scope)
        named = list(self._tests_by_name(scope))
        by_account = self._in_accounts(control, accounts)
        shortest = min([by_account, *(index.spans(control, p) for index, p in named)], key=lambda spans: spans.size)
        if shortest.size > _WIDE:
            shortest = min([shortest, *self._from_the_end(control, scope)], key=lambda spans: spans.size)
        rows = shortest.rows()
        if accounts is not None and shortest is not by_account:
            rows = rows[_is_one_of(self._accounts[rows], accounts)]
        for index, patterns in named:
            rows = rows[index.names.matching(index.names.ranks[rows], patterns)]
        return np.unique(rows) if any(len(patterns) > 1 for _, patterns in named) else rows

    def counted_by_account(self, rows: Ints) -> tuple[Ints, Ints]:
        """Codes of the accounts that these of ``rows`` are in, -1 for none, and how many are in each."""
        codes, counts = np.unique(self._accounts[rows], return_counts=True)
        return codes, counts

    def _in_accounts(self, control: int, accounts: Ints | None) -> _Spans:
        first = control * self._width
        if accounts is None:
            bounds = self._offsets[[first, first + self._width]]
            return _Spans(self._by_account, bounds[:1], bounds[1:])
        keys = first + accounts + 1
        return _Spans(self._by_account, self._offsets[keys], self._offsets[keys + 1])

    def _tests_by_name(self, scope: Scope) -> Iterable[tuple[_ByName, tuple[str, ...]]]:
        if scope.user:
            yield self._by_user, scope.user
        if scope.arn:
            yield self._by_arn, scope.arn

    def _from_the_end(self, control: int, scope: Scope) -> Iterator[_Spans]:
        """Where the rows stand by the ends of patterns: all those of ``*/ann`` end alike."""
        if scope.user and not any(pattern.endswith("*") for pattern in scope.user):
            yield self._by_end_of_user.spans(control, scope.user)
        if scope.arn and not any(pattern.endswith("*") for pattern in scope.arn):
            yield self._by_end_of_arn.spans(control, scope.arn)

    @cached_property
    def _by_user(self) -> _ByName:
        return _ByName(Names(self._findings["resource_name"], self.rows), self._controls)

    @cached_property
    def _by_arn(self) -> _ByName:
        return _ByName(Names(self._findings["resource_arn"], self.rows), self._controls)

    @cached_property
    def _by_end_of_user(self) -> _ByName:
        return _ByName(Names(self._findings["resource_name"], self.rows, backwards=True), self._controls)

    @cached_property
    def _by_end_of_arn(self) -> _ByName:
        return _ByName(Names(self._findings["resource_arn"], self.rows, backwards=True), self._controls)


class _ByName:
    """The rows of each control in the order of one column's texts."""

    def __init__(self, names: Names, controls: Ints) -> None:
        self.names = names
        self._width = len(names) + 1
        keys = controls * self._width + names.ranks + 1
        self._order: Ints = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]

    def spans(self, control: int, patterns: Sequence[str]) -> _Spans:
        """Where the rows stand that the patterns may match; one may stand in several."""
        found = [self.names.span(pattern) for pattern in patterns]
        first = control * self._width + 1
        bounds = self._keys.searchsorted([*(first + s.low for s in found), *(first + s.high for s in found)])
        return _Spans(self._order, bounds[: len(found)], bounds[len(found) :])


def _sorted(codes: Iterable[int]) -> Ints:
    return np.array(sorted(set(codes)), dtype=np.intp)


def _is_one_of(codes: Ints, wanted: Ints) -> Mask:
    """``np.isin`` for sorted, distinct ``wanted``, without its overhead for few."""
    if not len(wanted):
        return np.zeros(len(codes), dtype=bool)
    found: Mask = wanted[np.searchsorted(wanted, codes).clip(max=len(wanted) - 1)] == codes
    return found
