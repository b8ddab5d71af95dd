"""One unit found, judged and told step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pandas as pd

from auditor.catalog import Control, Selection
from auditor.judge.checks import Verdict
from auditor.judge.checks.quoting import SPELLING, time_as_written
from auditor.judge.evaluator import Verdicts
from auditor.judge.evaluator.units import units_of, verdict_on
from auditor.judge.explanation.choosing import NAMED, Wanted, position_of, slot_of
from auditor.judge.explanation.values import Subject
from auditor.model import CREDENTIAL_REPORT, ROOT_USER, Account, AccountRecord, Outcome, Status, Unit
from auditor.reperform.plain.rules import Facts
from auditor.reperform.sql_rules import rule_of
from auditor.store.snapshot import ORGANIZATION_FOLDER
from auditor.tables import Frames


@dataclass(frozen=True)
class Judged:
    """A verdict on ``subject``; ``lines`` of ``file`` are its evidence, none where there is no such unit;
    ``also_seen_in`` is what the finding names beside them."""

    subject: Subject
    status: Status
    observed: str
    reason: str
    steps: tuple[str, ...] = ()
    file: str = ""
    lines: tuple[int, ...] = ()
    also_seen_in: tuple[tuple[str, int], ...] = ()


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
    if control.test is None or not _has_units(control, frames, owner):
        return _whole(subject, verdicts, control)
    if account and (contradicted := _contradicted(control, frames, subject, account.id, wanted)):
        return contradicted
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


def _contradicted(control: Control, frames: Frames, subject: Subject, account_id: str, wanted: Wanted) -> Judged | None:
    """The verdict on a user of whom the report tells different things."""
    found = frames.contradictions
    found = found[found["account_id"] == account_id]
    of_root = control.unit is Unit.ROOT
    found = found[found["is_root"] if of_root else (found["user"] == wanted.name) | (found["arn"] == wanted.name)]
    if control.evidence[0] != CREDENTIAL_REPORT or found.empty:
        return None
    facts = facts_of(found.iloc[[0]])
    named = replace(subject, name=facts["user"], arn=facts["arn"], credential=wanted.credential)
    lines = tuple(map(int, facts["lines"].split()))
    return Judged(named, Status.NO_EVIDENCE, "", facts["reason"], (), facts["evidence_file"], lines)


def _user(control: Control, frames: Frames, subject: Subject, wanted: Wanted) -> tuple[Subject, Judged | None]:
    """The user and credential that are meant; a verdict where the control has nothing to judge of them."""
    users = frames.users[frames.users["account_id"] == wanted.account]
    user = facts_of(users.loc[[position_of(users, control, wanted)]])
    named = replace(subject, name=user["user"], arn=user["arn"])
    file, lines = user["evidence_file"], (user["evidence_line"],)
    if named.name == ROOT_USER:
        reason = "root is tested by the root controls only"
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
    rule = rule_of(control)
    assert rule is not None  # noqa: S101 -- a control without one has no units
    told = rule(facts, selection.parameters_of(control, account), as_of)
    if control.unit not in (Unit.ACCOUNT, Unit.ORGANIZATION):
        subject = replace(subject, name=facts["user"] or "", arn=facts["arn"] or "")
    status, reason = status_of(verdict), str(verdict.reason.iloc[0])
    in_doubt = status is Status.NO_EVIDENCE and told.status != status
    return Judged(
        subject=subject,
        status=status,
        observed=str(_plain(verdict.observed.iloc[0]) or ""),
        reason=reason,
        steps=(*told.steps, f"{reason} -> {status}") if in_doubt else told.steps,
        file=facts["evidence_file"],
        lines=told.lines or (facts["evidence_line"],),
        also_seen_in=tuple(_places(verdict)),
    )


def _places(verdict: Verdict) -> Iterator[tuple[str, int]]:
    """The file and line of each place that a verdict on one unit names beside the unit's own."""
    if verdict.also_seen_in is not None:
        for place in filter(None, str(_plain(verdict.also_seen_in.iloc[0]) or "").split("; ")):
            file, _, line = place.rpartition(":")
            yield file, int(line)


def facts_of(row: pd.DataFrame) -> Facts:
    """What ``facts_of_each`` gives of a frame of one row."""
    (facts,) = facts_of_each(row)
    return facts


def facts_of_each(units: pd.DataFrame) -> list[Facts]:
    """Each row as plain values; None is missing. The very text of a spelt value is under ``<name>_raw``."""
    columns = {str(name): _plain_column(units[name]) for name in units.columns}
    spelt = [name.removesuffix(SPELLING) for name in columns if name.endswith(SPELLING)]
    columns |= {f"{name}_raw": _raw(units, name) for name in spelt}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _raw(units: pd.DataFrame, name: str) -> list[Any]:
    if name in units and pd.api.types.is_datetime64_any_dtype(units[name].dtype):
        return _plain_column(time_as_written(units, name))
    return _plain_column(units[f"{name}{SPELLING}"])


def _plain_column(column: pd.Series) -> list[Any]:
    return [_plain(value) for value in column]


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
