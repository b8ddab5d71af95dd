"""What is true of an account whatever evidence is collected: root, regions, and how its lists are cut into pages."""

from __future__ import annotations

from dataclasses import replace

from auditor.sandbox.evidence import PlantedEvidence, RootEvidence
from auditor.sandbox.facts import PlantedAccount, User
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedAccount, BoxedOrganization
from auditor.sandbox.population import ROOT_KINDS

# Where the report cannot tell of root, nothing else tells anything bad.
_SILENT_ON_ROOT = frozenset({"no-root-row", "missing-columns"})


def plant_evidence(
    options: SandboxOptions, organization: BoxedOrganization, account: BoxedAccount, facts: PlantedAccount
) -> PlantedEvidence:
    """On demand and always the same; what each kind adds is planted when it is asked for."""
    every = options.short_pages_every
    return PlantedEvidence(
        options=options,
        management_id=organization.management_id,
        account_id=account.id,
        rank=account.rank,
        root=_root(facts, account.rank),
        users=facts.users,
        regions=regions_on(options, account),
        short_pages=every > 0 and account.rank % every == min(3, every - 1),
    )


def regions_on(options: SandboxOptions, account: BoxedAccount) -> tuple[str, ...]:
    """The regions that are on in an account; some have not opted in where that is needed."""
    return tuple(r for r in options.all_regions if r != options.opt_in_region or account.rank % 12 != 5)


def _root(facts: PlantedAccount, rank: int) -> RootEvidence:
    if facts.root is None or facts.fault in _SILENT_ON_ROOT:
        return RootEvidence()
    return root_evidence(facts.root, rank, rank // ROOT_KINDS % 2 == 1)


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
