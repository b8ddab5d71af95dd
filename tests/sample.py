"""``make sample``: the workbook of a small boxed organization, always the same, and a picture of its first page.

The organization is really collected, from a boxed one; then every time and request id in the evidence becomes a fixed
one, so that the workbook changes only where the code does.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor.catalog import load_catalog
from auditor.judge.assessing import assess
from auditor.judge.assessment import Assessment
from auditor.judge.waivers import load_waivers
from auditor.model import Evidence, EvidenceFile, EvidenceGap, OrganizationRecord
from auditor.report.workbook import Workbook
from auditor.sandbox import Sandbox, SandboxOptions
from auditor.sandbox.faults import DEFAULT_FAULTS
from auditor.store.snapshot import ORGANIZATION_FOLDER, Snapshot, SnapshotWriter
from tests.boxed import Box
from tests.office import PDF, Office
from tests.support import waiver, waivers_file

FOLDER = Path(__file__).parent.parent / "reports" / "sample"
AS_OF = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
COLLECTED = AS_OF + timedelta(minutes=1)
_WAIVERS = (
    waiver("W-2026-001", "access-key-rotated-90d", '{user: "*a*"}', reason="The appliance is being replaced."),
    waiver("W-2026-002", "credentials-unused-45d", '{user: "*e*"}', reason="Seasonal staff; the keys reach no data."),
    waiver("W-2025-017", "console-user-mfa", '{user: "*"}', created="2025-10-01", expires="2026-09-30"),
)
# These are asked for again and again, now more often and now less.
_POLLED = ("stuck", "capacity", "hang", "expires")
_CHANGING = (
    (re.compile(rb'("(?:collected_at|generated_at)": ?")[^"]*'), AS_OF.isoformat().replace("+00:00", "Z")),
    (re.compile(rb'("request_id": ?")[^"]*'), "00000000-0000-4000-8000-000000000000"),
)


def sample(folder: Path) -> Assessment:
    """The assessment that the sample workbook is of; ``folder`` gets the snapshot."""
    faults = tuple(fault for fault in DEFAULT_FAULTS if fault not in _POLLED)
    sandbox = Sandbox(SandboxOptions(accounts=24, users=6, seed=7, as_of=AS_OF, default_faults=faults))
    settings = folder / "auditor.yaml"
    settings.write_text(f"out: {folder}\nas_of: {AS_OF.isoformat()}\nreport_timeout: 15\n", encoding="utf-8")
    with sandbox.serve() as url:
        done = Box(sandbox, url).auditor("collect", "--config", settings)
    if done.returncode != 4:
        raise SystemExit(done.stderr)
    catalog = load_catalog()
    waivers = load_waivers(waivers_file(folder, *_WAIVERS), catalog, 366)
    fixed = _fixed(Snapshot.open(Path(done.stdout.splitlines()[-1])), folder / "fixed")
    return replace(assess(fixed, catalog=catalog, waivers=waivers), period="2026Q4")


def _fixed(found: Snapshot, folder: Path) -> Snapshot:
    """The same snapshot as if it had been collected at AS_OF."""
    manifest = found.manifest
    writer = SnapshotWriter.create(folder, manifest.organization.id, AS_OF)

    def moved(owner: str, files: Sequence[EvidenceFile]) -> tuple[EvidenceFile, ...]:
        return tuple(writer.store(owner, _timeless(found, file)) for file in files)

    records = [
        replace(record, evidence=moved(record.account.id, record.evidence), gaps=_nameless(record.gaps))
        for record in manifest.accounts
    ]
    common = manifest.organization_record
    organization = common and OrganizationRecord(moved(ORGANIZATION_FOLDER, common.evidence), _nameless(common.gaps))
    sealed = replace(
        manifest,
        snapshot_id=writer.snapshot_id,
        as_of=AS_OF,
        started_at=AS_OF,
        finished_at=AS_OF + timedelta(minutes=2),
        settings={"role": manifest.settings["role"]},
        accounts=tuple(records),
        organization_record=organization,
        attempts=(),
        run={"calls": manifest.run["calls"], "retries": manifest.run["retries"]},
    )
    return writer.seal(sealed)


def _nameless(gaps: Sequence[EvidenceGap]) -> tuple[EvidenceGap, ...]:
    """Without the ids of requests."""
    return tuple(replace(gap, request_id="") for gap in gaps)


def _timeless(found: Snapshot, file: EvidenceFile) -> Evidence:
    content = found.read(file)
    if file.path.endswith(".json"):
        for pattern, value in _CHANGING:
            content = pattern.sub(rb"\g<1>" + value.encode(), content)
    suffix = file.path.rpartition(".")[2]
    made = file.generated_at and AS_OF
    return Evidence(file.kind, content, suffix, "00000000-0000-4000-8000-000000000000", COLLECTED, made)


def draw_first_page(book: Path, picture: Path) -> None:
    """A PNG of page one."""
    with tempfile.TemporaryDirectory() as folder:
        (pdf,) = Office(Path(folder)).converted(PDF, book)
        target = picture.with_suffix("")
        command = ["pdftoppm", "-png", "-r", "110", "-f", "1", "-l", "1", "-singlefile", str(pdf), str(target)]
        subprocess.run(command, check=True, timeout=60)


def main() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        (book,) = Workbook().write(sample(Path(folder)), FOLDER)
    book.chmod(0o644)
    draw_first_page(book, FOLDER / "workbook.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
