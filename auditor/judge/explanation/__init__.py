"""Why a verdict is what it is: the control, the evidence as AWS gave it, and every comparison on the way."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from auditor import schema
from auditor.catalog import Catalog, Control, Selection
from auditor.catalog.sql import compiled
from auditor.errors import EvidenceError
from auditor.judge.evaluator import evaluate
from auditor.judge.explanation.choosing import Wanted, account_of, refuse_misfits
from auditor.judge.explanation.judging import Judged, judge, waiver_id_of
from auditor.judge.explanation.showing import document_line, report_line
from auditor.judge.explanation.values import Explanation, Proof, Setting, Subject
from auditor.judge.waivers import Waiver, Waivers, apply_waivers
from auditor.model import ACCESS_ANALYZERS, CREDENTIAL_REPORT, AccountRecord, EvidenceFile, Unit
from auditor.reperform.plain.rules import READS
from auditor.store.snapshot import Snapshot
from auditor.tables import ORGANIZATION, Frames, build_frames

__all__ = ["Explanation", "Proof", "Setting", "Subject", "Wanted", "explain"]


def explain(
    snapshot: Snapshot,
    catalog: Catalog,
    name: str,
    wanted: Wanted,
    as_of: datetime | None = None,
    waivers: Waivers | None = None,
) -> Explanation:
    """The verdict of one control, or requirement, on one unit of a snapshot, the same as in its reports.

    ``as_of`` is the snapshot's own where none is given. Raises CatalogError for an unknown control, ScopeError for
    an account, user, resource or credential that the snapshot does not have or the control does not judge.
    """
    control, moment = catalog.find(name).control, as_of or snapshot.manifest.as_of
    record = account_of(control, wanted, snapshot.manifest)
    refuse_misfits(control, wanted)
    narrow = _narrowed(snapshot, control, record)
    frames = build_frames(narrow, moment, (*control.evidence, CREDENTIAL_REPORT))
    requirements = _requirements(catalog, control)
    selection = Selection((control,), {control.id: requirements}, overrides=catalog.overrides)
    manifest = snapshot.manifest
    verdicts = evaluate(frames, selection, manifest.organization, manifest.snapshot_id, moment)
    judged = judge(control, frames, selection, verdicts, record, wanted, moment)
    settings = _settings(control, frames, selection, record)
    values = {setting.name: setting.value for setting in settings}
    accounts = [record.account for record in narrow.manifest.accounts]
    tags = {account_id: place.tags for account_id, place in frames.places.items()}
    waived = apply_waivers(verdicts.findings, verdicts.controls, waivers or Waivers(), accounts, moment, tags)
    waiver_id = waiver_id_of(judged, waived.findings)
    return Explanation(
        snapshot_id=manifest.snapshot_id,
        as_of=moment,
        control=control,
        requirements=requirements,
        settings=settings,
        looser=catalog.looser_values(control.id, values, "here") if values else (),
        subject=judged.subject,
        evidence=tuple(_proofs(snapshot, frames, control, judged, record)),
        lacking=_lacking(frames, control, record),
        comparisons=judged.steps,
        status=judged.status,
        observed=judged.observed,
        reason=judged.reason,
        waiver=_waiver(waivers, waiver_id),
    )


def _narrowed(snapshot: Snapshot, control: Control, record: AccountRecord | None) -> Snapshot:
    """The snapshot without the accounts whose evidence cannot bear on the verdict."""
    manifest = snapshot.manifest
    if ACCESS_ANALYZERS in control.evidence:  # those of the organization may stand in any account
        return snapshot
    wanted = {manifest.organization.management_account_id} | ({record.account.id} if record else set())
    accounts = tuple(r for r in manifest.accounts if r.account.id in wanted)
    return snapshot.narrowed(accounts)


def _requirements(catalog: Catalog, control: Control) -> tuple[str, ...]:
    """Every requirement, of every benchmark, that asks for this very control."""
    places = ((b, r) for b in catalog.benchmarks.values() for r in b.requirements)
    return tuple(b.qualified(r) for b, r in places if r.control == control.id)


def _settings(
    control: Control, frames: Frames, selection: Selection, record: AccountRecord | None
) -> tuple[Setting, ...]:
    found = {name: Setting(name, value, "the control") for name, value in control.parameters.items()}
    if record:
        for override in selection.overrides_of(control, frames.places[record.account.id]):
            source = f"{override.scope}: {override.reason}"
            found |= {name: Setting(name, value, source) for name, value in override.parameters.items()}
    return tuple(found.values())


def _lacking(frames: Frames, control: Control, record: AccountRecord | None) -> dict[str, str]:
    """Kind of evidence -> why the account or the organization has none, or only a part."""
    owners = (record.account.id, ORGANIZATION) if record else (ORGANIZATION,)
    known = {kind: frames.collected[kind] for kind in control.evidence if kind in frames.collected}
    return {kind: why for kind, found in known.items() for owner in owners if (why := found.why_not(owner))}


def _proofs(
    snapshot: Snapshot, frames: Frames, control: Control, judged: Judged, record: AccountRecord | None
) -> Iterator[Proof]:
    """The lines of the unit, then those of the other evidence that the control reads; what cannot be read is a gap."""
    also = {path for path, _ in judged.also_seen_in}
    files = {file.path: file for file in _files(snapshot, record)}
    others = (file for other in snapshot.manifest.accounts for file in other.evidence if file.path in also)
    files |= {file.path: file for file in others}
    lines = [(judged.file, line) for line in judged.lines] + list(judged.also_seen_in)
    if judged.steps or control.by_hand:
        lines += _further(frames, control.evidence[1:], record)
    for path, line in dict.fromkeys(lines):
        try:
            yield _proof(snapshot, files[path], line, control, judged.subject)
        except EvidenceError:
            continue  # told in ``lacking``


def _files(snapshot: Snapshot, record: AccountRecord | None) -> Iterator[EvidenceFile]:
    yield from record.evidence if record else ()
    organization = snapshot.manifest.organization_record
    yield from organization.evidence if organization else ()


def _further(frames: Frames, kinds: Collection[str], record: AccountRecord | None) -> Iterator[tuple[str, int]]:
    """Where the account's, or the organization's, row of each kind comes from."""
    for kind in kinds:
        for unit in (Unit.ACCOUNT, Unit.ORGANIZATION):
            if (unit, kind) not in frames.units:
                continue
            rows = frames.units[unit, kind]
            if unit is Unit.ACCOUNT and record:
                rows = rows[rows["account_id"] == record.account.id]
            yield from zip(rows["evidence_file"].tolist(), rows["evidence_line"].tolist(), strict=True)


def _proof(snapshot: Snapshot, file: EvidenceFile, line: int, control: Control, subject: Subject) -> Proof:
    if file.kind != CREDENTIAL_REPORT:
        return document_line(snapshot, file, line)
    account_id = subject.account.id if subject.account else ""
    return report_line(snapshot, file, account_id, line, _columns(control, subject.credential))


def _columns(control: Control, slot: str) -> tuple[str, ...]:
    """The report's own names for what the check, or the SQL, reads."""
    names = tuple(compiled(control).columns) if control.table is not None else READS.get(str(control.check), ())
    if not slot:
        return names
    return tuple(dict.fromkeys(schema.CREDENTIAL_SOURCES.get(name, {}).get(slot, name) for name in names))


def _waiver(waivers: Waivers | None, waiver_id: str) -> Waiver | None:
    return next((w for w in waivers.entries if w.id == waiver_id), None) if waivers else None
