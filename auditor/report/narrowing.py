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

import pandas as pd
import pyarrow as pa

from auditor.errors import ConfigurationError, nearest
from auditor.judge.assessment import Assessment, Originals
from auditor.judge.evaluator import totals
from auditor.judge.large_tables import TablesInMemory
from auditor.report.rows_by_account import Places, RowsByAccount, with_used_categories

_ACCOUNT_ID = re.compile(r"\b\d{12}\b")
_NAMED_ACCOUNT = re.compile(r"\baccount (\d{12})\b")  # as sentences of ours name one
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
        raise ConfigurationError(
            f"cannot split by the tag {name!r}: no account has this tag{nearest(name, known)}{told}"
        )
    return lambda row: tags.get(row.account_id, {}).get(name, "(no tag)") or "(empty)"


class Narrowing:
    """Cuts an assessment down to one part after another; what one costs depends on its own rows alone."""

    def __init__(self, assessment: Assessment) -> None:
        self.assessment = assessment
        self._rows: dict[int, tuple[pd.DataFrame, RowsByAccount]] = {}

    def rows_of(self, frame: pd.DataFrame) -> RowsByAccount:
        """Of a table of the assessment, looked through when it is first asked for."""
        if id(frame) not in self._rows:
            self._rows[id(frame)] = (frame, RowsByAccount(frame))
        return self._rows[id(frame)][1]

    def look_through(self) -> None:
        """Look through every table now, before processes are forked that would do it again."""
        one = self.assessment
        tables = (one.accounts, one.gaps, one.remarks, one.evidence_files, one.users, one.credentials, one.findings)
        for frame in (*tables, one.by_account, one.bridge, one.waiver_matches, *one.evidence.values()):
            self.rows_of(frame)

    def to(self, account_ids: Collection[str], part: str) -> Assessment:
        """The assessment of these accounts alone; ``part`` is what they are called. Pure; see the module."""
        return _narrowed(self.assessment, _Cut(self, frozenset(account_ids)), part)


def narrowed(assessment: Assessment, account_ids: Collection[str], part: str) -> Assessment:
    """The assessment of one part."""
    return Narrowing(assessment).to(account_ids, part)


def _narrowed(assessment: Assessment, cut: _Cut, part: str) -> Assessment:
    rows = cut.places(assessment.findings)
    findings = cut.findings(cut.without_names(cut.taken(assessment.findings, rows), "reason"))
    counts = cut.frame(assessment.by_account)
    own = {
        control: found
        for control, accounts in assessment.own_parameters.items()
        if (found := {i: accounts[i] for i in sorted(cut.ids) if i in accounts})
    }
    seen = assessment.first_seen
    return replace(
        assessment,
        part=part,
        idle_overrides=(),
        accounts=cut.frame(assessment.accounts),
        gaps=cut.with_organization(assessment.gaps),
        remarks=cut.frame(assessment.remarks),
        evidence_files=cut.with_organization(assessment.evidence_files),
        large=TablesInMemory(
            {
                "users": cut.frame(assessment.users),
                "credentials": cut.frame(assessment.credentials),
                "findings": findings,
                **{
                    name: cut.without_names(cut.frame(frame), "organization_unseen")
                    for name, frame in assessment.evidence.items()
                },
            }
        ),
        by_account=counts,
        bridge=cut.frame(assessment.bridge),
        controls=cut.controls(totals(assessment.controls, counts), own),
        waivers=cut.waivers(assessment, findings),
        waiver_matches=cut.frame(assessment.waiver_matches),
        settings={name: value for name, value in assessment.settings.items() if name not in _SCOPE},
        first_seen=None if seen is None else seen.reindex(assessment.findings.index[rows]).reset_index(drop=True),
        own_parameters=own,
        originals=_only(assessment.originals, cut.ids),
        tags=_tags(assessment, cut.ids),
    )


def _tags(assessment: Assessment, ids: Collection[str]) -> Mapping[str, Mapping[str, str]] | None:
    tags = assessment.tags
    return None if tags is None else {i: tags[i] for i in sorted(ids) if i in tags}


def _only(originals: Originals, ids: Collection[str]) -> Originals:
    def of_these(account_ids: Sequence[str]) -> Iterator[pa.Table]:
        return originals([account_id for account_id in account_ids if account_id in ids])

    return of_these


def _mapped(texts: pd.Series, change: Callable[[str], str]) -> pd.Series:
    return texts.map({text: change(text) for text in texts.unique()}).astype("str")


class _Cut:
    """Keeps what belongs to some accounts."""

    def __init__(self, narrowing: Narrowing, ids: frozenset[str]) -> None:
        self.ids, self._narrowing = ids, narrowing
        accounts = self.frame(narrowing.assessment.accounts)
        self._with_management = bool(accounts["is_management"].fillna(False).any())

    def is_other(self, account_id: str) -> bool:
        """Whether it is an account of the organization, and none of these."""
        rows = self._narrowing.rows_of(self._narrowing.assessment.accounts)
        return account_id not in self.ids and len(rows.places([account_id])) > 0

    def places(self, frame: pd.DataFrame) -> Places:
        """Where the rows of these accounts stand."""
        return self._narrowing.rows_of(frame).places(self.ids)

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        return self.taken(frame, self.places(frame))

    def taken(self, frame: pd.DataFrame, rows: Places) -> pd.DataFrame:
        taken = frame.take(rows).reset_index(drop=True)
        unused = [c for c in taken if isinstance(taken[c].dtype, pd.CategoricalDtype) and c not in _OURS]
        return taken.assign(**{str(name): with_used_categories(taken[name]) for name in unused})

    def findings(self, findings: pd.DataFrame) -> pd.DataFrame:
        """Without the ids of other accounts whose evidence decides, too."""
        places = findings["also_seen_in"]
        return findings.assign(also_seen_in=_mapped(places, self._without_others)) if (places != "").any() else findings

    def without_names(self, frame: pd.DataFrame, column: str) -> pd.DataFrame:
        """The frame without the ids of other accounts in the sentences of a column, where it has that column.

        Verdicts are not judged again: a fact of the whole organization counts in a part as it does in the whole.
        """
        if column not in frame:
            return frame
        texts = frame[column].astype("str")
        replaced = {text: new for text in texts.dropna().unique() if (new := self._unnamed(text)) != text}
        if not replaced:
            return frame
        unnamed: Any = texts.replace(replaced)
        return frame.assign(**{column: unnamed.astype(frame[column].dtype.name)})

    def _unnamed(self, text: str) -> str:
        return _NAMED_ACCOUNT.sub(lambda found: "another account" if self.is_other(found[1]) else found[0], text)

    def with_organization(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows of no account are the organization's."""
        nobody = {""} if self._with_management else set[str]()
        return self.taken(frame, self._narrowing.rows_of(frame).places(self.ids | nobody))

    def controls(self, controls: pd.DataFrame, own: Mapping[str, object]) -> pd.DataFrame:
        """Looser settings are told where they hold for one of these accounts."""
        texts = zip(controls["control_id"], controls["looser_settings"].fillna(""), strict=True)
        kept = ["; ".join(t for t in told.split("; ") if self._concerns(t, control in own)) for control, told in texts]
        return controls.assign(looser_settings=pd.array(kept, dtype="str"))

    def _concerns(self, sentence: str, has_own: bool) -> bool:
        if any(map(self.is_other, _ACCOUNT_ID.findall(sentence))):
            return False
        return has_own or not re.search(r" for (account|ou|tag) ", sentence)

    def waivers(self, assessment: Assessment, findings: pd.DataFrame) -> pd.DataFrame:
        """Those with a failure of these accounts in their scope, and how many they cover here."""
        matches = self.frame(assessment.waiver_matches)
        matched = matches.groupby("waiver_id", observed=True)["matched"].sum()
        waived = findings["waiver_id"].value_counts(sort=False)
        waivers = assessment.waivers[assessment.waivers["waiver_id"].isin(list(matched.index))].reset_index(drop=True)
        ids = waivers["waiver_id"]
        texts = {c: waivers[c].map(self._without_others) for c in ("scope", "reason", "ticket", "owner", "approver")}
        return waivers.assign(
            matched=pd.array([int(matched[i]) for i in ids], dtype="Int64"),
            waived=pd.array([int(waived.get(i, 0)) for i in ids], dtype="Int64"),
            **{name: pd.array(list(text), dtype="str") for name, text in texts.items()},
        )

    def _without_others(self, text: str) -> str:
        return _ACCOUNT_ID.sub(lambda found: _OTHER if self.is_other(found[0]) else found[0], text)
