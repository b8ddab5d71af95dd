"""The account password policy: one row an account, also where there is none."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.evidence import Document
from auditor.frames.tables import Row, first_response, line_of, table
from auditor.model import PASSWORD_POLICY, Unit

_CALL = "iam:GetAccountPasswordPolicy"
_COLUMNS = {
    "policy_exists": "boolean",
    "minimum_length": "Int64",  # characters
    "reuse_prevention": "Int64",  # passwords remembered; <NA>: none
    "uppercase": "boolean",
    "lowercase": "boolean",
    "symbol": "boolean",
    "number": "boolean",
    "expires": "boolean",
    "max_password_age_days": "Int64",
}


def _rows(_: str, document: Document) -> Iterator[Row]:
    policy = first_response(document, _CALL).get("PasswordPolicy", {})
    yield {
        "line": line_of(document, _CALL),
        "policy_exists": bool(policy),
        "minimum_length": policy.get("MinimumPasswordLength"),
        "reuse_prevention": policy.get("PasswordReusePrevention"),
        "uppercase": policy.get("RequireUppercaseCharacters", False),
        "lowercase": policy.get("RequireLowercaseCharacters", False),
        "symbol": policy.get("RequireSymbols", False),
        "number": policy.get("RequireNumbers", False),
        "expires": policy.get("ExpirePasswords", False),
        "max_password_age_days": policy.get("MaxPasswordAge"),
    }


TABLES = (table(Unit.ACCOUNT, PASSWORD_POLICY, _COLUMNS, _rows),)
