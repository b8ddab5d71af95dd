"""What a session of root shows of root's own credentials, where no role could be assumed."""

from __future__ import annotations

from typing import Any

from auditor.plain.facts.document import Document
from auditor.plain.facts.shape import FLAG, NUMBER, TEXT, Facts, typed

_KEYS, _DEVICES, _PASSWORD = "iam:ListAccessKeys", "iam:ListMFADevices", "iam:GetLoginProfile"
_TYPES = {
    **dict.fromkeys(("password_enabled", "mfa_active", "access_key_1_active", "access_key_2_active"), FLAG),
    **dict.fromkeys(("summary_root_mfa", "summary_root_password"), FLAG),
    "summary_root_keys": NUMBER,
    "root_virtual_mfa": TEXT,
}


def root_credentials(document: Document, _: str) -> list[Facts]:
    counts = document.response("iam:GetAccountSummary").get("SummaryMap", {})
    keys, devices = _listed(document, _KEYS, "AccessKeyMetadata"), _listed(document, _DEVICES, "MFADevices")
    numbers = [
        n for n in (counts.get("AccountAccessKeysPresent"), None if keys is None else len(keys)) if n is not None
    ]
    facts = {
        "line": document.line(_KEYS),
        "password_enabled": _password(document),
        "password_enabled_note": None,
        "mfa_active": None if devices is None else len(devices) > 0,
        "access_key_1_active": _active(keys, 0),
        "access_key_2_active": _active(keys, 1),
        "summary_root_keys": max(numbers, default=None),
        "summary_root_mfa": _above_none(counts.get("AccountMFAEnabled")),
        "summary_root_password": _above_none(counts.get("AccountPasswordPresent")),
        "root_virtual_mfa": None if devices is None else _virtual(devices),
    }
    return [typed(facts, _TYPES)]


def _listed(document: Document, operation: str, name: str) -> list[Facts] | None:
    """None where the list could not be had."""
    response = document.response(operation)
    return response[name] if response and not document.error(operation) else None


def _active(keys: list[Facts] | None, number: int) -> bool | None:
    if keys is None:
        return None
    return number < len(keys) and keys[number].get("Status") == "Active"


def _password(document: Document) -> bool | None:
    if document.error(_PASSWORD) == "NoSuchEntity":
        return False
    return True if "LoginProfile" in document.response(_PASSWORD) else None


def _virtual(devices: list[Facts]) -> str:
    serials = [device["SerialNumber"] for device in devices]
    return next((serial for serial in serials if ":mfa/" in serial), "")


def _above_none(count: Any) -> bool | None:
    return None if count is None else count > 0
