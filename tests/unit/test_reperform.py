"""``auditor reperform``: what was reported is recomputed and compared, and every planted difference is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from auditor.cli.main import cli
from auditor.errors import AuditorError, SnapshotError
from tests.documents import contacts, policy, summary
from tests.support import ACCOUNT, OTHER, ago, excluded, key, password, report, root, stored, unreachable, user

ACCOUNT_EVIDENCE = {"account-summary": summary(), "password-policy": policy(), "contacts": contacts()}
USERS = [
    root(),
    user("ann", **key(1, ago(46), ago(1)), **password(ago(50), ago(90))),
    user("=cmd", **key(1, ago(400)), **key(2, ago(1), ago(1))),
]
HEADER = ("Account id", "Status", "Control", "ARN", "Credential")
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    reports = {ACCOUNT: report(USERS), OTHER: report([root(OTHER), user("bob", OTHER, **key(2, ago(91)))])}
    others = (excluded("000000000998"), unreachable("000000000999"))
    folder = stored(tmp_path_factory.mktemp("reported"), reports, *others, documents={ACCOUNT: ACCOUNT_EVIDENCE}).folder
    call("report", folder, "--format", "xlsx", "--format", "csv", "--format", "json")
    return folder


@pytest.fixture
def snapshot(tmp_path: Path, reported: Path) -> Path:
    """One of the test's own."""
    return shutil.copytree(reported, tmp_path / reported.name)


def call(*arguments: object) -> int:
    return int(cli.main([str(a) for a in arguments], prog_name="auditor", standalone_mode=False) or 0)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def reperform(*arguments: object) -> tuple[int, str]:
        capsys.readouterr()
        code = call("reperform", *arguments)
        return code, capsys.readouterr().out

    return reperform


def lines_of(snapshot: Path, name: str = "findings.csv") -> list[str]:
    return (snapshot / name).read_text(encoding="utf-8").split("\n")


def edited(snapshot: Path, old: str, new: str, *marks: str, name: str = "findings.csv") -> None:
    """Replace ``old`` by ``new`` in the first line that holds all marks."""
    lines = lines_of(snapshot, name)
    at = next(i for i, line in enumerate(lines) if old in line and all(mark in line for mark in marks))
    lines[at] = lines[at].replace(old, new, 1)
    (snapshot / name).write_text("\n".join(lines), encoding="utf-8")


def test_what_was_reported_is_confirmed(snapshot: Path, run: Run) -> None:
    code, said = run(snapshot, "--workbook", snapshot / "audit.xlsx")
    assert code == 0
    rows = len(lines_of(snapshot)) - 2
    assert f"{rows} verdicts" in said
    assert "on 3 accounts" in said
    assert "they agree with findings.csv and controls.csv" in said
    assert "audit.xlsx" in said


def test_a_planted_status_is_found(snapshot: Path, run: Run) -> None:
    edited(snapshot, ",FAIL,", ",PASS,", "access-key-1-rotated-45d", "user/ann")
    code, said = run(snapshot)
    assert code == 8
    assert "1 difference from" in said
    (line,) = (line for line in said.splitlines() if line.startswith("findings.csv"))
    parts = [ACCOUNT, "access-key-1-rotated-45d", f"arn:aws:iam::{ACCOUNT}:user/ann", "access_key_1", "PASS", "FAIL"]
    assert line.split() == ["findings.csv", *parts]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("credential-report.csv,4", "credential-report.csv,3", "FAIL (evidence/000000000007/credential-report.csv:3)"),
        ("user/=cmd", "user/eve", "no verdict"),
        ("access_key_1", "access_key_2", "no verdict"),
        (f",{ACCOUNT},", f",{OTHER},", "no verdict"),
    ],
)
def test_what_a_finding_is_about_counts_too(snapshot: Path, run: Run, old: str, new: str, told: str) -> None:
    marks = ("access-key-rotated-90d", "user/=cmd", "access_key_1")
    edited(snapshot, old, new, *marks)
    code, said = run(snapshot)
    assert code == 8
    assert told in said


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "access_key_1_last_rotated 20",
            "access_key_1_last_rotated 19",
            "FAIL (observed: access_key_1_last_rotated 19",
        ),
        (",f-", ",f-0", "FAIL (f-0"),
        (
            ",,f-",
            ",evidence/000000000007/account-summary.json:2,f-",
            "credential-report.csv:4; evidence/000000000007/acc",
        ),
    ],
)
def test_what_was_observed_and_where_and_the_id_of_a_finding_are_recomputed(
    snapshot: Path, run: Run, old: str, new: str, told: str
) -> None:
    edited(snapshot, old, new, "access-key-rotated-90d", "user/=cmd", "access_key_1", ",FAIL,")
    code, said = run(snapshot)
    assert (code, "1 difference" in said) == (8, True)
    assert told in said


def test_a_row_that_is_gone_or_was_added_is_found(snapshot: Path, run: Run) -> None:
    lines = lines_of(snapshot)
    gone = next(i for i, line in enumerate(lines) if "user/bob" in line and "access-key-rotated-90d" in line)
    (snapshot / "findings.csv").write_text("\n".join([*lines[:gone], *lines[gone + 1 :]]), encoding="utf-8")
    code, said = run(snapshot)
    assert (code, "1 difference" in said) == (8, True)
    assert "no verdict  FAIL" in said
    (snapshot / "findings.csv").write_text("\n".join([*lines[:2], *lines[1:]]), encoding="utf-8")
    code, said = run(snapshot)
    assert (code, "1 difference" in said) == (8, True)


def test_an_account_that_nobody_audited_is_found(snapshot: Path, run: Run) -> None:
    line = lines_of(snapshot)[1].replace(ACCOUNT, "555555555555").replace(OTHER, "555555555555")
    with (snapshot / "findings.csv").open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    code, said = run(snapshot)
    assert code == 8
    assert "555555555555" in said


def test_a_count_that_differs_is_found(snapshot: Path, run: Run) -> None:
    lines = lines_of(snapshot, "controls.csv")
    at = next(i for i, line in enumerate(lines) if line.startswith("access-key-rotated-90d"))
    place = lines[0].split(",").index("population")
    cells = lines[at].split(",")
    number = next(i for i, cell in enumerate(cells) if i >= place and cell.isdigit())
    cells[number] = "77"
    lines[at] = ",".join(cells)
    (snapshot / "controls.csv").write_text("\n".join(lines), encoding="utf-8")
    code, said = run(snapshot)
    assert code == 8
    assert "controls.csv" in said
    assert "77" in said


def test_many_differences_are_counted_and_the_first_50_listed(tmp_path: Path, run: Run) -> None:
    users = [user(f"u{n}", **key(1, ago(400))) for n in range(80)]
    folder = stored(tmp_path, {ACCOUNT: report([root(), *users])}).folder
    call("report", folder, "--format", "csv")
    text = (folder / "findings.csv").read_text().replace(",FAIL,", ",PASS,")
    (folder / "findings.csv").write_text(text)
    code, said = run(folder)
    assert code == 8
    assert sum(line.startswith("findings.csv") for line in said.splitlines()) == 50
    total = int(said.splitlines()[1].split()[0].replace(",", ""))
    assert f"and {total - 50} more" in said


def test_options_are_those_of_the_reports(tmp_path: Path, snapshot: Path, run: Run) -> None:
    other = tmp_path / "other"
    options = ("--benchmark", "cis-aws-5.0.0", "--level", "1", "--as-of", "2027-06-30")
    call("report", snapshot, "--out", other, "--format", "csv", *options)
    code, said = run(snapshot, "--reports", other)
    assert code == 0, said
    assert "as of 2027-06-30T00:00:00Z" in said
    assert run(snapshot, "--reports", other, "--as-of", "2026-11-24T10:15:00Z")[0] == 8
    assert run(snapshot, "--reports", other, "--benchmark", "aws-iam-rules")[0] == 8


def test_waivers_change_no_verdict(tmp_path: Path, snapshot: Path, run: Run) -> None:
    waivers = tmp_path / "waivers.yaml"
    entry = "{id: W-1, control: access-key-rotated-90d, scope: {account: '%s'}, reason: It is known., owner: a@b.c,"
    entry += " approver: c@b.c, ticket: S-1, created: 2026-11-01, expires: 2026-12-31}"
    waivers.write_text("waivers:\n- " + entry % ACCOUNT + "\n")
    call("report", snapshot, "--waivers", waivers)
    assert "W-1" in (snapshot / "findings.csv").read_text()
    assert run(snapshot, "--workbook", snapshot / "audit.xlsx")[0] == 0


def test_parameters_of_ones_own_must_be_given_again(tmp_path: Path, snapshot: Path, run: Run) -> None:
    own = tmp_path / "own"
    own.mkdir()
    entry = "{control: access-key-rotated-90d, ou: Root/Prod, parameters: {max_age_days: 500}, reason: Slow.}"
    (own / "parameters.yaml").write_text(f"- {entry}\n")
    call("report", snapshot, "--config-dir", own)
    with pytest.raises(SnapshotError, match="--config-dir"):
        run(snapshot)
    assert run(snapshot, "--config-dir", own)[0] == 0


def _without_summary(folder: Path) -> None:
    (folder / "summary.json").unlink()


def _torn_summary(folder: Path) -> None:
    (folder / "summary.json").write_text("{")


def _without_findings(folder: Path) -> None:
    (folder / "findings.csv").unlink()


def _other_snapshot(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"name of', '"Name of', 1))


def _without_a_column(folder: Path) -> None:
    edited(folder, "status", "verdict")


def _torn_findings(folder: Path) -> None:
    text = (folder / "findings.csv").read_text()
    (folder / "findings.csv").write_text(text[: len(text) // 2])


def _no_text(folder: Path) -> None:
    (folder / "findings.csv").write_bytes((folder / "findings.csv").read_bytes() + b"\xff")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_without_summary, "holds no reports"),
        (_torn_summary, "not written by this program"),
        (_without_findings, "no findings.csv to compare with"),
        (_other_snapshot, "not of"),
        (_without_a_column, "no column 'status'"),
        (_torn_findings, "fields"),
        (_no_text, "not a CSV file"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    snapshot: Path, run: Run, damage: Callable[[Path], None], said: str
) -> None:
    damage(snapshot)
    with pytest.raises(AuditorError, match=said) as raised:
        run(snapshot)
    assert raised.value.exit_code == 2


class TestWorkbook:
    def test_a_planted_verdict_cell_is_found(self, snapshot: Path, run: Run) -> None:
        book, _ = self.book(snapshot)
        sheet = book["Exceptions (2)"]
        sheet.cell(4, 2).value = "✔ PASS"
        code, said = run(snapshot, "--workbook", self.saved(snapshot, book))
        assert (code, "1 difference" in said) == (8, True)
        assert "Exceptions (2), row 4" in said

    def test_the_cells_of_the_reports_are_confirmed(self, snapshot: Path, run: Run) -> None:
        book, _ = self.book(snapshot)
        code, said = run(snapshot, "--workbook", self.saved(snapshot, book))
        assert code == 0, said

    def test_a_failure_that_is_not_shown_is_found(self, snapshot: Path, run: Run) -> None:
        book, failed = self.book(snapshot)
        book["Exceptions"].delete_rows(4)
        code, said = run(snapshot, "--workbook", self.saved(snapshot, book))
        assert (code, "1 difference" in said) == (8, True)
        assert "no verdict  FAIL" in said
        assert failed[0][2] in said

    def test_a_failure_of_nobody_is_found(self, snapshot: Path, run: Run) -> None:
        book, failed = self.book(snapshot)
        book["Exceptions"].append(("555555555555", "✘ FAIL", *failed[0][2:]))
        book["Exceptions"].append(failed[0])
        code, said = run(snapshot, "--workbook", self.saved(snapshot, book))
        assert code == 8
        assert "555555555555" in said

    def test_the_sample_is_compared_too(self, snapshot: Path, run: Run) -> None:
        book, _ = self.book(snapshot)
        sample = book.create_sheet("Re-performance")
        sample.append(("A sample to be recomputed by hand",))
        sample.append(("Control", "Account id", "ARN", "Credential", "Tool's verdict", "Recomputed"))
        ann = f"arn:aws:iam::{ACCOUNT}:user/ann"
        sample.append(("access-key-1-rotated-45d", ACCOUNT, ann, "access_key_1", "✘ FAIL", "FAIL"))
        sample.append(("access-key-rotated-90d", ACCOUNT, ann, "access_key_1", "✔ PASS", "PASS"))
        sample.append(("access-key-1-rotated-45d", "000000000999", None, None, "NO_EVIDENCE", ""))
        sample.append((None, None, None, None, None, "2 of 3"))
        assert run(snapshot, "--workbook", self.saved(snapshot, book))[0] == 0
        sample.cell(4, 5).value = "✘ FAIL"
        code, said = run(snapshot, "--workbook", self.saved(snapshot, book))
        assert (code, "1 difference" in said) == (8, True)
        assert "Re-performance, row 4" in said

    @pytest.mark.parametrize(
        ("sheets", "said"),
        [({"Other": [HEADER]}, "no sheet 'Exceptions'"), ({"Exceptions": [("Account id",)]}, "names the columns")],
    )
    def test_a_workbook_without_verdicts_is_refused(
        self, snapshot: Path, run: Run, sheets: dict[str, list[Sequence[Any]]], said: str
    ) -> None:
        book = openpyxl.Workbook()
        book.remove(book.active)  # type: ignore[arg-type]
        for name, rows in sheets.items():
            book.create_sheet(name).append(rows[0])
        with pytest.raises(SnapshotError, match=said):
            run(snapshot, "--workbook", self.saved(snapshot, book))

    def test_what_is_no_workbook_is_refused(self, snapshot: Path, run: Run) -> None:
        with pytest.raises(SnapshotError, match="not a workbook"):
            run(snapshot, "--workbook", snapshot / "summary.json")
        with pytest.raises(SnapshotError, match="cannot be read"):
            run(snapshot, "--workbook", snapshot / "none.xlsx")

    def book(self, snapshot: Path) -> tuple[openpyxl.Workbook, list[tuple[str, ...]]]:
        """All failures on two sheets, titles above their headers and a note below."""
        found = json.loads((snapshot / "findings.json").read_text())
        names = ("control_id", "resource_arn", "credential")
        rows = [row for row in found if row["status"] == "FAIL"]
        failed = [(row["account_id"], "✘ FAIL", *(row[name] or "" for name in names)) for row in rows]
        book = openpyxl.Workbook()
        book.remove(book.active)  # type: ignore[arg-type]
        for number, part in enumerate((failed[:3], failed[3:])):
            sheet = book.create_sheet("Exceptions (2)" if number else "Exceptions")
            for row in (("Everything that failed",), (), HEADER, *part):
                sheet.append(row)
        return book, failed

    def saved(self, snapshot: Path, book: openpyxl.Workbook) -> Path:
        path = snapshot / "book.xlsx"
        book.save(path)
        return path
