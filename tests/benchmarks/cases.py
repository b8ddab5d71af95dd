"""What is measured of judging: a snapshot is made, then framed, judged and written."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from tests.benchmarks.child import Figures

AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def make_snapshot(folder: str, accounts: int, users: int) -> Figures:
    """A snapshot of a boxed organization, written without collecting it."""
    from auditor.model import Account, AccountRecord, Caller, Evidence, Organization, Outcome
    from auditor.sandbox import Sandbox, SandboxOptions
    from auditor.store.snapshot import SCHEMA_VERSION, Manifest, SnapshotWriter

    box = Sandbox(SandboxOptions(accounts=accounts, users=users, as_of=AS_OF, faulty=False))
    writer = SnapshotWriter.create(Path(folder), "o-bench", AS_OF)
    records = []
    for account in box.organization.active:
        report = Evidence("credential-report", box.report(account.id), "csv", "bench", AS_OF, AS_OF)
        file = writer.store(account.id, report)
        records.append(AccountRecord(Account(account.id, account.name), Outcome.ASSESSED, evidence=(file,)))
    caller, organization = Caller(f"arn:aws-bench:iam::{accounts}:user/x", "0"), Organization("o-bench")
    times = (AS_OF, AS_OF, AS_OF)
    identity = (SCHEMA_VERSION, writer.snapshot_id, "bench", organization, caller)
    snapshot = writer.seal(Manifest(*identity, *times, False, {}, tuple(records)))
    return {"snapshot": str(snapshot.folder), "accounts": len(records)}


def frames(snapshot: str) -> Figures:
    """Parse, merge and type all reports."""
    from auditor.store.snapshot import Snapshot
    from auditor.tables import build_frames

    opened = Snapshot.open(Path(snapshot))
    started = time.perf_counter()
    built = build_frames(opened, AS_OF)
    return {"seconds": time.perf_counter() - started, "users": len(built.users), "credentials": len(built.credentials)}


def evaluation(snapshot: str) -> Figures:
    """Judge by all controls of credentials; the frames are there already."""
    from auditor.catalog import Selection, load_catalog
    from auditor.judge.evaluator import evaluate
    from auditor.model import CREDENTIAL_REPORT, Organization
    from auditor.store.snapshot import Snapshot
    from auditor.tables import build_frames

    catalog = load_catalog()
    built = build_frames(Snapshot.open(Path(snapshot)), AS_OF)
    judging = tuple(c for c in catalog.controls.values() if c.evidence[:1] == (CREDENTIAL_REPORT,))
    selection = Selection(judging, {c.id: ("bench:1",) for c in judging})
    started = time.perf_counter()
    verdicts = evaluate(built, selection, Organization("o-bench"), "bench", AS_OF)
    counts = {"users": len(built.users), "findings": len(verdicts.findings), "controls": len(judging)}
    return {"seconds": time.perf_counter() - started, **counts}


def findings_csv(snapshot: str) -> Figures:
    """Write findings.csv and credentials.csv."""
    from auditor.catalog import load_catalog
    from auditor.judge.assessing import assess
    from auditor.report import write_reports
    from auditor.store.snapshot import Snapshot

    assessment = assess(Snapshot.open(Path(snapshot)), list(load_catalog().benchmarks))
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        write_reports(assessment, Path(folder), ["csv"])
        seconds = time.perf_counter() - started
    return {"seconds": seconds, "findings": len(assessment.findings)}


def report_at_once(snapshot: str, out: str) -> Figures:
    """CSV and Parquet of a snapshot that is judged as a whole in this process, as it was before there were batches."""
    from auditor.judge.assessing import assess
    from auditor.report import write_reports
    from auditor.store.snapshot import Snapshot

    started = time.perf_counter()
    write_reports(assess(Snapshot.open(Path(snapshot))), Path(out), ["csv", "parquet"])
    return {"seconds": time.perf_counter() - started}


def waiving(findings: int, waivers: int) -> Figures:
    """Load a file of many waivers of every kind and put them on many findings; judging itself is not counted."""
    from auditor.catalog import load_catalog
    from auditor.judge.waivers import apply_waivers, load_waivers
    from tests.benchmarks.waived import failing, waivers_file

    frame, controls, accounts = failing(findings)
    catalog = load_catalog()
    with tempfile.TemporaryDirectory() as folder:
        file = waivers_file(Path(folder) / "waivers.yaml", waivers, findings)
        started = time.perf_counter()
        loaded = load_waivers(file, catalog, 366)
        read = time.perf_counter() - started
    started = time.perf_counter()
    waived = apply_waivers(frame, controls, loaded, accounts, AS_OF, {a.id: {"stage": a.name} for a in accounts})
    seconds = time.perf_counter() - started
    counts = {"findings": len(frame), "waivers": len(loaded.entries), "waived": int(waived.controls["waived"].sum())}
    unmatched = int((waived.waivers["state"] == "unmatched").sum())
    return {"seconds": seconds, "read": read, "unmatched": unmatched} | counts


def full_evidence(folder: str, as_of: str, benchmark: list[str]) -> Figures:
    """Collect what ``benchmark`` reads; calls by account, regional ones left out.

    Counted are the answers that were kept, and three for each account that keep none: AssumeRole, and generating and
    fetching a report that is ready at once. ``run`` is what the run itself counted, the organization's calls included.
    """
    import asyncio

    from auditor.catalog import load_catalog
    from auditor.cli.aws import collect_from_aws
    from auditor.cli.collecting import kinds_needed
    from auditor.cli.progress import Reporter
    from auditor.model import Outcome
    from auditor.settings import load_settings
    from auditor.store import evidence

    given = {"benchmark": benchmark, "as_of": as_of, "out": folder}
    chosen = load_settings(None, given, read_file=False)
    kinds = kinds_needed(load_catalog().select(chosen.benchmark), chosen)
    with Reporter(quiet=True, verbose=False).showing() as progress:
        snapshot = asyncio.run(collect_from_aws(chosen, kinds, progress))
    calls: dict[str, int] = {}
    operations: dict[str, int] = {}
    for record in snapshot.manifest.accounts:
        if record.outcome is not Outcome.ASSESSED:
            continue
        made = ["sts:AssumeRole", "iam:GenerateCredentialReport", "iam:GetCredentialReport"]
        for file in record.evidence:
            if file.path.endswith(".json"):
                made += [a.operation for a in evidence.read(snapshot.read(file)).answers if not a.region]
        made = [name for name in made if name != "ec2:DescribeRegions"]
        calls[record.account.id] = len(made)
        for name in made:
            operations[name] = operations.get(name, 0) + 1
    return {
        "snapshot": str(snapshot.folder),
        "calls": calls,
        "operations": operations,
        "run": dict(snapshot.manifest.run),
    }


def full_judging(snapshot: str, benchmarks: list[str]) -> Figures:
    """From evidence on disk to findings, everything included."""
    from auditor.judge.assessing import assess
    from auditor.store.snapshot import Snapshot

    opened = Snapshot.open(Path(snapshot))
    started = time.perf_counter()
    assessment = assess(opened, benchmarks)
    return {"seconds": time.perf_counter() - started, "findings": len(assessment.findings)}
