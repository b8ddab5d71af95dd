"""Every reader of CSV files takes every dialect: delimiters, byte order mark, line ends, quotes, guards."""

from __future__ import annotations

import csv
import io
import itertools
import re
import shutil
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pytest

from auditor.cli.main import cli
from auditor.cli.redacting import _in_csv
from auditor.collect import read_accounts_file
from auditor.csv_file import DELIMITERS, FORMULA_STARTS, CsvProblem, decode, guard, read_csv, read_csv_file, unguard
from auditor.errors import ConfigurationError
from auditor.history.earlier import _parsed
from auditor.reperform.plain import written
from auditor.report.csv_files import CsvStyle, csv_blocks, safe_text
from auditor.report.redaction import Pseudonyms
from auditor.report.workbook.text import GUARDED
from tests.support import ACCOUNT, ago, key, report, root, stored, user

ID, OTHER_ID = "000000000001", "123456789012"


@dataclass(frozen=True)
class Dialect:
    delimiter: str
    bom: bool
    end: str
    quoting: Literal[0, 1]

    def __str__(self) -> str:
        end, quotes = {"\n": "lf", "\r\n": "crlf"}[self.end], {0: "few", 1: "all"}[self.quoting]
        return f"{ord(self.delimiter)}-{'bom' if self.bom else 'plain'}-{end}-{quotes}"

    def write(self, path: Path, rows: list[list[str]]) -> Path:
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter, lineterminator=self.end, quoting=self.quoting).writerows(rows)
        path.write_bytes((("\ufeff" if self.bom else "") + text.getvalue()).encode())
        return path


DIALECTS = [
    Dialect(delimiter, bom, end, quoting)
    for delimiter, bom, end in itertools.product(DELIMITERS, (False, True), ("\n", "\r\n"))
    for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)
]
every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot with reports; names hold every delimiter that names of AWS may hold, and look like formulas."""
    users = [root(), *(user(name, **key(1, ago(46), ago(1))) for name in ("ann", "=1+1", "+x", "-x", "@x", "a,b"))]
    folder = stored(tmp_path_factory.mktemp("reported"), {ACCOUNT: report(users)}).folder
    assert call("report", folder, "--format", "csv") == 4, "other evidence is missing"
    return folder


def call(*arguments: object) -> int:
    return int(cli.main([str(a) for a in arguments], prog_name="auditor", standalone_mode=False) or 0)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def in_dialect(dialect: Dialect, source: Path, target: Path) -> Path:
    return dialect.write(target, rows_of(source))


class TestReaders:
    @every_dialect
    def test_reperform(
        self, reported: Path, tmp_path: Path, dialect: Dialect, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for name in ("findings.csv", "controls.csv"):
            in_dialect(dialect, reported / name, tmp_path / name)
        shutil.copy(reported / "summary.json", tmp_path)
        assert call("reperform", reported, "--reports", tmp_path) == 0
        assert "they agree" in capsys.readouterr().out

    @every_dialect
    def test_the_first_seen_dates_of_earlier_findings(self, reported: Path, tmp_path: Path, dialect: Dialect) -> None:
        content = in_dialect(dialect, reported / "findings.csv", tmp_path / "findings.csv").read_bytes()
        wanted = _parsed(pa.py_buffer((reported / "findings.csv").read_bytes()))
        assert _parsed(pa.py_buffer(content)).equals(wanted)
        assert wanted.num_rows > 20

    @every_dialect
    def test_an_accounts_file(self, tmp_path: Path, dialect: Dialect) -> None:
        rows = [
            ["account_id", "name", "ou_path"],
            [ID, '\'=Pay,ments; "old"', "Root/a|b"],
            [OTHER_ID, "two\nlines", ""],
        ]
        found = read_accounts_file(dialect.write(tmp_path / "a.csv", rows))
        assert [(a.id, a.name, a.ou_path) for a in found] == [
            (ID, '=Pay,ments; "old"', "Root/a|b"),
            (OTHER_ID, "two\nlines", ""),
        ]

    @every_dialect
    def test_unredact(self, tmp_path: Path, dialect: Dialect) -> None:
        pseudonym = Pseudonyms(bytes(32)).of("ann")
        rows = [["user", "n"], [pseudonym, "1"], ["'=kept", "a;b,c"]]
        text = dialect.write(tmp_path / "x.csv", rows).read_bytes().decode()
        shown = _in_csv(text, {pseudonym: "=ann,\n;|\tb"})
        assert shown.startswith("\ufeff") == dialect.bom
        read = list(csv.reader(io.StringIO(shown.removeprefix("\ufeff"), newline=""), delimiter=dialect.delimiter))
        assert read == [["user", "n"], ["'=ann,\n;|\tb", "1"], ["'=kept", "a;b,c"]]

    @every_dialect
    def test_the_common_reader(self, tmp_path: Path, dialect: Dialect) -> None:
        rows = [["a", "b,;|\t", "c"], ["1", 'x "y"', "\r\nz"], ["", "", ""]]
        table = read_csv_file(dialect.write(tmp_path / "x.csv", rows))
        assert (table.delimiter, table.has_bom) == (dialect.delimiter, dialect.bom)
        assert [table.header, *(row.cells for row in table.rows)] == rows

    def test_reperform_of_what_readme_advises_for_european_spreadsheets(
        self, reported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        style = ("--format", "csv", "--csv-delimiter", ";", "--csv-bom")
        assert call("report", reported, "--out", tmp_path, *style) == 4
        assert (tmp_path / "findings.csv").read_bytes().startswith(b"\xef\xbb\xbfsnapshot_id;as_of")
        assert call("reperform", reported, "--reports", tmp_path) == 0
        assert "they agree" in capsys.readouterr().out

    @pytest.mark.parametrize("delimiter", [*DELIMITERS[:-1], "tab"])
    def test_reperform_of_raw_files(self, reported: Path, tmp_path: Path, delimiter: str) -> None:
        style = ("--format", "csv", "--csv-raw", "--csv-delimiter", delimiter)
        assert call("report", reported, "--out", tmp_path, *style) == 4
        assert call("reperform", reported, "--reports", tmp_path) == 0

    def test_a_verdict_that_was_changed_is_found_in_every_delimiter(self, reported: Path, tmp_path: Path) -> None:
        shutil.copy(reported / "summary.json", tmp_path)
        for dialect in DIALECTS[:: len(DIALECTS) // 4]:
            for name in ("findings.csv", "controls.csv"):
                in_dialect(dialect, reported / name, tmp_path / name)
            content = (tmp_path / "findings.csv").read_bytes()
            (tmp_path / "findings.csv").write_bytes(content.replace(b"FAIL", b"PASS", 1))
            assert call("reperform", reported, "--reports", tmp_path) == 8


class TestGuard:
    STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")

    @pytest.mark.parametrize("start", STARTS, ids=lambda start: f"U+{ord(start):04X}")
    @pytest.mark.parametrize("dtype", ["str", "category"])
    def test_every_writer_puts_the_apostrophe(self, start: str, dtype: str) -> None:
        text = f"{start}1+1"
        for style in (CsvStyle(), CsvStyle(";", bom=True)):
            frame = pd.DataFrame({"a": pd.Series([text, "b"], dtype=dtype)})
            assert read_csv(b"".join(csv_blocks(frame, style)).decode()).rows[0].cells == [f"'{text}"]
        assert start in GUARDED, "the workbook marks such a cell as text"

    @pytest.mark.parametrize("start", FORMULA_STARTS, ids=lambda start: f"U+{ord(start):04X}")
    def test_every_reader_takes_it_off(self, start: str) -> None:
        text = f"{start}x"
        assert safe_text(pd.Series([text], dtype="str")).tolist() == [guard(text)] == [f"'{text}"]
        assert unguard(guard(text)) == written.unguarded(guard(text)) == text

    def test_nothing_else_is_touched(self) -> None:
        for text in ("", "a", "'", "''", "'a", "a=", " =1", "\x01=1", "1", "#N/A"):
            assert guard(text) == unguard(text) == written.unguarded(text) == text

    def test_nothing_that_unicode_holds_for_a_formula_sign_is_forgotten(self) -> None:
        # In general use they stand for =+-@; superscripts, subscripts and ligatures do not.
        alike = {
            c
            for c in map(chr, range(sys.maxunicode + 1))
            if unicodedata.decomposition(c).startswith(("<wide>", "<small>"))
            and unicodedata.normalize("NFKC", c) in ("=", "+", "-", "@")
        }
        assert len(alike) == 8
        assert alike <= set(FORMULA_STARTS)


class TestAccountsFile:
    def said(self, tmp_path: Path, content: str | bytes) -> str:
        path = tmp_path / "a.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(ConfigurationError) as raised:
            read_accounts_file(path)
        assert "\n" not in str(raised.value)
        return str(raised.value).removeprefix(f"{path}: ")

    @pytest.mark.parametrize(
        ("cell", "why"),
        [
            ("12345678901", "leading zeros were lost"),
            ("1", "leading zeros were lost"),
            ("4.5E+11", "digits were lost"),
            ("4.5e11", "digits were lost"),
            ("1E+11", "digits were lost"),
            ("4,5E+11", "digits were lost"),
            ('"4,5E+11"', "digits were lost"),
            ("123456789012.0", "took it for a number"),
            ('"123456789012,00"', "took it for a number"),
            ('"123,456,789,012"', "write it without separators"),
            ("123.456.789.012", "write it without separators"),
            ("123\u202f456\u202f789\u202f012", "write it without separators"),
            ("1234-5678-9012", "write it without hyphens"),
            ('"=""123456789012"""', "write the digits only"),
            ("'000000000001", "write the digits only"),
            ("123456789012:x", "the delimiter seems to be :"),
            ("123456789012;x", "the delimiter seems to be ;"),
        ],
    )
    def test_what_spreadsheets_do_to_ids_is_told(self, tmp_path: Path, cell: str, why: str) -> None:
        said = self.said(tmp_path, f"account_id,name\n000000000001,x\n{cell},y\n")
        assert said.startswith("line 3: ")
        assert "is not an account id (12 digits): " in said
        assert why in said

    def test_an_id_of_another_kind_has_no_reason(self, tmp_path: Path) -> None:
        assert self.said(tmp_path, "account_id\nabc\n") == "line 2: 'abc' is not an account id (12 digits)"

    @pytest.mark.parametrize(
        ("header", "told"),
        [
            ("account_id:name", "the delimiter seems to be :"),
            ("name/account_id", "the delimiter seems to be /"),
            ("account_id name", "unknown column 'account_id_name'"),
            ("000000000001", "the first line must name its columns"),
            ("account_id,Account ID", "names the column 'account_id' twice"),
            ("id", "unknown column 'id'"),
        ],
    )
    def test_a_first_line_that_cannot_be_used_is_told(self, tmp_path: Path, header: str, told: str) -> None:
        assert told in self.said(tmp_path, f"{header}\n000000000001\n")

    def test_the_delimiter_that_was_seen_is_said(self, tmp_path: Path) -> None:
        said: list[str] = []
        path = tmp_path / "a.csv"
        path.write_text("account_id;name\n000000000001;ann\n", encoding="utf-8")
        assert [a.name for a in read_accounts_file(path, said.append)] == ["ann"]
        assert said == [f"{path}: the delimiter seems to be ;, so the file was read with it (accounts: 1)"]
        path.write_text("account_id,name\n000000000001,ann\n", encoding="utf-8")
        read_accounts_file(path, said.append)
        assert len(said) == 1, "a comma is what everybody expects"

    @pytest.mark.parametrize(
        "content",
        [
            "\ufeffaccount_id,name\n000000000001,x\n",
            '"account_id","name"\n"000000000001","x"\n',
            "Account ID,Name\n000000000001,x\n",
            "ACCOUNT_ID,NAME\n000000000001,x\n",
            "account_id,name\n\xa0000000000001\xa0,\xa0x \n",
            "account_id,name\n\u200b000000000001,x\n\n\n",
        ],
        ids=["bom", "quotes", "title case", "upper case", "nbsp", "zero width and empty lines"],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_what_spreadsheets_do_without_loss_is_read(self, tmp_path: Path, content: str, encoding: str) -> None:
        path = tmp_path / "a.csv"
        path.write_text(content, encoding=encoding)
        assert [(a.id, a.name) for a in read_accounts_file(path)] == [(ID, "x")]

    def test_another_encoding_is_told_with_its_line(self, tmp_path: Path) -> None:
        said = self.said(tmp_path, "account_id,name\n000000000001,Küche\n".encode("cp1252"))
        assert said == "not a CSV file in UTF-8: line 2: invalid start byte; save it as 'CSV UTF-8'"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b'a,b\n"x,y\n', b"\xff"])
def test_what_is_no_csv_is_one_sentence(content: bytes) -> None:
    with pytest.raises(CsvProblem, match=r"^not a CSV file") as raised:
        read_csv(decode(content))
    assert not re.search("[\r\n]", str(raised.value))
