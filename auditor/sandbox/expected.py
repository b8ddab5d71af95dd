"""The verdicts and outcomes that a boxed organization must get, by plain code that never calls the evaluator.

Where columns are missing (fault ``missing-columns``), these cannot be decided and are not expected to fail:
console-user-mfa of console users, root-mfa and root-mfa-always, credentials-unused of an active key 2,
no-access-key-at-user-setup of an active key 2 that was not made with its user, and root-use-avoided where
neither the password nor key 1 was used lately.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from auditor.model import ROOT_USER
from auditor.sandbox.facts import Key, PlantedAccount, User

Verdict = tuple[str, str, str]
Failure = tuple[str, str, str, str]

DAY = timedelta(days=1)
SETUP_TOLERANCE = timedelta(seconds=10)
ROOT_LOOK_BACK_DAYS = 90
# None as a gap: the account ends without evidence, under a code that is the client's own choice.
GAPS: dict[str, tuple[str, str] | None] = {
    "denied": ("assume", "AccessDenied"),
    "report-denied": ("generate", "AccessDenied"),
    "stuck": ("generate", "ReportTimeout"),
    "bad-signature": ("generate", "SignatureDoesNotMatch"),
    "service-failure": ("fetch", "ServiceFailure"),
    "html": ("validate", "NotAReport"),
    "empty": ("validate", "EmptyReport"),
    "header-only": ("validate", "EmptyReport"),
    "truncated": ("validate", "TruncatedReport"),
    "bad-value": ("validate", "MalformedValue"),
    "hang": None,
    "hang-sts": None,
    "wrong-account": None,
}


def outcome(account: PlantedAccount) -> str:
    """``assessed``, ``excluded`` (not ACTIVE) or ``not_assessed``."""
    if account.state != "ACTIVE":
        return "excluded"
    return "assessed" if account.reachable and account.fault not in GAPS else "not_assessed"


def gap(account: PlantedAccount) -> tuple[str, str] | None:
    """Stage and code of the evidence gap, where the box alone decides them."""
    if outcome(account) != "not_assessed":
        return None
    return GAPS[account.fault] if account.reachable else GAPS["denied"]


def failures(account: PlantedAccount, as_of: datetime) -> set[Failure]:
    """(account id, control id, resource name, credential) of all that must fail in one account."""
    if outcome(account) != "assessed":
        return set()
    found = [verdict for user in account.users for verdict in _user(user, as_of, account.missing)]
    if account.root is not None:
        found += [(control, ROOT_USER, "") for control in _root(account.root, as_of, account.missing)]
    return {(account.account_id, *verdict) for verdict in found}


def _age(moment: datetime, as_of: datetime) -> int:
    return (as_of - moment) // DAY


def _user(user: User, as_of: datetime, missing: frozenset[str]) -> Iterator[Verdict]:
    if user.password.enabled and not user.mfa and "mfa_active" not in missing:
        yield "console-user-mfa", user.name, ""
    if user.key_1.active and user.key_2.active:
        yield "single-active-access-key", user.name, ""
    if user.password.enabled:
        idle_since = user.password.last_used or user.password.last_changed or user.created
        for control in _unused(_age(idle_since, as_of)):
            yield control, user.name, "password"
    for slot, key in ((1, user.key_1), (2, user.key_2)):
        use_known = f"access_key_{slot}_last_used_date" not in missing
        for control in _key(user, slot, key, as_of, use_known):
            yield control, user.name, f"access_key_{slot}"


def _unused(idle_days: int) -> Iterator[str]:
    for limit in (45, 90):
        if idle_days >= limit:
            yield f"credentials-unused-{limit}d"


def _key(user: User, slot: int, key: Key, as_of: datetime, use_known: bool) -> Iterator[str]:
    if not key.active or key.last_rotated is None:
        return
    age = _age(key.last_rotated, as_of)
    if age > 90:
        yield "access-key-rotated-90d"
    if age > 45:
        yield f"access-key-{slot}-rotated-45d"
    if use_known:
        yield from _unused(_age(key.last_used or key.last_rotated, as_of))
    never_used = use_known and key.last_used is None
    made_with_user = abs(key.last_rotated - user.created) <= SETUP_TOLERANCE
    if user.password.enabled and (never_used or made_with_user):
        yield "no-access-key-at-user-setup"


def _root(root: User, as_of: datetime, missing: frozenset[str]) -> Iterator[str]:
    if root.key_1.active or root.key_2.active:
        yield "root-no-access-key"
    if not root.mfa and "mfa_active" not in missing:
        yield "root-mfa-always"
        if root.password.enabled is not False:
            yield "root-mfa"
    uses = [root.password.last_used, root.key_1.last_used]
    if "access_key_2_last_used_date" not in missing:
        uses.append(root.key_2.last_used)
    if _any_recent(uses, as_of):
        yield "root-use-avoided"


def _any_recent(uses: Iterable[datetime | None], as_of: datetime) -> bool:
    return any(_age(used, as_of) < ROOT_LOOK_BACK_DAYS for used in uses if used is not None)
