"""What is to be said of credential reports that were used: users listed twice, and numbers of users that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import pandas as pd

from auditor import schema
from auditor.model import ACCOUNT_SUMMARY, CREDENTIAL_REPORT, ROOT_USER, AccountRecord, EvidenceFile
from auditor.tables.repeated import Repetition
from auditor.times import iso

REPEATED_USER, USER_COUNT = "repeated user", "number of users"


def remarks_frame(
    records: Sequence[AccountRecord], accounts: pd.DataFrame, repetitions: Sequence[Repetition]
) -> pd.DataFrame:
    """Columns of ``schema.REMARKS``, in the order of the accounts. ``accounts`` has columns of ``schema.ACCOUNTS``."""
    uncounted = Counter(r.account_id for r in repetitions if not r.same and r.user != ROOT_USER)
    counts = zip(accounts["account_id"], accounts["users"], accounts["users_counted_by_aws"], strict=True)
    numbers = {
        account_id: (int(users) + uncounted[account_id], int(counted))
        for account_id, users, counted in counts
        if pd.notna(users) and pd.notna(counted)
    }
    rows = [row for record in records for row in _of_account(record, repetitions, numbers)]
    return schema.typed(pd.DataFrame(rows, columns=list(schema.REMARKS)), schema.REMARKS)


def _of_account(
    record: AccountRecord, repetitions: Sequence[Repetition], numbers: Mapping[str, tuple[int, int]]
) -> Iterator[tuple[str, ...]]:
    account = record.account
    for repetition in repetitions:
        if repetition.account_id == account.id:
            yield account.id, account.name, repetition.user, REPEATED_USER, repetition.sentence
    listed, counted = numbers.get(account.id, (0, 0))
    if listed != counted:
        report, summary = _file(record, CREDENTIAL_REPORT), _file(record, ACCOUNT_SUMMARY)
        made = report.generated_at if report else None
        asked = summary.collected_at if summary else None
        yield account.id, account.name, "", USER_COUNT, difference(listed, counted, made, asked)


def _file(record: AccountRecord, kind: str) -> EvidenceFile | None:
    return next((file for file in record.evidence if file.kind == kind), None)


def difference(listed: int, counted: int, made: datetime | None, asked: datetime | None) -> str:
    """Why the report may list another number of users than AWS counted; ``made`` is the report, ``asked`` the count."""
    numbers = f"the credential report lists {_users(listed)}, and AWS counts {counted:,}"
    if made is None or asked is None:
        return f"{numbers}. It is not known which of the two is older; the report may be incomplete"
    times = f"the report is of {iso(made)}, the count of {iso(asked)}"
    if made == asked:
        return f"{numbers}. Both are of the same time ({iso(made)}), so one of them is wrong"
    older, is_fewer = ("report", listed < counted) if made < asked else ("count", listed > counted)
    what = "created" if is_fewer else "deleted"
    doubt = "; if none were, the report is incomplete" if listed < counted else ""
    return f"{numbers}. The {older} is older ({times}): users may have been {what} in between{doubt}"


def _users(number: int) -> str:
    return f"{number:,} user" if number == 1 else f"{number:,} users"
