"""IAM's own counts of one account: users, root's keys and MFA, certificates, identity providers."""

from __future__ import annotations

from auditor.kinds.declaration import Call, Column, Kind, KnownEvidence, Owner, RowPerOwner, Table, written
from auditor.model import ACCOUNT_SUMMARY, Unit
from auditor.store import evidence

_SUMMARY = Call("iam:GetAccountSummary")


def count_of(known: KnownEvidence, name: str) -> int | None:
    """What the account summary counts under ``name``; None where there is no summary or no such count."""
    if ACCOUNT_SUMMARY not in known:
        return None
    answers = evidence.read(known[ACCOUNT_SUMMARY].content).answers
    count = (answers[0].response or {}).get("SummaryMap", {}).get(name) if answers else None
    return count if isinstance(count, int) else None


def is_positive(count: int | None) -> bool | None:
    return None if count is None else count > 0


_ROOT_KEYS, _ROOT_MFA, _ROOT_PASSWORD = "AccountAccessKeysPresent", "AccountMFAEnabled", "AccountPasswordPresent"
_COLUMNS = (
    Column("summary_users", "Int64", "Users of the account as IAM counts them.", path="Users"),
    Column("summary_root_keys", "Int64", "Root's access keys, inactive ones too, as IAM counts them.", path=_ROOT_KEYS),
    Column(
        "summary_root_mfa",
        "boolean",
        "Whether root has MFA, by IAM's account summary.",
        path=_ROOT_MFA,
        convert=is_positive,
    ),
    Column(
        "summary_root_password",
        "boolean",
        "Whether root has a password, by IAM's account summary.",
        path=_ROOT_PASSWORD,
        convert=is_positive,
    ),
    written("summary_root_keys", _ROOT_KEYS),
    written("summary_root_mfa", _ROOT_MFA),
    written("summary_root_password", _ROOT_PASSWORD),
)

KIND = Kind(
    name=ACCOUNT_SUMMARY,
    owner=Owner.ACCOUNT,
    about="IAM's own counts of an account: users, root's keys, MFA and password, certificates, providers.",
    calls=(_SUMMARY,),
    tables=(
        Table(
            Unit.ACCOUNT,
            _COLUMNS,
            name="account_summaries",
            about="IAM's own counts of an account.",
            source=RowPerOwner(_SUMMARY.action, "SummaryMap"),
        ),
    ),
)
