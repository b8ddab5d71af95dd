"""What each value of the settings may be; ValueError says what it is not, and what it may be."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from auditor.csv_file import DELIMITERS
from auditor.errors import nearest, shown
from auditor.period import Period
from auditor.plugins import ADDED_FORMATS, plugins

FORMATS = ("xlsx", "csv", "json", "parquet")
KMS_PREFIX = "awskms:"
"""Before the id, alias or ARN of a KMS key that signs; anything else is a key file."""

_PARTS = ("ou", "account", "tag:NAME")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_OU_ID = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_ROLE = re.compile(r"[\w+=,.@/-]{1,512}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_TAG_PARTS = (re.compile(r"[\w .:/=+@-]{1,128}"), re.compile(r"[\w .:/=+@-]{0,256}"))
_MOST_TAGS = 50
_SCHEDULER = re.compile(r"(?:tcp|tls)://([\w.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})", re.ASCII)
_NEARLY_SCHEDULER = re.compile(r"(?:(\w*):/*)??([\w.-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?(?:/.*)?", re.ASCII)
_SCHEDULER_PORT = 8786  # of Dask, where no other one is chosen


def _account_id(text: str) -> str:
    if not _ACCOUNT_ID.fullmatch(text):
        raise ValueError(f"{shown(text)} is not an account id (12 digits)")
    return text


def _ou_id(text: str) -> str:
    if not _OU_ID.fullmatch(text):
        raise ValueError(f"{shown(text)} is not the id of an organizational unit (ou-abcd-12345678) or root (r-abcd)")
    return text


def _account_or_ou_id(text: str) -> str:
    if not _ACCOUNT_ID.fullmatch(text) and not _OU_ID.fullmatch(text):
        raise ValueError(f"{shown(text)} is neither an account id (12 digits) nor an OU id (ou-abcd-12345678)")
    return text


def check_role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise ValueError(f"{shown(text)} is not the name of a role (give the name, not the ARN)")
    return text.removeprefix("/")


def check_external_id(text: str | None) -> str | None:
    """STS repeats one that it does not take in its error, so it is never sent; neither is it repeated here."""
    if text and not _EXTERNAL_ID.fullmatch(text):
        raise ValueError("not an external id as STS takes it (2 to 1224 letters, digits and +=,.@:/-_)")
    return text


def check_signing_key(text: str | None) -> str | None:
    if text is not None and not text.removeprefix(KMS_PREFIX).strip():
        raise ValueError(f"{text!r} names no key; give the file of an Ed25519 private key, or {KMS_PREFIX}ID")
    return text


def check_session_name(text: str) -> str:
    if not _SESSION_NAME.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a session name (2 to 64 of letters, digits and +=,.@-_)")
    return text


def check_delimiter(text: str) -> str:
    delimiter = "\t" if text == "tab" else text
    if delimiter not in DELIMITERS:
        raise ValueError(f"{text!r} is not a delimiter of CSV files; known: {' '.join(DELIMITERS[:-1])} and tab")
    return delimiter


def check_format(name: str) -> str:
    """One of the product's formats, or one that an installed package adds."""
    if name not in FORMATS:
        known = (*FORMATS, *(plugin.name for plugin in plugins(ADDED_FORMATS)))
        if name not in known:
            raise ValueError(f"unknown value {shown(name)}{nearest(name, known)}; known: {', '.join(known)}")
    return name


def check_split_by(text: str | None) -> str | None:
    """AWS takes tag names of up to 128 characters."""
    kind, _, name = (text or "").partition(":")
    if text is None or text in ("ou", "account") or (kind == "tag" and 0 < len(name) <= 128):
        return text
    raise ValueError(
        f"{text!r} is not what reports can be split by{nearest(kind, _PARTS)}; known: ou, account, tag:NAME"
    )


def check_scheduler(text: str | None) -> str | None:
    """The dashboard of a scheduler has an address of its own, which is http."""
    found = _SCHEDULER.fullmatch(text or "")
    if text is None or (found and 0 < int(found[2]) < 65536):
        return text
    raise ValueError(
        f"{shown(text)} is not the address of a Dask scheduler{_nearest_scheduler(text)}; "
        "it looks like tcp://HOST:PORT, or tls://HOST:PORT"
    )


def _nearest_scheduler(text: str) -> str:
    found = _NEARLY_SCHEDULER.fullmatch(text.strip())
    if not found:
        return ""
    scheme, host, port = found[1] or "", found[2], int(found[3] or 0)
    is_port = 0 < port < 65536 and not scheme.startswith("http")
    secure = scheme in ("tls", "https", "ssl")
    return f" (did you mean '{'tls' if secure else 'tcp'}://{host}:{port if is_port else _SCHEDULER_PORT}'?)"


def check_source_identity(text: str | None) -> str | None:
    if text and (not _SESSION_NAME.fullmatch(text) or text.startswith("aws:")):
        raise ValueError(f"{text!r} is not a source identity (2 to 64 of letters, digits and +=,.@-_)")
    return text


def check_session_tags(tags: dict[str, str]) -> dict[str, str]:
    for tag in tags.items():
        if not all(part.fullmatch(text) for part, text in zip(_TAG_PARTS, tag, strict=True)):
            raise ValueError(f"{tag[0]!r} and its value are not a tag (letters, digits, blanks and _.:/=+-@)")
        if tag[0].lower().startswith("aws:"):
            raise ValueError(f"{tag[0]!r}: names that begin with aws: are kept for AWS")
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"a session takes {_MOST_TAGS} tags, not {len(tags)}")
    return tags


def read_moment(value: object) -> object:
    """ISO 8601 with a time zone; a date alone is its first instant in UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if "T" in value or " " in value else date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"{shown(value)} is not a time like 2026-09-30T00:00:00Z") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), UTC)
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; write {value.isoformat()}Z for UTC")
        return value.astimezone(UTC)
    if value is not None:
        raise ValueError(f"{shown(value)} is not a time like 2026-09-30T00:00:00Z")
    return None


def read_period(value: object) -> object:
    """A text; YAML makes a number of a year alone, and a date of a day."""
    if value is None or isinstance(value, Period):
        return value
    return Period.parse(str(value))


def _several(value: object) -> object:
    """One value may stand without a list around it."""
    return value if value is None or isinstance(value, list | tuple | dict) else (value,)


def _region(text: str) -> str:
    if not _REGION.fullmatch(text):
        raise ValueError(f"{shown(text)} is not the name of a region (like eu-west-1)")
    return text


AccountId = Annotated[str, AfterValidator(_account_id)]
OuId = Annotated[str, AfterValidator(_ou_id)]
AccountOrOuId = Annotated[str, AfterValidator(_account_or_ou_id)]
Region = Annotated[str, AfterValidator(_region)]
Several = BeforeValidator(_several)
