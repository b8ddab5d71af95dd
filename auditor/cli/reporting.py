"""The report command, and the short result that run, report and demo print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.console import busy, remark, show_page, show_table
from auditor.cli.options import CONFIG, JUDGING, OUTPUT, TALK, catalog_of, options, selection_of, settings_from
from auditor.cli.redacting import check_redaction_key, redaction_key
from auditor.cli.waivers import show_waivers, waivers_of
from auditor.model import Outcome
from auditor.period import Period
from auditor.settings import Settings
from auditor.times import iso

_SHOWN = 20
_ANOTHER_DAY = timedelta(days=1)

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    from auditor.assessment import Assessment
    from auditor.catalog import Catalog
    from auditor.report import CsvStyle
    from auditor.snapshot import Snapshot
    from auditor.waivers import Waivers


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", type=click.Path(path_type=Path), help="Write the files there  [the snapshot]")
@options(CONFIG, *JUDGING, *OUTPUT, *TALK)
def report(snapshot: Path, out: Path | None, **given: Any) -> int:
    """Evaluate SNAPSHOT and write its files, offline.

    The evidence is never changed; the same snapshot, benchmarks, waivers, as-of time and earlier snapshots beside it
    give the same bytes.
    """
    from auditor.files import check_writable, refuse_links
    from auditor.snapshot import Snapshot

    settings = settings_from(given)
    catalog = catalog_of(settings)
    selection_of(settings, catalog)
    waivers = waivers_of(settings, catalog)
    check_redaction_key(settings)
    opened = Snapshot.open(snapshot)
    if out is None:
        refuse_links(snapshot)
    check_writable(out or snapshot)
    return judged_and_reported(opened, out or snapshot, settings, catalog, waivers)


def judged_and_reported(
    snapshot: Snapshot, folder: Path, settings: Settings, catalog: Catalog, waivers: Waivers | None
) -> int:
    """Judge, write every file, print the result; the exit code says how it went."""
    from auditor.redaction import redacted
    from auditor.report import write_reports

    key = redaction_key(settings)
    with busy("judging", quiet=settings.quiet):
        assessment = _judged(snapshot, settings, catalog, waivers)
        assessment = redacted(assessment, key) if key else assessment
    if key and folder == snapshot.folder and not settings.quiet:
        remark(f"names stand in the evidence in {folder}: hand out the other files only, or name a folder with --out")
    if not settings.quiet:
        _remark_on_times(assessment, settings.period)
        _remark_on_idle_overrides(assessment.idle_overrides)
    with busy("writing", quiet=settings.quiet) as say:
        style, paper, split_by = csv_style(settings), settings.paper, settings.split_by or ""

        def tell(part: int, parts: int) -> None:
            say(f"writing part {part:,} of {parts:,}")

        written = write_reports(assessment, folder, settings.format, style, paper, split_by, tell)
    if written.removed and not settings.quiet:
        remark(f"removed from {folder}, as this report does not write them: {_named(written.removed, folder)}")
    _show(assessment, _listed(written.files, folder))
    show_snapshot(snapshot)
    return _exit_code(assessment, settings)


def show_snapshot(snapshot: Snapshot) -> None:
    """The last lines of every command that leaves a snapshot: what stands for all of it, and where it is."""
    print(f"root hash: {snapshot.manifest_sha256()}")
    print(snapshot.folder)


def _named(files: tuple[Path, ...], folder: Path) -> str:
    """The first of them by their names in the folder, and how many more there are."""
    names = [file.relative_to(folder).as_posix() for file in files]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def _listed(files: tuple[Path, ...], folder: Path) -> tuple[Path, ...]:
    """All but those of the parts, which the index lists."""
    return tuple(file for file in files if file.parent == folder or file.stem == "index")


def csv_style(settings: Settings) -> CsvStyle:
    """How the settings ask CSV files to be written."""
    from auditor.report import CsvStyle

    return CsvStyle(settings.csv_delimiter, settings.csv_bom, settings.csv_raw)


def _remark_on_idle_overrides(sentences: Sequence[str]) -> None:
    """A misspelt OU must not pass for one that nothing lies in."""
    for sentence in sentences[:_SHOWN]:
        remark(sentence)
    if len(sentences) > _SHOWN:
        remark(f"and {len(sentences) - _SHOWN:,} more entries of parameters.yaml; summary.json lists them all")


def _judged(snapshot: Snapshot, settings: Settings, catalog: Catalog, waivers: Waivers | None) -> Assessment:
    from auditor.assessment import assess

    selection = selection_of(settings, catalog)
    assessment = assess(snapshot, as_of=settings.as_of, catalog=catalog, selection=selection, waivers=waivers)
    assessment = replace(assessment, period=str(settings.period or ""))
    # Looking into every earlier snapshot takes a while, and only the workbook shows what is found.
    return _with_history(assessment, snapshot, settings) if "xlsx" in settings.format else assessment


def _with_history(assessment: Assessment, snapshot: Snapshot, settings: Settings) -> Assessment:
    from auditor.history import look_back

    history = look_back(snapshot, assessment.findings)
    for sentence in () if settings.quiet else history.remarks:
        remark(sentence)
    return replace(assessment, first_seen=history.first_seen, earlier_snapshots=history.snapshots)


def _remark_on_times(assessment: Assessment, period: Period | None) -> None:
    """Nobody may take these for verdicts of another time by mistake."""
    as_of = iso(assessment.as_of)
    if abs(assessment.as_of - assessment.started_at) > _ANOTHER_DAY:
        remark(f"ages are counted at {as_of}, but the evidence is of {iso(assessment.started_at)}")
    if period and not period.covers(assessment.as_of):
        remark(f"ages are counted at {as_of}, which lies outside the period {period}")


def _exit_code(assessment: Assessment, settings: Settings) -> int:
    if not assessment.has_evidence:
        return 3
    failed = settings.fail_on is not None and assessment.fails_at(settings.fail_on)
    if assessment.has_gaps:
        return 6 if failed else 4
    return 5 if failed else 0


def _show(assessment: Assessment, files: tuple[Path, ...]) -> None:
    from auditor.report.figures import counted

    counts, total = assessment.accounts["outcome"].value_counts(), counted(len(assessment.accounts), "account")
    print(
        f"{assessment.organization_id}: {total}, {counts.get('assessed', 0)} assessed, "
        f"{counts.get('not_assessed', 0)} not assessed, {counts.get('excluded', 0)} excluded"
    )
    _show_controls(assessment)
    show_waivers(assessment.waivers)
    _show_gaps(assessment)
    print()
    for file in files:
        show_page(str(file))


def _show_controls(assessment: Assessment) -> None:
    automated = assessment.controls[assessment.controls["assessment"] == "automated"]
    rows = [
        (
            _short(str(c.requirements), str(c.control_id)),
            c.control_id,
            c.severity,
            _failed(c),
            c.no_evidence,
        )
        for c in automated.itertuples()
    ]
    print()
    show_table(("requirement", "control", "severity", "failed", "no\nevidence"), rows)
    _show_own_settings(assessment)
    manual = len(assessment.controls) - len(automated)
    if manual:
        print(f"{manual} further controls are to be answered by hand; they are listed in controls.csv")


def _show_own_settings(assessment: Assessment) -> None:
    """What is judged less strictly than the benchmark asks is never silent."""
    for control in assessment.controls.itertuples():
        if control.looser_settings:
            show_page(f"{control.control_id!s}: {control.looser_settings!s}")
    for sentence in assessment.dropped:
        show_page(sentence)


def _failed(control: Any) -> str:
    """``12 of 340 (3 waived)``"""
    if not control.population and control.manual:
        return "by hand"
    return f"{control.failed} of {control.population}" + (f" ({control.waived} waived)" if control.waived else "")


def _short(requirements: str, control_id: str) -> str:
    """Requirement ids without the benchmarks they are from, and where they are more than the control's own."""
    ids = dict.fromkeys(qualified.rpartition(":")[2] for qualified in requirements.split("; "))
    return ", ".join(name for name in ids if name != control_id)


def _show_gaps(assessment: Assessment) -> None:
    """Accounts without a credential report, then those (and the organization) that lack other evidence."""
    accounts = assessment.accounts
    lost = accounts[accounts["outcome"] == Outcome.NOT_ASSESSED.value]
    if len(lost):
        print("\nNot assessed:")
        show_table(("account", "name", "why"), lost[["account_id", "account_name", "reason"]].itertuples(index=False))
    partly = assessment.gaps[~assessment.gaps["account_id"].isin(lost["account_id"])]
    if len(partly):
        print("\nEvidence that is missing elsewhere:")
        rows = [(g.account_id, g.account_name, g.evidence, f"{g.stage}: {g.code}") for g in partly.itertuples()]
        show_table(("account", "name", "evidence", "why"), rows, unbroken=("account", "evidence"))
