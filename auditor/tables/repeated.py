"""Users who stand on more than one line of a credential report.

AWS writes one line for each user. Lines that are the same are one user, who is counted and judged once. Of lines that
differ nobody can say which one is true: the report contradicts itself, and the user is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.model import CREDENTIAL_REPORT, ROOT_USER, AccountRecord

LINE = "line"
"""The column of line numbers that a report has whose repeated lines were taken out."""
_HEADER = 2  # the number of the line below it
_CONTRADICTIONS = {
    **dict.fromkeys(("account_id", "user", "arn"), "str"),
    "is_root": "bool",
    "evidence_file": "str",
    "evidence_line": "Int64",
    **dict.fromkeys(("lines", "reason"), "str"),
}


@dataclass(frozen=True)
class Repetition:
    """``lines`` of one account's report that are about the same user; ``same``: they are the same in every column.

    ``arn`` is that of the first of them.
    """

    account_id: str
    user: str
    arn: str
    lines: tuple[int, ...]
    same: bool

    @property
    def sentence(self) -> str:
        where = f"the user {self.user!r} stands on the lines {', '.join(map(str, self.lines))} of the credential report"
        if self.same:
            return f"{where}; they are the same, and the user is counted once"
        return f"{where}; they differ, and the user is not judged and not counted"


def distinct(report: pa.Table, account_id: str) -> tuple[pa.Table, list[Repetition]]:
    """The report with the first of lines that are the same and none of those that contradict each other."""
    if pc.count_distinct(report["user"]).as_py() == report.num_rows:
        return report, []
    places: dict[str, list[int]] = {}
    for place, user in enumerate(report["user"].to_pylist()):
        places.setdefault(user, []).append(place)
    found = [_repetition(report, account_id, user, at) for user, at in places.items() if len(at) > 1]
    contradicted = {repetition.user for repetition in found if not repetition.same}
    kept = [at[0] for user, at in places.items() if user not in contradicted]
    lines = pa.array([place + _HEADER for place in kept], pa.int64())
    return report.take(pa.array(kept, pa.int64())).append_column(LINE, lines), found


def _repetition(report: pa.Table, account_id: str, user: str, places: list[int]) -> Repetition:
    rows = report.take(pa.array(places, pa.int64())).to_pylist()
    lines = tuple(place + _HEADER for place in places)
    return Repetition(account_id, user, rows[0]["arn"], lines, all(row == rows[0] for row in rows))


def contradictions(repetitions: Iterable[Repetition], records: Iterable[AccountRecord]) -> pd.DataFrame:
    """The users that cannot be judged, a row each; ``lines`` are joined by a blank, ``evidence_line`` is the first."""
    files = {r.account.id: f.path for r in records for f in r.evidence if f.kind == CREDENTIAL_REPORT}
    rows = [
        {
            "account_id": repetition.account_id,
            "user": repetition.user,
            "arn": repetition.arn,
            "is_root": repetition.user == ROOT_USER,
            "evidence_file": files[repetition.account_id],
            "evidence_line": repetition.lines[0],
            "lines": " ".join(map(str, repetition.lines)),
            "reason": repetition.sentence,
        }
        for repetition in repetitions
        if not repetition.same
    ]
    return pd.DataFrame(rows, columns=list(_CONTRADICTIONS)).astype(_CONTRADICTIONS)
