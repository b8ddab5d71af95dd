"""The password policy of an account; that there is none is an answer, not a gap."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.kinds.declaration import Call, Column, Kind, Owner, Probe, Row, RowPerOwner, Table, written
from auditor.model import PASSWORD_POLICY, Unit
from auditor.store.answers import error_of, first_response
from auditor.store.evidence import Document

_NONE = ("NoSuchEntity",)
_POLICY = Call("iam:GetAccountPasswordPolicy", answers=_NONE, probe=Probe(harmless=_NONE))


def _flag(name: str, about: str, path: str) -> Column:
    return Column(name, "boolean", about, path=path, convert=_or_false)


def _or_false(value: bool | None) -> bool:
    return False if value is None else value


_FLAGS = (
    _flag("uppercase", "Whether an uppercase letter is needed.", "RequireUppercaseCharacters"),
    _flag("lowercase", "Whether a lowercase letter is needed.", "RequireLowercaseCharacters"),
    _flag("symbol", "Whether a symbol is needed.", "RequireSymbols"),
    _flag("number", "Whether a digit is needed.", "RequireNumbers"),
    _flag("expires", "Whether passwords expire.", "ExpirePasswords"),
)
_COLUMNS = (
    Column("policy_exists", "boolean", "Whether the account has a password policy."),
    Column(
        "minimum_length",
        "Int64",
        "Characters that a password has at least.",
        unit="characters",
        path="MinimumPasswordLength",
    ),
    Column(
        "reuse_prevention",
        "Int64",
        "How many earlier passwords may not be used again; null for none.",
        unit="passwords",
        path="PasswordReusePrevention",
    ),
    *_FLAGS,
    Column("max_password_age_days", "Int64", "After how many days they expire.", unit="days", path="MaxPasswordAge"),
    *(written(flag.name, flag.path) for flag in _FLAGS),
    Column("policy_error_spelling", "str", "Error code by which AWS says that there is no policy."),
)
_SOURCE = RowPerOwner(_POLICY.action, "PasswordPolicy")


def _rows(_: str, document: Document) -> Iterator[Row]:
    error = error_of(document, _POLICY.action)
    for row in _SOURCE.rows(document, _COLUMNS):
        exists = bool(first_response(document, _POLICY.action).get(_SOURCE.member))
        yield row | {"policy_exists": exists, "policy_error_spelling": error}


KIND = Kind(
    name=PASSWORD_POLICY,
    owner=Owner.ACCOUNT,
    about="The password policy of an account, or that there is none.",
    calls=(_POLICY,),
    tables=(
        Table(
            Unit.ACCOUNT,
            _COLUMNS,
            name="password_policies",
            about="The password policy of each account, also where there is none.",
            source=_SOURCE,
            rows=_rows,
        ),
    ),
)
