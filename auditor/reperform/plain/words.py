"""The words of evidence and verdicts, written out once more: nothing here is shared with the first implementation."""

from __future__ import annotations

from collections.abc import Mapping

PASS, FAIL, MANUAL = "PASS", "FAIL", "MANUAL"
NOT_APPLICABLE, NO_EVIDENCE = "NOT_APPLICABLE", "NO_EVIDENCE"

ROOT_USER = "<root_account>"
ORGANIZATION = "organization"
"""Whose evidence it is that belongs to no account; also the unit that such a control judges."""
CREDENTIAL_REPORT = "credential-report"
ROOT_CREDENTIALS = "root-credentials"
"""What a session of root shows, where no role could be assumed."""

NEVER = ("n/a", "no_information")
"""What AWS writes, in any case, for a credential that was never used (or not since it began to record)."""
NOT_SUPPORTED = "not_supported"
NO_COLUMN = "(no column)"
"""Stands for every cell of a column that a report lacks."""
INSTEAD_OF_A_VALUE = (*NEVER, NOT_SUPPORTED, "", NO_COLUMN)

NOT_LISTED = "(not listed)"
"""In place of what nobody told of an access key beyond the two of a report."""
TOO_MANY = "(too many)"
"""Stands for the access keys that are left when all names but the last are given."""

USER_GONE = "(no such user)"
"""The user was deleted after the report was made, so that nobody could list the keys that it had."""

FURTHER_KEYS = ("access_key_3", "access_key_4", "access_key_5", "access_key_6")

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "password": {
        "active": "password_enabled",
        "last_rotated": "password_last_changed",
        "last_used": "password_last_used",
    },
    "access_key_1": {
        "active": "access_key_1_active",
        "last_rotated": "access_key_1_last_rotated",
        "last_used": "access_key_1_last_used_date",
    },
    "access_key_2": {
        "active": "access_key_2_active",
        "last_rotated": "access_key_2_last_rotated",
        "last_used": "access_key_2_last_used_date",
    },
    "cert_1": {"active": "cert_1_active", "last_rotated": "cert_1_last_rotated"},
    "cert_2": {"active": "cert_2_active", "last_rotated": "cert_2_last_rotated"},
}
"""Where in a user's row of the report each fact about a credential stands; nothing where AWS does not show."""
