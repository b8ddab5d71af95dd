"""The accounts frame: every account of the organization with its outcome, none left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from auditor import schema
from auditor.model import ACCOUNT_SUMMARY, CREDENTIAL_REPORT, AccountRecord, EvidenceGap, OrganizationRecord, Unit
from auditor.tables.documents import Collected
from auditor.tables.reports import report_file


def accounts_frame(
    records: Sequence[AccountRecord],
    users: pd.DataFrame,
    collected: Mapping[str, Collected],
    tags: Mapping[str, Mapping[str, str]],
) -> pd.DataFrame:
    """Columns of ``schema.ACCOUNTS``, one row per account in the order given."""
    summaries = collected.get(ACCOUNT_SUMMARY, Collected()).rows.get(Unit.ACCOUNT, ())
    counted = {row["account_id"]: row["summary_users"] for row in summaries}
    counts = users.loc[~users["is_root"], "account_id"].value_counts(sort=False)
    users_of = {str(account_id): count for account_id, count in counts.items()}
    rows = [_row(record, users_of, counted.get(record.account.id)) for record in records]
    for row in rows:
        row["tags"] = "; ".join(f"{k}={v}" for k, v in sorted(tags.get(row["account_id"], {}).items()))
    frame = pd.DataFrame(rows, columns=list(schema.ACCOUNTS))
    return schema.typed(frame, schema.ACCOUNTS)


def _row(record: AccountRecord, users: Mapping[str, int], counted: int | None) -> dict[str, Any]:
    account, usable, gaps = record.account, report_file(record), list(troubles(record.gaps))
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
        "gap_evidence": "; ".join(g["evidence"] for g in gaps),
        "gap_stage": "; ".join(g["stage"] for g in gaps),
        "gap_code": "; ".join(g["code"] for g in gaps),
        "gap_message": "; ".join(g["message"] for g in gaps),
        "report_generated_at": file.generated_at if file else None,
        "collected_at": file.collected_at if file else None,
        "evidence_file": file.path if file else "",
        "evidence_sha256": file.sha256 if file else "",
        "request_id": file.request_id if file else "",
    }


def gaps_frame(records: Sequence[AccountRecord], organization: OrganizationRecord) -> pd.DataFrame:
    """Columns of ``schema.GAPS``: every trouble of every account in the order given, then the organization's."""
    rows: list[dict[str, Any]] = []
    for record in records:
        who = {"account_id": record.account.id, "account_name": record.account.name}
        rows += [who | trouble for trouble in troubles(record.gaps)]
    common = {"account_id": "", "account_name": "(the organization)"}
    rows += [common | trouble for trouble in troubles(organization.gaps)]
    return schema.typed(pd.DataFrame(rows, columns=list(schema.GAPS)), schema.GAPS)


def evidence_files_frame(records: Sequence[AccountRecord], organization: OrganizationRecord) -> pd.DataFrame:
    """Columns of ``schema.EVIDENCE_FILES``: the organization's files, then those of each account in the order given."""
    owned = [("", organization.evidence), *((record.account.id, record.evidence) for record in records)]
    rows = [
        (owner, file.kind, file.path, file.size, file.collected_at, file.request_id, file.sha256)
        for owner, files in owned
        for file in files
    ]
    return schema.typed(pd.DataFrame(rows, columns=list(schema.EVIDENCE_FILES)), schema.EVIDENCE_FILES)


def troubles(gaps: Iterable[EvidenceGap]) -> Iterator[dict[str, str]]:
    """Gaps that failed in the same way told as one, with all kinds of evidence they cost."""
    kinds: dict[tuple[str, str, str], list[str]] = {}
    for gap in gaps:
        kinds.setdefault((gap.stage, gap.code, gap.message), []).append(gap.kind)
    for (stage, code, message), lost in kinds.items():
        yield {"evidence": ", ".join(lost), "stage": stage, "code": code, "message": message}
