"""Account-wide facts of every kind; low ranks see all of them, the rest are mostly as they should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from auditor.sandbox.evidence import Analyzer, Certificate, Instance, PasswordPolicy, Providers, RootEvidence
from auditor.sandbox.facts import User

T = TypeVar("T")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
_CROWDED_RANKS = 38
_SPECIAL_EVERY = 4

GOOD_POLICY = PasswordPolicy()
PASSWORD_POLICIES: tuple[PasswordPolicy | None, ...] = (
    GOOD_POLICY,
    None,
    replace(GOOD_POLICY, length=13),
    replace(GOOD_POLICY, length=15),
    replace(GOOD_POLICY, reuse=23),
    replace(GOOD_POLICY, reuse=None),
    replace(GOOD_POLICY, uppercase=False),
    replace(GOOD_POLICY, lowercase=False),
    replace(GOOD_POLICY, symbol=False),
    replace(GOOD_POLICY, number=False),
    replace(GOOD_POLICY, max_age=89),
    replace(GOOD_POLICY, max_age=91),
    replace(GOOD_POLICY, expires=False, max_age=None),
    replace(GOOD_POLICY, expires=False, max_age=0),
    # What AWS gives to an account that sets a policy and nothing in it.
    PasswordPolicy(6, None, False, None, False, False, False, False),
)
# Seconds left of a certificate at the as-of time, None for accounts without one.
CERTIFICATES: tuple[tuple[int, ...], ...] = ((), (90 * 86_400,), (-1,), (0,), (1,), (-400 * 86_400, 86_400))
# (regions without an analyzer counted from 0, what stands there instead); "all" is every region.
_MISSING, _COVERED = "region-0", "region-1"
ANALYZERS: tuple[tuple[str, Analyzer | None], ...] = (
    ("nowhere", None),
    (_MISSING, None),
    (_COVERED, None),
    (_MISSING, Analyzer("", "ACCOUNT_UNUSED_ACCESS")),
    (_MISSING, Analyzer("", "ACCOUNT", "DISABLED")),
    (_MISSING, Analyzer("", "ACCOUNT", "FAILED")),
    (_COVERED, Analyzer("", "ACCOUNT", "CREATING")),
    ("all", None),
)
CONTACTS = (True, True, False)
_CORPORATE, _OLD = "saml-provider/corporate", "saml-provider/old-corporate"
_GITHUB, _GITLAB = "oidc-provider/token.actions.githubusercontent.com", "oidc-provider/gitlab.com"
_GONE = "oidc-provider/former.example.com"
PROVIDERS = (
    Providers(),
    Providers(saml=(_CORPORATE,), trusted=(_CORPORATE,)),
    Providers(oidc=(_GITHUB,), trusted=(_GITHUB,)),
    Providers(saml=(_CORPORATE, _OLD), oidc=(_GITHUB, _GITLAB), trusted=(_CORPORATE, _GITHUB, _GITLAB)),
    Providers(saml=(_OLD,), trusted=(_GONE,)),
)
INSTANCES: tuple[tuple[tuple[str, bool], ...], ...] = (
    (),
    (("running", True), ("running", False), ("stopped", False), ("terminated", False)),
    (("running", True), ("stopped", True)),
    (("running", False), ("pending", False), ("running", False)),
)


def pick(kinds: Sequence[T], rank: int, shift: int = 0) -> T:
    """Every kind in turn for low ranks; further up one account in four is special, the others are of the first."""
    turn = rank + shift
    if rank < _CROWDED_RANKS:
        return kinds[turn % len(kinds)]
    return kinds[turn // _SPECIAL_EVERY % len(kinds)] if turn % _SPECIAL_EVERY == 0 else kinds[0]


def regions_on(rank: int, regions: tuple[str, ...], opt_in: str) -> tuple[str, ...]:
    """The regions that are on in an account; some have not opted in where that is needed."""
    return tuple(region for region in regions if region != opt_in or rank % 12 != 5)


def certificates(rank: int, as_of: datetime) -> tuple[Certificate, ...]:
    left = pick(CERTIFICATES, rank)
    return tuple(Certificate(f"site-{n}.example.com", as_of + s * SECOND) for n, s in enumerate(left, 1))


def covered_region(regions: tuple[str, ...]) -> str:
    """Where the management account has an ACTIVE analyzer for the whole organization; empty with one region."""
    return regions[1] if len(regions) > 1 else ""


def analyzers(rank: int, regions: tuple[str, ...]) -> tuple[Analyzer, ...]:
    """The account's analyzers in its regions."""
    good = tuple(Analyzer(region, "ACCOUNT") for region in regions)
    if rank == 0:
        return good + _of_organization(regions)
    where, instead = pick(ANALYZERS, rank, 7)
    if where == "nowhere":
        return ()
    gone = {_MISSING: regions[0], _COVERED: covered_region(regions)}.get(where, "")
    kept = tuple(analyzer for analyzer in good if analyzer.region != gone)
    return (*kept, replace(instead, region=gone)) if instead and gone else kept


def _of_organization(regions: tuple[str, ...]) -> tuple[Analyzer, ...]:
    """One that covers everybody in its region, and two that cover nobody in theirs."""
    covered = covered_region(regions)
    working = (Analyzer(covered, "ORGANIZATION"),) if covered else ()
    failed = Analyzer(regions[0], "ORGANIZATION", "FAILED")
    return (*working, failed, Analyzer(regions[0], "ORGANIZATION_UNUSED_ACCESS"))


def instances(rank: int, regions: tuple[str, ...]) -> tuple[Instance, ...]:
    planted = pick(INSTANCES, rank, 1)
    return tuple(
        Instance(f"i-{rank:012x}{number:05x}", regions[number % len(regions)], state, has_profile)
        for number, (state, has_profile) in enumerate(planted)
    )


def root_evidence(root: User, rank: int, second_round: bool) -> RootEvidence:
    """What the summary says; in every second round over the kinds of root it contradicts the report."""
    keys = int(any(key.last_rotated is not None for key in (root.key_1, root.key_2)))
    has_password = root.password.enabled is not False
    said = RootEvidence(root.mfa, keys, has_password, root.mfa and rank % 3 == 0)
    if not second_round:
        return said
    if not has_password and not root.mfa:
        return replace(said, password_present=True)
    if not keys and root.password.last_used is None:
        return replace(said, mfa=False, virtual_mfa=False)
    return replace(said, mfa=True) if not root.mfa else said
