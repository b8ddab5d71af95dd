"""The values that travel between the layers: accounts, evidence, gaps and verdict words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, StringConstraints

ROOT_USER = "<root_account>"
DEFAULT_BENCHMARKS = ("aws-iam-rules", "cis-aws-7.0.0")

# Checked where pydantic reads a journal or a manifest: both become the names of folders and files.
AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]
EvidencePath = Annotated[str, StringConstraints(pattern=r"^evidence/([0-9]{12}|organization)/[a-z0-9-]+\.(csv|json)$")]

# The kinds of evidence that code has to name; ``auditor.kinds`` has all of them.
CREDENTIAL_REPORT = "credential-report"
ACCOUNT_SUMMARY = "account-summary"
PASSWORD_POLICY = "password-policy"
VIRTUAL_MFA_DEVICES = "virtual-mfa-devices"
AUTHORIZATION_DETAILS = "authorization-details"
SERVER_CERTIFICATES = "server-certificates"
ACCESS_KEYS = "access-keys"
ACCESS_ANALYZERS = "access-analyzers"
CONTACTS = "contacts"
IDENTITY_PROVIDERS = "identity-providers"
EC2_INSTANCES = "ec2-instances"
ORGANIZATION_FEATURES = "organization-features"
DELEGATED_ADMINISTRATORS = "delegated-administrators"
TRUSTED_SERVICES = "trusted-services"
ORGANIZATION_POLICIES = "organization-policies"
RESOURCE_POLICY = "resource-policy"
IDENTITY_CENTER = "identity-center"
OU_TREE = "ou-tree"
ACCOUNT_TAGS = "account-tags"

ROOT_CREDENTIALS = "root-credentials"
"""Of an account that no role could be assumed in, where AssumeRoot is allowed: it stands in for root's row of the
credential report."""

# A report has two slots for keys. What a user has beyond is named in the order of its making; the last name stands for
# one key, or for all that are left where there are more.
FURTHER_KEYS = ("access_key_3", "access_key_4", "access_key_5", "access_key_6")
CREDENTIALS = ("password", "access_key_1", "access_key_2", *FURTHER_KEYS, "cert_1", "cert_2")

# What notes say of further keys, beside the words of AWS.
NOT_LISTED = "(not listed)"
"""The report tells that there is more, and what that is nobody listed; or the list does not show this of a key."""
USER_GONE = "(no such user)"
"""The user was deleted after the report was made, so that nobody can list the keys that it had."""
TOO_MANY = "(too many)"
"""The keys that are left when all names but the last are given."""


class Status(StrEnum):
    """What a control says of one unit."""

    PASS = "PASS"
    FAIL = "FAIL"
    NOT_APPLICABLE = "NOT_APPLICABLE"
    NO_EVIDENCE = "NO_EVIDENCE"
    MANUAL = "MANUAL"


class Severity(StrEnum):
    """How much a failure matters, least first."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class Unit(StrEnum):
    """What one verdict of a control is about."""

    CREDENTIAL = "credential"
    USER = "user"
    ROOT = "root"
    POLICY = "policy"
    CERTIFICATE = "certificate"
    INSTANCE = "instance"
    RESOURCE = "resource"
    IDENTITY = "identity"
    ROLE = "role"
    GRANT = "grant"
    ACCOUNT = "account"
    ORGANIZATION = "organization"


class Outcome(StrEnum):
    """How an account ended."""

    ASSESSED = "assessed"
    EXCLUDED = "excluded"
    NOT_ASSESSED = "not_assessed"


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the organization lists it. ``ou_path`` is names (``Root/Prod``), ``ou_ids`` root id first."""

    id: AccountId
    name: str = ""
    email: str = ""
    arn: str = ""
    state: str = "ACTIVE"
    ou_path: str = ""
    ou_ids: tuple[str, ...] = ()
    is_management: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def partition(self) -> str:
        """As ``Caller.partition``; empty where the ARN of the account is not known."""
        return self.arn.split(":")[1] if self.arn.startswith("arn:") else ""


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization that was audited; ``id`` is the account's id when there is no organization."""

    id: str
    management_account_id: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who runs the audit, as STS tells it."""

    arn: str
    account_id: str

    @property
    def partition(self) -> str:
        """``aws``, ``aws-cn``, ``aws-us-gov``, ..."""
        return self.arn.split(":")[1]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a collector brings: the exact bytes AWS answered, and where they are from. All times are UTC."""

    kind: str
    content: bytes
    suffix: str
    request_id: str
    collected_at: AwareDatetime
    generated_at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """One evidence file in a snapshot; ``path`` is relative to the snapshot's folder, ``size`` in bytes."""

    kind: str
    path: EvidencePath
    sha256: str
    size: int
    request_id: str
    collected_at: AwareDatetime
    generated_at: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class FileStamp:
    """What one file held at one moment; ``size`` in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Predecessor:
    """An earlier snapshot of the same organization; ``root`` is the sha256 of its manifest."""

    snapshot_id: str
    root: str


@dataclass(frozen=True, slots=True)
class CatalogStamp:
    """The catalogue that a run collected for; ``version`` is that of the program it shipped with."""

    hash: str
    version: str


@dataclass(frozen=True, slots=True)
class EvidenceGap:
    """Evidence that is missing, and why: never silence. ``request_id`` is AWS's name for the call that failed."""

    kind: str
    stage: str
    code: str
    message: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Lack:
    """An IAM action that a run needs and may not do (``is_denied``), or of which that could not be found out.

    ``regions`` is empty where it is so in all that were asked.
    """

    action: str
    regions: tuple[str, ...]
    code: str
    message: str
    is_denied: bool


@dataclass(frozen=True, slots=True)
class OrganizationRecord:
    """What was collected of the organization as a whole; the fields are those of ``AccountRecord``."""

    evidence: tuple[EvidenceFile, ...] = ()
    gaps: tuple[EvidenceGap, ...] = ()
    attempt: int = 1
    earlier_gaps: tuple[EvidenceGap, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """One account of the organization with its outcome; ``reason`` says why it was excluded or not assessed.

    ``attempt`` counts the runs into the snapshot; ``earlier_gaps`` are those of earlier attempts.
    """

    account: Account
    outcome: Outcome
    reason: str = ""
    evidence: tuple[EvidenceFile, ...] = ()
    gaps: tuple[EvidenceGap, ...] = ()
    attempt: int = 1
    earlier_gaps: tuple[EvidenceGap, ...] = ()


def outcome_of(gaps: Sequence[EvidenceGap], kinds: Collection[str]) -> Outcome:
    """An account is assessed when its credential report is there, or at least something of ``kinds``.

    A gap of another kind limits the controls that read it, and those only.
    """
    missing = {gap.kind for gap in gaps}
    unassessed = CREDENTIAL_REPORT in missing or (missing and missing.issuperset(kinds))
    return Outcome.NOT_ASSESSED if unassessed else Outcome.ASSESSED


def reason_of(gaps: Sequence[EvidenceGap], files: Sequence[EvidenceFile] = ()) -> str:
    """Where and how it failed, each once: ``assume: AccessDenied``; and whether root could be read about."""
    told = dict.fromkeys(f"{gap.stage}: {gap.code}" for gap in gaps)
    if any(file.kind == ROOT_CREDENTIALS for file in files):
        told |= {"root's credentials were read through AssumeRoot": None}
    return "; ".join(told)
