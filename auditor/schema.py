"""The columns of every table this product hands out, in order, with their pandas dtypes and meaning.

``text`` is pandas ``str``, ``category`` a categorical of texts, ``time`` ``datetime64[us, UTC]`` (NaT where there
is none), ``bool`` the nullable ``boolean`` and ``int`` the nullable ``Int64``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

ACCOUNTS = {
    "account_id": "text",  # 12 digits, leading zeros kept
    "account_name": "text",
    "email": "text",
    "ou_path": "category",  # Root/Prod/Payments
    "tags": "text",  # Environment=prod; Owner=ann, where they were collected
    "state": "category",  # ACTIVE, SUSPENDED, ... as AWS Organizations gives it
    "is_management": "bool",
    "outcome": "category",  # assessed, excluded, not_assessed
    "reason": "text",  # why excluded or not assessed
    "users": "int",  # users in the credential report, root not counted; <NA> when there is no report
    "users_counted_by_aws": "int",  # by the account summary, where it was collected; the report may be hours older
    "gap_evidence": "text",  # the four gap columns hold one entry for each way it failed, joined by "; "
    "gap_stage": "text",
    "gap_code": "text",
    "gap_message": "text",
    "report_generated_at": "time",  # when AWS made the credential report (up to four hours before it was fetched)
    "collected_at": "time",
    "evidence_file": "text",  # relative to the snapshot's folder
    "evidence_sha256": "text",
    "request_id": "text",
}

# Evidence that is missing: a row for each way in which an account, or the organization (no account id), failed.
GAPS = {
    "account_id": "text",
    "account_name": "text",
    "evidence": "text",  # the kinds of evidence that are missing, joined by ", "
    "stage": "text",
    "code": "text",  # AWS's, or one of ours
    "message": "text",
}

# What is to be said of evidence that was used: a row for each remark.
REMARKS = {
    "account_id": "text",
    "account_name": "text",
    "user": "text",  # whom it is about, empty where it is about the account
    "remark": "text",  # repeated user, number of users
    "message": "text",
}

# Every file of evidence, as the manifest names it: a row each, the organization's own (no account id) first.
EVIDENCE_FILES = {
    "account_id": "text",
    "evidence": "category",  # the kind
    "evidence_file": "text",  # relative to the snapshot's folder
    "size": "int",  # bytes
    "collected_at": "time",
    "request_id": "text",  # of AWS's last answer; empty where none was needed
    "evidence_sha256": "text",
}

# What every row about a user starts with.
_WHO = {
    "account_id": "category",
    "account_name": "category",
    "ou_path": "category",
    "user": "category",
    "arn": "category",
    "is_root": "bool",
}
# A ``_note`` column holds what the report says in place of a value: n/a, no_information, not_supported, an empty text,
# or "(no column)" where the report lacks the column. They are distinct inputs to the checks.
_WHERE = {
    "evidence_file": "category",  # relative to the snapshot's folder; of further keys the list of access keys
    "evidence_line": "int",  # 1 is the header
}

USERS = {
    **_WHO,
    "user_creation_time": "time",
    "password_enabled": "bool",
    "password_enabled_note": "category",
    "password_last_used": "time",
    "password_last_used_note": "category",
    "password_last_changed": "time",
    "password_last_changed_note": "category",
    "password_next_rotation": "time",
    "mfa_active": "bool",
    "access_key_1_active": "bool",
    "access_key_1_last_rotated": "time",
    "access_key_1_last_used_date": "time",
    "access_key_1_last_used_date_note": "category",
    "access_key_1_last_used_region": "category",
    "access_key_1_last_used_service": "category",
    "access_key_2_active": "bool",
    "access_key_2_last_rotated": "time",
    "access_key_2_last_used_date": "time",
    "access_key_2_last_used_date_note": "category",
    "access_key_2_last_used_region": "category",
    "access_key_2_last_used_service": "category",
    "cert_1_active": "bool",
    "cert_1_last_rotated": "time",
    "cert_2_active": "bool",
    "cert_2_last_rotated": "time",
    "additional_credentials_info": "text",
    **_WHERE,
}

REPORTED = tuple(name for name in USERS if name not in (*_WHO, *_WHERE) and not name.endswith("_note"))
"""The columns of a credential report beside user and arn, under AWS's names and in AWS's order."""

CREDENTIALS = {
    **_WHO,
    # password, access_key_1, access_key_2, cert_1, cert_2; access_key_3 to access_key_6 are of the list of a user's
    # access keys, in the order of their making, where the report tells that there are more than its two
    "credential": "category",
    "active": "bool",
    "last_rotated": "time",  # of a password: last changed
    # of a password; of further keys "(not listed)": what there is beyond the report could not be had, so it stands for
    # whatever there is; "(no such user)": nor can it be, as the user was deleted; "(too many)": it stands for all keys
    # from here on
    "last_rotated_note": "category",
    "last_used": "time",
    "last_used_note": "category",  # of further keys "(not listed)": the list of access keys does not show it
    "last_used_region": "category",
    "last_used_service": "category",
    "age_days": "int",  # whole days from last_rotated to as-of
    "unused_days": "int",  # whole days from last_used to as-of
    "user_creation_time": "time",
    "password_enabled": "bool",
    "mfa_active": "bool",
    **_WHERE,
}

# Where in a user's row each fact about a credential stands; nothing where AWS does not show.
CREDENTIAL_SOURCES: Mapping[str, Mapping[str, str]] = {
    "active": {
        "password": "password_enabled",
        "access_key_1": "access_key_1_active",
        "access_key_2": "access_key_2_active",
        "cert_1": "cert_1_active",
        "cert_2": "cert_2_active",
    },
    "last_rotated": {
        "password": "password_last_changed",
        "access_key_1": "access_key_1_last_rotated",
        "access_key_2": "access_key_2_last_rotated",
        "cert_1": "cert_1_last_rotated",
        "cert_2": "cert_2_last_rotated",
    },
    "last_rotated_note": {"password": "password_last_changed_note"},
    "last_used": {
        "password": "password_last_used",
        "access_key_1": "access_key_1_last_used_date",
        "access_key_2": "access_key_2_last_used_date",
    },
    "last_used_note": {
        "password": "password_last_used_note",
        "access_key_1": "access_key_1_last_used_date_note",
        "access_key_2": "access_key_2_last_used_date_note",
    },
    "last_used_region": {
        "access_key_1": "access_key_1_last_used_region",
        "access_key_2": "access_key_2_last_used_region",
    },
    "last_used_service": {
        "access_key_1": "access_key_1_last_used_service",
        "access_key_2": "access_key_2_last_used_service",
    },
}

FINDINGS = {
    "snapshot_id": "category",
    "as_of": "category",  # 2026-11-24T10:15:00Z
    "account_id": "category",
    "account_name": "category",
    "ou_path": "category",
    "control_id": "category",
    "severity": "category",
    "status": "category",  # PASS, FAIL, NO_EVIDENCE, MANUAL
    "resource_arn": "category",
    "resource_name": "category",
    "credential": "category",
    "observed": "text",
    "reason": "category",
    "requirements": "category",  # aws-iam-rules:AWS_IAM_50; cis-aws-7.0.0:2.12
    "waiver_id": "category",  # of a FAIL that was accepted, else empty
    "evidence_file": "category",
    "evidence_line": "int",
    "also_seen_in": "text",  # file:line; file:line: the other places that decide, where more than one does
    "finding_id": "text",  # f-0123456789abcdef0123: the same in every snapshot, see auditor.judge.finding_ids
}

FINDINGS_TABLE = {
    **FINDINGS,
    # Of a FAIL: the first instant at which the unit has failed ever since, by the dates of the evidence; NaT where they
    # do not tell. Not in findings.csv.
    "in_violation_since": "time",
}

# Each as in CONTROLS.
COUNTS = ("population", "passed", "failed", "waived", "not_applicable", "no_evidence", "manual")

CONTROLS = {
    "control_id": "text",
    "title": "text",
    "severity": "category",
    "unit": "category",
    "assessment": "category",  # automated, manual
    "requirements": "text",
    "population": "int",  # units with PASS or FAIL
    "passed": "int",
    "failed": "int",
    "waived": "int",  # of the failed ones, those that carry a waiver
    "not_applicable": "int",  # units the control does not apply to
    "no_evidence": "int",  # accounts that could not be judged, wholly or in part
    "manual": "int",  # accounts (or the organization) needs manual review
    "looser_settings": "text",  # own parameters that ask for less than the benchmark, one sentence each, joined by "; "
    "frameworks": "text",  # nist_800_53_r5: AC-2(1), AC-3; soc2: CC6.1
}

# How the units of each control stand in each account: a row where there is anything to count, in the order of CONTROLS
# and then of ACCOUNTS. CONTROLS holds the sums. No account: the organization's own, where its management account is
# not listed.
BY_ACCOUNT = {
    "account_id": "category",  # the categories are all accounts
    "control_id": "category",  # the categories are all controls
    **dict.fromkeys(COUNTS, "int"),
}

FURTHER, ABSENT, NOT_APPLICABLE, NO_EVIDENCE, BY_PERSON = STEPS = (
    "further",  # units beyond those that the control starts from, such as a third access key
    "absent",  # nothing is there that could be tested
    "not applicable",
    "no evidence",
    "by a person",
)
# How the users or accounts that there are become the units that a control tested, account by account. A unit is a user,
# a credential of a user (as many as the control names, of those that a report has room for), an account, its root or
# the organization; of policies, certificates and instances what the evidence lists. Those, plus "further", minus all
# other steps, are the population.
BRIDGE = {
    "account_id": "category",  # as in BY_ACCOUNT
    "control_id": "category",  # the categories are all controls
    "step": "category",  # of STEPS
    "reason": "category",  # in a few words
    "units": "int",
}

WAIVERS = {
    "waiver_id": "text",
    "control_id": "text",
    "requirement": "text",  # what the waivers file names in place of the control, else empty
    "scope": "text",  # account 012345678901; ou Root/Prod; user svc-*
    "reason": "text",
    "owner": "text",
    "approver": "text",
    "ticket": "text",
    "created": "text",  # 2026-11-01: the first day, UTC
    "expires": "text",  # 2026-12-31: the last day, UTC
    "state": "category",  # active, expired, not yet valid, unmatched, not tested
    "matched": "int",  # failures in its scope, whether it is valid or not
    "waived": "int",  # failures that carry it
    "line": "int",  # of the waivers file
}

# Where the failures stand that are in the scope of a waiver, whether it is valid or not.
WAIVER_MATCHES = {
    "waiver_id": "category",
    "account_id": "category",
    "matched": "int",
}

_DTYPES: Mapping[str, Any] = {
    "text": "str",
    "category": "category",
    "time": pd.DatetimeTZDtype("us", "UTC"),
    "bool": "boolean",
    "int": "Int64",
}


def typed(frame: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    """``frame`` with the dtypes that ``columns``, one of the tables above, asks for."""
    return pd.DataFrame({name: _typed(frame[name], kind) for name, kind in columns.items()}, index=frame.index)


def _typed(column: pd.Series, kind: str) -> pd.Series:
    # Categories are texts, even where there are none.
    texts = column if kind != "category" or column.dtype == "str" else column.astype("str")
    return texts.astype(_DTYPES[kind])
