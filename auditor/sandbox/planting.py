"""Plants all that is true of an account beside its credential report, on demand and always the same."""

from __future__ import annotations

from random import Random

from auditor.sandbox import kinds
from auditor.sandbox.evidence import PlantedEvidence, RootEvidence
from auditor.sandbox.facts import PlantedAccount, User
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedAccount, BoxedOrganization
from auditor.sandbox.permits import Draft
from auditor.sandbox.population import ROOT_KINDS

# Where the report cannot tell of root, nothing else tells anything bad.
_SILENT_ON_ROOT = frozenset({"no-root-row", "missing-columns"})


class EvidencePlanter:
    """Plants the evidence of any account."""

    def __init__(self, options: SandboxOptions, organization: BoxedOrganization) -> None:
        self._options, self._organization = options, organization

    def regions(self, account: BoxedAccount) -> tuple[str, ...]:
        """The regions that are on in an account."""
        return kinds.regions_on(account.rank, self._options.all_regions, self._options.opt_in_region)

    def plant(self, account: BoxedAccount, facts: PlantedAccount) -> PlantedEvidence:
        options, rank, prefix = self._options, account.rank, f"arn:{self._options.partition}:iam::"
        regions = self.regions(account)
        providers = kinds.pick(kinds.PROVIDERS, rank, 1).below(f"{prefix}{account.id}:")
        draft = Draft(Random(f"{options.seed}:permissions:{account.id}"), rank, facts.users)
        role = "" if account.is_management else options.role
        return PlantedEvidence(
            account_id=account.id,
            rank=rank,
            root=_root(facts, rank),
            users=facts.users,
            regions=regions,
            password_policy=kinds.pick(kinds.PASSWORD_POLICIES, rank),
            virtual_mfa=_virtual_mfa(facts.users),
            certificates=kinds.certificates(rank, options.as_of),
            analyzers=kinds.analyzers(rank, regions),
            instances=kinds.instances(rank, regions),
            has_security_contact=kinds.pick(kinds.CONTACTS, rank),
            providers=providers,
            permissions=draft.finish(role, f"{prefix}{self._organization.management_id}:root", providers.trusted),
            short_pages=self._has_short_pages(rank),
        )

    def _has_short_pages(self, rank: int) -> bool:
        every = self._options.short_pages_every
        return every > 0 and rank % every == min(3, every - 1)


def _root(facts: PlantedAccount, rank: int) -> RootEvidence:
    if facts.root is None or facts.fault in _SILENT_ON_ROOT:
        return RootEvidence()
    return kinds.root_evidence(facts.root, rank, rank // ROOT_KINDS % 2 == 1)


def _virtual_mfa(users: tuple[User, ...]) -> tuple[str, ...]:
    """Two in three of those with MFA; the others have hardware."""
    having = [user.name for user in users if user.mfa]
    return tuple(name for number, name in enumerate(having) if number % 3 != 2)
