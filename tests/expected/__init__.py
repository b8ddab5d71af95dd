"""What an audit of a whole box must find, put together from the verdicts on each account."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from auditor.sandbox import Sandbox
from auditor.sandbox.evidence import PlantedEvidence
from auditor.sandbox.facts import PlantedAccount
from auditor.sandbox.kinds.authorization_details import planted_permissions
from auditor.sandbox.kinds.delegated_administrators import ANALYZER_SERVICE, planted_delegates
from auditor.sandbox.kinds.ec2_instances import planted_instances
from auditor.sandbox.sessions import Readers
from tests.expected import reports
from tests.expected.account import (
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
from tests.expected.further_keys import further_judged
from tests.expected.gaps import gaps, silent_regions, tells_of_security
from tests.expected.kinds import DEFAULT_KINDS, OPERATIONS
from tests.expected.organization import organization_judged
from tests.expected.permissions import (
    Coverage,
    analyzers_judged,
    covered_regions,
    permissions_judged,
)
from tests.expected.reports import Failure, Verdict


class Expected:
    """What an audit of a box must find; ``kinds`` of evidence are those it collected, where nothing was in the way.

    It holds for the options' very ``as_of``: some users sit within a second of a threshold.
    """

    def __init__(self, box: Sandbox, kinds: Collection[str] = DEFAULT_KINDS) -> None:
        self._box, self._options, self._kinds = box, box.options, frozenset(kinds)

    def outcomes(self) -> dict[str, str]:
        """``assessed``, ``excluded`` or ``not_assessed`` by account id, in default scope."""
        return {account.account_id: reports.outcome(account) for account in self._audited()}

    def gaps(self) -> dict[str, tuple[str, str]]:
        """(stage, code) by account id, but for ``hang`` and ``wrong-account``, where the client decides."""
        found = {account.account_id: reports.gap(account) for account in self._audited()}
        return {account_id: gap for account_id, gap in found.items() if gap is not None}

    def evidence_gaps(self) -> set[tuple[str, str, str, str]]:
        """(account id, kind, stage, code) of evidence beside the credential report, where a role could be had."""
        found = {(facts.account_id, *gap) for facts in self._reached() for gap in self._gaps_of(facts)}
        return {gap for gap in found if gap[1] in self._kinds}

    def failures(self) -> set[Failure]:
        """(account id, control id, resource name, credential) of every FAIL, over all accounts with evidence.

        The organization's rows are of its management account.
        """
        return {(account, *verdict) for account, status, verdict in self._all() if status == FAIL}

    def manual(self) -> set[tuple[str, str]]:
        """(account id, control id) of all that a person has to decide, over all accounts in scope."""
        return self._with_status(MANUAL)

    def no_evidence(self) -> set[tuple[str, str]]:
        """(account id, control id) of what lacks its evidence, but for what a report without a row or column leaves."""
        return self._with_status(NO_EVIDENCE)

    def _with_status(self, status: str) -> set[tuple[str, str]]:
        return {(account, verdict[0]) for account, found, verdict in self._all() if found == status}

    def _all(self) -> Iterator[tuple[str, str, Verdict]]:
        """(account id, status, verdict) of all that is not a pass."""
        coverage = self._coverage()
        for facts in self._audited():
            if reports.outcome(facts) != "excluded":
                for status, verdict in self._account(facts, coverage):
                    yield facts.account_id, status, verdict
        if self._reads_organization():
            had = self._kinds - {kind for kind, _, _ in self._gaps_of(self._box.facts(self._box.caller_account))}
            for status, control, name in organization_judged(self._box.organization_evidence, had):
                yield self._box.organization.management_id, status, (control, name, "")

    def _account(self, facts: PlantedAccount, coverage: Coverage) -> Iterator[tuple[str, Verdict]]:
        is_judged = reports.outcome(facts) == "assessed" or self._reads_root(facts)
        spared = is_judged and self._options.partition == reports.GOVCLOUD
        for status, verdict in self._verdicts_of_account(facts, coverage):
            if not (spared and verdict[0] in reports.NOT_IN_GOVCLOUD):
                yield status, verdict

    def _verdicts_of_account(self, facts: PlantedAccount, coverage: Coverage) -> Iterator[tuple[str, Verdict]]:
        evidence, had = self._box.evidence(facts.account_id), self._had(facts)
        summary = evidence.root if "account-summary" in had else None
        for _, control, name, credential in reports.failures(facts, self._options.as_of, summary):
            yield FAIL, (control, name, credential)
        if reports.outcome(facts) == "assessed":
            yield from further_judged(facts.users, "access-keys" in had, self._options.as_of)
        for status, control, name in self._beside_report(facts, evidence, had, coverage):
            yield status, (control, name, "")

    def _beside_report(
        self, facts: PlantedAccount, evidence: PlantedEvidence, had: Kinds, coverage: Coverage
    ) -> Iterator[Judged]:
        if reports.outcome(facts) == "assessed":
            yield from root_judged(facts, evidence, had)
        else:
            read = self._reads_root(facts)
            unread = [c for c in reports.REPORT_CONTROLS if not (read and c in ROOT_SESSION_CONTROLS)]
            yield from ((NO_EVIDENCE, control, "") for control in unread)
            yield from root_session_judged(evidence.root) if read else ()
        yield from judged(evidence, had | self._contacts(facts), self._options.as_of)
        yield from permissions_judged(evidence.of(planted_permissions), "authorization-details" in had)
        silent = self._silent(facts, evidence, "ListAnalyzers")
        yield from analyzers_judged(evidence, coverage.covered, silent, coverage.unseen)
        if "ec2-instances" in self._kinds:
            yield from instances_judged(
                evidence.of(planted_instances), self._silent(facts, evidence, "DescribeInstances")
            )
        else:
            yield MANUAL, "ec2-instance-role-used", ""

    def _contacts(self, facts: PlantedAccount) -> Kinds:
        """``contacts`` where the security contact was told, though the primary one may have been refused."""
        told = reports.is_reached(facts) and tells_of_security(facts.fault, self._options.partition)
        return self._kinds & {"contacts"} if told else frozenset()

    def _reads_root(self, facts: PlantedAccount) -> bool:
        """Whether a session of root stands in for the role that could not be assumed."""
        may = self._options.central_root and self._reads_organization() and "root-credentials" in self._kinds
        member = facts.account_id != self._box.organization.management_id
        return may and member and facts.state == "ACTIVE" and not reports.is_reached(facts)

    def _silent(self, facts: PlantedAccount, evidence: PlantedEvidence, asked: str) -> frozenset[str] | None:
        if not reports.is_reached(facts) or self._kinds.isdisjoint(OPERATIONS[asked][1]):
            return None
        return silent_regions(evidence, facts.fault, asked)

    def _coverage(self) -> Coverage:
        """What analyzers of the organization do for accounts without their own; only the management account has any."""
        management = self._box.organization.management_id
        if not self._options.in_organization:
            alone = self._box.caller_account == management
            return Coverage(self._covered_by(management) if alone else frozenset())
        unseen = frozenset(self._options.all_regions) if not self._reads_delegates() else frozenset()
        delegates = self._box.organization_evidence.of(planted_delegates)
        for owner in (management, *(i for i, services in delegates.items() if ANALYZER_SERVICE in services)):
            unseen |= self._unseen_in(owner)
        return Coverage(self._covered_by(management), unseen)

    def _covered_by(self, owner: str) -> frozenset[str]:
        return covered_regions(self._box.evidence(owner)) - self._unseen_in(owner)

    def _unseen_in(self, owner: str) -> frozenset[str]:
        """The regions in which it is not known what analyzers an account has."""
        silent = self._silent(self._box.facts(owner), self._box.evidence(owner), "ListAnalyzers")
        return frozenset(self._options.all_regions) if silent is None else silent

    def _reads_delegates(self) -> bool:
        caller = self._box.facts(self._box.caller_account)
        missing = {kind for kind, _, _ in self._gaps_of(caller)}
        return self._reads_organization() and "delegated-administrators" in self._kinds - missing

    def _had(self, facts: PlantedAccount) -> Kinds:
        if not reports.is_reached(facts):
            return frozenset()
        return self._kinds - {kind for kind, _, _ in self._gaps_of(facts)}

    def _gaps_of(self, facts: PlantedAccount) -> set[tuple[str, str, str]]:
        evidence = self._box.evidence(facts.account_id)
        return gaps(evidence, facts.fault, self._options.partition, self._kinds)

    def _reached(self) -> Iterator[PlantedAccount]:
        return (account for account in self._audited() if reports.is_reached(account))

    def _audited(self) -> Iterator[PlantedAccount]:
        listed = [account.id for account in self._box.organization.accounts]
        for account_id in listed if self._options.in_organization else [self._box.caller_account]:
            yield self._box.facts(account_id)

    def _reads_organization(self) -> bool:
        readers = Readers(self._options, self._box.organization.management_id, self._box.caller_account)
        return self._options.in_organization and self._box.caller_account in readers.ids
