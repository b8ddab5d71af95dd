"""What a boxed organization is made of and how badly its endpoint behaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from auditor.sandbox.faults import DEFAULT_FAULTS

REGIONS = {
    "aws": ("us-east-1", "eu-west-1", "ap-southeast-2", "eu-south-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}
SHOWN_STATES = ("both", "state", "status")


def _this_second() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Everything a box can be asked for; the same options give the same organization, reports and verdicts.

    ``Sandbox`` checks the names of faults and services.

    ``as_of``           UTC, whole seconds. Users sit exactly on thresholds, so judge with this very instant.
    ``users``           about how many IAM users an account has.
    ``role``            the role that exists in every ACTIVE account but the management account.
    ``external_id``     what AssumeRole must bring, when set.
    ``source_identity``, ``session_tags``: what AssumeRole must bring, when set; else it may bring none.
    ``mfa_code``        what AssumeRole must bring with the base keys, when set.
    ``caller_account``  whose the base keys are; empty is the management account.
    ``delegated``       a caller that is not the management account may list the organization all the same.
    ``in_organization`` False: the caller's account belongs to no organization.
    ``account_state``   whether accounts carry ``State``, ``Status`` or both.
    ``account_paths``   accounts carry ``Paths``, as newer answers do.
    ``latency``         seconds before any answer.
    ``report_delay``    seconds from generate to ready, or (low, high), fixed for each account.
    ``throttle_rate``, ``error_rate`` (503), ``reset_rate``: shares of calls to ``disturbed`` services; empty is all.
    ``rates``           service -> calls a second that one account may make in one region; more are throttled.
    ``down``            services that answer 500 to everything; ``unknown``: services that the endpoint never heard of.
    ``session_seconds`` how long assumed credentials live; None is as long as asked.
    ``short_pages_every`` of so many accounts one gets lists in small and in empty pages; 0 for none.
    ``regions``         empty is those of the partition. Of three or more the last is opted into, not by every account.
    ``central_root``    root credentials of members are managed centrally.
    ``policy_delegate`` the organization's resource policy lets a member manage policies; else there is none.
    ``identity_center`` there is an instance of IAM Identity Center.
    ``faults``          account id -> fault ("none" takes a default one away). ``faulty`` plants one account
                        for each of ``default_faults``, as far as they fit.
    """

    accounts: int = 60
    users: int = 25
    seed: int = 1
    as_of: datetime = field(default_factory=_this_second)
    partition: str = "aws"
    role: str = "OrganizationAccountAccessRole"
    external_id: str = ""
    source_identity: str = ""
    session_tags: Mapping[str, str] = field(default_factory=dict)
    mfa_code: str = ""
    caller_account: str = ""
    delegated: bool = True
    in_organization: bool = True
    account_state: str = "both"
    account_paths: bool = False
    latency: float = 0.0
    report_delay: float | tuple[float, float] = 0.0
    throttle_rate: float = 0.0
    error_rate: float = 0.0
    reset_rate: float = 0.0
    disturbed: frozenset[str] = frozenset()
    rates: Mapping[str, float] = field(default_factory=dict)
    down: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    session_seconds: float | None = None
    page_size: int = 20
    short_pages_every: int = 10
    regions: tuple[str, ...] = ()
    central_root: bool = True
    policy_delegate: bool = True
    identity_center: bool = True
    faults: Mapping[str, str] = field(default_factory=dict)
    faulty: bool = True
    default_faults: tuple[str, ...] = DEFAULT_FAULTS

    def __post_init__(self) -> None:
        if self.accounts < 1 or self.users < 0 or not 1 <= self.page_size <= 20:
            raise ValueError("a box needs at least one account, no negative users and pages of 1 to 20")
        if self.short_pages_every < 0:
            raise ValueError("short_pages_every must not be negative")
        if self.as_of.tzinfo is None or self.as_of.microsecond:
            raise ValueError("as_of must be a UTC time in whole seconds")
        if self.account_state not in SHOWN_STATES or min(self.rates.values(), default=1.0) <= 0:
            raise ValueError(f"account_state is one of {SHOWN_STATES}, and rates are above 0")
        if not self.regions and self.partition not in REGIONS:
            raise ValueError(f"the regions of {self.partition} must be given; known are those of {sorted(REGIONS)}")

    @property
    def all_regions(self) -> tuple[str, ...]:
        """Every region, the one that has to be opted into last."""
        return self.regions or REGIONS[self.partition]

    @property
    def opt_in_region(self) -> str:
        """The region that is off until an account opts in; empty where there are too few."""
        return self.all_regions[-1] if len(self.all_regions) > 2 else ""

    @property
    def delay_bounds(self) -> tuple[float, float]:
        """Shortest and longest report delay in seconds."""
        if isinstance(self.report_delay, tuple):
            return self.report_delay
        return (self.report_delay, self.report_delay)
