"""Evidence quoted as it stands: flags, times and what stands in their place, as the credential report spells them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from auditor.ages import time_text
from auditor.judge.checks.verdict import joined, sentences
from auditor.model import FURTHER_KEYS
from auditor.schema import CREDENTIAL_SOURCES

SPELLING = "_spelling"
USER_MADE = "user_creation_time"
_SECONDS = len("2026-08-01T08:00:00")
_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)$")
# What a time of a credential is called where it stands: a column of the report, a member of the list of access keys.
_LABELS: Mapping[str, Mapping[str, str]] = {
    "last_rotated": {**CREDENTIAL_SOURCES["last_rotated"], **dict.fromkeys(FURTHER_KEYS, "CreateDate")},
    "last_used": CREDENTIAL_SOURCES["last_used"],
    USER_MADE: {},
}
_OF_A_TIME = "Z+-.0123456789"  # what the spelling of a time begins with
_NO_OFFSET = pd.Timedelta(0)
UNKNOWN = "unknown"
"""Stands for what no evidence tells."""


def places(*parts: pd.Series) -> pd.Series:
    """The places of all parts that name any, in one text."""
    texts = [part.astype("str").fillna("") for part in parts]
    joined = texts[0]
    for text in texts[1:]:
        between = pd.Series("; ", index=joined.index).where((joined != "") & (text != ""), "")
        joined = joined + between + text
    return joined


def places_of_lines(units: pd.DataFrame, name: str, *, without_first: bool = False) -> pd.Series:
    """Lines of each unit's evidence file (``12 33``) as places; without the first where the finding cites that one."""
    pairs = zip(units["evidence_file"].astype("str"), units[name].fillna(""), strict=True)
    texts = ["; ".join(f"{file}:{line}" for line in lines.split()[without_first:]) for file, lines in pairs]
    return pd.Series(texts, index=units.index, dtype="str")


def quoted_flags(users: pd.DataFrame, *names: str) -> pd.Series:
    """``password_enabled TRUE, mfa_active FALSE``: the cells of flags of a report."""
    cells = users[[f"{name}{SPELLING}" for name in names]]
    return sentences(cells, lambda *texts: ", ".join(f"{n} {or_unknown(t)}" for n, t in zip(names, texts, strict=True)))


def quoted_times(credentials: pd.DataFrame, *names: str) -> pd.Series:
    """``access_key_1_last_rotated 2026-08-01T08:00:00Z``: cells under their own names, whatever the credential."""
    parts: list[str | pd.Series] = []
    for name in names:
        parts += [", "] * bool(parts) + [_labels(credentials, name), " ", time_as_written(credentials, name)]
    return joined(*parts)


def _labels(credentials: pd.DataFrame, name: str) -> pd.Series:
    known = _LABELS[name]
    codes = credentials["credential"].cat.codes.to_numpy()
    words = pa.array([known.get(slot, name) for slot in credentials["credential"].cat.categories], pa.string())
    return pd.Series(words.take(pa.array(codes)).to_pandas().astype("str").array, index=credentials.index)


def or_unknown(text: str | None) -> str:
    return UNKNOWN if text is None else text


def time_as_written(units: pd.DataFrame, name: str) -> pd.Series:
    """The cell of a time, with its own offset, or what stands in its place; ``unknown`` where there is none."""
    moments, spelling = units[name], units[f"{name}{SPELLING}"]
    if _all_as_usual(spelling):  # most reports
        texts = time_text(moments)
        return texts.fillna(spelling.astype("str")).fillna(UNKNOWN) if texts.isna().any() else texts
    rest = spelling.astype("str")
    shifts = {text: _offset(text) for text in spelling.dropna().unique()}
    if any(shifts.values()):
        moments = moments + pd.to_timedelta(spelling.map(shifts).astype("timedelta64[us]"))
    texts = time_text(moments).str.slice(0, _SECONDS) + rest
    whole = [text for text in shifts if text[:1].isdigit()]  # of a list of access keys
    texts = texts.mask(spelling.isin(whole), rest) if whole else texts
    return texts.fillna(rest).fillna(UNKNOWN)


def _all_as_usual(spelling: pd.Series) -> bool:
    """Whether every time has whole seconds and ends in ``Z``."""
    return all(text == "Z" or not text[:1] or text[0] not in _OF_A_TIME for text in spelling.dropna().unique())


def _offset(spelling: str) -> pd.Timedelta:
    """How far the clock on the wall is ahead of UTC."""
    found = _OFFSET.search(spelling)
    if not found:
        return _NO_OFFSET
    ahead = pd.Timedelta(hours=int(found[2]), minutes=int(found[3]))
    return ahead if found[1] == "+" else -ahead
