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
from auditor.sandbox.denials import denied
from auditor.sandbox.evidence import RootEvidence
from auditor.sandbox.facts import Key, PlantedAccount, User

# (control id, resource name, credential)
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
DENIED_STAGES = {"GenerateCredentialReport": "generate", "GetCredentialReport": "fetch"}
ROTATION_LIMITS = (30, 45, 60, 90)
UNUSED_LIMITS = (30, 45, 60, 90)
# The controls that CIS does not ask for in the GovCloud partition; where the report was had, they do not apply.
GOVCLOUD = "aws-us-gov"
NOT_IN_GOVCLOUD = ("root-mfa", "root-mfa-always", "root-hardware-mfa", "root-hardware-mfa-always")
# The controls that no account without a usable report gets a verdict on.
REPORT_CONTROLS = (
    *("access-key-rotated-90d", "credentials-unused-45d", "credentials-unused-90d", "console-user-mfa"),
    *("single-active-access-key", "no-access-key-at-user-setup", "root-no-access-key", "root-use-avoided"),
    *NOT_IN_GOVCLOUD,
    *(f"access-key-{slot}-rotated-{limit}d" for slot in (1, 2) for limit in ROTATION_LIMITS),
    *(f"access-key-{slot}-unused-{limit}d" for slot in (1, 2) for limit in UNUSED_LIMITS),
)


def outcome(account: PlantedAccount) -> str:
    """``assessed``, ``excluded`` (not ACTIVE) or ``not_assessed``."""
    if account.state != "ACTIVE":
        return "excluded"
    whole = account.fault not in GAPS and _denied_report(account.fault) is None
    return "assessed" if account.reachable and whole else "not_assessed"


def is_reached(account: PlantedAccount) -> bool:
    """Whether a role could be had: then evidence beside an unusable credential report is judged all the same."""
    return account.state == "ACTIVE" and account.reachable and account.fault not in ("denied", "wrong-account")


def gap(account: PlantedAccount) -> tuple[str, str] | None:
    """Stage and code of the evidence gap, where the box alone decides them."""
    if outcome(account) != "not_assessed":
        return None
    return (_denied_report(account.fault) or GAPS[account.fault]) if account.reachable else GAPS["denied"]


def _denied_report(fault: str) -> tuple[str, str] | None:
    """The gap that a denial of one or both calls for the report leaves."""
    listed = {operation for operation, _ in denied(fault)}
    return next(((stage, "AccessDenied") for name, stage in DENIED_STAGES.items() if name in listed), None)


def failures(account: PlantedAccount, as_of: datetime, summary: RootEvidence | None = None) -> set[Failure]:
    """(account id, control id, resource name, credential) of all that the report must fail in one account.

    ``summary`` is what the account summary says of root, None without one.
    """
    if outcome(account) != "assessed":
        return set()
    found = [verdict for user in account.users for verdict in _user(user, as_of, account.missing)]
    if account.root is not None:
        found += [(control, ROOT_USER, "") for control in _root(account.root, as_of, account.missing, summary)]
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
        for limit in _unused(_age(idle_since, as_of)):
            if limit in (45, 90):
                yield f"credentials-unused-{limit}d", user.name, "password"
    for slot, key in ((1, user.key_1), (2, user.key_2)):
        use_known = f"access_key_{slot}_last_used_date" not in missing
        for control in _key(user, slot, key, as_of, use_known):
            yield control, user.name, f"access_key_{slot}"


def _unused(idle_days: int) -> Iterator[int]:
    return (limit for limit in UNUSED_LIMITS if idle_days >= limit)


def _key(user: User, slot: int, key: Key, as_of: datetime, use_known: bool) -> Iterator[str]:
    if not key.active or key.last_rotated is None:
        return
    age = _age(key.last_rotated, as_of)
    if age > 90:
        yield "access-key-rotated-90d"
    yield from (f"access-key-{slot}-rotated-{limit}d" for limit in ROTATION_LIMITS if age > limit)
    if use_known:
        yield from _unused_key(slot, _age(key.last_used or key.last_rotated, as_of))
    never_used = use_known and key.last_used is None
    made_with_user = abs(key.last_rotated - user.created) <= SETUP_TOLERANCE
    if user.password.enabled and (never_used or made_with_user):
        yield "no-access-key-at-user-setup"


def _unused_key(slot: int, idle_days: int) -> Iterator[str]:
    for limit in _unused(idle_days):
        yield f"access-key-{slot}-unused-{limit}d"
        if limit in (45, 90):
            yield f"credentials-unused-{limit}d"


def _root(root: User, as_of: datetime, missing: frozenset[str], summary: RootEvidence | None) -> Iterator[str]:
    if root.key_1.active or root.key_2.active or (summary is not None and summary.keys_present):
        yield "root-no-access-key"
    if not has_mfa(root, summary) and "mfa_active" not in missing:
        yield "root-mfa-always"
        if has_password(root, summary):
            yield "root-mfa"
    uses = [root.password.last_used, root.key_1.last_used]
    if "access_key_2_last_used_date" not in missing:
        uses.append(root.key_2.last_used)
    if _any_recent(uses, as_of):
        yield "root-use-avoided"


def has_mfa(root: User, summary: RootEvidence | None) -> bool:
    """Whether root has MFA by all that is known; sources that disagree count as none."""
    return root.mfa and (summary is None or summary.mfa)


def has_password(root: User, summary: RootEvidence | None) -> bool:
    """Whether root has a password by anything that is known."""
    return root.password.enabled is not False or (summary is not None and summary.password_present)


def _any_recent(uses: Iterable[datetime | None], as_of: datetime) -> bool:
    return any(_age(used, as_of) < ROOT_LOOK_BACK_DAYS for used in uses if used is not None)
