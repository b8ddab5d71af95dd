"""IAM's own counts of an account."""

from __future__ import annotations

from typing import Any

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import NUMBER, Facts, raw, typed

_COUNTS = {"summary_users": NUMBER, "summary_root_keys": NUMBER}


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    counts = document.response("iam:GetAccountSummary").get("SummaryMap", {})
    facts = {
        "line": document.line("iam:GetAccountSummary"),
        "summary_users": counts.get("Users"),
        "summary_root_keys": counts.get("AccountAccessKeysPresent"),
        "summary_root_mfa": above_none(counts.get("AccountMFAEnabled")),
        "summary_root_password": above_none(counts.get("AccountPasswordPresent")),
        "summary_root_keys_raw": raw(counts.get("AccountAccessKeysPresent")),
        "summary_root_mfa_raw": raw(counts.get("AccountMFAEnabled")),
        "summary_root_password_raw": raw(counts.get("AccountPasswordPresent")),
    }
    return {"account": [typed(facts, _COUNTS)]}


def above_none(count: Any) -> bool | None:
    return None if count is None else count > 0
