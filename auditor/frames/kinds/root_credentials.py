"""Root's credentials as a session of root shows them: one row an account, named as what they stand in for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditor.evidence import Document
from auditor.frames.tables import Row, error_of, first_response, line_of, table
from auditor.model import ROOT_CREDENTIALS, Unit

_SUMMARY, _PASSWORD = "iam:GetAccountSummary", "iam:GetLoginProfile"
_KEYS, _DEVICES = "iam:ListAccessKeys", "iam:ListMFADevices"
_NONE = "NoSuchEntity"
_SLOTS = 2
_COLUMNS = {
    "password_enabled": "boolean",
    "mfa_active": "boolean",
    "access_key_1_active": "boolean",
    "access_key_2_active": "boolean",
    "summary_root_keys": "Int64",  # inactive ones too
    "summary_root_mfa": "boolean",
    "summary_root_password": "boolean",
    "root_virtual_mfa": "str",  # serial number of a virtual device, empty for none
}


def _rows(_: str, document: Document) -> Iterator[Row]:
    summary = first_response(document, _SUMMARY).get("SummaryMap", {})
    keys, devices = _listed(document, _KEYS, "AccessKeyMetadata"), _listed(document, _DEVICES, "MFADevices")
    active = None if keys is None else [key.get("Status") == "Active" for key in keys] + [False] * _SLOTS
    password = True if "LoginProfile" in first_response(document, _PASSWORD) else None
    yield {
        "line": line_of(document, _KEYS),
        "password_enabled": False if error_of(document, _PASSWORD) == _NONE else password,
        "mfa_active": None if devices is None else bool(devices),
        "access_key_1_active": active[0] if active else None,
        "access_key_2_active": active[1] if active else None,
        "summary_root_keys": _most(summary.get("AccountAccessKeysPresent"), keys),
        "summary_root_mfa": _flag(summary.get("AccountMFAEnabled")),
        "summary_root_password": _flag(summary.get("AccountPasswordPresent")),
        "root_virtual_mfa": None if devices is None else _virtual(devices),
    }


def _listed(document: Document, operation: str, name: str) -> Sequence[Any] | None:
    """None where the list could not be had, or not all of it."""
    response = first_response(document, operation)
    return response[name] if response and error_of(document, operation) == "" else None


def _most(counted: int | None, keys: Sequence[Any] | None) -> int | None:
    """The list shows keys that are switched off, like the count: the higher of the two, where both are known."""
    if counted is None or keys is None:
        return counted if keys is None else len(keys)
    return max(counted, len(keys))


def _flag(count: int | None) -> bool | None:
    return None if count is None else count > 0


def _virtual(devices: Sequence[Any]) -> str:
    """A virtual device has an ARN with ``:mfa/``, a passkey or security key one with ``:u2f/``, a token a number."""
    return next((d["SerialNumber"] for d in devices if ":mfa/" in d["SerialNumber"]), "")


TABLES = (table(Unit.ROOT, ROOT_CREDENTIALS, _COLUMNS, _rows),)
"""What is read of an account in which no role could be assumed."""
