"""Checks written once more as spreadsheet formulas over one row of the sheet Population."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from auditor import schema
from auditor.judge.assessment import Assessment
from auditor.report.workbook.book import quoted
from auditor.report.workbook.sheets.population import COLUMNS
from auditor.report.workbook.table import Part, letter_of

_DAY = pd.Timedelta(days=1)


@dataclass(frozen=True)
class Unit:
    """What a verdict is about, as a row of the sheet Population; ``values`` is the same row of the users frame."""

    sheet: str
    row: int
    credential: str
    values: Mapping[Any, Any]

    def ref(self, source: str) -> str:
        """The cell of one of Population's columns."""
        return f"{quoted(self.sheet)}!${letter_of(COLUMNS, source)}${self.row}"

    def column(self, fact: str) -> str:
        """Where a fact about the credential stands (``schema.CREDENTIAL_SOURCES``)."""
        return schema.CREDENTIAL_SOURCES[fact][self.credential]


@dataclass(frozen=True)
class Row:
    """The formulas of one row of Re-performance, and what they give: a time, a number, and the verdict's formula."""

    verdict: str
    counted_from: str = ""
    moment: datetime | None = None
    number: str = ""
    amount: int | None = None


@dataclass(frozen=True)
class Recomputation:
    """``parameter`` is the limit's name; ``row`` gets the unit, as-of, and the cells of time, number and limit."""

    parameter: str
    row: Callable[[Unit, datetime, str, str, str], Row]

    def cells(self, unit: Unit, as_of: datetime, number: int, limit_cell: str, limit: Any) -> dict[str, Any]:
        """The columns of the sheet for row ``number``; a missing formula is a missing value."""
        row = self.row(unit, as_of, f"F{number}", f"G{number}", f"H{number}")
        return {
            "counted_from": row.moment,
            "counted_from=": row.counted_from or None,
            "number": row.amount,
            "number=": row.number or None,
            "limit": limit if limit_cell else None,
            "limit=": limit_cell or None,
            "recomputed=": row.verdict,
        }


def units_of(assessment: Assessment, findings: pd.DataFrame, population: Sequence[Part]) -> list[Unit]:
    """The rows of Population that the findings are about; all must rest on credential reports."""
    users = assessment.users
    at = _places(users, findings)
    rows = users.iloc[at].to_dict("records")
    credentials = findings["credential"].astype("str")
    return [
        _unit(place, row, credential, population) for place, row, credential in zip(at, rows, credentials, strict=True)
    ]


def _places(users: pd.DataFrame, findings: pd.DataFrame) -> list[int]:
    """Where the users stand that the findings are about: an account's lines rise, but some may be left out."""
    first = (~users["account_id"].duplicated()).to_numpy().nonzero()[0].tolist()
    ends = dict(zip(first, [*first[1:], len(users)], strict=False))  # without any user there is none
    starts = dict(zip(users["account_id"].iloc[first].astype("str"), first, strict=True))
    lines = users["evidence_line"].to_numpy(dtype="int64")
    wanted = zip(findings["account_id"].astype("str"), findings["evidence_line"].astype("int64"), strict=True)
    return [
        (start := starts[account_id]) + int(lines[start : ends[start]].searchsorted(line))
        for account_id, line in wanted
    ]


def _unit(place: int, values: Mapping[Any, Any], credential: str, population: Sequence[Part]) -> Unit:
    part = next(part for part in population if part.start <= place < part.stop)
    return Unit(part.sheet.title, part.header + 1 + place - part.start, credential, values)


def _days(moment: str) -> str:
    """Whole days up to as-of. A day is no exact number of a spreadsheet's, so seconds are rounded first."""
    return f'IF(ISNUMBER({moment}),INT(ROUND((as_of-{moment})*86400,0)/86400),"")'


def _age(moment: datetime | None, as_of: datetime) -> int | None:
    return None if moment is None else (as_of - moment) // _DAY


def _never(cell: str) -> str:
    return f'OR(LOWER({cell})="n/a",LOWER({cell})="no_information")'


def _moment(unit: Unit, source: str) -> datetime | None:
    found = unit.values[source]
    return None if pd.isna(found) else found


def _key_age(unit: Unit, as_of: datetime, time: str, number: str, limit: str) -> Row:
    source = unit.column("last_rotated")
    moment = _moment(unit, source)
    return Row(
        verdict=f'IF({unit.ref(unit.column("active"))}<>"yes","NOT_APPLICABLE",'
        f'IF(ISNUMBER({time}),IF({number}<={limit},"PASS","FAIL"),"NO_EVIDENCE"))',
        counted_from=f'IF(ISNUMBER({unit.ref(source)}),{unit.ref(source)},"")',
        moment=moment,
        number=_days(time),
        amount=_age(moment, as_of),
    )


def _unused(unit: Unit, as_of: datetime, time: str, number: str, limit: str) -> Row:
    used, rotated = unit.column("last_used"), unit.column("last_rotated")
    sources = [used, rotated, *(["user_creation_time"] if unit.credential == "password" else [])]
    moment = next((found for source in sources if (found := _moment(unit, source)) is not None), None)
    return Row(
        verdict=f'IF({unit.ref(unit.column("active"))}<>"yes","NOT_APPLICABLE",'
        f'IF(ISNUMBER({time}),IF({number}<{limit},"PASS","FAIL"),"NO_EVIDENCE"))',
        counted_from=_last_sign_of_life(unit, sources),
        moment=moment,
        number=_days(time),
        amount=_age(moment, as_of),
    )


def _last_sign_of_life(unit: Unit, sources: Sequence[str]) -> str:
    """The first of these times that there is; the next one counts only where AWS says that there was none."""
    cell, raw = unit.ref(sources[0]), unit.ref(f"raw_{sources[0]}")
    if len(sources) == 1:
        return f'IF(ISNUMBER({cell}),{cell},"")'
    rest = _last_sign_of_life(unit, sources[1:]) if sources[1] != "user_creation_time" else unit.ref(sources[1])
    return f'IF(ISNUMBER({cell}),{cell},IF({_never(raw)},{rest},""))'


def _active_keys(unit: Unit, _: datetime, __: str, number: str, limit: str) -> Row:
    names = ("access_key_1_active", "access_key_2_active")
    return Row(
        verdict=f'IF({number}=0,"NOT_APPLICABLE",IF({number}<={limit},"PASS","FAIL"))',
        number="+".join(f'IF({unit.ref(name)}="yes",1,0)' for name in names),
        amount=sum(unit.values[name] is True for name in names),
    )


def _key_at_setup(unit: Unit, _: datetime, __: str, number: str, limit: str) -> Row:
    used, rotated = unit.column("last_used"), unit.column("last_rotated")
    made, user_made = _moment(unit, rotated), _moment(unit, "user_creation_time")
    apart = None if made is None or user_made is None else round(abs((made - user_made).total_seconds()))
    idle = f'OR({unit.ref("password_enabled")}<>"yes",{unit.ref(unit.column("active"))}<>"yes")'
    return Row(
        verdict=f'IF({idle},"NOT_APPLICABLE",IF(OR({_never(unit.ref(f"raw_{used}"))},{number}<={limit}),"FAIL",'
        f'IF(ISNUMBER({unit.ref(used)}),"PASS","NO_EVIDENCE")))',
        number=f"ROUND(ABS({unit.ref(rotated)}-{unit.ref('user_creation_time')})*86400,0)",
        amount=apart,
    )


def _console_mfa(unit: Unit, _: datetime, __: str, ___: str, ____: str) -> Row:
    mfa = unit.ref("mfa_active")
    return Row(
        f'IF({unit.ref("password_enabled")}<>"yes","NOT_APPLICABLE",'
        f'IF({mfa}="yes","PASS",IF({mfa}="no","FAIL","NO_EVIDENCE")))'
    )


def _root_unused(unit: Unit, as_of: datetime, time: str, number: str, limit: str) -> Row:
    sources = ("password_last_used", "access_key_1_last_used_date", "access_key_2_last_used_date")
    cells = ",".join(unit.ref(source) for source in sources)
    moment = _latest(_moment(unit, source) for source in sources)
    return Row(
        verdict=f'IF(ISNUMBER({time}),IF({number}<{limit},"FAIL","PASS"),"PASS")',
        counted_from=f'IF(COUNT({cells})=0,"",MAX({cells}))',
        moment=moment,
        number=_days(time),
        amount=_age(moment, as_of),
    )


def _latest(moments: Iterable[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)


RECOMPUTED: Mapping[str, Recomputation] = {
    "key_age": Recomputation("max_age_days", _key_age),
    "unused": Recomputation("max_unused_days", _unused),
    "active_key_count": Recomputation("max_active_keys", _active_keys),
    "key_at_setup": Recomputation("same_time_tolerance_seconds", _key_at_setup),
    "console_mfa": Recomputation("", _console_mfa),
    "root_unused": Recomputation("lookback_days", _root_unused),
}
"""By the name of the check; controls with other checks read evidence that is not in the Population."""
