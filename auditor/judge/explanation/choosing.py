"""Which account and which unit is meant, or one sentence with the nearest that exists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from auditor.catalog import Control
from auditor.errors import ScopeError, nearest
from auditor.model import CREDENTIALS, ROOT_USER, AccountRecord, Unit
from auditor.store.snapshot import Manifest

NAMED = {
    Unit.CREDENTIAL: "user",
    Unit.USER: "user",
    Unit.POLICY: "attached policy",
    Unit.CERTIFICATE: "certificate",
    Unit.INSTANCE: "running instance",
    Unit.IDENTITY: "user, group or role with an inline policy",
    Unit.RESOURCE: "resource",
}


@dataclass(frozen=True)
class Wanted:
    """What was asked for; empty for what was not said. ``name`` may be a name or an ARN."""

    account: str = ""
    name: str = ""
    credential: str = ""


def account_of(control: Control, wanted: Wanted, manifest: Manifest) -> AccountRecord | None:
    """The account's record; None for a control of the organization. Raises ScopeError."""
    if control.unit is Unit.ORGANIZATION:
        if wanted.account or wanted.name or wanted.credential:
            raise ScopeError(f"{control.id} is about the whole organization: do not name an account or a resource")
        return None
    if not wanted.account:
        raise ScopeError(f"{control.id} is tested in each account: name one with --account ID")
    known = {record.account.id: record for record in manifest.accounts}
    if wanted.account not in known:
        hint = nearest(wanted.account, known)
        raise ScopeError(f"the snapshot has no account {wanted.account!r}{hint}")
    return known[wanted.account]


def refuse_misfits(control: Control, wanted: Wanted) -> None:
    """ScopeError for a name or credential that the control's unit does not have, or an unknown credential."""
    unit = control.unit
    if unit is Unit.ACCOUNT and wanted.name:
        raise ScopeError(f"{control.id} is about whole accounts: leave out {wanted.name!r}")
    if unit is Unit.ROOT and wanted.name and wanted.name != ROOT_USER and not wanted.name.endswith(":root"):
        raise ScopeError(f"{control.id} is about the root user: leave out {wanted.name!r}")
    if wanted.credential and unit is not Unit.CREDENTIAL:
        raise ScopeError(f"{control.id} is not about single credentials: leave out --credential")
    if wanted.credential and wanted.credential not in CREDENTIALS:
        hint = nearest(wanted.credential, CREDENTIALS)
        raise ScopeError(f"unknown credential {wanted.credential!r}{hint}; known: {', '.join(CREDENTIALS)}")


def position_of(rows: pd.DataFrame, control: Control, wanted: Wanted) -> int:
    """Index label of the one row, among those of the account, that has the name or ARN. Raises ScopeError."""
    if control.unit in (Unit.ACCOUNT, Unit.ORGANIZATION, Unit.ROOT):
        return int(rows.index[0])
    what = NAMED[control.unit]
    names = rows["user"].astype("str")
    if control.unit is Unit.RESOURCE and not wanted.name and names.isna().iloc[-1]:  # all other resources
        return int(rows.index[-1])
    if not wanted.name:
        raise ScopeError(f"say which {what} of account {wanted.account} is meant; there are {_several(list(names))}")
    found = rows[(names == wanted.name) | (rows["arn"].astype("str") == wanted.name)]
    if found.empty:
        hint = nearest(wanted.name, [*names, *rows["arn"].astype("str")])
        raise ScopeError(f"account {wanted.account} has no {what} {wanted.name!r}{hint}")
    if len(found) > 1:
        arns = ", ".join(found["arn"].astype("str"))
        raise ScopeError(
            f"account {wanted.account} has several resources with the name {wanted.name!r}; name one of {arns}"
        )
    return int(found.index[0])


def slot_of(control: Control, wanted: Wanted, slots: Sequence[str]) -> str:
    """The credential that is meant, of the user's ``slots``: the only one that the control covers may go unsaid."""
    covered = control.credentials
    if wanted.credential:
        if wanted.credential not in covered:
            raise ScopeError(f"{control.id} does not test {wanted.credential}; it tests {', '.join(covered)}")
        return wanted.credential
    present = [slot for slot in covered if slot in slots]
    candidates = present or list(covered)
    if len(candidates) > 1:
        raise ScopeError(
            f"{wanted.name} has several credentials: name with --credential one of {', '.join(candidates)}"
        )
    return candidates[0]


def _several(names: Sequence[str], limit: int = 5) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more if names else "none"
