"""Every verdict of a snapshot, account by account: what findings.csv must say, and the counts of controls.csv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from auditor.plain.collected import Collected, Owner
from auditor.plain.controls import Control, parameters_for
from auditor.plain.evidence import Evidence
from auditor.plain.facts import Facts
from auditor.plain.population import Unit, units_of
from auditor.plain.rules import RULES
from auditor.plain.words import MANUAL, NO_EVIDENCE, NOT_APPLICABLE, ORGANIZATION, ROOT_CREDENTIALS

_ONE_EACH = ("account", "organization", "root")


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


@dataclass
class Verdicts:
    """The rows about one account, and how many units of each control have each status."""

    account_id: str
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
    tags, shared = common.tags(), _shared(collected, kinds)
    whole = Verdicts(collected.management.id if collected.management else "")
    place = collected.management or collected.common
    for control in controls:
        if control.unit == ORGANIZATION:
            parameters = parameters_for(control, place, tags.get(place.id, {}))
            _judge(whole, control, collected, common, parameters, _about(collected.management), as_of)
    for account in collected.in_scope:
        found = whole if account.id == whole.account_id else Verdicts(account.id)
        evidence = Evidence(collected, account, kinds)
        for control in controls:
            if control.unit != ORGANIZATION:
                parameters = parameters_for(control, account, tags.get(account.id, {}))
                _judge(found, control, collected, evidence, parameters, shared, as_of)
        if found is not whole:
            yield found
    yield whole


def _about(management: Owner | None) -> Facts:
    if management is None:
        return {"account_id": "", "account_name": "", "ou_path": ""}
    return {"account_id": management.id, "account_name": management.name, "ou_path": management.ou_path}


def _shared(collected: Collected, kinds: set[str]) -> Facts:
    """Where some account has an analyzer of the whole organization, which covers all accounts."""
    if "access-analyzers" not in kinds:
        return {}
    found: set[str] = set()
    for account in collected.in_scope:
        analyzers = (
            Evidence(collected, account, {"access-analyzers"}).of_account("access-analyzers").get("analyzers", "")
        )
        found.update(
            text.removeprefix("ORGANIZATION@") for text in analyzers.split() if text.startswith("ORGANIZATION@")
        )
    return {"organization_regions": " ".join(sorted(found))}


def _judge(
    found: Verdicts,
    control: Control,
    collected: Collected,
    evidence: Evidence,
    parameters: Mapping[str, object],
    common: Facts,
    as_of: datetime,
) -> None:
    if control.check is None:
        found.add(_row(found, control, MANUAL))
        return
    if control.unit == ORGANIZATION and collected.is_alone:  # there is none
        found.counts[control.id, NOT_APPLICABLE] += 1
        return
    undecided: list[Unit] = []
    for unit in units_of(control, evidence, common):
        status = RULES[control.check](unit.facts, parameters, as_of).status
        if status == NO_EVIDENCE:
            undecided.append(unit)
        elif status == NOT_APPLICABLE:
            found.counts[control.id, status] += 1
        else:
            found.add(_row(found, control, status, unit))
    if undecided:
        first = min(undecided, key=lambda unit: unit.line)
        found.add(_row(found, control, NO_EVIDENCE, file=first.file, line=str(first.line)))
    _missing(found, control, collected, evidence)


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


def _row(
    found: Verdicts, control: Control, status: str, unit: Unit | None = None, file: str = "", line: str = ""
) -> Row:
    if unit is None:
        return Row(found.account_id, control.id, "", "", "", status, file, line)
    where = (status, unit.file, str(unit.line))
    return Row(found.account_id, control.id, unit.arn, unit.name, unit.credential, *where)
