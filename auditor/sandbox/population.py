"""Which users live in which account: the personas round-robin, then seeded random ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from auditor.sandbox.facts import MISSING_COLUMNS, Key, Password, PlantedAccount, User
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedAccount
from auditor.sandbox.personas import Persona, personas, with_more_keys
from auditor.sandbox.reports import counts_more_keys
from auditor.sandbox.roots import roots

_FIRST = ("ana", "bo", "chidi", "dorota", "eve", "femi", "goran", "hana", "ivo", "jun", "kofi", "lea", "mo")
_LAST = ("adler", "baker", "costa", "diaz", "evans", "fischer", "garcia", "haas", "ito", "jones", "kim")
# How many kinds of root there are, dealt out by rank.
ROOT_KINDS = len(roots(datetime(2026, 1, 1, tzinfo=UTC)))


class Population:
    """Plants the facts of any account on demand, in any order, always the same."""

    def __init__(self, options: SandboxOptions, active_accounts: int) -> None:
        self._options = options
        self._personas = personas(options.as_of)
        self._with_more_keys = with_more_keys(options.as_of)
        self._roots = tuple(roots(options.as_of).values())
        self._planted = _personas_per_account(options.users, active_accounts, len(self._personas))

    def facts(self, account: BoxedAccount, fault: str, reachable: bool) -> PlantedAccount:
        """Everything that is true of one account."""
        root: User | None = self._roots[account.rank % ROOT_KINDS]
        if root is not None and fault == "missing-columns":
            # What the report cannot tell, the account summary must not tell either.
            root = replace(root, mfa=True)
        return PlantedAccount(
            account.id,
            account.state,
            reachable,
            fault,
            None if fault == "no-root-row" else root,
            self._users(account, fault),
            MISSING_COLUMNS if fault == "missing-columns" else frozenset(),
        )

    def _users(self, account: BoxedAccount, fault: str) -> tuple[User, ...]:
        rng = Random(f"{self._options.seed}:users:{account.id}")
        users = [user for persona in self._share(account.rank) for user in persona]
        if counts_more_keys(account.rank, fault) and self._options.users:
            users.append(self._with_more_keys[account.rank % len(self._with_more_keys)])
        wanted = self._options.users + rng.randint(0, self._options.users // 5)
        users += random_users(rng, self._options.as_of, wanted - len(users))
        return tuple(sorted(users, key=lambda user: user.name))

    def _share(self, rank: int) -> Iterator[Persona]:
        first = rank * self._planted
        for number in range(first, first + self._planted):
            yield self._personas[number % len(self._personas)]


def _personas_per_account(users: int, accounts: int, kinds: int) -> int:
    """Leave room for random users, unless the personas would then not all be seen in healthy accounts."""
    some = users // 2
    # Default faults take at most half of the accounts.
    enough = some * (accounts - accounts // 2) >= kinds
    return min(some if enough else users, kinds)


def random_users(rng: Random, as_of: datetime, count: int) -> list[User]:
    """Users as they come: mostly good, some neglected."""
    return [_random_user(rng, as_of, number) for number in range(count)]


def _random_user(rng: Random, as_of: datetime, number: int) -> User:
    age = rng.randint(1_000_000, 100_000_000)
    console = rng.random() < 0.6
    return User(
        name=f"{rng.choice(_FIRST)}.{rng.choice(_LAST)}{number}",
        created=as_of - timedelta(seconds=age),
        password=_random_password(rng, as_of, age) if console else Password(),
        mfa=console and rng.random() < 0.8,
        key_1=_random_key(rng, as_of, age, 0.6),
        key_2=_random_key(rng, as_of, age, 0.15),
    )


def _before(rng: Random, as_of: datetime, age: int) -> datetime:
    # The cube leans to the recent: most credentials are in use.
    return as_of - timedelta(seconds=int(age * rng.random() ** 3))


def _random_password(rng: Random, as_of: datetime, age: int) -> Password:
    changed = _before(rng, as_of, age)
    used = _before(rng, as_of, age) if rng.random() < 0.9 else None
    return Password(True, used, changed)


def _random_key(rng: Random, as_of: datetime, age: int, chance: float) -> Key:
    if rng.random() >= chance:
        return Key()
    rotated = _before(rng, as_of, age)
    since = int((as_of - rotated).total_seconds())
    used = _before(rng, as_of, since) if rng.random() < 0.85 else None
    return Key(rng.random() < 0.85, rotated, used)
