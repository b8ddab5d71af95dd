"""The CSV and JSON files: exact columns and bytes, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path

import pandas as pd
import pytest

from auditor import schema
from auditor.csv_file import DELIMITERS
from auditor.errors import ConfigurationError, SnapshotError
from auditor.report import Output, write_reports
from auditor.report.csv_files import CsvStyle, csv_blocks, safe_text
from auditor.report.json_file import json_blocks
from tests import reporting
from tests.reporting import AS_OF, HOSTILE

COLUMNS = {
    "findings": schema.FINDINGS,
    "accounts": schema.ACCOUNTS,
    "controls": schema.CONTROLS,
    "credentials": schema.CREDENTIALS,
    "waivers": schema.WAIVERS,
}
DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reports") / "made"
    write_reports(reporting.small(), out, ["csv", "json"])
    return out


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", COLUMNS)
def test_columns_are_the_contract_in_order(folder: Path, name: str) -> None:
    first_line = (folder / f"{name}.csv").read_bytes().split(b"\n")[0]
    assert first_line.decode() == ",".join(COLUMNS[name])


@pytest.mark.parametrize("name", COLUMNS)
def test_no_cell_begins_like_a_formula(folder: Path, name: str) -> None:
    cells = [cell for row in rows(folder, name) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(DANGEROUS)]


def test_text_survives_but_for_the_guard(folder: Path) -> None:
    written = [row["user"] for row in rows(folder, "credentials")]
    assert written == ["'" + text if text.startswith(DANGEROUS) else text for text in HOSTILE]


def test_values_are_spelt_as_documented(folder: Path) -> None:
    first, second = rows(folder, "credentials")[:2]
    assert first["account_id"] == "000000000001"
    assert (first["active"], second["active"]) == ("false", "true")
    assert (first["age_days"], second["age_days"]) == ("", "30")
    assert (first["last_rotated"], second["last_rotated"]) == ("", "2026-10-25T10:15:00Z")
    assert first["user_creation_time"] == "2025-10-20T10:14:59Z"
    assert first["password_enabled"] == ""


def test_quotes_only_where_they_are_needed(folder: Path) -> None:
    line = (folder / "accounts.csv").read_text(encoding="utf-8").split("\n")[2]
    assert line == (
        '000000000022,"Sandbox, ""old""",aws+22@example.com,Root/Prod,,SUSPENDED,false,excluded,SUSPENDED,,,,,,,'
        "2026-11-24T09:15:00Z,2026-11-24T10:15:00Z,evidence/000000000022/credential-report.csv,"
        f"{22:064x},00000000-0000-4000-8000-000000000022"
    )


def test_lines_end_in_a_single_line_feed_without_bom(folder: Path) -> None:
    content = (folder / "accounts.csv").read_bytes()
    assert content.endswith(b"\n")
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")


def test_json_holds_the_findings_unprefixed(folder: Path) -> None:
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    assert [list(f) for f in findings] == [list(schema.FINDINGS)] * len(findings)
    assert [f["resource_name"] for f in findings] == [*HOSTILE, None, None]
    assert [f["evidence_line"] for f in findings] == [*range(2, len(HOSTILE) + 2), None, None]


def test_blocks_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = reporting.small().findings
    whole = [b"".join(csv_blocks(frame)), b"".join(json_blocks(frame))]
    monkeypatch.setattr("auditor.report.lines.BLOCK_ROWS", 7)
    assert [b"".join(csv_blocks(frame)), b"".join(json_blocks(frame))] == whole
    assert len(json.loads(whole[1])) == len(frame)


def test_empty_tables_have_a_header_or_brackets() -> None:
    empty = reporting.assessment([]).findings
    assert b"".join(csv_blocks(empty)).decode() == ",".join(schema.FINDINGS) + "\n"
    assert json.loads(b"".join(json_blocks(empty))) == []


def test_any_frame_can_be_written() -> None:
    frame = pd.DataFrame([[1, 0.5, "a,b", None, AS_OF]], columns=["n", "n", "=x", "none", "at"])
    text = b"".join(csv_blocks(frame)).decode()
    assert text == 'n,n,\'=x,none,at\n1,0.5,"a,b",,2026-11-24T10:15:00Z\n'
    assert list(csv.reader(io.StringIO(text)))[1][2] == "a,b"
    assert json.loads(b"".join(json_blocks(frame)))[0]["at"] == "2026-11-24T10:15:00Z"


def test_safe_text_guards_the_six_beginnings_only() -> None:
    given = pd.Series(["=a", "+a", "-a", "@a", "\ta", "\ra", "a=", "", "1", "'=a", None], dtype="str")
    safe = safe_text(given)
    assert safe[:6].tolist() == ["'" + text for text in given[:6]]
    assert safe[6:10].tolist() == given[6:10].tolist()
    assert safe.isna().tolist() == given.isna().tolist()


def test_files_are_private_and_nothing_temporary_is_left(folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    names = {*(f"{name}.csv" for name in COLUMNS), "findings.json", "summary.json", "reports.sha256"}
    assert modes == dict.fromkeys(names, 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_an_unknown_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"unknown format 'xslx' \(did you mean 'xlsx'"):
        write_reports(reporting.complete(), tmp_path / "out", ["csv", "xslx"])
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_a_snapshot_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SnapshotError, match="file"):
        write_reports(reporting.complete(), tmp_path / "file" / "out", ["csv"])


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("raw", [False, True], ids=["guarded", "raw"])
def test_every_delimiter_gives_back_what_was_written(delimiter: str, raw: bool) -> None:
    texts = [*HOSTILE, "a,b;c|d\te", "nul \x00 in it", "x" * 32_768]
    frame = pd.DataFrame({"a": pd.Series(texts, dtype="str"), "b": pd.Series(texts, dtype="category")})
    blocks = b"".join(csv_blocks(frame, CsvStyle(delimiter, raw=raw)))
    read = list(csv.reader(io.StringIO(blocks.decode(), newline=""), delimiter=delimiter))
    meant = texts if raw else safe_text(pd.Series(texts, dtype="str")).tolist()
    assert read == [["a", "b"], *([text, text] for text in meant)]


def test_a_cell_is_quoted_for_its_own_delimiter_only() -> None:
    frame = pd.DataFrame({"a": ["x,y", "x;y"]})
    assert b"".join(csv_blocks(frame, CsvStyle(";"))) == b'a\nx,y\n"x;y"\n'


def test_the_byte_order_mark_stands_first_in_every_file(tmp_path: Path) -> None:
    written = write_reports(reporting.small(), tmp_path / "bom", ["csv"], Output(CsvStyle(bom=True))).files
    plain = write_reports(reporting.small(), tmp_path / "plain", ["csv"]).files
    contents = {path.name: path.read_bytes() for path in plain[:-1]}
    assert {path.name: path.read_bytes() for path in written[:-1]} == {
        name: b"\xef\xbb\xbf" + content for name, content in contents.items()
    }


def test_no_table_can_hold_a_lone_surrogate() -> None:
    with pytest.raises(UnicodeEncodeError):
        pd.Series(["\ud800"], dtype="str")
