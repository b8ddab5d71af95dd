"""Root users of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.model import ROOT_USER
from auditor.sandbox.facts import Key, Password, User

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
USE_AGES = {
    "89d": 89 * DAY,
    "90d-minus-1s": 90 * DAY - SECOND,
    "90d": 90 * DAY,
    "90d-plus-1s": 90 * DAY + SECOND,
    "91d": 91 * DAY,
}


def roots(as_of: datetime) -> dict[str, User]:
    """Root rows by the name of what is special about them."""
    good = User(ROOT_USER, as_of - 1000 * DAY, Password(True, as_of - 400 * DAY), True)
    return dict([*_states(good, as_of), *_uses(good, as_of)])


def _states(good: User, as_of: datetime) -> Iterator[tuple[str, User]]:
    old_key = Key(True, as_of - 500 * DAY, as_of - 300 * DAY)
    yield "never-used", replace(good, password=Password(True))
    yield "without-mfa", replace(good, mfa=False)
    yield "active-key-1", replace(good, key_1=old_key)
    yield "active-key-2-never-used", replace(good, key_2=replace(old_key, last_used=None))
    yield "both-keys-active", replace(good, key_1=old_key, key_2=old_key, mfa=False)
    yield "inactive-key", replace(good, key_1=replace(old_key, active=False))
    yield "no-password", replace(good, password=Password(False))
    yield "no-password-no-mfa", replace(good, password=Password(False), mfa=False)
    yield "no-password-active-key", replace(good, password=Password(False), mfa=False, key_1=old_key)
    not_supported = replace(good.password, enabled=None)
    yield "not-supported", replace(good, password=not_supported)
    yield "not-supported-no-mfa", replace(good, password=not_supported, mfa=False)


def _uses(good: User, as_of: datetime) -> Iterator[tuple[str, User]]:
    for word, age in USE_AGES.items():
        used = as_of - age
        inactive = Key(False, used - DAY, used)
        yield f"password-used-{word}", replace(good, password=Password(True, used))
        yield f"key-1-used-{word}", replace(good, key_1=inactive)
        yield f"key-2-used-{word}", replace(good, key_2=inactive)
