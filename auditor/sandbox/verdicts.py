"""What an audit of a whole box must find, put together from the verdicts on each account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from auditor.sandbox import expected
from auditor.sandbox.denials import OPERATIONS
from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.expected import Failure
from auditor.sandbox.expected_account import (
    FAIL,
    MANUAL,
    NO_EVIDENCE,
    ROOT_SESSION_CONTROLS,
    Judged,
    Kinds,
    instances_judged,
    judged,
    root_judged,
    root_session_judged,
)
from auditor.sandbox.expected_further import further_judged
from auditor.sandbox.expected_gaps import gaps, silent_regions, tells_of_security
from auditor.sandbox.expected_organization import organization_judged
from auditor.sandbox.expected_permissions import analyzers_judged, covered_regions, permissions_judged
from auditor.sandbox.facts import PlantedAccount
from auditor.sandbox.guardrails import OrganizationFacts
from auditor.sandbox.options import SandboxOptions
from auditor.sandbox.organization import BoxedOrganization
from auditor.sandbox.readers import Readers


class Known(Protocol):
    """What has to be known of a box to judge it."""

    options: SandboxOptions
    organization: BoxedOrganization
    organization_facts: OrganizationFacts
    caller_account: str

    @property
    def evidence(self) -> Callable[[str], PlantedEvidence]: ...

    def facts(self, account_id: str) -> PlantedAccount: ...


class Verdicts:
    """``kinds`` of evidence are those that were collected, where nothing was in the way."""

    def __init__(self, box: Known, kinds: Kinds) -> None:
        self._box, self._options, self._kinds = box, box.options, kinds

    def outcomes(self) -> dict[str, str]:
        return {account.account_id: expected.outcome(account) for account in self._audited()}

    def gaps(self) -> dict[str, tuple[str, str]]:
        found = {account.account_id: expected.gap(account) for account in self._audited()}
        return {account_id: gap for account_id, gap in found.items() if gap is not None}

    def evidence_gaps(self) -> set[tuple[str, str, str, str]]:
        found = {(facts.account_id, *gap) for facts in self._reached() for gap in self._gaps_of(facts)}
        return {gap for gap in found if gap[1] in self._kinds}

    def failures(self) -> set[Failure]:
        return {(account, *verdict) for account, status, verdict in self._all() if status == FAIL}

    def with_status(self, status: str) -> set[tuple[str, str]]:
        return {(account, verdict[0]) for account, found, verdict in self._all() if found == status}

    def _all(self) -> Iterator[tuple[str, str, expected.Verdict]]:
        """(account id, status, verdict) of all that is not a pass."""
        covered = self._covered()
        for facts in self._audited():
            if expected.outcome(facts) != "excluded":
                for status, verdict in self._account(facts, covered):
                    yield facts.account_id, status, verdict
        if self._reads_organization():
            had = self._kinds - {kind for kind, _, _ in self._gaps_of(self._box.facts(self._box.caller_account))}
            for status, control, name in organization_judged(self._box.organization_facts, had):
                yield self._box.organization.management_id, status, (control, name, "")

    def _account(self, facts: PlantedAccount, covered: frozenset[str]) -> Iterator[tuple[str, expected.Verdict]]:
        is_judged = expected.outcome(facts) == "assessed" or self._reads_root(facts)
        spared = is_judged and self._options.partition == expected.GOVCLOUD
        for status, verdict in self._found(facts, covered):
            if not (spared and verdict[0] in expected.NOT_IN_GOVCLOUD):
                yield status, verdict

    def _found(self, facts: PlantedAccount, covered: frozenset[str]) -> Iterator[tuple[str, expected.Verdict]]:
        evidence, had = self._box.evidence(facts.account_id), self._had(facts)
        summary = evidence.root if "account-summary" in had else None
        for _, control, name, credential in expected.failures(facts, self._options.as_of, summary):
            yield FAIL, (control, name, credential)
        if expected.outcome(facts) == "assessed":
            yield from further_judged(facts.users, "access-keys" in had, self._options.as_of)
        for status, control, name in self._beside_report(facts, evidence, had, covered):
            yield status, (control, name, "")

    def _beside_report(
        self, facts: PlantedAccount, evidence: PlantedEvidence, had: Kinds, covered: frozenset[str]
    ) -> Iterator[Judged]:
        if expected.outcome(facts) == "assessed":
            yield from root_judged(facts, evidence, had)
        else:
            read = self._reads_root(facts)
            unread = [c for c in expected.REPORT_CONTROLS if not (read and c in ROOT_SESSION_CONTROLS)]
            yield from ((NO_EVIDENCE, control, "") for control in unread)
            yield from root_session_judged(evidence.root) if read else ()
        yield from judged(evidence, had | self._contacts(facts), self._options.as_of)
        yield from permissions_judged(evidence.permissions, "authorization-details" in had)
        yield from analyzers_judged(evidence, covered, self._silent(facts, evidence, "ListAnalyzers"))
        if "ec2-instances" in self._kinds:
            yield from instances_judged(evidence.instances, self._silent(facts, evidence, "DescribeInstances"))
        else:
            yield MANUAL, "ec2-instance-role-used", ""

    def _contacts(self, facts: PlantedAccount) -> Kinds:
        """``contacts`` where the security contact was told, though the primary one may have been refused."""
        told = expected.is_reached(facts) and tells_of_security(facts.fault, self._options.partition)
        return self._kinds & {"contacts"} if told else frozenset()

    def _reads_root(self, facts: PlantedAccount) -> bool:
        """Whether a session of root stands in for the role that could not be assumed."""
        may = self._options.central_root and self._reads_organization() and "root-credentials" in self._kinds
        member = facts.account_id != self._box.organization.management_id
        return may and member and facts.state == "ACTIVE" and not expected.is_reached(facts)

    def _silent(self, facts: PlantedAccount, evidence: PlantedEvidence, asked: str) -> frozenset[str] | None:
        if not expected.is_reached(facts) or self._kinds.isdisjoint(OPERATIONS[asked][1]):
            return None
        return silent_regions(evidence, facts.fault, asked)

    def _covered(self) -> frozenset[str]:
        """Regions where an analyzer of the organization works and was read; only the management account has any."""
        management = self._box.facts(self._box.organization.management_id)
        evidence = self._box.evidence(management.account_id)
        silent = self._silent(management, evidence, "ListAnalyzers")
        if silent is None or not (self._options.in_organization or self._box.caller_account == management.account_id):
            return frozenset()
        return covered_regions(evidence) - silent

    def _had(self, facts: PlantedAccount) -> Kinds:
        if not expected.is_reached(facts):
            return frozenset()
        return self._kinds - {kind for kind, _, _ in self._gaps_of(facts)}

    def _gaps_of(self, facts: PlantedAccount) -> set[tuple[str, str, str]]:
        evidence = self._box.evidence(facts.account_id)
        return gaps(evidence, facts.fault, self._options.partition, self._kinds)

    def _reached(self) -> Iterator[PlantedAccount]:
        return (account for account in self._audited() if expected.is_reached(account))

    def _audited(self) -> Iterator[PlantedAccount]:
        listed = [account.id for account in self._box.organization.accounts]
        for account_id in listed if self._options.in_organization else [self._box.caller_account]:
            yield self._box.facts(account_id)

    def _reads_organization(self) -> bool:
        readers = Readers(self._options, self._box.organization.management_id, self._box.caller_account)
        return self._options.in_organization and self._box.caller_account in readers.ids
