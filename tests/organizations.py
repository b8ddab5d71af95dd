"""Small organizations that nobody thought of, as snapshots on the disk, and catalogues with parameters of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from auditor.catalog import Catalog, Selection
from auditor.catalog.entries import Override
from auditor.model import CREDENTIAL_REPORT, AccountRecord, EvidenceGap, Organization, Outcome
from auditor.store.evidence import Document
from auditor.store.snapshot import ORGANIZATION_FOLDER, Snapshot, SnapshotWriter
from tests.random_evidence import OF_ACCOUNTS, Written, of_the_organization, stored_as
from tests.support import ACCOUNT, AS_OF, catalog, excluded, gap, stored, unreachable

_PLACES = (
    ("Root", ("r-1",)),
    ("Root/Prod", ("r-1", "ou-prod")),
    ("Root/Prod/Pay", ("r-1", "ou-prod", "ou-pay")),
    ("", ()),
)
_AT_ONCE = 6  # controls
_LIMITS = {
    "access-key-rotated-90d": ("max_age_days", (44, 45, 89, 91)),
    "credentials-unused-45d": ("max_unused_days", (30, 46, 90)),
    "single-active-access-key": ("max_active_keys", (0, 2)),
    "no-access-key-at-user-setup": ("same_time_tolerance_seconds", (0, 9, 11)),
    "root-use-avoided": ("lookback_days", (1, 91)),
    "root-mfa": ("pass_when_root_password_absent", (False,)),
    "password-policy-min-length-14": ("minimum_length", (6, 15)),
    "password-policy-expiry-90d": ("max_password_age_days", (89, 91)),
    "access-analyzer-all-regions": ("analyzer_types", (["ACCOUNT"], ["ORGANIZATION"])),
}


@dataclass(frozen=True)
class Made:
    """A snapshot on the disk, what it is to be judged by, and the as-of time."""

    snapshot: Snapshot
    catalog: Catalog
    selection: Selection
    as_of: datetime


def made(folder: Path, seed: int) -> Made:
    """The organization of this seed: one to four accounts with a report, and perhaps some without."""
    dice = Random(seed)
    as_of = AS_OF + timedelta(days=dice.choice((0, 0, 1, -1, 45)), seconds=dice.choice((0, 0, 1, -1, 43_200)))
    others = [f"{dice.randrange(10**12):012d}" for _ in range(4)]
    ids = ([ACCOUNT] if dice.random() < 0.8 else []) + others[: dice.choice((0, 1, 2, 3))] or others[:1]
    reports = {i: Written(dice, as_of, i) for i in ids}
    documents = {i: _of_account(dice, as_of, i, reports[i]) for i in ids}
    if dice.random() < 0.85:
        found = of_the_organization(dice, ids)
        documents[ORGANIZATION_FOLDER] = {k: stored_as(dice, d) for k, d in found.items() if dice.random() < 0.9}
    gaps = {owner: _gaps(dice, set(kinds)) for owner, kinds in documents.items()}
    contents = {i: written.content for i, written in reports.items() if dice.random() < 0.93}
    gaps |= {i: (*gaps[i], gap(CREDENTIAL_REPORT)) for i in ids if i not in contents or dice.random() < 0.03}
    more = [excluded("000000000998")] * (dice.random() < 0.2) + [unreachable("000000000999")] * (dice.random() < 0.2)
    snapshot = stored(folder, contents, *more, documents=documents, gaps=gaps)
    own = _with_parameters(dice, ids)
    return Made(_placed(dice, snapshot), own, _selection(dice, own), as_of)


def _of_account(dice: Random, as_of: datetime, account_id: str, report: Written) -> dict[str, Document | bytes]:
    """Evidence of most kinds."""
    chosen = {kind: make for kind, make in OF_ACCOUNTS.items() if dice.random() < 0.85}
    return {kind: stored_as(dice, make(dice, as_of, account_id, report)) for kind, make in chosen.items()}


def _gaps(dice: Random, kinds: set[str]) -> tuple[EvidenceGap, ...]:
    """Of what is there in part, and of what is not there at all; something may also be missing without a word."""
    wanted = [*OF_ACCOUNTS, *kinds]
    return tuple(gap(kind) for kind in dict.fromkeys(wanted) if dice.random() < (0.04 if kind in kinds else 0.5))


def _placed(dice: Random, snapshot: Snapshot) -> Snapshot:
    """The snapshot with each account somewhere in the organization; some are excluded, evidence or not."""
    manifest = snapshot.manifest
    accounts = tuple(_somewhere(dice, record) for record in manifest.accounts)
    alone = dice.random() < 0.05
    organization = Organization(ACCOUNT, ACCOUNT) if alone else manifest.organization
    return SnapshotWriter(snapshot.folder, AS_OF).seal(replace(manifest, accounts=accounts, organization=organization))


def _somewhere(dice: Random, record: AccountRecord) -> AccountRecord:
    path, ids = dice.choice(_PLACES)
    outcome = Outcome.EXCLUDED if dice.random() < 0.05 else record.outcome
    return replace(record, outcome=outcome, account=replace(record.account, ou_path=path, ou_ids=ids))


def _with_parameters(dice: Random, ids: list[str]) -> Catalog:
    """The shipped catalogue, half of the time with other parameters by OU, tag and account."""
    shipped, overrides = catalog(), []
    scopes = ({"ou": "Root"}, {"ou": "ou-prod"}, {"ou": "Root/Prod/Pay"}, {"tag": {"env": "prod"}}, {"account": ids[0]})
    for control, (name, values) in _LIMITS.items():
        for _ in range(dice.choice((0, 0, 1, 3))):
            entry = {"control": control, "parameters": {name: dice.choice(values)}, "reason": "by chance"}
            overrides.append(Override.model_validate(entry | dice.choice(scopes)))
    if dice.random() < 0.5:
        return shipped
    found = (shipped.controls.values(), shipped.benchmarks.values(), shipped.crosswalks.values())
    return Catalog.of(*found, overrides)


def _selection(dice: Random, own: Catalog) -> Selection:
    """One control of each of a few tests: what an evaluation costs depends on their number only."""
    by_test: dict[object, list[str]] = {}
    for control in own.controls.values():
        by_test.setdefault(control.test, []).append(control.id)
    chosen = sorted(dice.choice(ids) for ids in dice.sample(list(by_test.values()), _AT_ONCE))
    return Selection(tuple(own.control(i) for i in chosen), dict.fromkeys(chosen, ("test:1",)), overrides=own.overrides)
