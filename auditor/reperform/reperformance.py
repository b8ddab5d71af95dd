"""The second implementation set to work: with the controls, options and as-of time that a report was made with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor.catalog import Catalog, Selection
from auditor.errors import SnapshotError
from auditor.reperform.plain.collected import collected
from auditor.reperform.plain.compare import Book, Comparison, Difference
from auditor.reperform.plain.controls import Control, Override
from auditor.reperform.plain.verdicts import reperformed
from auditor.reperform.plain.written import counts, findings
from auditor.reperform.sql_rules import rule_of
from auditor.store.snapshot import Snapshot


@dataclass(frozen=True)
class Made:
    """How the reports in a folder were made; ``options`` as ``catalog.select`` takes them."""

    folder: Path
    as_of: datetime
    options: Mapping[str, Any]
    catalog_hash: str
    manifest_sha256: str
    tool_version: str


@dataclass
class Reperformance:
    """What came of it: how much was recomputed, the first differences of ``total``, and the paths of evidence that is
    not as it was collected."""

    verdicts: int = 0
    accounts: int = 0
    differences: list[Difference] = field(default_factory=list)
    total: int = 0
    unusable: frozenset[str] = frozenset()

    def note(self, found: Iterator[Difference], limit: int) -> None:
        for difference in found:
            self.total += 1
            if len(self.differences) < limit:
                self.differences.append(difference)


def reports_of(folder: Path) -> Made:
    """What ``summary.json`` says of the reports beside it. SnapshotError where there are none to compare with."""
    try:
        summary = json.loads((folder / "summary.json").read_bytes())
        source = summary["derived_from"]
        as_of, options = datetime.fromisoformat(source["as_of"]), dict(source["options"])
        hashes = (str(source["catalog_hash"]), str(source["manifest_sha256"]), str(summary["tool_version"]))
    except OSError as error:
        raise SnapshotError(f"{folder} holds no reports: summary.json: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"{folder / 'summary.json'} was not written by this program: {error!r}") from error
    for name in ("findings.csv", "controls.csv"):
        if not (folder / name).is_file():
            raise SnapshotError(f"{folder} has no {name} to compare with; write it with 'auditor report --format csv'")
    return Made(folder, as_of, options, *hashes)


def refuse_others(made: Made, snapshot: Snapshot, catalog: Catalog) -> None:
    """SnapshotError for reports of another snapshot, or by another catalogue: their verdicts are of other things.

    Waivers need not be the same, since none changes a verdict.
    """
    if made.manifest_sha256 != snapshot.manifest_sha256():
        raise SnapshotError(f"the reports in {made.folder} are not of {snapshot.folder} as it is now; make them anew")
    if made.catalog_hash != catalog.hash:
        raise SnapshotError(
            f"the reports in {made.folder} were made with the catalogue {made.catalog_hash[:12]}, and this is "
            f"{catalog.hash[:12]}: give the --config-dir that they were made with (by version {made.tool_version})"
        )


def selected(made: Made, catalog: Catalog, given: Mapping[str, Any]) -> Selection:
    """What ``given`` options ask for; without any, what the reports were made for."""
    options = given or made.options
    return catalog.select(
        options.get("benchmark") or made.options["benchmark"],
        level=options.get("level"),
        sections=options.get("section", ()),
        requirements=options.get("requirement", ()),
    )


def reperform(
    snapshot: Snapshot,
    selection: Selection,
    as_of: datetime,
    made: Made,
    book: Book,
    *,
    limit: int,
    progress: Callable[[int], None] = lambda done: None,
) -> Reperformance:
    """Recompute every verdict and compare each; at most ``limit`` differences are kept, all are counted.

    ``progress`` is told of how many accounts are done.
    """
    controls, result = plain_controls(selection), Reperformance()
    comparison = Comparison(findings(made.folder / "findings.csv"), counts(made.folder / "controls.csv"), book)
    evidence = collected(snapshot.folder)
    for verdicts in reperformed(evidence, controls, as_of):
        result.accounts += bool(verdicts.account_id)
        result.note(comparison.take(verdicts), limit)
        progress(result.accounts)
    result.note(comparison.end([control.id for control in controls]), limit)
    result.verdicts = comparison.verdicts
    result.unusable = frozenset(evidence.unusable)
    return result


def plain_controls(selection: Selection) -> Sequence[Control]:
    """The chosen controls as plain data. CatalogError for a check or rule that is unknown."""
    overrides: dict[str, list[Override]] = {}
    for entry in selection.overrides:
        override = Override(entry.parameters, entry.ou, entry.tag, entry.account)
        overrides.setdefault(entry.control, []).append(override)
    return [
        Control(
            id=control.id,
            unit=control.unit.value,
            rule=rule_of(control),
            evidence=control.evidence,
            credentials=control.credentials,
            by_hand=control.by_hand,
            optional=control.optional,
            parameters=control.parameters,
            overrides=overrides.get(control.id, ()),
        )
        for control in selection.controls
    ]
