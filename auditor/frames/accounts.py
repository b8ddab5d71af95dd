"""The accounts frame: every account of the organization with its outcome, none left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from auditor import schema
from auditor.frames.documents import Collected
from auditor.frames.reports import report_file
from auditor.model import ACCOUNT_SUMMARY, CREDENTIAL_REPORT, AccountRecord, Unit


def accounts_frame(
    records: Sequence[AccountRecord], users: pd.DataFrame, collected: Mapping[str, Collected]
) -> pd.DataFrame:
    """Columns of ``schema.ACCOUNTS``, one row per account in the order given."""
    summaries = collected.get(ACCOUNT_SUMMARY, Collected()).rows.get(Unit.ACCOUNT, ())
    counted = {row["account_id"]: row["summary_users"] for row in summaries}
    counts = users.loc[~users["is_root"], "account_id"].value_counts()
    users_of = {str(account_id): count for account_id, count in counts.items()}
    rows = [_row(record, users_of, counted.get(record.account.id)) for record in records]
    frame = pd.DataFrame(rows, columns=list(schema.ACCOUNTS))
    return schema.typed(frame, schema.ACCOUNTS)


def _row(record: AccountRecord, users: Mapping[str, int], counted: int | None) -> dict[str, Any]:
    account, usable = record.account, report_file(record)
    file = usable or next((f for f in record.evidence if f.kind == CREDENTIAL_REPORT), None)
    return {
        "account_id": account.id,
        "account_name": account.name,
        "email": account.email,
        "ou_path": account.ou_path,
        "state": account.state,
        "is_management": account.is_management,
        "outcome": record.outcome.value,
        "reason": record.reason,
        "users": users.get(account.id, 0) if usable else None,
        "users_counted_by_aws": counted,
        "gap_evidence": "; ".join(g.kind for g in record.gaps),
        "gap_stage": "; ".join(g.stage for g in record.gaps),
        "gap_code": "; ".join(g.code for g in record.gaps),
        "gap_message": "; ".join(g.message for g in record.gaps),
        "report_generated_at": file.generated_at if file else None,
        "collected_at": file.collected_at if file else None,
        "evidence_file": file.path if file else "",
        "evidence_sha256": file.sha256 if file else "",
        "request_id": file.request_id if file else "",
    }
