"""Saves a workbook: rows and values go into the sheets that openpyxl designed, and equal content gives equal bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import canonicalize
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from auditor.report.workbook.book import Book, Chunk, Number, Stream
from auditor.store.files import atomic_path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that zip can say
_UNIX = 3
_PRIVATE_FILE = 0o100600 << 16
# Rows are long and much alike: the lowest level shrinks them 12-fold, the default level 17-fold in twice the time.
_LEVEL = 3
_DIMENSION = re.compile(rb'<dimension ref="[^"]*"></dimension>')
_ROW = re.compile(rb'<row(?: [a-zA-Z]+="[^"]*")*? r="(\d+)"')
_FORMULA = re.compile(rb'<c r="([A-Z]+\d+)"([^>]*)>(<f>.*?</f>)<v></v></c>', re.DOTALL)
_BEHIND_LINKS = (b"<printOptions", b"<pageMargins")
_SHEET_FOLDER = "xl/worksheets/"


def save_book(book: Book, path: Path) -> Path:
    """Write ``book`` atomically, 0600; raises SnapshotError.

    openpyxl takes about 30 s for the rows of 100,000 credentials, one Python object a cell. Here it designs every sheet
    (styles, tables, rules, charts, how it prints) with the header of each table alone, and Arrow joins the rows, a
    column at a time, into the XML of the sheet while it is packed: one file format, one design, no second library.
    """
    with atomic_path(path) as temporary, _Package(temporary, book) as archive:
        # Not book.save(): that would overwrite the date of modification with the clock.
        ExcelWriter(book.workbook, archive).write_data()
    return path


class _Package(ZipFile):
    """A zip file whose sheets get what openpyxl left out, and whose entries tell neither the clock nor the machine."""

    def __init__(self, path: Path, book: Book) -> None:
        super().__init__(path, "w", ZIP_DEFLATED, compresslevel=_LEVEL)
        self._book = book

    def writestr(
        self, zinfo_or_arcname: str | ZipInfo, data: Any, compress_type: Any = None, compresslevel: Any = None
    ) -> None:
        super().writestr(_entry(zinfo_or_arcname), canonical(data), compresslevel=_LEVEL)

    def write(self, filename: Any, arcname: Any = None, compress_type: Any = None, compresslevel: Any = None) -> None:
        content = canonical(Path(filename).read_bytes())
        entry = _entry(arcname)
        entry.file_size = 1 << 32  # how long a sheet gets is not known yet, so it has the 64-bit form
        with self.open(entry, "w", force_zip64=True) as target:
            for chunk in self._sheet(str(arcname), content):
                target.write(chunk)

    def _sheet(self, name: str, designed: bytes) -> Iterator[Chunk]:
        if not name.startswith(_SHEET_FOLDER):
            return iter([designed])
        number = int(re.sub(r"\D", "", name.removeprefix(_SHEET_FOLDER)))
        title = self._book.workbook.worksheets[number - 1].title
        filled = with_links(with_values(designed, self._book.cached.get(title, {})), self._book.links.get(title, {}))
        stream = self._book.streams.get(title)
        return spliced(filled, stream) if stream else iter([filled])


@lru_cache(maxsize=64)  # styles, themes and relations are the same in book after book
def canonical(xml: bytes | str) -> bytes:
    """The one spelling of ``xml``: openpyxl writes another where lxml is installed, with other empty tags."""
    return canonicalize(xml).encode()


def with_values(sheet: bytes, values: Mapping[str, str | Number]) -> bytes:
    """The XML of a sheet, each of its formulas with the value it is known to give."""
    placed: set[str] = set()

    def valued(match: re.Match[bytes]) -> bytes:
        cell, attributes, formula = match.groups()
        value = values[cell.decode()]
        placed.add(cell.decode())
        kind = b' t="str"' if isinstance(value, str) else b""
        shown = escape(value) if isinstance(value, str) else repr(value)
        return b'<c r="%b"%b%b>%b<v>%b</v></c>' % (cell, attributes, kind, formula, shown.encode())

    filled = _FORMULA.sub(valued, sheet)
    if placed != values.keys():
        raise RuntimeError("a formula without its value would be shown as an empty cell")
    return filled


def with_links(sheet: bytes, links: Mapping[str, str]) -> bytes:
    """The XML of a sheet with links to other cells of the book, in the place that the format has for them."""
    if not links:
        return sheet
    texts = [f'<hyperlink ref="{cell}" location={quoteattr(target)}/>' for cell, target in links.items()]
    at = min(sheet.index(tag) for tag in _BEHIND_LINKS if tag in sheet)
    return b"%b<hyperlinks>%b</hyperlinks>%b" % (sheet[:at], "".join(texts).encode(), sheet[at:])


def spliced(sheet: bytes, stream: Stream) -> Iterator[Chunk]:
    """The XML of a sheet with the rows of ``stream`` between those that openpyxl wrote."""
    later = [match for match in _ROW.finditer(sheet) if int(match[1]) > stream.first]
    at = later[0].start() if later else sheet.index(b"</sheetData>")
    last = max([stream.first + stream.rows - 1, *(int(match[1]) for match in later)])
    area = f'<dimension ref="A1:{get_column_letter(stream.columns)}{last}"/>'.encode()
    yield _DIMENSION.sub(area, sheet[:at], count=1)
    yield from stream.chunks()
    yield sheet[at:]


def _entry(name: str | ZipInfo) -> ZipInfo:
    entry = ZipInfo(name if isinstance(name, str) else name.filename, date_time=_EPOCH)
    entry.compress_type = ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = _PRIVATE_FILE
    return entry
