"""The workbook's package: what Excel asks of the format, so that it opens without a prompt to repair."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pandas as pd
import pytest
from openpyxl.utils import coordinate_to_tuple
from openxml_audit import FileFormat, OpenXmlValidator

from auditor.report.workbook import Workbook
from auditor.report.workbook.single import write_single
from tests.books import MAIN, SHEETS, at, bounds, grids, sheet_parts
from tests.reporting import HOSTILE
from tests.support import (
    ACCOUNT,
    AS_OF,
    ago,
    excluded,
    judged,
    key,
    report,
    root,
    unreachable,
    user,
    waiver,
    waivers_of,
)

# CT_Worksheet of ECMA-376, in its order.
_ORDER = (
    *("sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection"),
    *("protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells"),
    *("phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins"),
    *("pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors"),
    *("smartTags", "drawing", "legacyDrawing", "picture", "oleObjects", "controls", "webPublishItems", "tableParts"),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book")
    names = [name for name in HOSTILE if not set("\r\n") & set(name) and not name.endswith("/")]
    users = [user(name, **key(1, rotated=ago(300), used=ago(1))) for name in names]
    waivers = waivers_of(folder, waiver("W-1", scope='{user: "*x*"}'))
    others = unreachable("000000000009"), excluded("000000000010")
    made = judged(folder, {ACCOUNT: report([root(), *users])}, *others, waivers=waivers)
    assert len(made.users) == len(names) + 1
    (path,) = Workbook().write(made, folder)
    return path


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nothing")
    (path,) = Workbook().write(judged(folder, {}), folder)
    return path


@pytest.fixture(params=["whole", "nothing"])
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        assert len(set(package.namelist())) == len(package.namelist())
        return {name: package.read(name) for name in package.namelist()}


def faults(path: Path) -> list[str]:
    """What the validator for Microsoft's schemas finds.

    It wants the properties of fonts in one order; in ECMA-376 they have none, and openpyxl has always written its own.
    """
    found = OpenXmlValidator(file_format=FileFormat.OFFICE_2019, max_errors=0).validate(path).errors
    errors = [error for error in found if "warning" not in str(error.severity).lower()]
    return [str(error) for error in errors if "/fonts[1]" not in str(error)]


def changed(path: Path, to: Path, part: str, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(to, "w") as package:
        for name, content in parts(path).items():
            package.writestr(name, content.replace(old, new, 1) if name == part else content)
            assert name != part or old in content
    return to


def test_the_schemas_of_the_format_hold(path: Path) -> None:
    assert faults(path) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"</sheetData>", b"</sheetData><cols></cols>"), (b"<sheetData>", b"<sheetDatum/><sheetData>")],
)
def test_a_fault_would_be_found(whole: Path, tmp_path: Path, old: bytes, new: bytes) -> None:
    assert faults(changed(whole, tmp_path / "broken.xlsx", "xl/worksheets/sheet3.xml", old, new))


@pytest.mark.parametrize("rows", [0, 2])
def test_the_answer_to_a_query_holds_too(tmp_path: Path, rows: int) -> None:
    """Columns of one name, without one, without a value; no row at all."""
    frame = pd.DataFrame([[1, "=1+1", None, AS_OF], [2, "", None, None]], columns=["a", "A", "", "t"]).head(rows)
    path = write_single(frame, tmp_path / "q.xlsx", "Query", "0", AS_OF)
    assert faults(path) == []
    assert len(grids(path)["Query"]) == 1 + max(rows, 0)


def test_elements_of_a_sheet_are_in_the_formats_order(path: Path) -> None:
    for title, xml in sheet_parts(path).items():
        places = [_ORDER.index(child.tag.removeprefix(MAIN)) for child in ElementTree.fromstring(xml)]
        assert places == sorted(places), title


def test_rows_and_cells_are_in_order_and_have_a_style(path: Path) -> None:
    styles = ElementTree.fromstring(parts(path)["xl/styles.xml"]).find(f"{MAIN}cellXfs")
    assert styles is not None
    for title, xml in sheet_parts(path).items():
        last = (0, 0)
        for cell in ElementTree.fromstring(xml).iter(f"{MAIN}c"):
            place = coordinate_to_tuple(cell.attrib["r"])
            assert place > last, (title, cell.attrib["r"])
            last = place
            assert int(cell.get("s", 0)) < len(styles)
            _check_cell(cell)


def _check_cell(cell: Element) -> None:
    kind, tags = cell.get("t", "n"), [child.tag.removeprefix(MAIN) for child in cell]
    assert kind in ("n", "str", "inlineStr"), ElementTree.tostring(cell)
    allowed = {"inlineStr": [["is"]], "str": [["f", "v"]], "n": [[], ["v"], ["f", "v"]]}
    assert tags in allowed[kind], ElementTree.tostring(cell)
    if kind == "n" and tags:
        float(cell.findtext(f"{MAIN}v") or "")


def test_the_dimension_of_a_sheet_holds_all_its_cells(path: Path) -> None:
    for title, xml in sheet_parts(path).items():
        tree = ElementTree.fromstring(xml)
        dimension = tree.find(f"{MAIN}dimension")
        assert dimension is not None
        _, _, columns, rows = bounds(dimension.attrib["ref"])
        cells = [coordinate_to_tuple(cell.attrib["r"]) for cell in tree.iter(f"{MAIN}c")]
        assert max(row for row, _ in cells) <= rows, title
        assert max(column for _, column in cells) <= columns, title


def tables(path: Path) -> Iterator[tuple[str, Element]]:
    """Each table with the title of its sheet."""
    content = parts(path)
    for number, title in enumerate(sheet_parts(path), start=1):
        for target in _targets(content, f"xl/worksheets/sheet{number}.xml"):
            if "/tables/" in target:
                yield title, ElementTree.fromstring(content[target])


def _targets(content: dict[str, bytes], part: str) -> list[str]:
    folder, _, name = part.rpartition("/")
    relations = content.get(f"{folder}/_rels/{name}.rels".lstrip("/"))
    found = list(ElementTree.fromstring(relations)) if relations else []
    ids = [relation.attrib["Id"] for relation in found]
    assert len(set(ids)) == len(ids)
    return [_resolved(folder, relation.attrib["Target"]) for relation in found]


def _resolved(folder: str, target: str) -> str:
    if target.startswith("/"):
        return target[1:]
    steps: list[str] = []
    for step in PurePosixPath(folder, target).parts:
        steps = steps[:-1] if step == ".." else [*steps, step]
    return "/".join(steps)


def test_tables_are_named_once_and_their_columns_are_the_headers(path: Path) -> None:
    found, shown = list(tables(path)), grids(path)
    without = ("Cover", "Matrix", "Catalogue", "Method")
    assert [title for title, _ in found] == [title for title in SHEETS if title not in without]
    names = [table.attrib["displayName"].casefold() for _, table in found]
    defined = [name.casefold() for name in defined_names(path)]
    assert len({*names, *defined}) == len(names) + len(defined)
    assert len({table.attrib["id"] for _, table in found}) == len(found)
    for title, table in found:
        left, top, right, bottom = bounds(table.attrib["ref"])
        columns = list(table.iter(f"{MAIN}tableColumn"))
        assert [column.attrib["name"] for column in columns] == shown[title][top - 1][left - 1 : right]
        assert len({column.attrib["name"].casefold() for column in columns}) == len(columns)
        assert bottom > top
        filtered = table.find(f"{MAIN}autoFilter")
        assert filtered is not None
        assert filtered.attrib["ref"] == table.attrib["ref"]


def defined_names(path: Path) -> dict[str, str]:
    book = ElementTree.fromstring(parts(path)["xl/workbook.xml"])
    return {n.attrib["name"]: n.text or "" for n in book.iter(f"{MAIN}definedName") if "localSheetId" not in n.attrib}


def test_names_of_ranges_lead_to_columns_of_tables(path: Path) -> None:
    shown = grids(path)
    names = defined_names(path)
    assert len(names) > 15
    for name, target in names.items():
        title, _, area = target.rpartition("!")
        grid = shown[title.strip("'").replace("''", "'")]
        left, top, right, bottom = bounds(area)
        assert left == right
        if name != "as_of":
            assert grid[top - 2][left - 1] != "", "no header stands above it"
            assert bottom >= top
        assert not re.fullmatch(r"[A-Za-z]{1,3}\d+|[RrCc]\d*", name), "Excel takes it for a cell"


def test_links_lead_to_cells_of_the_book(whole: Path) -> None:
    shown, number = grids(whole), 0
    for title, xml in sheet_parts(whole).items():
        for link in ElementTree.fromstring(xml).iter(f"{MAIN}hyperlink"):
            target, _, cell = link.attrib["location"].rpartition("!")
            assert at(shown[target.strip("'")], cell) != "", (title, link.attrib)
            assert set(link.attrib) == {"ref", "location"}
            number += 1
    assert number > 50


def test_every_part_has_a_type_and_is_reached(path: Path) -> None:
    content = parts(path)
    types = ElementTree.fromstring(content["[Content_Types].xml"])
    named = {entry.get("PartName", "").lstrip("/") for entry in types}
    endings = {entry.get("Extension") for entry in types}
    assert {name for name in named if name} <= set(content)
    assert all(name in named or name.rpartition(".")[2] in endings for name in content if not name.startswith("["))
    reached = {target for name in ["", *content] for target in _targets(content, name)}
    assert reached == {name for name in content if not name.endswith((".rels", "[Content_Types].xml"))}


def test_there_are_no_macros_and_nothing_outside_the_book_is_named(path: Path) -> None:
    content = parts(path)
    assert not [name for name in content if "vba" in name.lower() or "externalLink" in name or "embeddings" in name]
    for name, xml in content.items():
        if name.endswith(".rels"):
            assert b"TargetMode" not in xml
        if name.startswith("xl/worksheets/sheet"):
            assert not re.search(rb"<f>[^<]*\[", xml), "a formula reads another book"
    assert not any(word in xml for xml in content.values() for word in (b"ddeLink", b"oleLink"))
