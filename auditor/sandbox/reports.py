"""Facts written down as credential reports, in every layout that AWS has been seen or documented to use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from auditor.model import ROOT_USER
from auditor.sandbox.facts import Key, PlantedAccount, User
from auditor.sandbox.faults import PLAIN_LAYOUT_FAULTS, spoil, spoil_text

_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
COLUMNS = (
    *("user", "arn", "user_creation_time", "password_enabled", "password_last_used"),
    *("password_last_changed", "password_next_rotation", "mfa_active"),
    *(f"access_key_{slot}_{column}" for slot in (1, 2) for column in _KEY_COLUMNS),
    *("cert_1_active", "cert_1_last_rotated", "cert_2_active", "cert_2_last_rotated"),
)
_INFO = "additional_credentials_info"
_EXTRA_VALUES = {_INFO: "N/A", "passkey_count": "0"}
_ROOT_LAST = (*COLUMNS[2:], *COLUMNS[:2])


@dataclass(frozen=True, slots=True)
class Layout:
    """How a report is written down.

    ``documented`` is ``+00:00`` and TRUE as in the guide, else ``Z`` and true as live. Names with commas can
    be told apart without quotes only where user and arn come first.
    """

    documented: bool = False
    columns: tuple[str, ...] = COLUMNS
    newline: str = "\n"
    quoted: bool = False


PLAIN = Layout()
LAYOUTS = (
    PLAIN,
    Layout(documented=True, quoted=True),
    Layout(columns=(*COLUMNS, _INFO)),
    Layout(columns=_ROOT_LAST, quoted=True),
    PLAIN,
    Layout(columns=(*COLUMNS[:4], "passkey_count", *COLUMNS[4:])),
    Layout(newline="\r\n", quoted=True),
    Layout(documented=True, columns=(*COLUMNS, _INFO), newline="\r\n"),
    Layout(documented=True, columns=tuple(reversed(COLUMNS)), quoted=True),
)


def counts_more_keys(rank: int, fault: str) -> bool:
    """Whether the account's report has the column that counts keys beyond two."""
    return _INFO in layout_of(rank, fault).columns


def layout_of(rank: int, fault: str) -> Layout:
    """The layout of the account with this rank."""
    return PLAIN if fault in PLAIN_LAYOUT_FAULTS else LAYOUTS[rank % len(LAYOUTS)]


def render(account: PlantedAccount, layout: Layout, arn_prefix: str) -> bytes:
    """The report's exact bytes: root first, users by name, no newline at the end.

    ``arn_prefix`` is like ``arn:PARTITION:iam::123456789012``.
    """
    rows = [] if account.root is None else [account.root]
    table = [list(layout.columns)]
    table += [_arranged(user, layout, _row(user, layout, arn_prefix)) for user in (*rows, *account.users)]
    table = spoil(account.fault, table)
    lines = [",".join(_quoted(row) if layout.quoted else row) for row in table]
    return spoil_text(account.fault, layout.newline.join(lines)).encode()


def _quoted(row: list[str]) -> list[str]:
    return [f'"{cell}"' if "," in cell else cell for cell in row]


def _arranged(user: User, layout: Layout, row: list[str]) -> list[str]:
    if layout.columns is COLUMNS:
        return row
    cells = {**_EXTRA_VALUES, **dict(zip(COLUMNS, row, strict=True))}
    if user.more_keys:
        cells[_INFO] = f"Additional access keys: {len(user.more_keys)}. Use ListAccessKeys to see them"
    return [cells[column] for column in layout.columns]


def _row(user: User, layout: Layout, arn_prefix: str) -> list[str]:
    is_root = user.name == ROOT_USER
    documented = layout.documented
    return [
        user.name,
        f"{arn_prefix}:root" if is_root else f"{arn_prefix}:user{user.path}{user.name}",
        _time(user.created, documented),
        *_password(user, is_root, documented),
        _flag(user.mfa, documented),
        *_key(user.key_1, documented),
        *_key(user.key_2, documented),
        _flag(user.cert_1.active, documented),
        _time(user.cert_1.last_rotated, documented),
        _flag(False, documented),
        "N/A",
    ]


def _password(user: User, is_root: bool, documented: bool) -> list[str]:
    password = user.password
    enabled = "not_supported" if password.enabled is None else _flag(password.enabled, documented)
    used = _time(password.last_used, documented, "N/A" if password.enabled is False else password.never)
    if is_root:
        return [enabled, used, "not_supported", "not_supported"]
    return [enabled, used, _time(password.last_changed, documented), "N/A"]


def _key(key: Key, documented: bool) -> list[str]:
    where = ("N/A", "N/A") if key.last_used is None else ("us-east-1", "s3")
    times = (_time(key.last_rotated, documented), _time(key.last_used, documented))
    return [_flag(key.active, documented), *times, *where]


def _flag(value: bool, documented: bool) -> str:
    word = "true" if value else "false"
    return word.upper() if documented else word


def _time(moment: datetime | None, documented: bool, absent: str = "N/A") -> str:
    if moment is None:
        return absent
    text = moment.isoformat()
    return text if documented else f"{text[:-6]}Z"
