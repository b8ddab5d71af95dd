"""What one waiver says, checked by itself: its keys, its scope, its patterns and its days."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from auditor.model import ROOT_USER

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_OU_ID = re.compile(r"r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_USER = re.compile(r"[\w+=,.@*?-]+", re.ASCII)
_ARN = re.compile(r"(?:arn:|\*)[^\s\[\]]*")
_STARS = re.compile(r"\*{2,}")


def _several(value: object) -> object:
    """One value may stand without a list around it."""
    return [value] if isinstance(value, str) else value


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError(f"{text!r} is not an id (up to 64 letters, digits and ._/-, the first a letter or digit)")
    return text


def _account(text: str) -> str:
    if not _ACCOUNT_ID.fullmatch(text):
        raise ValueError(f"{text!r} is not an account id (12 digits)")
    return text


def _ou(text: str) -> str:
    """An OU's id or its path, without a slash at the end."""
    path = text.removesuffix("/")
    if not _OU_ID.fullmatch(path) and not all(name.strip() for name in path.split("/")):
        raise ValueError(f"{text!r} is neither the path (Root/Prod) nor the id (ou-abcd-12345678) of an OU")
    return path


def _user(text: str) -> str:
    if text != ROOT_USER and not _USER.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a pattern for a name (letters, digits and +=,.@_-; * stands for any text, ? for one "
            f"character; the path of a user is part of the arn only)"
        )
    return _STARS.sub("*", text)


def _arn(text: str) -> str:
    if not _ARN.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a pattern for an ARN (it begins with arn: or *; * stands for any text, ? for one "
            f"character; there are no blanks and no brackets)"
        )
    return _STARS.sub("*", text)


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"there is no day {value}") from None
    raise ValueError(f"{value!r} is not a day like 2026-12-31" if isinstance(value, str) else "must be a day")


Several = BeforeValidator(_several)
Day = Annotated[date, BeforeValidator(_day)]
Accounts = Annotated[tuple[Annotated[str, AfterValidator(_account)], ...], Several, Field(min_length=1)]
Ous = Annotated[tuple[Annotated[str, AfterValidator(_ou)], ...], Several, Field(min_length=1)]
Users = Annotated[tuple[Annotated[str, AfterValidator(_user)], ...], Several, Field(min_length=1)]
Arns = Annotated[tuple[Annotated[str, AfterValidator(_arn)], ...], Several, Field(min_length=1)]


class Scope(BaseModel):
    """Which failures of the control are waived: those that every key that stands here covers.

    Of a list, one entry suffices; of ``tag``, all names must have their values. An OU covers what is below it.
    ``user`` is matched against the name of what a finding is about, ``arn`` against its ARN, both with case; neither
    covers findings about a whole account.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: Accounts | None = None
    ou: Ous | None = None
    tag: Annotated[dict[Text, str], Field(min_length=1)] | None = None
    user: Users | None = None
    arn: Arns | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any((self.account, self.ou, self.tag, self.user, self.arn)):
            raise ValueError("covers everything; name an account, ou, tag, user or arn")
        return self

    @property
    def key(self) -> tuple[frozenset[object], ...]:
        """Equal for scopes that say the same, in whatever order."""
        parts = (self.account, self.ou, self.tag.items() if self.tag else (), self.user, self.arn)
        return tuple(frozenset[object](part or ()) for part in parts)

    def __str__(self) -> str:
        """``ou Root/Prod; tag env=test; user svc-*, ci-*``"""
        tags = [f"{name}={value}" for name, value in (self.tag or {}).items()]
        parts = {"account": self.account, "ou": self.ou, "tag": tags, "user": self.user, "arn": self.arn}
        return "; ".join(f"{name} {', '.join(values)}" for name, values in parts.items() if values)


class Entry(BaseModel):
    """One entry of a waivers file; ``created`` and ``expires`` are whole days in UTC, both of them included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, AfterValidator(_id)]
    control: Text | None = None
    requirement: Text | None = None
    scope: Scope
    reason: Text
    owner: Text
    approver: Text
    ticket: Text
    created: Day
    expires: Day

    @model_validator(mode="after")
    def _names_one_control(self) -> Self:
        if (self.control is None) == (self.requirement is None):
            raise ValueError("name either a control or a requirement")
        return self
