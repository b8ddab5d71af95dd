"""Whether a report is, to the last letter, of the form that AWS writes: a quick look that spares the thorough one."""

from __future__ import annotations

import re
from functools import lru_cache

from auditor.kinds.credential_report.report_parser import BOOL_COLUMNS, TIME_COLUMNS
from auditor.model import ROOT_USER

_LARGEST = 1 << 19
"""Bytes; larger ones are read thoroughly, as they are rare."""
_HEADER = re.compile(r"[a-z0-9_]+(?:,[a-z0-9_]+)+")
_NAME = r"[A-Za-z0-9+=.@_-]"
_USER = rf"(?P<user><root_account>|{_NAME}{{1,64}})"
_ARN = rf"arn:[a-z-]+:iam::(?P<account>[0-9]{{12}}):(?:root|user/(?:{_NAME}+/)*(?P<name>{_NAME}+))"
_NONE = r"[Nn]/[Aa]|no_information|not_supported|"
_DAY = (
    r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
    r"|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"  # a leap day is for the thorough look
)
_TIME = rf"[1-9][0-9]{{3}}-{_DAY}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:Z|\+00:00)"
_FLAG = rf"(?:[Tt]rue|[Ff]alse|TRUE|FALSE|{_NONE})"
_FORMS = (
    {"user": _USER, "arn": _ARN}
    | dict.fromkeys(BOOL_COLUMNS, _FLAG)
    | dict.fromkeys(TIME_COLUMNS, rf"(?:{_TIME}|{_NONE})")
)
_ANY = r"[^,\"\r\n\0]*"


def is_plain(content: bytes, account_id: str) -> bool:
    """True only where ``report_parser`` finds nothing wrong with the report of that account; False: look thoroughly."""
    if len(content) > _LARGEST or not content.isascii():
        return False
    header, *rows = content.decode().removesuffix("\n").split("\n")
    if not rows or not _HEADER.fullmatch(header):
        return False
    line = _line(header)
    return line is not None and all(_is_of(line.fullmatch(row), account_id) for row in rows)


def _is_of(row: re.Match[str] | None, account_id: str) -> bool:
    """Whether a line has the right form, and its ARN is that of the user in this account."""
    return row is not None and row["account"] == account_id and row["user"] == (row["name"] or ROOT_USER)


@lru_cache(maxsize=16)  # there are two headers, one of older reports; a hostile endpoint may send any
def _line(header: str) -> re.Pattern[str] | None:
    """How a line below the header looks; None where a column is missing or stands in it twice."""
    names = header.split(",")
    if len(set(names)) < len(names) or not {"user", "arn"} <= {*names}:
        return None
    return re.compile(",".join(_FORMS.get(name, _ANY) for name in names))
