"""The facts planted in a boxed account, as numbers and times, before anything is written down as a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

MISSING_COLUMNS = frozenset({"access_key_2_last_used_date", "mfa_active"})


@dataclass(frozen=True, slots=True)
class Password:
    """``enabled`` None is "not_supported" (root, older reports); ``never`` is what no last use says."""

    enabled: bool | None = False
    last_used: datetime | None = None
    last_changed: datetime | None = None
    never: str = "no_information"


@dataclass(frozen=True, slots=True)
class Key:
    """An access key slot; without ``last_rotated`` it is empty, without ``last_used`` never used."""

    active: bool = False
    last_rotated: datetime | None = None
    last_used: datetime | None = None


@dataclass(frozen=True, slots=True)
class User:
    """One row of a credential report: an IAM user, or root. All times are UTC.

    ``more_keys`` are those beyond two, which the report only counts, in a column that not every report has.
    """

    name: str
    created: datetime
    password: Password = Password()
    mfa: bool = False
    key_1: Key = Key()
    key_2: Key = Key()
    cert_1: Key = Key()
    path: str = "/"
    more_keys: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class PlantedAccount:
    """All there is to know of one account; ``root`` is None where the report has no root row.

    ``reachable`` says that the auditor's role can be assumed there, or that the caller's own keys serve;
    ``missing`` names the columns that the report lacks.
    """

    account_id: str
    state: str
    reachable: bool
    fault: str
    root: User | None
    users: tuple[User, ...]
    missing: frozenset[str] = frozenset()
