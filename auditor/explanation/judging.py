"""One unit found, judged and told step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd

from auditor.catalog import Control, Selection
from auditor.checks import Verdict
from auditor.evaluator import Verdicts
from auditor.evaluator.units import units_of, verdict_on
from auditor.explanation.choosing import NAMED, Wanted, position_of, slot_of
from auditor.explanation.values import Subject
from auditor.frames import Frames
from auditor.model import CREDENTIAL_REPORT, ROOT_USER, Account, AccountRecord, Outcome, Status, Unit
from auditor.plain.rules import RULES, Facts
from auditor.snapshot import ORGANIZATION_FOLDER


@dataclass(frozen=True)
class Judged:
    """A verdict on ``subject``; ``lines`` of ``file`` are its evidence, none where there is no such unit."""

    subject: Subject
    status: Status
    observed: str
    reason: str
    steps: tuple[str, ...] = ()
    file: str = ""
    lines: tuple[int, ...] = ()


def judge(
    control: Control,
    frames: Frames,
    selection: Selection,
    verdicts: Verdicts,
    record: AccountRecord | None,
    wanted: Wanted,
    as_of: datetime,
) -> Judged:
    """The verdict on what is wanted. Raises ScopeError where the account has no such unit."""
    account = record.account if record else None
    subject = Subject(account, control.unit.value)
    if record and record.outcome is Outcome.EXCLUDED:
        reason = f"the account is excluded ({record.reason}): no control judges it"
        return Judged(subject, Status.NOT_APPLICABLE, "", reason)
    owner = account.id if account else ORGANIZATION_FOLDER
    if control.check is None or not _has_units(control, frames, owner):
        return _whole(subject, verdicts, control)
    if control.evidence[0] == CREDENTIAL_REPORT and control.unit in (Unit.CREDENTIAL, Unit.USER):
        subject, spared = _user(control, frames, subject, wanted)
        if spared:
            return spared
    units = units_of(control, frames)
    if account:
        units = units[units["account_id"] == account.id]
    if subject.credential:
        units = units[units["credential"] == subject.credential]
    if units.empty and control.unit is Unit.ROOT:
        return _whole(subject, verdicts, control)
    if units.empty and not wanted.name:
        reason = f"the account has no {NAMED[control.unit]}: there is nothing to judge"
        files = {f.kind: f.path for f in record.evidence} if record else {}
        return Judged(subject, Status.NOT_APPLICABLE, "", reason, (), files[control.evidence[0]], (1,))
    chosen = units.loc[[position_of(units, control, wanted)]]
    return _judged(subject, control, frames, selection, chosen, as_of)


def _has_units(control: Control, frames: Frames, owner: str) -> bool:
    """Whether there is the evidence that the control's units come from, or what stands in for it."""
    if control.unit is Unit.ROOT and (units_of(control, frames)["account_id"] == owner).any():
        return True
    return owner in frames.collected[control.evidence[0]].owners


def _user(control: Control, frames: Frames, subject: Subject, wanted: Wanted) -> tuple[Subject, Judged | None]:
    """The user and credential that are meant; a verdict where the control has nothing to judge of them."""
    users = frames.users[frames.users["account_id"] == wanted.account]
    user = facts_of(users.loc[[position_of(users, control, wanted)]])
    named = replace(subject, name=user["user"], arn=user["arn"])
    file, lines = user["evidence_file"], (user["evidence_line"],)
    if named.name == ROOT_USER:
        reason = "root is judged by the root controls only"
        return named, Judged(named, Status.NOT_APPLICABLE, "", reason, (), file, lines)
    if control.unit is Unit.USER:
        return named, None
    own = frames.credentials[(frames.credentials["account_id"] == wanted.account)]
    slots = list(own.loc[own["user"] == named.name, "credential"])
    named = replace(named, credential=slot_of(control, wanted, slots))
    if named.credential in slots:
        return named, None
    reason = f"the report shows no {named.credential}: it is not active and has no date"
    return named, Judged(named, Status.NOT_APPLICABLE, "", reason, (), file, lines)


def _judged(
    subject: Subject, control: Control, frames: Frames, selection: Selection, row: pd.DataFrame, as_of: datetime
) -> Judged:
    verdict = verdict_on(control, row, frames, selection, as_of)
    facts = facts_of(row)
    account = frames.places.get(str(facts["account_id"])) or Account(str(facts["account_id"]))
    told = RULES[str(control.check)](facts, selection.parameters_of(control, account), as_of)
    if control.unit not in (Unit.ACCOUNT, Unit.ORGANIZATION):
        subject = replace(subject, name=facts["user"] or "", arn=facts["arn"] or "")
    return Judged(
        subject=subject,
        status=status_of(verdict),
        observed=str(_plain(verdict.observed.iloc[0]) or ""),
        reason=str(verdict.reason.iloc[0]),
        steps=told.steps,
        file=facts["evidence_file"],
        lines=told.lines or (facts["evidence_line"],),
    )


def facts_of(row: pd.DataFrame) -> Facts:
    """A frame of one row as plain values; None is missing."""
    return {str(name): _plain(row[name].iloc[0]) for name in row.columns}


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def status_of(verdict: Verdict, position: int = 0) -> Status:
    """What the verdict says of the unit at a position, by itself."""
    applies, passed = _plain(verdict.applies.iloc[position]), _plain(verdict.passed.iloc[position])
    if applies is False:
        return Status.NOT_APPLICABLE
    if verdict.by_person is not None and verdict.by_person.iloc[position]:
        return Status.MANUAL
    if applies is None or passed is None:
        return Status.NO_EVIDENCE
    return Status.PASS if passed else Status.FAIL


def _whole(subject: Subject, verdicts: Verdicts, control: Control) -> Judged:
    """The row about the account or the organization as such, where there is no unit to judge."""
    findings = verdicts.findings
    if subject.account:
        findings = findings[findings["account_id"] == subject.account.id]
    findings = findings[findings["evidence_line"].isna()]
    if findings.empty:
        reason = f"there is no {'organization' if control.unit is Unit.ORGANIZATION else control.unit.value} to judge"
        return Judged(subject, Status.NOT_APPLICABLE, "", reason)
    row = facts_of(findings.iloc[[0]])
    return Judged(subject, Status(row["status"]), row["observed"] or "", row["reason"])


def waiver_id_of(judged: Judged, findings: pd.DataFrame) -> str:
    """The id of the waiver that the subject's failure carries; empty for none."""
    if judged.status is not Status.FAIL:
        return ""
    account, rows = judged.subject.account, findings
    wanted: Mapping[str, str] = {"resource_arn": judged.subject.arn, "credential": judged.subject.credential}
    if account:
        rows = rows[rows["account_id"] == account.id]
    for column, text in wanted.items():
        rows = rows[rows[column].astype("str").fillna("") == text]
    return str(rows["waiver_id"].iloc[0]) if len(rows) else ""
