"""What every table and column that can be asked about means, in one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.kinds import KINDS
from auditor.kinds.declaration import Table

_TABLES: Mapping[str, str] = {
    "accounts": "Every account of the organization: assessed, excluded or not assessed, and why.",
    "gaps": "Evidence that is missing: a row for each way in which an account or the organization failed.",
    "users": "A row for each line of a credential report, root included; columns that AWS adds begin with x_.",
    "credentials": "A row for each password, access key and signing certificate that exists.",
    "findings": "The verdict of each control on each account, user or credential, as in findings.csv.",
    "controls": "Each control that was tested, with its counts, as in controls.csv.",
    "waivers": "Each entry of the waivers file, whether it is valid and how many failures it covers.",
    "by_account": "The counts of each control in each account; controls has their sums.",
    "evidence": "Each file of evidence, as it was sealed.",
    "remarks": "What is to be said of evidence that was used, such as a user who is listed twice.",
}

_SHARED: Mapping[str, str] = {
    "account_id": "12 digits, as text; empty where the organization itself is meant.",
    "account_name": "Name of the account.",
    "ou_path": "Organizational units above the account, like Root/Prod/Payments.",
    "email": "E-mail address of the account's root user.",
    "evidence_file": "File that the row was read from, relative to the snapshot.",
    "evidence_line": "Line in that file, from 1.",
    "control_id": "Id of the control; 'auditor controls show ID' explains it.",
    "severity": "low, medium, high or critical.",
    "requirements": "Requirements that ask for the control, like cis-aws-7.0.0:2.12, joined by '; '.",
    "waiver_id": "Id of the waiver, where a failure was accepted.",
    "credential": "password, access_key_1 to access_key_6, cert_1 or cert_2; empty where the row is about the unit.",
    "arn": "ARN of the user, policy, certificate or instance.",
    "user": "Name of the user, <root_account> for root; in other tables the name of what the row is about.",
    "is_root": "Whether it is the root user.",
    "user_creation_time": "When the user was created.",
    "password_enabled": "Whether there is a console password.",
    "mfa_active": "Whether MFA is active.",
    "reason": "Why, in one sentence.",
    "failed": "Units that fail.",
    "waived": "Failures that a waiver covers.",
    "state": "State of the account as AWS gives it, like ACTIVE.",
    "title": "What has to hold.",
}
_ACCOUNTS: Mapping[str, str] = {
    "tags": "Tags like Environment=prod, where they were collected.",
    "is_management": "Whether it is the management account.",
    "outcome": "assessed, excluded or not_assessed.",
    "users": "Users in the credential report, without root.",
    "users_counted_by_aws": "Users by IAM's account summary, which may be newer than the report.",
    "gap_evidence": "Kinds of evidence that are missing, joined by '; '.",
    "gap_stage": "Where each gap came up: assume, generate, fetch, validate, read, ...",
    "gap_code": "Error code of each gap, AWS's or one of this program.",
    "gap_message": "What AWS or this program said.",
    "report_generated_at": "When AWS made the credential report.",
    "collected_at": "When the credential report was fetched.",
    "evidence_sha256": "SHA-256 of the credential report.",
    "request_id": "AWS's id of the call that fetched it.",
}
_GAPS: Mapping[str, str] = {
    "evidence": "Kinds of evidence that are missing, joined by ', '.",
    "stage": "Where it came up: assume, generate, fetch, validate, read, ...",
    "code": "Error code, AWS's or one of this program.",
    "message": "What AWS or this program said.",
}
_CREDENTIALS: Mapping[str, str] = {
    "active": "Whether it can be used.",
    "last_rotated": "When it was made or, for a password, last changed.",
    "last_rotated_note": "What the report says in place of that time, like N/A.",
    "last_used": "When it was last used.",
    "last_used_note": "What the report says in place of that time, like no_information.",
    "last_used_region": "Region it was last used in.",
    "last_used_service": "AWS service it was last used with.",
    "age_days": "Whole days from last_rotated to the as-of time.",
    "unused_days": "Whole days from last_used to the as-of time.",
}
_FINDINGS: Mapping[str, str] = {
    "snapshot_id": "The snapshot.",
    "as_of": "Instant that ages are counted at, UTC.",
    "status": "PASS, FAIL, NO_EVIDENCE or MANUAL.",
    "resource_arn": "ARN of what the verdict is about.",
    "resource_name": "Name of what the verdict is about; of a user the same as users.user.",
    "observed": "What the evidence says.",
    "also_seen_in": "Further places that decided the verdict, as file:line.",
    "finding_id": "Id of the finding, the same in every snapshot.",
    "in_violation_since": "Start of the violation, where the evidence dates it.",
}
_CONTROLS: Mapping[str, str] = {
    "unit": "What one verdict is about: account, user, credential, ...",
    "assessment": "automated, or manual where a person answers.",
    "population": "Units that the control applies to: passed and failed ones.",
    "passed": "Units that pass.",
    "not_applicable": "Units that the control does not apply to.",
    "no_evidence": "Accounts that could not be judged, wholly or in part.",
    "manual": "Accounts that a person has to answer for.",
    "looser_settings": "Own parameters that ask for less than the benchmark.",
    "frameworks": "Items of other frameworks that it serves, like soc2: CC6.1.",
}
_WAIVERS: Mapping[str, str] = {
    "requirement": "What the file names in place of the control.",
    "scope": "What the waiver covers, like account 012345678901; user svc-*.",
    "reason": "Why the failures are accepted.",
    "owner": "Who is responsible.",
    "approver": "Who has accepted it.",
    "ticket": "Where it was decided.",
    "created": "First day, UTC.",
    "expires": "Last day, UTC.",
    "state": "active, expired, not yet valid, unmatched or not tested.",
    "matched": "Failures in its scope, whether it is valid or not.",
    "line": "Line of the waivers file.",
}
_EVIDENCE: Mapping[str, str] = {
    "evidence": "Kind of evidence.",
    "size": "Bytes.",
    "collected_at": "When the answer came; of the last one, where there are several.",
    "request_id": "AWS's id of the last call; empty where none was needed.",
    "evidence_sha256": "SHA-256 of the file.",
}
_REMARKS: Mapping[str, str] = {
    "user": "Whom it is about; empty where it is about the account.",
    "remark": "repeated user or number of users.",
    "message": "What is to be said, in one sentence.",
}
_USERS: Mapping[str, str] = {
    "password_next_rotation": "When the password policy asks for a new password.",
    "additional_credentials_info": "What AWS tells of further credentials that have no columns.",
}
# Facts that stand in a kind's table and come from another kind: ``auditor.tables`` adds them.
_FROM_OTHER_KINDS: Mapping[str, Mapping[str, str]] = {
    "analyzers": {
        "organization_regions": "Regions where some account has an analyzer of the whole organization.",
        "organization_unknown": "Regions for which it is not known whether the organization has an analyzer.",
        "organization_unseen": "Why that is not known.",
    },
    "identity_providers": {
        "identity_center": "The organization's IAM Identity Center, where there is one.",
        "trusted_providers": "Identity providers that the trust policies of roles name.",
    },
}
_OF_TABLE: Mapping[str, Mapping[str, str]] = {
    "accounts": _ACCOUNTS,
    "gaps": _GAPS,
    "users": _USERS,
    "credentials": _CREDENTIALS,
    "findings": _FINDINGS,
    "controls": _CONTROLS,
    "waivers": _WAIVERS,
    "by_account": _CONTROLS,
    "evidence": _EVIDENCE,
    "remarks": _REMARKS,
    **_FROM_OTHER_KINDS,
}
_SLOTS = {
    "password": "the password",
    **{f"access_key_{n}": f"access key {n}" for n in (1, 2)},
    **{f"cert_{n}": f"signing certificate {n}" for n in (1, 2)},
}
_FACTS = {
    "active": "Whether {} is active.",
    "last_rotated": "When {} was made or replaced.",
    "last_changed": "When {} was last changed.",
    "last_used": "When {} was last used.",
    "last_used_date": "When {} was last used.",
    "last_used_region": "Region {} was last used in.",
    "last_used_service": "AWS service {} was last used with.",
}


def table_text(table: str) -> str:
    """What the table holds, empty where nobody has written it down."""
    return _TABLES.get(table) or next((found.about for found in _tables_of_kinds() if found.name == table), "")


def _tables_of_kinds() -> Iterator[Table]:
    for kind in KINDS.values():
        yield from kind.tables


def column_text(table: str, column: str) -> str:
    """What the column means, empty where nobody has written it down."""
    declared = {c.name: c.about for found in _tables_of_kinds() if found.name == table for c in found.columns}
    own = {**declared, **_OF_TABLE.get(table, {})}
    return own.get(column) or _SHARED.get(column) or _of_slot(column)


def _of_slot(column: str) -> str:
    """``access_key_1_last_used_date_note`` and its like, as the credential report has them for each credential."""
    if column.endswith("_note"):
        return f"What the report says in place of {column.removesuffix('_note')}, like N/A or no_information."
    slot = next((slot for slot in _SLOTS if column.startswith(f"{slot}_")), "")
    return _FACTS.get(column.removeprefix(f"{slot}_"), "").format(_SLOTS.get(slot, ""))
