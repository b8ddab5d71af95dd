"""A million failed findings, and a file with waivers of every kind for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from auditor import schema
from auditor.model import Account

_CONTROLS = ("access-key-rotated-90d", "console-user-mfa", "credentials-unused-45d", "root-mfa")
_ACCOUNTS = 1000
_SCOPES = (
    'account: "{account}"\n      user: user-{user:07d}',
    'account: "{account}"\n      user: "user-{ten:06d}*"',
    'user: "user-{ten:06d}?"',
    'arn: "arn:aws-bench:iam::{account}:user/team-{team}/user-{ten:06d}*"',
    'account: "{account}"\n      user: "*-{user:07d}"',
    'ou: Root/Unit-{team}\n      user: "user-{hundred:05d}*7"',
    'tag: {{stage: stage-{team}}}\n      user: ["user-{ten:06d}*", "user-{hundred:05d}?7"]',
    'account: ["{account}", "{other}"]\n      arn: "*/user-{ten:06d}*"',
)


def failing(count: int) -> tuple[pd.DataFrame, pd.DataFrame, list[Account]]:
    """Findings that all fail, a name of its own in each; the controls frame, and the accounts."""
    numbers = np.arange(count)
    accounts = [_account(number) for number in range(_ACCOUNTS)]
    account, control = numbers % _ACCOUNTS, numbers * len(_CONTROLS) // count
    ids = [a.id for a in accounts]
    names = [f"user-{number:07d}" for number in numbers]
    arns = [f"arn:aws-bench:iam::{ids[n % _ACCOUNTS]}:user/team-{n % 50}/user-{n:07d}" for n in numbers]
    columns = {
        "account_id": pd.Categorical.from_codes(account, pd.Index(ids, dtype="str")),
        "control_id": pd.Categorical.from_codes(control, pd.Index(_CONTROLS, dtype="str")),
        "status": pd.Categorical.from_codes(np.zeros(count, dtype=int), pd.Index(["FAIL"], dtype="str")),
        "resource_name": pd.Categorical.from_codes(numbers, pd.Index(names, dtype="str")),
        "resource_arn": pd.Categorical.from_codes(numbers, pd.Index(arns, dtype="str")),
    }
    controls = pd.DataFrame({"control_id": list(_CONTROLS)}).reindex(columns=list(schema.CONTROLS))
    return pd.DataFrame(columns), schema.typed(controls, schema.CONTROLS), accounts


def waivers_file(path: Path, count: int, findings: int) -> Path:
    """``count`` waivers for the findings of ``failing``, in turn of each of ``_SCOPES``."""
    entries = "".join(_entry(number, count, findings) for number in range(count))
    path.write_text("waivers:\n" + entries, encoding="utf-8")
    return path


def _account(number: int) -> Account:
    return Account(f"{number:012d}", f"stage-{number % 50}", ou_path=f"Root/Unit-{number % 50}/Team")


def _entry(number: int, count: int, findings: int) -> str:
    user = number * (findings // count) + 7
    scope = _SCOPES[number % len(_SCOPES)].format(
        account=f"{user % _ACCOUNTS:012d}",
        other=f"{number % _ACCOUNTS:012d}",
        user=user,
        ten=user // 10,
        hundred=user // 100,
        team=user % 50,
    )
    return f"""\
  - id: W-{number}
    control: {_CONTROLS[user * len(_CONTROLS) // findings]}
    scope:
      {scope}
    reason: The vendor changes this by hand until the migration is done.
    owner: owner-{number % 7}@example.com
    approver: approver@example.com
    ticket: SEC-{number}
    created: 2026-11-01
    expires: 2027-10-31
"""
