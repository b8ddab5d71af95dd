"""The account password policy, also where there is none."""

from __future__ import annotations

from typing import Any

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.shape import FLAG, NUMBER, Facts, raw, typed

_FLAGS = {
    "uppercase": "RequireUppercaseCharacters",
    "lowercase": "RequireLowercaseCharacters",
    "symbol": "RequireSymbols",
    "number": "RequireNumbers",
    "expires": "ExpirePasswords",
}
_SETTINGS = {
    **dict.fromkeys(("minimum_length", "reuse_prevention", "max_password_age_days"), NUMBER),
    **dict.fromkeys(_FLAGS, FLAG),
}


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    policy = document.response("iam:GetAccountPasswordPolicy").get("PasswordPolicy", {})
    facts = {
        "line": document.line("iam:GetAccountPasswordPolicy"),
        "policy_exists": bool(policy),
        "minimum_length": policy.get("MinimumPasswordLength"),
        "reuse_prevention": policy.get("PasswordReusePrevention"),
        **{name: _flag(policy.get(member)) for name, member in _FLAGS.items()},
        **{f"{name}_raw": raw(policy.get(member)) for name, member in _FLAGS.items()},
        "max_password_age_days": policy.get("MaxPasswordAge"),
        "policy_error_raw": document.error("iam:GetAccountPasswordPolicy"),
    }
    return {"account": [typed(facts, _SETTINGS)]}


def _flag(value: Any) -> Any:
    """A setting that is not there is off."""
    return False if value is None else value
