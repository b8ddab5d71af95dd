"""The organization in the box: its root, organizational units and accounts in all states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from auditor.sandbox.options import SandboxOptions

UGLY_NAMES = (
    '=HYPERLINK("http://evil.example","x")',
    "+44 20 7946 0000",
    "-1 cell",
    "@SUM(A1:A9)",
    "Sales, EMEA",
    'The "quoted" one',
    "O'Brien & Söhne",
    "<b>bold</b> & co",
    "Zürich 🚀 team",
    "مرحبا حسابات",
    "\U0001d544\U0001d552\U0001d565\U0001d559 𠮷",
    "fifty characters long, and not a single one less..",
    "007",
    "NA",
    "null",
    "1e10",
    "  spaces  ",
    "semi;colon|pipe\\backslash",
    "twin name",
    "twin name",
    "日本語アカウント",
)
INACTIVE_STATES = ("SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION")
OU_TREE: dict[str, dict[str, tuple[str, ...]]] = {
    "Prod": {"Payments": ("EU", "US"), "Platform": ("EU", "US"), "Data": ("EU",)},
    "Dev": {"Payments": ("EU", "US"), "Platform": ("EU",), "Labs": ()},
    'R&D, "Labs" / Süd': {"=Payments": ("<EU>",), "Platform": ()},
    "Suspended": {},
    "Empty": {"Empty": ("Empty",)},
}
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_WORDS = ("billing", "search", "mobile", "web", "batch", "ledger", "media", "auth", "ops", "risk", "shop")
_UNDER_ROOT_EVERY = 13
_LEADING_ZEROS_EVERY = 7


@dataclass(frozen=True, slots=True)
class Container:
    """The root or an organizational unit; ``path`` is names from the root, whose ``parent_id`` is empty."""

    id: str
    name: str
    arn: str
    parent_id: str
    path: str
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BoxedAccount:
    """One account; ``rank`` counts ACTIVE ones first (the management account is 0) and decides its users."""

    id: str
    name: str
    email: str
    arn: str
    state: str
    parent_id: str
    ou_path: str
    ou_ids: tuple[str, ...]
    joined: datetime
    rank: int
    is_management: bool


@dataclass(frozen=True, slots=True)
class BoxedOrganization:
    """Everything that the Organizations service knows; ``accounts`` in the order in which it lists them."""

    id: str
    arn: str
    management_id: str
    containers: dict[str, Container]
    accounts: tuple[BoxedAccount, ...]
    by_id: dict[str, BoxedAccount] = field(repr=False)

    @property
    def management(self) -> BoxedAccount:
        return self.by_id[self.management_id]

    @property
    def root(self) -> Container:
        return next(iter(self.containers.values()))

    @property
    def active(self) -> tuple[BoxedAccount, ...]:
        """The ACTIVE accounts by rank."""
        return tuple(sorted((a for a in self.accounts if a.state == "ACTIVE"), key=lambda a: a.rank))


def plant_organization(options: SandboxOptions) -> BoxedOrganization:
    """The same organization for the same seed and number of accounts."""
    rng = Random(f"{options.seed}:organization")
    ids = _account_ids(rng, options.accounts)
    organization_id = f"o-{_letters(rng, 10)}"
    prefix = f"arn:{options.partition}:organizations::{ids[0]}"
    containers = {c.id: c for c in _containers(rng, prefix, organization_id)}
    account_prefix = f"{prefix}:account/{organization_id}"
    accounts = list(_accounts(rng, options, ids, list(containers.values()), account_prefix))
    # Shuffled, so that neither the management account nor the odd ones come on the first page.
    rng.shuffle(accounts)
    arn = f"{prefix}:organization/{organization_id}"
    return BoxedOrganization(organization_id, arn, ids[0], containers, tuple(accounts), {a.id: a for a in accounts})


def _letters(rng: Random, count: int) -> str:
    return "".join(rng.choices(_ALPHABET, k=count))


def _account_ids(rng: Random, count: int) -> list[str]:
    ids: dict[str, None] = {}
    while len(ids) < count:
        zeros = len(ids) % _LEADING_ZEROS_EVERY == 3
        ids[f"{rng.randrange(10**9 if zeros else 10**12):012d}"] = None
    return list(ids)


def _containers(rng: Random, prefix: str, organization_id: str) -> Iterator[Container]:
    root_id = f"r-{_letters(rng, 4)}"
    root = Container(root_id, "Root", f"{prefix}:root/{organization_id}/{root_id}", "", "Root", (root_id,))
    yield root

    def unit(name: str, parent: Container) -> Container:
        unit_id = f"ou-{root_id[2:]}-{_letters(rng, 8)}"
        arn = f"{prefix}:ou/{organization_id}/{unit_id}"
        return Container(unit_id, name, arn, parent.id, f"{parent.path}/{name}", (*parent.ids, unit_id))

    for top_name, middles in OU_TREE.items():
        yield (top := unit(top_name, root))
        for middle_name, leaves in middles.items():
            yield (middle := unit(middle_name, top))
            for leaf_name in leaves:
                yield unit(leaf_name, middle)


def _states(count: int) -> list[str]:
    inactive = min(count // 4, max(4, count // 15))
    return ["ACTIVE"] * (count - inactive) + [INACTIVE_STATES[i % 4] for i in range(inactive)]


def _accounts(
    rng: Random, options: SandboxOptions, ids: list[str], containers: list[Container], arn_prefix: str
) -> Iterator[BoxedAccount]:
    homes = [c for c in containers if not c.path.startswith("Root/Empty")]
    for rank, (account_id, state) in enumerate(zip(ids, _states(len(ids)), strict=True)):
        home = homes[0] if rank % _UNDER_ROOT_EVERY == 0 else rng.choice(homes)
        yield BoxedAccount(
            id=account_id,
            name=_name(rng, rank),
            email=f"aws+{rank}@example.com",
            arn=f"{arn_prefix}/{account_id}",
            state=state,
            parent_id=home.id,
            ou_path=home.path,
            ou_ids=home.ids,
            joined=options.as_of - timedelta(days=rng.randrange(1, 2000)),
            rank=rank,
            is_management=rank == 0,
        )


def _name(rng: Random, rank: int) -> str:
    if rank == 0:
        return "management"
    if rank <= len(UGLY_NAMES):
        return UGLY_NAMES[rank - 1]
    return f"{rng.choice(_WORDS)}-{rng.choice(_WORDS)}-{rank:05d}"
