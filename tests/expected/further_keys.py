"""The verdicts on access keys beyond the two that a report shows; a list of keys tells no last use.

Whether such a key is unused is open, unless it is younger than the limit: then it cannot have been unused for so long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from auditor.sandbox.facts import Key, User
from tests.expected.account import FAIL, NO_EVIDENCE
from tests.expected.reports import DAY, SETUP_TOLERANCE, Verdict

_UNUSED = {"credentials-unused-45d": 45, "credentials-unused-90d": 90}
_ROTATED, _SETUP, _SINGLE = "access-key-rotated-90d", "no-access-key-at-user-setup", "single-active-access-key"


def further_judged(users: Sequence[User], listed: bool, as_of: datetime) -> Iterator[tuple[str, Verdict]]:
    """All that is not a pass for the keys that no slot holds; ``listed`` says whether the lists were collected."""
    for user in users:
        if user.more_keys:
            yield from _judged(user, as_of) if listed else _unlisted(user)


def _judged(user: User, as_of: datetime) -> Iterator[tuple[str, Verdict]]:
    active = [key for key in (user.key_1, user.key_2, *user.more_keys) if key.active]
    if len(active) > 1:
        yield FAIL, (_SINGLE, user.name, "")
    for number, (made, is_active) in enumerate(
        sorted((_creation_time(key), key.active) for key in user.more_keys), start=3
    ):
        if not is_active:
            continue
        yield from ((NO_EVIDENCE, (control, "", "")) for control, days in _UNUSED.items() if as_of - made >= days * DAY)
        if (as_of - made) // DAY > 90:
            yield FAIL, (_ROTATED, user.name, f"access_key_{number}")
        if user.password.enabled and abs(made - user.created) <= SETUP_TOLERANCE:
            yield FAIL, (_SETUP, user.name, f"access_key_{number}")
        elif user.password.enabled:
            yield NO_EVIDENCE, (_SETUP, "", "")


def _unlisted(user: User) -> Iterator[tuple[str, Verdict]]:
    yield from ((NO_EVIDENCE, (control, "", "")) for control in (*_UNUSED, _ROTATED))
    if user.password.enabled:
        yield NO_EVIDENCE, (_SETUP, "", "")
    if not (user.key_1.active and user.key_2.active):  # else too many anyway
        yield NO_EVIDENCE, (_SINGLE, "", "")


def _creation_time(key: Key) -> datetime:
    assert key.last_rotated is not None
    return key.last_rotated
