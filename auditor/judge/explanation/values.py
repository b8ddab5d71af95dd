"""What an explanation is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.catalog import Control
from auditor.judge.waivers import Waiver
from auditor.model import Account, Status


@dataclass(frozen=True)
class Setting:
    """A parameter as it holds for the account; ``source`` is the control, or the override that sets it and why."""

    name: str
    value: Any
    source: str


@dataclass(frozen=True)
class Proof:
    """A line of an evidence file as AWS gave it: ``raw`` the very text.

    ``read`` are the columns of a credential report that the check reads and ``columns`` the others, by name; ``item``
    is what stands on a line of JSON evidence. Line 1 of JSON evidence is the file as a whole.
    """

    kind: str
    file: str
    line: int
    raw: str
    read: Mapping[str, str]
    columns: Mapping[str, str]
    item: Any = None


@dataclass(frozen=True)
class Subject:
    """What the verdict is about; ``account`` is None for the organization as a whole."""

    account: Account | None
    unit: str
    name: str = ""
    arn: str = ""
    credential: str = ""


@dataclass(frozen=True)
class Explanation:
    """One verdict with everything that led to it; all times are UTC.

    ``settings`` are the parameters that hold for the account, ``looser`` a sentence for each that a benchmark would
    not allow. ``comparisons`` are in order; they are empty where ``reason`` says that there was nothing to compare.
    ``lacking`` says of each kind of evidence that could not be had why.
    """

    snapshot_id: str
    as_of: datetime
    control: Control
    requirements: tuple[str, ...]
    settings: tuple[Setting, ...]
    looser: tuple[str, ...]
    subject: Subject
    evidence: tuple[Proof, ...]
    lacking: Mapping[str, str]
    comparisons: tuple[str, ...]
    status: Status
    observed: str
    reason: str
    waiver: Waiver | None = None
