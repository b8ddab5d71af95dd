"""Credential reports, snapshots and verdicts made from plain rows, for the tests of the judging half."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from auditor.catalog import Catalog, Selection, load_catalog
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.evaluator import Verdicts, evaluate
from auditor.judge.waivers import Waivers, load_waivers
from auditor.model import (
    CREDENTIAL_REPORT,
    DEFAULT_BENCHMARKS,
    ROOT_USER,
    Account,
    AccountRecord,
    Caller,
    Evidence,
    EvidenceFile,
    EvidenceGap,
    Organization,
    OrganizationRecord,
    Outcome,
)
from auditor.store import evidence
from auditor.store.evidence import Document
from auditor.store.snapshot import (
    ORGANIZATION_FOLDER,
    SCHEMA_VERSION,
    Manifest,
    Snapshot,
    SnapshotWriter,
    parse_manifest,
    sealed_checksums,
)
from auditor.tables import Frames, build_frames

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
ACCOUNT = "000000000007"
OTHER = "111122223333"
ORGANIZATION = Organization("o-test", ACCOUNT)
_KEY = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
# The 22 columns of today's reports, in AWS's order; written out here so that the product's own list is tested too.
COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed"),
    *("password_next_rotation", "mfa_active", *(f"access_key_{n}_{column}" for n in (1, 2) for column in _KEY)),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"),
)
Row = dict[str, str]
Documents = Mapping[str, Mapping[str, Document | bytes]]
"""JSON evidence by account (or "organization") and kind; bytes are stored as they are, however malformed."""
Gaps = Mapping[str, Sequence[EvidenceGap]]
"""By account, or "organization"."""


def ago(days: float = 0, seconds: float = 0, *, as_of: datetime = AS_OF) -> str:
    """So long before ``as_of``, as a report writes it."""
    return (as_of - timedelta(days=days, seconds=seconds)).isoformat().replace("+00:00", "Z")


def user(name: str = "ann", account_id: str = ACCOUNT, **cells: str) -> Row:
    """A report row of a user who has nothing but what ``cells`` say."""
    row = dict.fromkeys(COLUMNS, "N/A") | {column: "false" for column in COLUMNS if column.endswith("_active")}
    row |= {"user": name, "arn": f"arn:aws:iam::{account_id}:user/{name}", "user_creation_time": ago(400)}
    return row | {"password_enabled": "false"} | cells


def root(account_id: str = ACCOUNT, **cells: str) -> Row:
    """The root row of an account in which everything is well."""
    about = {"arn": f"arn:aws:iam::{account_id}:root", "password_enabled": "true", "mfa_active": "true"}
    unknown = dict.fromkeys(("password_last_changed", "password_next_rotation"), "not_supported")
    return user(ROOT_USER, account_id) | about | unknown | {"password_last_used": "no_information"} | cells


def password(used: str = "no_information", changed: str = "N/A", enabled: str = "true") -> Row:
    """The cells of a password."""
    return {"password_enabled": enabled, "password_last_used": used, "password_last_changed": changed}


def key(slot: int = 1, rotated: str = "N/A", used: str = "N/A", active: str = "true") -> Row:
    """The cells of an access key."""
    where = ("N/A", "N/A") if used == "N/A" else ("eu-west-1", "s3")
    return {
        f"access_key_{slot}_{column}": cell for column, cell in zip(_KEY, (active, rotated, used, *where), strict=True)
    }


def without(*columns: str) -> tuple[str, ...]:
    """COLUMNS of a report that lacks some."""
    assert set(columns) <= set(COLUMNS)
    return tuple(column for column in COLUMNS if column not in columns)


def report(rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS, newline: str = "\n") -> bytes:
    """A report with quotes where CSV needs them and, as AWS leaves it, no newline at the end."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator=newline)
    writer.writerow(columns)
    writer.writerows([row[column] for column in columns] for row in rows)
    return text.getvalue().removesuffix(newline).encode()


def excluded(account_id: str) -> AccountRecord:
    return AccountRecord(
        Account(account_id, "Old", state="SUSPENDED"), Outcome.EXCLUDED, "the account's state is SUSPENDED"
    )


def unreachable(account_id: str) -> AccountRecord:
    gap = EvidenceGap(CREDENTIAL_REPORT, "assume", "AccessDenied", "not allowed to assume the role")
    return AccountRecord(Account(account_id, "Shut"), Outcome.NOT_ASSESSED, "assume: AccessDenied", (), (gap,))


def seal_again(folder: Path) -> None:
    """Let the checksums of a snapshot match its manifest, which a test has written anew."""
    content = (folder / "manifest.json").read_bytes()
    sums = sealed_checksums(parse_manifest(folder, content), content)
    (folder / "evidence.sha256").write_bytes(sums)


def stored(
    folder: Path,
    reports: Mapping[str, bytes],
    *others: AccountRecord,
    documents: Documents | None = None,
    gaps: Gaps | None = None,
) -> Snapshot:
    """A sealed snapshot on disk of one assessed account for each report, and of ``others``."""
    writer = SnapshotWriter.create(folder, ORGANIZATION.id, AS_OF)
    files = {
        owner: tuple(writer.store(owner, evidence_) for evidence_ in pieces)
        for owner, pieces in _pieces(reports, documents or {}).items()
    }
    return writer.seal(_manifest(writer.snapshot_id, [*others, *_records(files, gaps or {})], _common(files, gaps)))


def judged(
    folder: Path,
    reports: Mapping[str, bytes],
    *others: AccountRecord,
    benchmarks: Sequence[str] = DEFAULT_BENCHMARKS,
    as_of: datetime | None = None,
    waivers: Waivers | None = None,
) -> Assessment:
    """The assessment of a snapshot made by ``stored``."""
    return assess(stored(folder, reports, *others), benchmarks, as_of, catalog(), waivers=waivers)


def waiver(name: str = "W-1", control: str = "access-key-rotated-90d", scope: str = "{user: ann}", **other: str) -> str:
    """One entry of a waivers file; keys in ``other`` replace these, and those that are empty are left out."""
    entry = {"id": name, "control": control, "scope": scope, "reason": "It is known.", "owner": "ann@example.com"}
    entry |= {"approver": "bob@example.com", "ticket": "SEC-1", "created": "2026-11-01", "expires": "2026-12-31"}
    return "- " + "\n  ".join(f"{key}: {value}" for key, value in (entry | other).items() if value) + "\n"


def waivers_file(folder: Path, *entries: str) -> Path:
    """A file of entries made by ``waiver``."""
    file = folder / "waivers.yaml"
    file.write_text("waivers:\n" + ("".join(entries) or " []\n"), encoding="utf-8")
    return file


def waivers_of(folder: Path, *entries: str) -> Waivers:
    return load_waivers(waivers_file(folder, *entries), catalog(), 366)


class _InMemory(Snapshot):
    """A snapshot that never touches the disk, for tests that make thousands."""

    def __init__(
        self, reports: Mapping[str, bytes], others: Sequence[AccountRecord], documents: Documents, gaps: Gaps
    ) -> None:
        pieces = _pieces(reports, documents)
        self._contents = {_path(owner, piece): piece.content for owner, found in pieces.items() for piece in found}
        files = {owner: tuple(_file(owner, piece) for piece in found) for owner, found in pieces.items()}
        records = [*_records(files, gaps), *others]
        super().__init__(Path("nowhere"), _manifest("o-test-20261124T101500Z", records, _common(files, gaps)))

    def read(self, file: EvidenceFile) -> bytes:
        return self._contents[file.path]


def frames_of(
    reports: Mapping[str, bytes],
    *others: AccountRecord,
    as_of: datetime = AS_OF,
    documents: Documents | None = None,
    gaps: Gaps | None = None,
    kinds: Collection[str] | None = None,
) -> Frames:
    """The frames of one assessed account for each report or owner of ``documents`` and ``gaps``, and of ``others``.

    Fewer ``kinds`` of evidence take less time; an assessment takes those that its controls read.
    """
    return build_frames(_InMemory(reports, others, documents or {}, gaps or {}), as_of, kinds)


def verdicts_of(frames: Frames, selection: Selection | None = None, as_of: datetime = AS_OF) -> Verdicts:
    """Verdicts by ``selection``: every automated control, where none is given."""
    return evaluate(frames, selection or automated(), ORGANIZATION, "o-test-20261124T101500Z", as_of)


@cache
def automated() -> Selection:
    """Every control that a predicate or SQL decides."""
    controls = tuple(c for c in catalog().controls.values() if c.test)
    return Selection(controls, {c.id: (f"test:{number}.10",) for number, c in enumerate(controls, start=1)})


@cache
def by_report() -> Selection:
    """Those that credential reports alone decide."""
    controls = tuple(c for c in automated().controls if c.evidence == (CREDENTIAL_REPORT,))
    return Selection(controls, automated().requirements)


def only(control_id: str, **changes: Any) -> Selection:
    """A selection of one control, some of its fields replaced."""
    control = catalog().control(control_id).model_copy(update=changes)
    return Selection((control,), {control.id: ("test:1.10",)})


@cache
def catalog() -> Catalog:
    """The shipped catalogue."""
    return load_catalog()


def gap(kind: str, code: str = "AccessDenied", message: str = "not allowed", stage: str = "collect") -> EvidenceGap:
    return EvidenceGap(kind, stage, code, message)


def _pieces(reports: Mapping[str, bytes], documents: Documents) -> dict[str, list[Evidence]]:
    """Each owner's evidence, the credential report first."""
    found = {
        i: [Evidence(CREDENTIAL_REPORT, content, "csv", "request-1", AS_OF, AS_OF)] for i, content in reports.items()
    }
    for owner, kinds in documents.items():
        for kind, content in kinds.items():
            raw = content if isinstance(content, bytes) else evidence.write(content)
            found.setdefault(owner, []).append(Evidence(kind, raw, "json", "request-2", AS_OF))
    return found


def _path(owner: str, piece: Evidence) -> str:
    return f"evidence/{owner}/{piece.kind}.{piece.suffix}"


def _file(owner: str, piece: Evidence) -> EvidenceFile:
    digest, size = hashlib.sha256(piece.content).hexdigest(), len(piece.content)
    return EvidenceFile(
        piece.kind, _path(owner, piece), digest, size, piece.request_id, piece.collected_at, piece.generated_at
    )


def _records(files: Mapping[str, tuple[EvidenceFile, ...]], gaps: Gaps) -> list[AccountRecord]:
    """An assessed account for each owner that is one."""
    owners = dict.fromkeys(owner for owner in (*files, *gaps) if owner != ORGANIZATION_FOLDER)
    return [_assessed(owner, files.get(owner, ()), tuple(gaps.get(owner, ()))) for owner in owners]


def _common(files: Mapping[str, tuple[EvidenceFile, ...]], gaps: Gaps | None) -> OrganizationRecord | None:
    found, missing = files.get(ORGANIZATION_FOLDER, ()), (gaps or {}).get(ORGANIZATION_FOLDER, ())
    return OrganizationRecord(found, tuple(missing)) if found or missing else None


def _assessed(account_id: str, files: tuple[EvidenceFile, ...], gaps: tuple[EvidenceGap, ...] = ()) -> AccountRecord:
    account = Account(account_id, f"name of {account_id}", ou_path="Root/Prod", is_management=account_id == ACCOUNT)
    return AccountRecord(account, Outcome.ASSESSED, evidence=files, gaps=gaps)


def _manifest(snapshot_id: str, records: Iterable[AccountRecord], common: OrganizationRecord | None = None) -> Manifest:
    return Manifest(
        schema_version=SCHEMA_VERSION,
        snapshot_id=snapshot_id,
        tool_version="0.1.0",
        organization=ORGANIZATION,
        caller=Caller(f"arn:aws:sts::{ACCOUNT}:assumed-role/Auditor/x", ACCOUNT),
        as_of=AS_OF,
        started_at=AS_OF,
        finished_at=AS_OF + timedelta(minutes=1),
        interrupted=False,
        accounts=tuple(sorted(records, key=lambda r: r.account.id)),
        organization_record=common,
    )
