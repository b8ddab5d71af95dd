"""What a session of root shows of root's own credentials, where no role could be assumed."""

from __future__ import annotations

from auditor.reperform.plain.document import Document
from auditor.reperform.plain.kinds.account_summary import above_none
from auditor.reperform.plain.shape import FLAG, NUMBER, TEXT, Facts, raw, typed

_SUMMARY = "iam:GetAccountSummary"
_KEYS, _DEVICES, _PASSWORD = "iam:ListAccessKeys", "iam:ListMFADevices", "iam:GetLoginProfile"
_TYPES = {
    **dict.fromkeys(("password_enabled", "mfa_active", "access_key_1_active", "access_key_2_active"), FLAG),
    **dict.fromkeys(("summary_root_mfa", "summary_root_password"), FLAG),
    "summary_root_keys": NUMBER,
    "root_virtual_mfa": TEXT,
}


def read(document: Document, _: str) -> dict[str, list[Facts]]:
    counts = document.response(_SUMMARY).get("SummaryMap", {})
    keys, devices = (
        _complete_list(document, _KEYS, "AccessKeyMetadata"),
        _complete_list(document, _DEVICES, "MFADevices"),
    )
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
        "summary_root_mfa": above_none(counts.get("AccountMFAEnabled")),
        "summary_root_password": above_none(counts.get("AccountPasswordPresent")),
        "root_virtual_mfa": None if devices is None else _virtual(devices),
        "password_enabled_raw": document.error(_PASSWORD) or _profile_made(document),
        "mfa_active_raw": None if devices is None else _each(devices, "SerialNumber"),
        "access_key_1_active_raw": None if keys is None else _each(keys, "Status"),
        "access_key_2_active_raw": None,
        "summary_root_keys_raw": raw(counts.get("AccountAccessKeysPresent")),
        "summary_root_mfa_raw": raw(counts.get("AccountMFAEnabled")),
        "summary_root_password_raw": raw(counts.get("AccountPasswordPresent")),
        "login_places": document.line(_PASSWORD),
        "mfa_places": document.line(_DEVICES),
        "summary_places": document.line(_SUMMARY),
        "report_made": document.collected_at(_DEVICES),
        "summary_made": document.collected_at(_SUMMARY),
    }
    return {"root": [typed(facts, _TYPES)]}


def _complete_list(document: Document, operation: str, name: str) -> list[Facts] | None:
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


def _profile_made(document: Document) -> str | None:
    return raw(document.response(_PASSWORD).get("LoginProfile", {}).get("CreateDate"))


def _each(items: list[Facts], name: str) -> str:
    return "; ".join(str(item.get(name, "?")) for item in items) or "none"


def _virtual(devices: list[Facts]) -> str:
    serials = [device["SerialNumber"] for device in devices]
    return next((serial for serial in serials if ":mfa/" in serial), "")
