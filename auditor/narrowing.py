"""An assessment cut down to some of its accounts, so that nothing in it tells of any other.

Every table keeps the rows of these accounts only, and no category keeps a text that none of these rows has. Controls
are counted anew. What belongs to the organization as a whole goes with its management account. A waiver is told where a
failure of these accounts is in its scope. What was collected, by whom and when is the same in every part; account ids
of others that a waiver or a sentence about own parameters names are left out of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from auditor.assessment import Assessment, Originals
from auditor.errors import ConfigurationError, nearest
from auditor.evaluator import totals

_ACCOUNT_ID = re.compile(r"\b\d{12}\b")
_OTHER = "(another account)"
_SCOPE = ("ou", "account", "exclude", "accounts_file")  # settings
# Words of ours: a table may rely on all of them being categories.
_OURS = ("status", "severity", "credential", "state", "outcome", "unit", "assessment", "control_id")


@dataclass(frozen=True)
class Part:
    """The accounts of one owner: an OU's path, an account's id and name, or the value of a tag."""

    owner: str
    account_ids: tuple[str, ...]


def parts_of(assessment: Assessment, split_by: str) -> tuple[Part, ...]:
    """Every account in exactly one part; ``split_by`` is ``ou``, ``account`` or ``tag:NAME``.

    Raises ConfigurationError where the snapshot has no tags, or no account a tag of that name.
    """
    accounts = assessment.accounts.astype({"ou_path": "str"}).fillna({"ou_path": ""})
    owners = [_owner(assessment, split_by)(row) for row in accounts.itertuples()]
    found: dict[str, list[str]] = {}
    for owner, account_id in zip(owners, accounts["account_id"], strict=True):
        found.setdefault(owner, []).append(account_id)
    return tuple(Part(owner, tuple(ids)) for owner, ids in sorted(found.items()))


def _owner(assessment: Assessment, split_by: str) -> Callable[[Any], str]:
    kind, _, name = split_by.partition(":")
    if kind == "ou":
        return lambda row: str(row.ou_path) or "(no OU)"
    if kind == "account":
        return lambda row: f"{row.account_id} {row.account_name}".strip()
    tags = assessment.tags
    if tags is None:
        raise ConfigurationError(
            f"cannot split by the tag {name!r}: {assessment.snapshot_id} has no tags of accounts; collect with "
            "--split-by, or with account_tags: true in auditor.yaml, by a caller who may read them"
        )
    known = sorted({key for found in tags.values() for key in found})
    if name not in known:
        told = f"; known: {', '.join(known)}" if known else ""
        raise ConfigurationError(f"cannot split by the tag {name!r}: no account has it{nearest(name, known)}{told}")
    return lambda row: tags.get(row.account_id, {}).get(name, "(no tag)") or "(empty)"


def narrowed(assessment: Assessment, account_ids: Collection[str], part: str) -> Assessment:
    """The assessment of these accounts alone; ``part`` is what they are called. Pure; see the module."""
    cut = _Cut(assessment, frozenset(account_ids))
    rows = cut.places(assessment.findings)
    findings = cut.taken(assessment.findings, rows)
    counts = cut.frame(assessment.by_account)
    own = {
        control: found
        for control, accounts in assessment.own_parameters.items()
        if (found := {i: parameters for i, parameters in accounts.items() if i in cut.ids})
    }
    seen = assessment.first_seen
    return replace(
        assessment,
        part=part,
        idle_overrides=(),
        accounts=cut.frame(assessment.accounts),
        gaps=cut.gaps(assessment.gaps),
        users=cut.frame(assessment.users),
        credentials=cut.frame(assessment.credentials),
        findings=findings,
        by_account=counts,
        controls=cut.controls(totals(assessment.controls, counts), own),
        evidence={name: cut.frame(frame) for name, frame in assessment.evidence.items()},
        waivers=cut.waivers(assessment, findings),
        waiver_matches=cut.frame(assessment.waiver_matches),
        settings={name: value for name, value in assessment.settings.items() if name not in _SCOPE},
        first_seen=None if seen is None else seen.reindex(assessment.findings.index[rows]).reset_index(drop=True),
        own_parameters=own,
        originals=_only(assessment.originals, cut.ids),
        tags=None if assessment.tags is None else {i: t for i, t in assessment.tags.items() if i in cut.ids},
    )


def _only(originals: Originals, ids: Collection[str]) -> Originals:
    def of_these(account_ids: Sequence[str]) -> Iterator[pa.Table]:
        return originals([account_id for account_id in account_ids if account_id in ids])

    return of_these


class _Cut:
    """Keeps what belongs to some accounts."""

    def __init__(self, assessment: Assessment, ids: frozenset[str]) -> None:
        accounts = assessment.accounts
        self.ids = ids
        self._others = frozenset(accounts["account_id"]) - ids
        management = accounts.loc[accounts["is_management"].fillna(False).to_numpy(dtype=bool), "account_id"]
        self._with_management = bool(management.isin(ids).any())

    def places(self, frame: pd.DataFrame) -> np.ndarray[Any, Any]:
        """Where the rows of these accounts stand; a table that does not tell whose its rows are is a KeyError."""
        owners = frame["account_id"]
        if isinstance(owners.dtype, pd.CategoricalDtype):
            wanted = np.append(owners.cat.categories.isin(list(self.ids)), False)  # the last is that of the code -1
            return np.flatnonzero(wanted[owners.cat.codes.to_numpy()])
        return np.flatnonzero(owners.isin(list(self.ids)).to_numpy(dtype=bool))

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        return self.taken(frame, self.places(frame))

    def taken(self, frame: pd.DataFrame, rows: np.ndarray[Any, Any]) -> pd.DataFrame:
        taken = frame.take(rows).reset_index(drop=True)
        unused = [c for c in taken if isinstance(taken[c].dtype, pd.CategoricalDtype) and c not in _OURS]
        return taken.assign(**{str(name): taken[name].cat.remove_unused_categories() for name in unused})

    def gaps(self, gaps: pd.DataFrame) -> pd.DataFrame:
        """Those of no account are the organization's."""
        wanted = gaps["account_id"].isin(list(self.ids))
        if self._with_management:
            wanted |= gaps["account_id"] == ""
        return self.taken(gaps, np.flatnonzero(wanted.to_numpy(dtype=bool)))

    def controls(self, controls: pd.DataFrame, own: Mapping[str, object]) -> pd.DataFrame:
        """Looser settings are told where they hold for one of these accounts."""
        texts = zip(controls["control_id"], controls["looser_settings"].fillna(""), strict=True)
        kept = ["; ".join(t for t in told.split("; ") if self._concerns(t, control in own)) for control, told in texts]
        return controls.assign(looser_settings=pd.array(kept, dtype="str"))

    def _concerns(self, sentence: str, has_own: bool) -> bool:
        if not self._others.isdisjoint(_ACCOUNT_ID.findall(sentence)):
            return False
        return has_own or not re.search(r" for (account|ou|tag) ", sentence)

    def waivers(self, assessment: Assessment, findings: pd.DataFrame) -> pd.DataFrame:
        """Those with a failure of these accounts in their scope, and how many they cover here."""
        matches = self.frame(assessment.waiver_matches)
        matched = matches.groupby("waiver_id", observed=True)["matched"].sum()
        waived = findings["waiver_id"].value_counts()
        waivers = assessment.waivers[assessment.waivers["waiver_id"].isin(list(matched.index))].reset_index(drop=True)
        ids = waivers["waiver_id"]
        texts = {c: waivers[c].map(self._without_others) for c in ("scope", "reason", "ticket", "owner", "approver")}
        return waivers.assign(
            matched=pd.array([int(matched[i]) for i in ids], dtype="Int64"),
            waived=pd.array([int(waived.get(i, 0)) for i in ids], dtype="Int64"),
            **{name: pd.array(list(text), dtype="str") for name, text in texts.items()},
        )

    def _without_others(self, text: str) -> str:
        return _ACCOUNT_ID.sub(lambda found: _OTHER if found[0] in self._others else found[0], text)
