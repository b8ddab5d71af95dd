"""A snapshot judged: every table the reports, the SQL prompt and the notebooks are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa

from auditor import schema
from auditor.catalog import Benchmark, Control, Parameters
from auditor.judge.evaluator import no_bridge
from auditor.judge.large_tables import LargeTables
from auditor.judge.waivers import no_matches, no_waivers
from auditor.model import OrganizationRecord, Outcome, Severity
from auditor.tables import evidence_files_frame

_OF_REPORTS = ("users", "credentials", "findings")
Originals = Callable[[Sequence[str]], Iterator[pa.Table]]
"""The credential reports of the accounts that are named, as AWS wrote them (see ``credential_report.parse``)."""


def no_originals(_: Sequence[str]) -> Iterator[pa.Table]:
    return iter(())


def no_remarks() -> pd.DataFrame:
    return schema.typed(pd.DataFrame(columns=list(schema.REMARKS)), schema.REMARKS)


def no_evidence_files() -> pd.DataFrame:
    return evidence_files_frame((), OrganizationRecord())


@dataclass(frozen=True)
class Assessment:
    """Verdicts on one snapshot. The frames have the columns and dtypes of ``auditor.schema``.

    ``by_account`` tells of each account what ``controls`` tells in sum, ``bridge`` (``schema.BRIDGE``) how its users
    become the units that were tested. ``large`` has the tables that grow with the users: users, credentials, findings,
    and the units of all other evidence by the names of ``frames.EVIDENCE_TABLES``. ``dropped`` is what a rewritten
    benchmark leaves out and ``idle_overrides`` the parameters of one's own that match no account, one sentence each.
    ``interrupted``: the collection was stopped, so accounts may be missing that had not been listed yet.
    ``waivers_sha256`` is that of the waivers file; empty, as is ``waivers``, where there was none. ``own_parameters``
    are those of a control (by id) that differ for an account (by id). ``originals`` reads the reports again whose rows
    are ``users``, row by row the same. ``redacted_with`` is the fingerprint of the key whose pseudonyms stand in place
    of people's names, empty where the names stand.

    ``period`` is as people are shown it: ``2026Q4 (2026-10-01 to 2026-12-31)``; empty where none was stated.
    ``out_of_period``: the as-of time lies outside of it. ``signature`` says how the snapshot is signed (``Ed25519,
    public key SHA-256 ...``), empty where it is not; nobody verified it here.
    ``first_seen`` has the index of ``findings`` and is UTC, NaT but for failures: when the first of the snapshots was
    begun in which the unit has failed ever since; None where nobody looked. ``earlier_snapshots`` are those that were
    looked at.

    ``part`` is what the accounts are called that the assessment was cut down to, empty where it is whole. ``tags`` are
    those of the accounts, by account id, None where they are not known. ``waiver_matches`` (``schema.WAIVER_MATCHES``)
    is where the failures stand that are in the scopes of ``waivers``. ``remarks`` (``schema.REMARKS``) are about
    evidence that was used; ``evidence_files`` (``schema.EVIDENCE_FILES``) is every file of evidence, as it was sealed.
    """

    snapshot_id: str
    organization_id: str
    caller_arn: str
    as_of: datetime
    started_at: datetime
    finished_at: datetime
    interrupted: bool
    run: Mapping[str, Any]
    tool_version: str
    manifest_sha256: str
    catalog_hash: str
    options: dict[str, Any]
    benchmarks: tuple[Benchmark, ...]
    catalog_controls: tuple[Control, ...]
    accounts: pd.DataFrame
    gaps: pd.DataFrame
    large: LargeTables
    controls: pd.DataFrame
    by_account: pd.DataFrame
    dropped: tuple[str, ...] = ()
    idle_overrides: tuple[str, ...] = ()
    waivers: pd.DataFrame = field(default_factory=no_waivers)
    waivers_sha256: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    period: str = ""
    out_of_period: bool = False
    signature: str = ""
    first_seen: pd.Series | None = None
    earlier_snapshots: tuple[str, ...] = ()
    own_parameters: Mapping[str, Mapping[str, Parameters]] = field(default_factory=dict)
    originals: Originals = no_originals
    redacted_with: str = ""
    part: str = ""
    tags: Mapping[str, Mapping[str, str]] | None = None
    waiver_matches: pd.DataFrame = field(default_factory=no_matches)
    bridge: pd.DataFrame = field(default_factory=no_bridge)
    remarks: pd.DataFrame = field(default_factory=no_remarks)
    evidence_files: pd.DataFrame = field(default_factory=no_evidence_files)

    @property
    def users(self) -> pd.DataFrame:
        return self.large.frame("users")

    @property
    def credentials(self) -> pd.DataFrame:
        return self.large.frame("credentials")

    @property
    def findings(self) -> pd.DataFrame:
        return self.large.frame("findings")

    @property
    def evidence(self) -> dict[str, pd.DataFrame]:
        """The tables of all evidence but the credential reports."""
        return {name: self.large.frame(name) for name in self.large.names if name not in _OF_REPORTS}

    @property
    def has_gaps(self) -> bool:
        """Whether anything in scope could not be judged."""
        return bool(self.interrupted or len(self.gaps) or self.controls["no_evidence"].sum())

    @property
    def has_evidence(self) -> bool:
        """Whether any account at all was assessed."""
        return bool((self.accounts["outcome"] == Outcome.ASSESSED.value).any())

    def fails_at(self, severity: Severity) -> bool:
        """Whether a unit fails a control of ``severity`` or worse, and no waiver covers that."""
        counted = self.controls["severity"].isin([s.value for s in Severity if s.rank >= severity.rank])
        return bool((counted & (self.controls["failed"] > self.controls["waived"])).any())
