"""Who vouches for which file of a snapshot: the manifest, the summary and the checksum files."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.store.checksums import EVIDENCE_FILE, REPORTS_FILE, read_checksums
from auditor.store.journal import NAME as JOURNAL
from auditor.store.seal.differences import Difference, Kind
from auditor.store.snapshot import MANIFEST, SIGNATURE, Manifest

SUMMARY = "summary.json"
BUNDLE_FILE, README, PUBLIC_KEY = "bundle.sha256", "README.txt", "public-key.pem"
"""What a bundle has beside the snapshot; the first lists the others."""
CHECKSUM_FILES = (EVIDENCE_FILE, REPORTS_FILE, BUNDLE_FILE)


@dataclass(frozen=True)
class Witness:
    """What one file says of others: ``sha256`` by name. ``problems`` are its own, one sentence each."""

    name: str
    sha256: Mapping[str, str]
    problems: tuple[str, ...] = ()


def of_manifest(manifest: Manifest) -> Witness:
    said = {file.path: file.sha256 for file in manifest.evidence}
    return Witness(MANIFEST, said | ({JOURNAL: manifest.journal.sha256} if manifest.journal else {}))


def of_checksums(name: str, content: bytes) -> Witness:
    found = read_checksums(content)
    return Witness(name, found.sha256, found.problems)


def of_summary(content: bytes) -> Witness:
    """The files of the last report, and the manifest that they were derived from."""
    try:
        facts: dict[str, Any] = json.loads(content)
        said = {str(name): str(identity["sha256"]) for name, identity in facts["files"].items()}
        return Witness(SUMMARY, said | {MANIFEST: str(facts["derived_from"]["manifest_sha256"])})
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Witness(SUMMARY, {}, ("it is not a summary that this program writes",))


def listing_differences(
    witnesses: Mapping[str, Witness], present: Collection[str], manifest: Manifest | None
) -> Iterator[Difference]:
    """Checksum files that list more or less than they must; ``present`` is the names of the files that are there."""
    if EVIDENCE_FILE in witnesses and manifest:
        must = {MANIFEST, *witnesses[MANIFEST].sha256, *({JOURNAL, SIGNATURE} & set(present))}
        yield from _compared(witnesses[EVIDENCE_FILE], must, {SIGNATURE}, MANIFEST)
    if REPORTS_FILE in witnesses:
        summary = witnesses.get(SUMMARY)
        readable = summary is not None and not summary.problems
        must = {SUMMARY, *(summary.sha256 if summary else ())} - {MANIFEST}
        may = set() if readable else set(witnesses[REPORTS_FILE].sha256)
        yield from _compared(witnesses[REPORTS_FILE], must, may, "a report" if not readable else SUMMARY)
    if BUNDLE_FILE in witnesses:
        must = {README, *({EVIDENCE_FILE, REPORTS_FILE, PUBLIC_KEY} & set(present))}
        yield from _compared(witnesses[BUNDLE_FILE], must, {REPORTS_FILE, PUBLIC_KEY}, "a bundle")


def _compared(witness: Witness, must: set[str], may: set[str], source: str) -> Iterator[Difference]:
    for name in sorted(must - set(witness.sha256)):
        yield Difference(Kind.CONTRADICTION, witness.name, f"it does not list {name}, which {source} has")
    for name in sorted(set(witness.sha256) - must - may):
        yield Difference(Kind.CONTRADICTION, witness.name, f"it lists {name}, which {source} does not have")
