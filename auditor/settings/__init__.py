"""The run's configuration: defaults, then auditor.yaml, then the command line; unknown keys are errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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

from auditor.errors import ConfigurationError, nearest, shown
from auditor.model import DEFAULT_BENCHMARKS, Severity
from auditor.period import Period
from auditor.settings.values import (
    AccountId,
    AccountOrOuId,
    OuId,
    Region,
    Several,
    check_delimiter,
    check_external_id,
    check_format,
    check_role,
    check_scheduler,
    check_session_name,
    check_session_tags,
    check_signing_key,
    check_source_identity,
    check_split_by,
    read_moment,
    read_period,
)

DEFAULT_FILE = Path("auditor.yaml")
LOG_FORMATS = ("text", "json")
PAPERS = ("a4", "letter")
ENGINES = ("local", "dask")

ASSUME_ROOT = "assume-root"

_CHOICES = {
    "engine": ENGINES,
    "fail_on": [s.value for s in Severity],
    "log_format": LOG_FORMATS,
    "paper": PAPERS,
    "root_audit": (ASSUME_ROOT,),
}
SECRETS = frozenset({"external_id"})
"""Settings whose values are told to nobody."""


class Settings(BaseModel):
    """Every setting of a run; durations and timeouts are seconds.

    A field is an option of the command line with ``_`` for ``-``, or it stands in the file only.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str | None = None
    region: str | None = None
    partition: str | None = None
    role: Annotated[str, AfterValidator(check_role)] = "OrganizationAccountAccessRole"
    external_id: Annotated[str | None, AfterValidator(check_external_id)] = None
    session_name: Annotated[str, AfterValidator(check_session_name)] = "aws-org-auditor"
    session_duration: Annotated[int, Field(ge=900, le=43200)] = 3600
    source_identity: Annotated[str | None, AfterValidator(check_source_identity)] = None
    session_tags: Annotated[dict[str, str], AfterValidator(check_session_tags)] = {}
    ou: Annotated[tuple[OuId, ...], Several] = ()
    account: Annotated[tuple[AccountId, ...], Several] = ()
    exclude: Annotated[tuple[AccountOrOuId, ...], Several] = ()
    accounts_file: Path | None = None
    benchmark: Annotated[tuple[str, ...], Several] = DEFAULT_BENCHMARKS
    level: Annotated[int | None, Field(ge=1, strict=True)] = None
    section: Annotated[tuple[str, ...], Several] = ()
    requirement: Annotated[tuple[str, ...], Several] = ()
    config_dir: Path | None = None
    as_of: Annotated[datetime | None, BeforeValidator(read_moment)] = None
    period: Annotated[
        Period | None,
        BeforeValidator(read_period),
        PlainSerializer(lambda period: period and period.name, return_type=str | None),
    ] = None
    waivers: Path | None = None
    waiver_max_days: Annotated[int, Field(ge=1, le=36_600)] = 366
    format: Annotated[tuple[Annotated[str, AfterValidator(check_format)], ...], Several] = ("xlsx", "csv")
    csv_delimiter: Annotated[str, AfterValidator(check_delimiter)] = ","
    csv_bom: bool = False
    csv_raw: bool = False
    redact: Path | None = None
    split_by: Annotated[str | None, AfterValidator(check_split_by)] = None
    paper: Literal["a4", "letter"] = "a4"
    jobs: Annotated[int | None, Field(ge=1, le=256)] = None
    engine: Literal["local", "dask"] = "local"
    scheduler: Annotated[str | None, AfterValidator(check_scheduler)] = None
    out: Path = Path("reports")
    sign: Annotated[str | None, AfterValidator(check_signing_key)] = None
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 64
    processes: Annotated[int, Field(ge=1, le=64)] = 1
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

    @model_validator(mode="after")
    def _engine_and_scheduler_belong_together(self) -> Self:
        """``engine: local`` that is given leaves a scheduler unused: this is how an option overrides the file."""
        if self.engine == "dask" and self.scheduler is None:
            raise ValueError(
                "engine dask needs scheduler, the address of a Dask scheduler, such as tcp://10.0.0.5:8786"
            )
        if self.scheduler is not None and "engine" not in self.model_fields_set:
            raise ValueError("scheduler is used with engine dask only; add engine dask, or leave scheduler out")
        return self

    @model_validator(mode="after")
    def _each_process_can_call(self) -> Self:
        if 1 < self.processes >= self.concurrency:
            raise ValueError(
                f"processes ({self.processes}) must be smaller than concurrency ({self.concurrency}), "
                "which they share with the process that assumes the roles"
            )
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
    stored = _stored(path) if path else {}
    try:
        return Settings.model_validate(stored | given)
    except ValidationError as error:
        raise ConfigurationError(_sentence(_first(error), set(given))) from error


def _stored(path: Path) -> dict[str, Any]:
    """The keys of a file that would be in order by itself."""
    from auditor.yaml_file import read_yaml  # slow to load

    document = read_yaml(path, ConfigurationError)
    content = document.value
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{document.place(())}: the file must hold keys and values")
    try:
        Settings.model_validate(content)
    except ValidationError as error:
        detail = _first(error)
        raise ConfigurationError(f"{document.place(detail['loc'])}: {_sentence(detail, set())}") from error
    return content


def _first(error: ValidationError) -> ErrorDetails:
    return error.errors(include_url=False)[0]


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
