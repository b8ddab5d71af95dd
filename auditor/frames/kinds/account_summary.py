"""IAM's own counts: one row an account. The checks of root read them beside the credential report."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.evidence import Document
from auditor.frames.tables import Row, first_response, line_of, table
from auditor.model import ACCOUNT_SUMMARY, Unit

_CALL = "iam:GetAccountSummary"
_COLUMNS = {
    "summary_users": "Int64",
    "summary_root_keys": "Int64",  # root's access keys, inactive ones too
    "summary_root_mfa": "boolean",
    "summary_root_password": "boolean",
}


def _rows(_: str, document: Document) -> Iterator[Row]:
    counts = first_response(document, _CALL).get("SummaryMap", {})
    yield {
        "line": line_of(document, _CALL),
        "summary_users": counts.get("Users"),
        "summary_root_keys": counts.get("AccountAccessKeysPresent"),
        "summary_root_mfa": _flag(counts.get("AccountMFAEnabled")),
        "summary_root_password": _flag(counts.get("AccountPasswordPresent")),
    }


def _flag(count: int | None) -> bool | None:
    return None if count is None else count > 0


TABLES = (table(Unit.ACCOUNT, ACCOUNT_SUMMARY, _COLUMNS, _rows),)
