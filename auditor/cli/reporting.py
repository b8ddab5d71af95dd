"""The report command, and the short result that run, report and demo print."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from auditor.cli.console import busy, remark, show_page
from auditor.cli.judging import check_engine, judged
from auditor.cli.options import CONFIG, JUDGING, OUTPUT, TALK, catalog_of, options, selection_of, settings_from
from auditor.cli.redacting import check_redaction_key, redaction_key
from auditor.cli.sealed import remark_on_changes
from auditor.cli.tables import show_sentence, show_table
from auditor.cli.waivers import show_waivers, waivers_of
from auditor.model import Outcome
from auditor.settings import Settings

_SHOWN = 20

if TYPE_CHECKING:  # pandas is slow to load, so it is loaded where it is used
    from auditor.catalog import Catalog
    from auditor.judge.assessment import Assessment
    from auditor.judge.waivers import Waivers
    from auditor.report import CsvStyle, Output
    from auditor.store.snapshot import Snapshot


@click.command()
@click.argument("snapshot", type=click.Path(path_type=Path))
@click.option(
    "--out", metavar="DIR", type=click.Path(path_type=Path), help="Folder to write the files to  [the snapshot]"
)
@options(CONFIG, *JUDGING, *OUTPUT, *TALK)
def report(snapshot: Path, out: Path | None, **given: Any) -> int:
    """Evaluate SNAPSHOT and write its files, offline.

    The evidence is never changed; the same snapshot, benchmarks, waivers, as-of time and earlier snapshots beside it
    give the same bytes.
    """
    from auditor.store.files import check_writable, refuse_links
    from auditor.store.snapshot import Snapshot

    settings = settings_from(given)
    catalog = catalog_of(settings)
    selection_of(settings, catalog)
    waivers = waivers_of(settings, catalog)
    check_redaction_key(settings)
    check_engine(settings)
    opened = Snapshot.open(snapshot)
    if out is None:
        refuse_links(snapshot)
    check_writable(out or snapshot)
    return judged_and_reported(opened, out or snapshot, settings, catalog, waivers)


def judged_and_reported(
    snapshot: Snapshot, folder: Path, settings: Settings, catalog: Catalog, waivers: Waivers | None
) -> int:
    """Judge, write every file, print the result; the exit code says how it went."""
    from auditor.report.redaction import redacted

    key = redaction_key(settings)
    with ExitStack() as judging:
        with busy("judging", quiet=settings.quiet) as say:
            judged_once = judged(snapshot, folder, settings, catalog, waivers, say)
            assessment = _completed(judging.enter_context(judged_once), snapshot, settings)
            assessment = redacted(assessment, key) if key else assessment
        return _reported(assessment, snapshot, folder, settings)


def _reported(assessment: Assessment, snapshot: Snapshot, folder: Path, settings: Settings) -> int:
    from auditor.report import write_reports
    from auditor.report.time_remarks import time_remarks

    if assessment.redacted_with and folder == snapshot.folder and not settings.quiet:
        remark(f"the evidence in {folder} still has the names: hand out only the other files, or use --out")
    if not settings.quiet:
        remark_on_changes(snapshot)
        for sentence in time_remarks(assessment):
            remark(sentence)
        _remark_on_idle_overrides(assessment.idle_overrides)
    with busy("writing", quiet=settings.quiet) as say:
        output = _output(snapshot, folder, assessment, settings)

        def tell(part: int, parts: int) -> None:
            say(f"writing part {part:,} of {parts:,}")

        written = write_reports(assessment, folder, settings.format, output, tell)
    if written.removed and not settings.quiet:
        remark(
            f"removed from {folder}, because this report does not write them: {_first_names(written.removed, folder)}"
        )
    _show(assessment, _files_outside_parts(written.files, folder))
    show_snapshot(snapshot)
    return _exit_code(assessment, settings)


def _output(snapshot: Snapshot, folder: Path, assessment: Assessment, settings: Settings) -> Output:
    """As the settings ask; a snapshot always has the tables of its report."""
    from auditor.ask.derivation import Derivation
    from auditor.report import Output
    from auditor.report.processes import cores

    own = snapshot.manifest.as_of
    return Output(
        style=csv_style(settings),
        paper=settings.paper,
        split_by=settings.split_by or "",
        jobs=settings.jobs or cores(),
        with_tables=folder == snapshot.folder,
        derivation=Derivation.of(settings, assessment.manifest_sha256, own, assessment.redacted_with),
    )


def show_snapshot(snapshot: Snapshot) -> None:
    """The last lines of every command that leaves a snapshot: what stands for all of it, and where it is."""
    print(f"root hash: {snapshot.manifest_sha256()}")
    print(snapshot.folder)


def _first_names(files: tuple[Path, ...], folder: Path) -> str:
    """The first of them by their names in the folder, and how many more there are."""
    names = [file.relative_to(folder).as_posix() for file in files]
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else "")


def _files_outside_parts(files: tuple[Path, ...], folder: Path) -> tuple[Path, ...]:
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


def _completed(assessment: Assessment, snapshot: Snapshot, settings: Settings) -> Assessment:
    """With the period of the settings, and what earlier snapshots tell."""
    period = settings.period
    outside = period is not None and not period.covers(assessment.as_of)
    assessment = replace(assessment, period=str(period or ""), out_of_period=outside)
    # Looking into every earlier snapshot takes a while, and only the workbook shows what is found.
    return _with_history(assessment, snapshot, settings) if "xlsx" in settings.format else assessment


def _with_history(assessment: Assessment, snapshot: Snapshot, settings: Settings) -> Assessment:
    from auditor.history import look_back

    history = look_back(snapshot, assessment.findings)
    for sentence in () if settings.quiet else history.remarks:
        remark(sentence)
    return replace(assessment, first_seen=history.first_seen, earlier_snapshots=history.snapshots)


def _exit_code(assessment: Assessment, settings: Settings) -> int:
    if not assessment.has_evidence:
        return 3
    failed = settings.fail_on is not None and assessment.fails_at(settings.fail_on)
    if assessment.has_gaps:
        return 6 if failed else 4
    return 5 if failed else 0


def _show(assessment: Assessment, files: tuple[Path, ...]) -> None:
    from auditor.report.figures import counted

    counts, total = (
        assessment.accounts["outcome"].value_counts(sort=False),
        counted(len(assessment.accounts), "account"),
    )
    print(
        f"{assessment.organization_id}: {total}, {counts.get('assessed', 0)} assessed, "
        f"{counts.get('not_assessed', 0)} not assessed{_changed_since(assessment)}, "
        f"{counts.get('excluded', 0)} excluded"
    )
    _show_controls(assessment)
    show_waivers(assessment.waivers)
    _show_gaps(assessment)
    _show_remarks(assessment)
    print()
    for file in files:
        show_page(str(file))


def _changed_since(assessment: Assessment) -> str:
    """`` (56 of them as their evidence is not as it was sealed)``"""
    from auditor.store.snapshot import UNSEALED

    accounts = assessment.accounts
    lost = accounts[accounts["outcome"] == Outcome.NOT_ASSESSED.value]
    changed = int(lost["reason"].str.contains("|".join(UNSEALED), na=False).sum())
    return f" ({changed:,} of them as their evidence is not as it was sealed)" if changed else ""


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
    show_table(("requirement", "control", "severity", "failed", "no\nevidence"), rows, wrapping=("requirement",))
    _show_own_settings(assessment)
    manual = len(assessment.controls) - len(automated)
    if manual:
        show_sentence(f"{manual} further controls need manual review; they are listed in controls.csv")


def _show_own_settings(assessment: Assessment) -> None:
    """What is judged less strictly than the benchmark asks is never silent."""
    for control in assessment.controls.itertuples():
        if control.looser_settings:
            show_sentence(f"{control.control_id!s}: {control.looser_settings!s}")
    for sentence in assessment.dropped:
        show_sentence(sentence)


def _failed(control: Any) -> str:
    """``12 of 340 (3 waived)``"""
    if not control.population and control.manual:
        return "manual"
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
        rows = lost[["account_id", "account_name", "reason"]].itertuples(index=False)
        show_table(("account", "name", "why"), rows, wrapping=("name", "why"))
    partly = assessment.gaps[~assessment.gaps["account_id"].isin(lost["account_id"])]
    if len(partly):
        print("\nOther missing evidence:")
        gaps = [(g.account_id, g.account_name, g.evidence, f"{g.stage}: {g.code}") for g in partly.itertuples()]
        show_table(("account", "name", "evidence", "why"), gaps, wrapping=("name", "evidence", "why"))


def _show_remarks(assessment: Assessment) -> None:
    """Users listed twice, and reports with more or fewer users than AWS counts."""
    remarks = assessment.remarks
    if len(remarks):
        print("\nCredential reports to look at:")
        shown = remarks.head(_SHOWN)[["account_id", "account_name", "message"]]
        show_table(("account", "name", "remark"), shown.itertuples(index=False), wrapping=("name", "remark"))
    if len(remarks) > _SHOWN:
        print(f"and {len(remarks) - _SHOWN:,} more remarks; summary.json lists them all")
