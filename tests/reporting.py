"""Assessments built by hand, row by row, for the tests of what is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from auditor import schema
from auditor.catalog import Benchmark, Control
from auditor.judge.assessment import Assessment
from auditor.judge.large_tables import TablesInMemory
from tests.support import catalog

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
SNAPSHOT = "o-a1b2c3d4e5-20261124T101500Z"
KEYS, MFA, MANUAL = "access-key-rotated-90d", "console-user-mfa", "org-ou-structured"
_COUNTED = {
    "PASS": ("population", "passed"),
    "FAIL": ("population", "failed"),
    "NO_EVIDENCE": ("no_evidence",),
    "MANUAL": ("manual",),
}
LONG = "long " + "x" * 40_000
# What AWS or a person could put into a name. Lone surrogates are not here: pandas' str cannot hold them.
HOSTILE = (
    "=1+1",
    "+x",
    "-x",
    "@SUM(A1)",
    "\tafter a tab",
    "\rafter a carriage return",
    '=DDE("cmd";"/C calc";"x")',
    '=HYPERLINK("http://example.com")',
    "#N/A",
    "#REF!",
    "TRUE",
    "007",
    "1e5",
    "2026-11-24",
    "bell \x07 and escape \x1b",
    "not a character \ufffe\uffff",
    'two\nlines, and "quotes"',
    " spaces around ",
    "a_x0041_b",
    "<b>&amp;</b> ]]>",
    "Ünïcødé \U0001f680 \u05e9\u05dc\u05d5\u05dd \u202e reversed",
    "http://example.com/",
    "'apostrophe",
    LONG,
)


def account(number: int, name: str, **other: Any) -> dict[str, Any]:
    """A row of the accounts frame, assessed unless ``other`` says otherwise."""
    account_id = f"{number:012d}"
    row: dict[str, Any] = {
        "account_id": account_id,
        "account_name": name,
        "email": f"aws+{number}@example.com",
        "ou_path": "Root/Prod",
        "tags": "",
        "state": "ACTIVE",
        "is_management": number == 1,
        "outcome": "assessed",
        "reason": "",
        "users": 1,
        "users_counted_by_aws": None,
        "gap_evidence": "",
        "gap_stage": "",
        "gap_code": "",
        "gap_message": "",
        "report_generated_at": AS_OF - timedelta(hours=1),
        "collected_at": AS_OF,
        "evidence_file": f"evidence/{account_id}/credential-report.csv",
        "evidence_sha256": f"{number:064x}",
        "request_id": f"00000000-0000-4000-8000-{number:012d}",
    }
    return row | other


def missed(number: int, name: str, stage: str, code: str, message: str) -> dict[str, Any]:
    """A row of the accounts frame for an account in scope that could not be assessed."""
    gap = {"gap_evidence": "credential-report", "gap_stage": stage, "gap_code": code, "gap_message": message}
    nothing = {"users": None, "report_generated_at": None, "collected_at": None, "evidence_file": ""}
    reason = {"outcome": "not_assessed", "reason": f"{stage}: {code}", "evidence_sha256": "", "request_id": ""}
    return account(number, name, **gap, **nothing, **reason)


def credential(owner: dict[str, Any], user: str, line: int, age: int | None) -> dict[str, Any]:
    """A row of the credentials frame: the first key of ``user``, rotated ``age`` days before AS_OF."""
    return {
        **_who(owner, user),
        "credential": "access_key_1",
        "active": age is not None,
        "last_rotated": None if age is None else AS_OF - timedelta(days=age),
        "last_rotated_note": None if age is not None else "n/a",
        "last_used": None,
        "last_used_note": "no_information",
        "last_used_region": "",
        "last_used_service": "",
        "age_days": age,
        "unused_days": None,
        "user_creation_time": AS_OF - timedelta(days=400, seconds=1),
        "password_enabled": None,
        "mfa_active": False,
        "evidence_file": owner["evidence_file"],
        "evidence_line": line,
    }


def finding(owner: dict[str, Any], control: str, status: str, user: str, line: int | None) -> dict[str, Any]:
    """A row of the findings frame; without a line it is about the whole account."""
    who = _who(owner, user)
    return {
        "snapshot_id": SNAPSHOT,
        "as_of": "2026-11-24T10:15:00Z",
        "account_id": who["account_id"],
        "account_name": who["account_name"],
        "ou_path": who["ou_path"],
        "control_id": control,
        "severity": "high" if control == MFA else "medium",
        "status": status,
        "resource_arn": who["arn"] if line else None,
        "resource_name": user if line else None,
        "credential": "access_key_1" if line and control == KEYS else "",
        "observed": f"{line} days old, last used by {user}" if line else "",
        "reason": f"a reason of {user}",
        "requirements": "aws-iam-rules:AWS_IAM_50; cis-aws-7.0.0:2.12",
        "waiver_id": "",
        "evidence_file": owner["evidence_file"] if line else None,
        "evidence_line": line,
    }


def control(control_id: str, **counts: int) -> dict[str, Any]:
    """A row of the controls frame; counts that are not given are 0."""
    entry = catalog().control(control_id)
    zero = dict.fromkeys(("population", "passed", "failed", "waived", "not_applicable", "no_evidence", "manual"), 0)
    return {
        "control_id": control_id,
        "title": entry.title,
        "severity": entry.severity.value,
        "unit": entry.unit.value,
        "assessment": entry.assessment,
        "requirements": "cis-aws-7.0.0:2.12",
        "looser_settings": "",
        "frameworks": "",
        **zero,
        **counts,
    }


def assessment(
    accounts: Sequence[dict[str, Any]],
    credentials: Sequence[dict[str, Any]] = (),
    findings: Sequence[dict[str, Any]] = (),
    controls: Sequence[dict[str, Any]] = (),
    **other: Any,
) -> Assessment:
    """Rows made into typed frames; the one benchmark asks for each of ``controls``."""
    rows = [credential["user"] for credential in credentials]
    users = pd.DataFrame({"user": rows, "is_root": [user == "<root_account>" for user in rows]})
    chosen = tuple(catalog().control(row["control_id"]) for row in controls)
    values: dict[str, Any] = {
        "snapshot_id": SNAPSHOT,
        "organization_id": "o-a1b2c3d4e5",
        "caller_arn": "arn:aws:sts::000000000001:assumed-role/Auditor/quarter",
        "as_of": AS_OF,
        "started_at": AS_OF,
        "finished_at": AS_OF + timedelta(minutes=3),
        "interrupted": False,
        "run": {"calls": {"iam": 4}},
        "tool_version": "0.1.0",
        "manifest_sha256": "ab" * 32,
        "catalog_hash": "cd" * 32,
        "options": {"benchmark": ["test-benchmark"]},
        "benchmarks": (_benchmark(chosen),) if chosen else (),
        "catalog_controls": chosen,
        "accounts": _frame(accounts, schema.ACCOUNTS),
        "gaps": _frame([_gap(row) for row in accounts if row["gap_code"]], schema.GAPS),
        "users": users.drop_duplicates("user").astype({"user": "category", "is_root": "boolean"}),
        "credentials": _frame(credentials, schema.CREDENTIALS),
        "findings": _frame(findings, schema.FINDINGS),
        "controls": _frame(controls, schema.CONTROLS),
        "by_account": _by_account(findings, accounts, controls),
    }
    values |= other
    large = {name: values.pop(name) for name in ("users", "credentials", "findings")} | values.pop("evidence", {})
    return Assessment(**values, large=TablesInMemory(large))


def small(*, hostile: Sequence[str] = HOSTILE) -> Assessment:
    """Four accounts: one assessed, with a user per hostile text, one excluded and two with evidence gaps."""
    good = account(1, "=cmd|' /C calc'!A0", users=len(hostile))
    accounts = [
        good,
        account(22, 'Sandbox, "old"', outcome="excluded", state="SUSPENDED", reason="SUSPENDED", users=None),
        missed(333, "+Plus", "assume", "AccessDenied", "no role; ask the owner"),
        missed(999999999999, "-", "fetch", "ReportExpired", "=it expired"),
    ]
    lines = list(enumerate(hostile, start=2))
    return assessment(
        accounts,
        [credential(good, user, line, age=line * 10 if line % 2 else None) for line, user in lines],
        [finding(good, KEYS, "FAIL" if line % 2 else "PASS", user, line) for line, user in lines]
        + [finding(a, KEYS, "NO_EVIDENCE", "nobody", None) for a in accounts[2:]],
        [control(KEYS, population=24, passed=12, failed=12, no_evidence=2), control(MANUAL, manual=1)],
    )


def complete() -> Assessment:
    """One account, one user, one passed control: nothing is missing."""
    good = account(1, "Only")
    return assessment(
        [good],
        [credential(good, "ann", 2, age=10)],
        [finding(good, KEYS, "PASS", "ann", 2)],
        [control(KEYS, population=1, passed=1)],
    )


def _gap(owner: dict[str, Any]) -> dict[str, Any]:
    """The one trouble of an account that ``missed`` made."""
    who = {name: owner[name] for name in ("account_id", "account_name")}
    return who | {name: owner[f"gap_{name}"] for name in ("evidence", "stage", "code", "message")}


def _who(owner: dict[str, Any], user: str) -> dict[str, Any]:
    names = ("account_id", "account_name", "ou_path")
    arn = f"arn:aws:iam::{owner['account_id']}:user/{user}"
    return {name: owner[name] for name in names} | {"user": user, "arn": arn, "is_root": False}


def _by_account(
    findings: Sequence[dict[str, Any]], accounts: Sequence[dict[str, Any]], controls: Sequence[dict[str, Any]]
) -> pd.DataFrame:
    """What ``findings`` hold of each control and account, in the order of the controls and then of the accounts."""
    ids = [row["account_id"] for row in accounts]
    names = list(dict.fromkeys(row["control_id"] for row in (*controls, *findings)))
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for row in findings:
        one = counts.setdefault((row["control_id"], row["account_id"]), dict.fromkeys(schema.COUNTS, 0))
        for name in _COUNTED[row["status"]]:
            one[name] += 1
        one["waived"] += bool(row["waiver_id"])
    keys = sorted(counts, key=lambda key: (names.index(key[0]), ids.index(key[1])))
    rows = [{"control_id": c, "account_id": a, **counts[c, a]} for c, a in keys]
    frame = _frame(rows, schema.BY_ACCOUNT)
    categories = {"account_id": pd.Index(ids, dtype="str"), "control_id": pd.Index(names, dtype="str")}
    return frame.assign(**{n: frame[n].cat.set_categories(found) for n, found in categories.items()})


def _frame(rows: Sequence[dict[str, Any]], columns: dict[str, str]) -> pd.DataFrame:
    return schema.typed(pd.DataFrame(list(rows), columns=list(columns)), columns)


def _benchmark(controls: Sequence[Control]) -> Benchmark:
    requirements = [
        {"id": f"1.{number}0", "control": c.id, "assessment": "automated", "section": "Identity"}
        for number, c in enumerate(controls, start=1)
    ]
    about = {"publisher": "Nobody", "about": "For tests.", "title": "A benchmark for tests", "version": "1.0"}
    return Benchmark.model_validate({"id": "test-benchmark", **about, "requirements": requirements})
