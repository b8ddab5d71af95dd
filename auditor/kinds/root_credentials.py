"""Root's credentials as a session of root shows them, in place of its report row where no role can be assumed.

All calls are ones that the task policy IAMAuditRootUserCredentials allows; no names are sent, as root is who asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditor.kinds.account_summary import is_positive
from auditor.kinds.declaration import Call, Column, Kind, Owner, Row, Table
from auditor.model import ROOT_CREDENTIALS, Unit
from auditor.store.answers import as_written, error_of, first_response, line_of, time_of
from auditor.store.evidence import Document

_SUMMARY, _PASSWORD = "iam:GetAccountSummary", "iam:GetLoginProfile"
_KEYS, _DEVICES = "iam:ListAccessKeys", "iam:ListMFADevices"
_NONE = "NoSuchEntity"  # what AWS answers where root has no password
_SLOTS = 2
_CALLS = (
    Call(_SUMMARY, continues=True),
    Call(_PASSWORD, answers=(_NONE,), continues=True),
    Call(_KEYS, items="AccessKeyMetadata", answers=(_NONE,), continues=True),
    Call(_DEVICES, items="MFADevices", answers=(_NONE,), continues=True),
    Call("iam:ListSigningCertificates", items="Certificates", answers=(_NONE,), continues=True),
)
_COLUMNS = (
    Column("password_enabled", "boolean", "Whether there is a console password."),
    Column("mfa_active", "boolean", "Whether MFA is active."),
    Column("access_key_1_active", "boolean", "Whether root's first access key is active."),
    Column("access_key_2_active", "boolean", "Whether root's second access key is active."),
    Column("summary_root_keys", "Int64", "Root's access keys, inactive ones too, as IAM counts them."),
    Column("summary_root_mfa", "boolean", "Whether root has MFA, by IAM's account summary."),
    Column("summary_root_password", "boolean", "Whether root has a password, by IAM's account summary."),
    Column("root_virtual_mfa", "str", "Serial number of root's virtual MFA device; empty for none."),
    Column("password_enabled_spelling", "str", "When root's password was made, or the error that says there is none."),
    Column("mfa_active_spelling", "str", "Serial numbers of root's devices, joined by '; '."),
    Column("access_key_1_active_spelling", "str", "Status of each of root's keys, joined by '; '."),
    Column("summary_root_mfa_spelling", "str", "summary_root_mfa as AWS writes it."),
    Column("summary_root_password_spelling", "str", "summary_root_password as AWS writes it."),
    Column("summary_root_keys_spelling", "str", "summary_root_keys as AWS writes it."),
    Column("login_places", "Int64", "Line of the call that shows the password."),
    Column("mfa_places", "Int64", "Line of the call that lists the devices."),
    Column("summary_places", "Int64", "Line of the account summary."),
    Column("report_made", "str", "When the root session was read (UTC).", unit="UTC"),
    Column("summary_made", "str", "When the account summary was read (UTC).", unit="UTC"),
)


def _rows(_: str, document: Document) -> Iterator[Row]:
    summary = first_response(document, _SUMMARY).get("SummaryMap", {})
    keys, devices = (
        _complete_list(document, _KEYS, "AccessKeyMetadata"),
        _complete_list(document, _DEVICES, "MFADevices"),
    )
    active = None if keys is None else [key.get("Status") == "Active" for key in keys] + [False] * _SLOTS
    password = True if "LoginProfile" in first_response(document, _PASSWORD) else None
    yield {
        "line": line_of(document, _KEYS),
        "password_enabled": False if error_of(document, _PASSWORD) == _NONE else password,
        "mfa_active": None if devices is None else bool(devices),
        "access_key_1_active": active[0] if active else None,
        "access_key_2_active": active[1] if active else None,
        "summary_root_keys": _most(summary.get("AccountAccessKeysPresent"), keys),
        "summary_root_mfa": is_positive(summary.get("AccountMFAEnabled")),
        "summary_root_password": is_positive(summary.get("AccountPasswordPresent")),
        "root_virtual_mfa": None if devices is None else _virtual(devices),
        **_quotes(document, keys, devices),
    }


def _quotes(document: Document, keys: Sequence[Any] | None, devices: Sequence[Any] | None) -> Row:
    summary = first_response(document, _SUMMARY).get("SummaryMap", {})
    profile = first_response(document, _PASSWORD).get("LoginProfile", {})
    return {
        "password_enabled_spelling": error_of(document, _PASSWORD) or as_written(profile.get("CreateDate")),
        "mfa_active_spelling": None if devices is None else _joined(devices, "SerialNumber"),
        "access_key_1_active_spelling": None if keys is None else _joined(keys, "Status"),
        "summary_root_mfa_spelling": as_written(summary.get("AccountMFAEnabled")),
        "summary_root_password_spelling": as_written(summary.get("AccountPasswordPresent")),
        "summary_root_keys_spelling": as_written(summary.get("AccountAccessKeysPresent")),
        "login_places": line_of(document, _PASSWORD),
        "mfa_places": line_of(document, _DEVICES),
        "summary_places": line_of(document, _SUMMARY),
        "report_made": time_of(document, _DEVICES),
        "summary_made": time_of(document, _SUMMARY),
    }


def _joined(items: Sequence[Any], name: str) -> str:
    return "; ".join(str(item.get(name, "?")) for item in items) or "none"


def _complete_list(document: Document, operation: str, name: str) -> Sequence[Any] | None:
    """None where the list could not be had, or not all of it."""
    response = first_response(document, operation)
    return response[name] if response and error_of(document, operation) == "" else None


def _most(counted: int | None, keys: Sequence[Any] | None) -> int | None:
    """The list shows keys that are switched off, like the count: the higher of the two, where both are known."""
    if counted is None or keys is None:
        return counted if keys is None else len(keys)
    return max(counted, len(keys))


def _virtual(devices: Sequence[Any]) -> str:
    """A virtual device has an ARN with ``:mfa/``, a passkey or security key one with ``:u2f/``, a token a number."""
    return next((d["SerialNumber"] for d in devices if ":mfa/" in d["SerialNumber"]), "")


def _foreign(owner_id: str, document: Document) -> str:
    """A device that has an ARN must be of the account that was asked."""
    serials = (str(device.get("SerialNumber", "")) for _, device in document.items("MFADevices"))
    foreign = (s for s in serials if s.startswith("arn:") and s.split(":")[4:5] != [owner_id])
    return next((f"the root credentials of account {owner_id} name the device {serial!r}" for serial in foreign), "")


KIND = Kind(
    name=ROOT_CREDENTIALS,
    owner=Owner.ROOT,
    about="Root's password, access keys and MFA devices, read in a session of root.",
    calls=_CALLS,
    optional=True,
    foreign=_foreign,
    tables=(
        Table(
            Unit.ROOT,
            _COLUMNS,
            name="root_credentials",
            about="Root's credentials where they were read in a session of root.",
            rows=_rows,
        ),
    ),
)
