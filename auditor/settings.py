"""The run's configuration: defaults, then auditor.yaml, then the command line; unknown keys are errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from auditor.catalog import DEFAULT_BENCHMARKS
from auditor.errors import ConfigurationError, nearest, shown
from auditor.model import Severity
from auditor.period import Period
from auditor.yaml_file import YamlProblem, parse_yaml, read_bounded

DEFAULT_FILE = Path("auditor.yaml")
FORMATS = ("xlsx", "csv", "json")
LOG_FORMATS = ("text", "json")
PAPERS = ("a4", "letter")
DELIMITERS = (",", ";", "|", "\t")

KMS_PREFIX = "awskms:"
"""Before the id, alias or ARN of a KMS key that signs; anything else is a key file."""

ASSUME_ROOT = "assume-root"

_CHOICES = {
    "fail_on": [s.value for s in Severity],
    "format": FORMATS,
    "log_format": LOG_FORMATS,
    "paper": PAPERS,
    "root_audit": (ASSUME_ROOT,),
}
_PARTS = ("ou", "account", "tag:NAME")
SECRETS = frozenset({"external_id"})
"""Settings whose values are told to nobody."""

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_OU_ID = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]+")
_ROLE = re.compile(r"[\w+=,.@/-]{1,512}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_TAG_PARTS = (re.compile(r"[\w .:/=+@-]{1,128}"), re.compile(r"[\w .:/=+@-]{0,256}"))
_MOST_TAGS = 50


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


def _role(text: str) -> str:
    if not _ROLE.fullmatch(text):
        raise ValueError(f"{shown(text)} is not the name of a role (give the name, not the ARN)")
    return text.removeprefix("/")


def _external_id(text: str | None) -> str | None:
    """STS repeats one that it does not take in its error, so it is never sent; neither is it repeated here."""
    if text and not _EXTERNAL_ID.fullmatch(text):
        raise ValueError("not an external id as STS takes it (2 to 1224 letters, digits and +=,.@:/-_)")
    return text


def _signing_key(text: str | None) -> str | None:
    if text is not None and not text.removeprefix(KMS_PREFIX).strip():
        raise ValueError(f"{text!r} names no key; give the file of an Ed25519 private key, or {KMS_PREFIX}ID")
    return text


def _session_name(text: str) -> str:
    if not _SESSION_NAME.fullmatch(text):
        raise ValueError(f"{shown(text)} is not a session name (2 to 64 of letters, digits and +=,.@-_)")
    return text


def _delimiter(text: str) -> str:
    delimiter = "\t" if text == "tab" else text
    if delimiter not in DELIMITERS:
        raise ValueError(f"{text!r} is not a delimiter of CSV files; known: {' '.join(DELIMITERS[:-1])} and tab")
    return delimiter


def _split_by(text: str | None) -> str | None:
    """AWS takes tag names of up to 128 characters."""
    kind, _, name = (text or "").partition(":")
    if text is None or text in ("ou", "account") or (kind == "tag" and 0 < len(name) <= 128):
        return text
    raise ValueError(
        f"{text!r} is not what reports can be split by{nearest(kind, _PARTS)}; known: ou, account, tag:NAME"
    )


def _source_identity(text: str | None) -> str | None:
    if text and (not _SESSION_NAME.fullmatch(text) or text.startswith("aws:")):
        raise ValueError(f"{text!r} is not a source identity (2 to 64 of letters, digits and +=,.@-_)")
    return text


def _session_tags(tags: dict[str, str]) -> dict[str, str]:
    for tag in tags.items():
        if not all(part.fullmatch(text) for part, text in zip(_TAG_PARTS, tag, strict=True)):
            raise ValueError(f"{tag[0]!r} and its value are not a tag (letters, digits, blanks and _.:/=+-@)")
        if tag[0].lower().startswith("aws:"):
            raise ValueError(f"{tag[0]!r}: names that begin with aws: are kept for AWS")
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"a session takes {_MOST_TAGS} tags, not {len(tags)}")
    return tags


def _moment(value: object) -> object:
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


def _period(value: object) -> object:
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


class Settings(BaseModel):
    """Every setting of a run; durations and timeouts are seconds.

    A field is an option of the command line with ``_`` for ``-``, or it stands in the file only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str | None = None
    region: str | None = None
    partition: str | None = None
    role: Annotated[str, AfterValidator(_role)] = "OrganizationAccountAccessRole"
    external_id: Annotated[str | None, AfterValidator(_external_id)] = None
    session_name: Annotated[str, AfterValidator(_session_name)] = "aws-org-auditor"
    session_duration: Annotated[int, Field(ge=900, le=43200)] = 3600
    source_identity: Annotated[str | None, AfterValidator(_source_identity)] = None
    session_tags: Annotated[dict[str, str], AfterValidator(_session_tags)] = {}
    ou: Annotated[tuple[OuId, ...], Several] = ()
    account: Annotated[tuple[AccountId, ...], Several] = ()
    exclude: Annotated[tuple[AccountOrOuId, ...], Several] = ()
    accounts_file: Path | None = None
    benchmark: Annotated[tuple[str, ...], Several] = DEFAULT_BENCHMARKS
    level: Annotated[int | None, Field(ge=1, strict=True)] = None
    section: Annotated[tuple[str, ...], Several] = ()
    requirement: Annotated[tuple[str, ...], Several] = ()
    config_dir: Path | None = None
    as_of: Annotated[datetime | None, BeforeValidator(_moment)] = None
    period: Annotated[
        Period | None,
        BeforeValidator(_period),
        PlainSerializer(lambda period: period and period.name, return_type=str | None),
    ] = None
    waivers: Path | None = None
    waiver_max_days: Annotated[int, Field(ge=1, le=36_600)] = 366
    format: Annotated[tuple[Literal["xlsx", "csv", "json"], ...], Several] = ("xlsx", "csv")
    csv_delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    csv_bom: bool = False
    csv_raw: bool = False
    redact: Path | None = None
    split_by: Annotated[str | None, AfterValidator(_split_by)] = None
    paper: Literal["a4", "letter"] = "a4"
    out: Path = Path("reports")
    sign: Annotated[str | None, AfterValidator(_signing_key)] = None
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 64
    session_policy: bool = True
    regions: Annotated[tuple[Region, ...], Several] = ()
    ec2_instances: bool = False
    account_tags: bool = False
    root_audit: Literal["assume-root"] | None = None
    report_timeout: Annotated[float, Field(gt=0, le=86400)] = 300
    fail_on: Severity | None = None
    account_timeout: Annotated[float, Field(gt=0, le=86400)] = 900
    run_timeout: Annotated[float, Field(gt=0, le=604800)] = 21600
    query_memory: Annotated[int, Field(ge=16, le=1_048_576)] = 1024
    query_timeout: Annotated[float, Field(gt=0, le=86400)] = 60
    quiet: bool = False
    verbose: bool = False
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="after")
    def _ous_can_be_looked_up(self) -> Self:
        if self.accounts_file and (self.ou or any(not name.isdigit() for name in self.exclude)):
            raise ValueError("OUs cannot be looked up with accounts_file; list only the accounts that are wanted")
        return self


def load_settings(
    file: Path | None = None, options: Mapping[str, Any] | None = None, *, read_file: bool = True
) -> Settings:
    """Settings from ``file`` (``auditor.yaml`` of the working folder, where there is one), replaced by ``options``.

    With ``read_file=False`` no file is read.
    Raises ConfigurationError: one sentence with the file or option, the key and the nearest known one.
    """
    given = dict(options or {})
    path = file or (DEFAULT_FILE if read_file and DEFAULT_FILE.is_file() else None)
    stored = _read(path) if path else {}
    if path:
        _validated(stored, f"{path}: ")
    return _validated(stored | given, "", set(given))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = parse_yaml(read_bounded(path))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except YamlProblem as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path}: the file must hold keys and values")
    if odd := next((key for key in content if not isinstance(key, str)), ""):
        raise ConfigurationError(f"{path}: unknown key {shown(odd)}: keys are texts")
    return content


def _validated(values: Mapping[str, Any], where: str, options: set[str] | None = None) -> Settings:
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(where + _sentence(error.errors(include_url=False)[0], options or set())) from error


def _sentence(detail: ErrorDetails, options: set[str]) -> str:
    if not detail["loc"]:
        return detail["msg"].removeprefix("Value error, ")
    key = str(detail["loc"][0])
    name = f"--{key.replace('_', '-')}" if key in options else key
    if detail["type"] == "extra_forbidden":
        return f"unknown key {shown(key)}{nearest(key, Settings.model_fields)}"
    if detail["type"] == "string_type":
        found = "" if key in SECRETS else f", not {shown(detail['input'])}"
        return f"{name} must be text{found}: put it in quotes"
    if detail["type"] in ("literal_error", "enum"):
        known, value = _CHOICES[key], str(detail["input"])
        return f"{name}: unknown value {shown(value)}{nearest(value, known)}; known: {', '.join(known)}"
    return f"{name}: {detail['msg'].removeprefix('Value error, ')}"
