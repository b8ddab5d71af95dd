"""Which accounts a control policy reaches: those it is attached to, and those below its roots and OUs.

Control policies never apply to the management account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from auditor.model import ORGANIZATION_POLICIES, Account, Unit
from auditor.tables.units import UnitFrames

_JOINED = ("target_id", "targets")


def with_reached_accounts(frames: UnitFrames, accounts: Iterable[Account]) -> UnitFrames:
    """The frames, in which the table of control policies has a row for each policy and account that it reaches.

    Policies that reach no account keep one row without an account.
    """
    key = Unit.POLICY, ORGANIZATION_POLICIES
    if key not in frames:
        return frames
    return {**frames, key: _reaching(frames[key], _accounts_by_target(accounts))}


def _accounts_by_target(accounts: Iterable[Account]) -> Mapping[str, list[Account]]:
    found: dict[str, list[Account]] = {}
    for account in accounts:
        for target in () if account.is_management else (account.id, *account.ou_ids):
            found.setdefault(target, []).append(account)
    return found


def _reaching(targets: pd.DataFrame, accounts: Mapping[str, list[Account]]) -> pd.DataFrame:
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for target in targets.to_dict("records"):
        reached = accounts.get(str(target["target_id"]), ())
        for account in reached or (None,):
            _add(rows, {str(name): value for name, value in target.items()}, account)
    without = {policy for policy, account in rows if not account} & {policy for policy, account in rows if account}
    kept = [row for (policy, account), row in rows.items() if account or policy not in without]
    found = pd.DataFrame(kept, columns=targets.columns)
    texts = {name for name, dtype in targets.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)}
    return found.astype({name: "category" if name in texts else targets[name].dtype for name in targets})


def _add(rows: dict[tuple[str, str], dict[str, object]], target: dict[str, object], account: Account | None) -> None:
    key = str(target["policy_id"]), account.id if account else ""
    if key in rows:
        rows[key] |= {name: f"{rows[key][name]}; {target[name]}" for name in _JOINED}
        return
    place = (account.id, account.name, account.ou_path) if account else (None, None, None)
    rows[key] = target | dict(zip(("account_id", "account_name", "ou_path"), place, strict=True))
