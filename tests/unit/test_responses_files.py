"""Whatever comes back in place of a workbook gets one sentence, and a workbook of any program is read."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import SnapshotError, WorkbookError
from auditor.report.responses import original_of, read_returned
from auditor.report.responses import package as package_module
from auditor.report.responses.cells import Formula, Sheet, Value
from auditor.report.responses.package import Package
from tests.returned import edited, rewritten, sent, sheet

SHEET, STRINGS, STYLES, BOOK = (
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/styles.xml",
    "xl/workbook.xml",
)
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def complaint(path: Path, original: Path) -> str:
    with pytest.raises(WorkbookError) as caught:
        read_returned(path, original)
    assert caught.value.exit_code == 2
    text = str(caught.value)
    assert "\n" not in text
    assert str(path) in text
    return text


def _file(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(original: Path) -> Path:
        path = original.with_name(name)
        path.write_bytes(content)
        return path

    return make


def _truncated(original: Path) -> Path:
    return _file("back.xlsx", original.read_bytes()[:-200])(original)


def _other_zip(*names: str) -> Callable[[Path], Path]:
    def make(original: Path) -> Path:
        path = original.with_name("back.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for name in names:
                archive.writestr(name, "x")
        return path

    return make


def _encrypted(original: Path) -> Path:
    """A zip whose parts say that they need a password."""
    content = bytearray(original.read_bytes())
    at = 0
    while (at := content.find(b"PK\x01\x02", at)) >= 0:
        content[at + 8] |= 1
        at += 4
    return _file("back.xlsx", bytes(content))(original)


def _flipped(original: Path) -> Path:
    """One bit of a sheet's packed bytes is another."""
    with zipfile.ZipFile(original) as archive:
        at = archive.getinfo(SHEET).header_offset + 200
    content = bytearray(original.read_bytes())
    content[at] ^= 1
    return _file("back.xlsx", bytes(content))(original)


def _part(part: str, content: bytes | Callable[[bytes], bytes]) -> Callable[[Path], Path]:
    return lambda original: rewritten(original, {part: content})


def _bomb(original: Path) -> Path:
    return rewritten(original, {"xl/media/image1.png": bytes(80 << 20)})


def _many_parts(original: Path) -> Path:
    return rewritten(original, {f"xl/media/{number}": b"" for number in range(10_001)})


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (_file("back.csv", b"account_id,status\n000000000007,FAIL\n"), "is not an Excel workbook: save it as"),
        (_file("back.xlsx", b""), "is not an Excel workbook"),
        (_file("back.xls", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)), "is encrypted, or an old .xls file"),
        (_encrypted, "is encrypted: save it as an Excel workbook (.xlsx) without a password"),
        (_truncated, "is damaged: save it as"),
        (_flipped, "is damaged: "),
        (_other_zip("mimetype", "content.xml"), "is an OpenDocument file: save it as an Excel workbook"),
        (_other_zip("xl/workbook.bin"), "is a binary workbook (.xlsb): save it as an Excel workbook"),
        (_other_zip("readme.txt"), "is not an Excel workbook: save it as"),
        (_bomb, "would unpack to 83,9"),
        (_many_parts, "parts, more than such a workbook can have"),
        (_part(SHEET, b"<worksheet><sheetData>"), "sheet 'Cover' is damaged: "),
        (_part(SHEET, LAUGHS + b"<worksheet>&b;</worksheet>"), "it declares entities, which no spreadsheet"),
        (_part(SHEET, b'<worksheet><row r="2"/><row r="1"/></worksheet>'), "ValueError: row 1 follows row 2"),
        (_part(SHEET, b'<worksheet><row r="1"><c r="A1"><v>x</v></c></row></worksheet>'), "is damaged: ValueError"),
        (_part(SHEET, b'<worksheet><row r="1"><c r="A1" t="s"><v>999</v></c></row></worksheet>'), "IndexError"),
        (_part(SHEET, b'<worksheet><row r="1"><c r="AAAA1"/></row></worksheet>'), "is damaged: ValueError"),
        (_part(SHEET, b'<worksheet><row r="1"><c><f t="shared" si="9"/></c></row></worksheet>'), "KeyError"),
        (_part(BOOK, b"<workbook><sheet/></workbook>"), "is damaged: KeyError"),
        (_part(BOOK, b"<workbook/>"), "has no sheet of "),
        (_part(BOOK, lambda content: content.replace(b'"Cover"', b'"A"').replace(b'"Manual"', b'"B"')
               .replace(b'"Exceptions"', b'"C"').replace(b'"Re-performance"', b'"D"')), "it is another workbook"),
        (_part(STYLES, b"<styleSheet><cellXfs><xf numFmtId='x'/></cellXfs></styleSheet>"), "is damaged: ValueError"),
        (lambda original: original.with_name("none.xlsx"), "cannot be read: No such file or directory"),
        (lambda original: original.parent, "cannot be read: Is a directory"),
    ],
)  # fmt: skip
def test_what_is_no_such_workbook_gets_one_sentence(tmp_path: Path, make: Callable[[Path], Path], words: str) -> None:
    original = sent(tmp_path)
    assert words in complaint(make(original), original)


def test_the_workbook_of_another_snapshot_is_not_compared(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = sent(tmp_path / "other", "o-test-20260826T101500Z")
    words = complaint(other, sent(tmp_path))
    assert "is the workbook of snapshot o-test-20260826T101500Z, and " in words


def test_a_book_without_any_row_of_the_original_is_another(tmp_path: Path) -> None:
    original = sent(tmp_path)
    other = edited(original, lambda book: sheet(book).delete_rows(4, 4))
    assert "has no row of " in complaint(other, original)


def test_a_part_that_unpacks_to_more_than_it_says_is_not_unpacked(tmp_path: Path) -> None:
    """What is measured before anything is read is what zip will give at most."""
    original = sent(tmp_path)
    path = rewritten(original, {SHEET: b"<worksheet>" + b" " * (100 << 20) + b"</worksheet>"})
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.getinfo(SHEET).file_size
    path.write_bytes(content.replace(size.to_bytes(4, "little"), (50).to_bytes(4, "little")))
    assert "is damaged" in complaint(path, original)


def test_no_path_of_a_sheet_leads_out_of_the_book(tmp_path: Path) -> None:
    def astray(content: bytes) -> bytes:
        return content.replace(b"/xl/worksheets/sheet1.xml", b"../../../../etc/passwd")

    original = sent(tmp_path)
    path = rewritten(original, {"xl/_rels/workbook.xml.rels": astray})
    assert "KeyError" in complaint(path, original)


def test_the_size_that_is_allowed_grows_with_the_original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = sent(tmp_path)
    monkeypatch.setattr(package_module, "MAX_PARTS", 3)
    assert "would unpack to" in complaint(original, original)


def cells(folder: Path, xml: str, strings: str = "", styles: bytes | None = None) -> list[dict[int, Value]]:
    """The cells of a sheet that is written by hand."""
    parts: dict[str, Callable[[bytes], bytes] | bytes] = {SHEET: f"<worksheet>{xml}</worksheet>".encode()}
    if strings:
        parts[STRINGS] = f"<sst>{strings}</sst>".encode()
    if styles:
        parts[STYLES] = styles
    with Package(rewritten(sent(folder), parts)) as package:
        return [row.cells for row in Sheet(package, "Cover", frozenset()).rows()]


def test_every_kind_of_cell_is_read(tmp_path: Path) -> None:
    xml = (
        '<row r="1"><c r="A1" t="s"><v>1</v></c><c r="B1" t="inlineStr"><is><r><t>a</t></r><r><t> b</t></r></is></c>'
        '<c r="C1"><v>1.5</v></c><c r="D1" t="b"><v>1</v></c><c r="E1" t="e"><v>#N/A</v></c><c r="F1"/>'
        '<c r="G1" t="str"><f>1&amp;"x"</f><v>1x</v></c><c r="AA1" t="d"><v>2026-12-31</v></c></row>'
    )
    strings = "<si><t>no</t></si><si><r><t>shared </t></r><r><t>text</t></r><rPh><t>kana</t></rPh></si>"
    assert cells(tmp_path, xml, strings) == [
        {
            1: "shared text",
            2: "a b",
            3: 1.5,
            4: True,
            5: "#N/A",
            6: None,
            7: Formula('1&"x"', "1x"),
            27: "2026-12-31",
        }
    ]


def test_cells_and_rows_without_a_name_follow_one_another(tmp_path: Path) -> None:
    xml = '<row><c><v>1</v></c><c><v>2</v></c></row><row r="5"><c r="C5"><v>3</v></c><c><v>4</v></c></row><row/>'
    assert cells(tmp_path, xml) == [{1: 1.0, 2: 2.0}, {3: 3.0, 4: 4.0}, {}]


def test_prefixes_are_no_difference(tmp_path: Path) -> None:
    xml = f'<x:worksheet xmlns:x="{MAIN}"><x:row r="1"><x:c r="A1"><x:v>1</x:v></x:c></x:row></x:worksheet>'
    with Package(rewritten(sent(tmp_path), {SHEET: xml.encode()})) as package:
        assert [row.cells for row in Sheet(package, "Cover", frozenset()).rows()] == [{1: 1.0}]


def test_a_formula_that_cells_share_is_written_out_for_each(tmp_path: Path) -> None:
    xml = (
        '<row r="1"><c r="B1"><f t="shared" ref="B1:B3" si="0">A1*$C$1</f><v>1</v></c></row>'
        '<row r="2"><c r="B2"><f t="shared" si="0"/><v>1</v></c></row>'
        '<row r="3"><c r="B3"><f>A3</f><v>1</v></c></row>'
    )
    assert cells(tmp_path, xml) == [
        {2: Formula("A1*$C$1", 1.0)},
        {2: Formula("A2*$C$1", 1.0)},
        {2: Formula("A3", 1.0)},
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a_x005F_x0041_b", "aAb"),
        ("a_x0041_b", "aAb"),
        ("one_x000D_\ntwo", "one\ntwo"),
        ("_xD800_", "\ufffd"),
        ("_xZZZZ_", "_xZZZZ_"),
    ],
)
def test_texts_are_the_same_whichever_program_escaped_them(tmp_path: Path, written: str, read: str) -> None:
    xml = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{written}</t></is></c></row>'
    assert cells(tmp_path, xml) == [{1: read}]


def test_columns_and_rows_can_be_unlocked_as_a_whole(tmp_path: Path) -> None:
    styles = b'<styleSheet><cellXfs><xf/><xf><protection locked="0"/></xf></cellXfs></styleSheet>'
    xml = (
        '<worksheet><cols><col min="2" max="3" style="1"/></cols><sheetData>'
        '<row r="1"><c r="A1"/><c r="B1" s="0"/></row><row r="2" s="1"><c r="A2"/></row></sheetData></worksheet>'
    )
    with Package(rewritten(sent(tmp_path), {SHEET: xml.encode(), STYLES: styles})) as package:
        one = Sheet(package, "Cover", package.unlocked)
        free = [[one.is_marked(row, column) for column in range(1, 5)] for row in one.rows()]
    assert free == [[False, False, True, False], [False, True, True, True]]


def test_reading_takes_no_more_memory_for_sheets_without_responses(tmp_path: Path) -> None:
    """A long sheet is compared row by row; neither book is held."""
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 50_001))
    path = rewritten(sent(tmp_path), {SHEET: f"<worksheet>{rows}</worksheet>".encode()})
    script = (
        "import sys, tracemalloc; from pathlib import Path; from auditor.report.responses import read_returned\n"
        "read_returned(Path(sys.argv[2]), Path(sys.argv[2])); tracemalloc.start()\n"
        "assert not read_returned(Path(sys.argv[1]), Path(sys.argv[1])).differences\n"
        "print(tracemalloc.get_traced_memory()[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(tmp_path / "audit.xlsx")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 8 << 20


def test_the_original_has_to_be_the_one_that_the_summary_names(tmp_path: Path) -> None:
    path = sent(tmp_path)
    with pytest.raises(SnapshotError, match="has no reports"):
        original_of(tmp_path, None)
    (tmp_path / "summary.json").write_text('{"files": {}}')
    with pytest.raises(WorkbookError, match=r"has no audit\.xlsx; name the workbook that was sent out with --original"):
        original_of(tmp_path, None)
    (tmp_path / "summary.json").write_text('{"files": {"audit.xlsx": {"sha256": "00"}}}')
    with pytest.raises(WorkbookError, match=r"audit\.xlsx is not the file that its summary\.json names"):
        original_of(tmp_path, None)
    assert original_of(tmp_path, path) == (path, False)
