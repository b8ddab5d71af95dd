"""Every verdict of a snapshot, account by account: what findings.csv must say, and the counts of controls.csv."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from auditor.reperform.plain.analyzers import OrganizationAnalyzers
from auditor.reperform.plain.collected import Collected, Owner
from auditor.reperform.plain.controls import Control, parameters_for
from auditor.reperform.plain.evidence import Evidence
from auditor.reperform.plain.population import Unit, units_of
from auditor.reperform.plain.rules import Rule, Told
from auditor.reperform.plain.shape import Facts
from auditor.reperform.plain.words import (
    FAIL,
    MANUAL,
    NO_EVIDENCE,
    NOT_APPLICABLE,
    ORGANIZATION,
    PASS,
    ROOT_CREDENTIALS,
)

_ONE_EACH = ("account", "organization", "root", "resource")


class Row(NamedTuple):
    """One line of findings.csv; what it leaves empty is an empty text."""

    account_id: str
    control_id: str
    resource_arn: str
    resource_name: str
    credential: str
    status: str
    evidence_file: str
    evidence_line: str
    also_seen_in: str
    finding_id: str
    observed: str  # of PASS and FAIL; what a person is shown decides nothing, and is not recomputed


@dataclass
class Verdicts:
    """The rows about one account, and how many units of each control have each status."""

    account_id: str
    organization_id: str
    rows: list[Row] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, row: Row) -> None:
        self.rows.append(row)
        self.counts[row.control_id, row.status] += 1


def reperformed(collected: Collected, controls: Sequence[Control], as_of: datetime) -> Iterator[Verdicts]:
    """The verdicts on every account in scope, in the order of their ids; those on the organization stand with its
    management account, or under no id where that was not listed. WrongAccountError for evidence of another account."""
    kinds = {kind for control in controls for kind in control.evidence} | {"account-summary", ROOT_CREDENTIALS}
    common = Evidence(collected, collected.common, kinds)
    tags, analyzers = common.tags(), OrganizationAnalyzers(collected, common, kinds)
    whole = Verdicts(collected.management.id if collected.management else "", collected.organization_id)
    place = collected.management or collected.common
    for control in controls:
        if control.unit == ORGANIZATION:
            parameters = _parameters(control, place, tags, collected)
            _judge(whole, control, collected, common, parameters, _about(collected), as_of)
    for account in collected.in_scope:
        found = whole if account.id == whole.account_id else Verdicts(account.id, collected.organization_id)
        evidence = Evidence(collected, account, kinds)
        shared = analyzers.facts_for(evidence)
        for control in controls:
            if control.unit != ORGANIZATION:
                parameters = _parameters(control, account, tags, collected)
                _judge(found, control, collected, evidence, parameters, shared, as_of)
        if found is not whole:
            yield found
    yield whole


def _parameters(
    control: Control, account: Owner, tags: Mapping[str, Mapping[str, str] | None] | None, collected: Collected
) -> list[dict[str, object]]:
    """An account of an organization lies somewhere: without a place, nobody could see where it is."""
    own = None if tags is None else tags.get(account.id, {})
    is_placed = bool(account.ou_path or account.ou_ids) or collected.is_alone or account is collected.common
    return parameters_for(control, account, own, is_placed=is_placed)


def _about(collected: Collected) -> Facts:
    """The management account, which is known where it was not listed, too."""
    listed, about = collected.management, {"management_id": collected.management_id}
    if listed is None:
        return about | {"account_id": "", "account_name": "", "ou_path": ""}
    return about | {"account_id": listed.id, "account_name": listed.name, "ou_path": listed.ou_path}


def _judge(
    found: Verdicts,
    control: Control,
    collected: Collected,
    evidence: Evidence,
    possible: Sequence[Mapping[str, object]],
    common: Facts,
    as_of: datetime,
) -> None:
    if control.rule is None:
        found.add(_row(found, control, MANUAL))
        return
    if control.unit == ORGANIZATION and collected.is_alone:  # there is none
        found.counts[control.id, NOT_APPLICABLE] += 1
        return
    undecided: list[Unit] = []
    for unit in units_of(control, evidence, common):
        told = _told_by_all(control.rule, unit, evidence.owner, possible, as_of)
        if told.status == NO_EVIDENCE:
            undecided.append(unit)
        elif told.status == NOT_APPLICABLE:
            found.counts[control.id, told.status] += 1
        else:
            found.add(_unit_row(found, control, told, unit))
    if undecided:
        first = min(undecided, key=lambda unit: (unit.line, not unit.facts.get("contradicted")))
        found.add(_row(found, control, NO_EVIDENCE, file=first.file, line=str(first.line)))
    else:
        _missing(found, control, collected, evidence)


def _told_by_all(
    rule: Rule, unit: Unit, owner: Owner, possible: Sequence[Mapping[str, object]], as_of: datetime
) -> Told:
    """What all parameters that may hold lead to."""
    if unit.facts.get("contradicted"):  # the report tells different things, so there are no facts
        return Told(NO_EVIDENCE, ())
    facts = unit.facts | _whose(unit, owner)
    found = [rule(facts, parameters, as_of) for parameters in possible]
    if len({told.status for told in found}) > 1:
        return replace(found[0], status=NO_EVIDENCE)
    return found[0]


def _whose(unit: Unit, owner: Owner) -> Facts:
    """Where the unit belongs, under the names that SQL has for it; what other facts say has the last word."""
    said: Facts = {"account_id": owner.id, "account_name": owner.name, "ou_path": owner.ou_path}
    said |= {"user": unit.facts.get("name", unit.name or None), "arn": unit.arn or unit.facts.get("arn")}
    return {name: value for name, value in said.items() if name not in unit.facts or name == "arn"}


def _missing(found: Verdicts, control: Control, collected: Collected, evidence: Evidence) -> None:
    """A row for evidence that is not there, or not all of it, or has no root user: absence is never a pass."""
    kind, file = control.evidence[0], ""
    if control.unit == "root" and next(units_of(control, evidence, {}), None):
        return
    if evidence.has(kind):
        rootless = control.unit == "root" and not any(user["is_root"] for user in evidence.users or ())
        if not rootless and (control.unit in _ONE_EACH or not evidence.lacks(kind)):
            return
        file = evidence.path(kind) if rootless else ""
    by_person = control.by_hand or (control.optional and not collected.has_heard_of(kind))
    found.add(_row(found, control, MANUAL if by_person else NO_EVIDENCE, file=file))


def _row(found: Verdicts, control: Control, status: str, file: str = "", line: str = "") -> Row:
    """About the account as a whole."""
    identity = finding_id(found.organization_id, found.account_id, control.id, "", "")
    return Row(found.account_id, control.id, "", "", "", status, file, line, "", identity, "")


def _unit_row(found: Verdicts, control: Control, told: Told, unit: Unit) -> Row:
    identity = finding_id(found.organization_id, found.account_id, control.id, unit.credential, unit.arn or unit.name)
    first, *others = told.cited or (unit.line,)
    also = "; ".join([*(f"{unit.file}:{line}" for line in others), *([told.also] if told.also else [])])
    observed = told.observed if told.status in (PASS, FAIL) else ""
    about = (found.account_id, control.id, unit.arn, unit.name, unit.credential)
    return Row(*about, told.status, unit.file, str(first), also, identity, observed)


def finding_id(organization_id: str, account_id: str, control_id: str, credential: str, resource: str) -> str:
    """``f-`` and 20 digits of a hash over the five, a line each."""
    digest = hashlib.sha256()
    for number, text in enumerate((organization_id, account_id, control_id, credential, resource)):
        digest.update(f"\n{text}".encode() if number else text.encode())
    return "f-" + digest.hexdigest()[:20]
