"""Users of every kind: good, hardly over and under each threshold, odd, and with names that trip parsers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.sandbox.facts import Key, Password, User

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
EDGE_DAYS = (44, 45, 46, 89, 90, 91)
# Only keys are judged at these ages.
KEY_EDGE_DAYS = (30, 31, 60, 61)
# One second younger than the day, exactly on it, one second older.
EDGES = {"minus-1s": -SECOND, "exact": timedelta(), "plus-1s": SECOND}
ODD_NAMES = (
    *("NA", "null", "None", "nan", "007", "1e5", "TRUE", "=1+1", "@x", "-dash", "+plus"),
    *("a,b", "Smith,John,Jr", "dots.and_under", "mail+tag@example.com"),
    "long-" + "x" * 59,
)

Persona = tuple[User, ...]


def personas(as_of: datetime) -> tuple[Persona, ...]:
    """Every persona, each a user or several that belong in one account; names are unique over all of them."""
    single = [*_edges(as_of), *_odd_states(as_of), *_setup_keys(as_of), *_odd_names(as_of)]
    good = _good(as_of)
    twins = (
        replace(good, name="Case.Twin"),
        replace(good, name="case.twin", mfa=False),
        _keyless(as_of, "CASE.TWIN"),
    )
    return (*((user,) for user in single), twins)


def _good(as_of: datetime) -> User:
    password = Password(True, as_of - DAY, as_of - 30 * DAY)
    return User("good", as_of - 400 * DAY, password, True, Key(True, as_of - 20 * DAY, as_of - DAY))


def _robot(as_of: datetime, name: str) -> User:
    return User(name, as_of - 400 * DAY, key_1=Key(True, as_of - 20 * DAY, as_of - DAY))


def with_more_keys(as_of: datetime) -> tuple[User, ...]:
    """Users with keys that are none of the two that a report shows."""
    idle = Key(False, as_of - 200 * DAY, as_of - 100 * DAY)
    good, robot = _good(as_of), _robot(as_of, "")
    old = tuple(Key(active, as_of - days * DAY) for days, active in ((91, True), (300, False), (90, True)))
    made = as_of - 30 * DAY
    return (
        replace(robot, name="inactive-third-key", key_2=idle, more_keys=(idle,)),
        replace(good, name="third-key-of-setup", created=made, more_keys=(Key(True, made + 10 * SECOND),)),
        replace(robot, name="third-key", key_1=idle, key_2=idle, more_keys=(Key(True, as_of - 5 * DAY, as_of - DAY),)),
        replace(good, name="further-keys", more_keys=old),
    )


def _keyless(as_of: datetime, name: str) -> User:
    return replace(_good(as_of), name=name, key_1=Key())


def _edges(as_of: datetime) -> Iterator[User]:
    for days in EDGE_DAYS:
        for word, shift in EDGES.items():
            moment, edge = as_of - days * DAY - shift, f"{days}d-{word}"
            yield from _password_edges(as_of, moment, edge)
            yield from _key_edges(as_of, moment, edge)
    for days in KEY_EDGE_DAYS:
        for word in ("minus-1s", "exact"):
            yield from _key_edges(as_of, as_of - days * DAY - EDGES[word], f"{days}d-{word}")


def _key_edges(as_of: datetime, moment: datetime, edge: str) -> Iterator[User]:
    recent = as_of - DAY
    for slot in (1, 2):
        for word, key in (
            ("rotated", Key(True, moment, recent)),
            ("used", Key(True, moment - timedelta(hours=1), moment)),
            ("never-used", Key(True, moment)),
        ):
            user = User(f"key-{slot}-{word}-{edge}", moment - 100 * DAY)
            yield replace(user, key_1=key) if slot == 1 else replace(user, key_2=key)


def _password_edges(as_of: datetime, moment: datetime, edge: str) -> Iterator[User]:
    base = _keyless(as_of, "")
    older = moment - 10 * DAY
    yield replace(base, name=f"password-used-{edge}", password=Password(True, moment, older))
    yield replace(base, name=f"password-never-used-{edge}", created=older, password=Password(True, None, moment))
    unchanged = Password(True, None, None)
    yield replace(base, name=f"password-never-set-{edge}", created=moment, password=unchanged)


def _odd_states(as_of: datetime) -> Iterator[User]:
    good, old = _good(as_of), as_of - 200 * DAY
    keyless = _keyless(as_of, "")
    yield good
    yield _robot(as_of, "robot")
    yield User("nothing-at-all", old)
    yield replace(good, name="two-active-keys", key_2=Key(True, as_of - 10 * DAY, as_of - DAY))
    yield replace(_robot(as_of, "robot-two-active-keys"), key_2=Key(True, as_of - 80 * DAY, as_of - DAY))
    yield replace(good, name="second-key-inactive", key_2=Key(False, old, old + DAY))
    yield User("inactive-old-keys", old - DAY, key_1=Key(False, old, old + DAY), key_2=Key(False, old))
    yield replace(keyless, name="console-without-mfa", mfa=False)
    yield replace(_robot(as_of, "robot-with-mfa"), mfa=True)
    yield replace(keyless, name="password-disabled-keeps-use", password=Password(False, old), mfa=False)
    yield replace(keyless, name="never-used-says-n-a", password=Password(True, None, old, never="N/A"))
    yield replace(keyless, name="used-long-ago-changed-lately", password=Password(True, old, as_of - DAY))
    yield replace(_robot(as_of, "only-key-2"), key_1=Key(), key_2=Key(True, old, as_of - DAY))
    yield replace(keyless, name="with-certificate", cert_1=Key(True, old))


def _setup_keys(as_of: datetime) -> Iterator[User]:
    good = _good(as_of)
    made = as_of - 30 * DAY
    for seconds in (-1, 0, 9, 10, 11):
        key = Key(True, made + seconds * SECOND, as_of - DAY)
        user = replace(good, name=f"key-made-{seconds}s-after-user", created=made, key_1=key)
        yield user
        yield replace(user, name=f"key-2-made-{seconds}s-after-user", key_1=Key(), key_2=key)
        yield replace(user, name=f"robot-key-made-{seconds}s-after-user", password=Password())
    never = Key(True, as_of - 5 * DAY)
    yield replace(good, name="console-key-never-used", key_1=never)
    yield replace(good, name="console-key-2-never-used", key_2=never)
    yield replace(good, name="console-inactive-key-never-used", key_1=replace(never, active=False))


def _odd_names(as_of: datetime) -> Iterator[User]:
    kinds = (_good(as_of), _robot(as_of, ""), replace(_keyless(as_of, ""), mfa=False))
    for number, name in enumerate(ODD_NAMES):
        yield replace(kinds[number % len(kinds)], name=name)
    yield replace(_good(as_of), name="name", path="/team/x/")
    yield replace(_keyless(as_of, "path,comma"), mfa=False, path="/team/x/")
