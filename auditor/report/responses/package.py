"""Opens a workbook that somebody sent: its sheets, texts and styles, or one sentence on what it is."""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from zipfile import BadZipFile, ZipFile

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from auditor.errors import WorkbookError
from auditor.report.responses.markup import Element, Elements, Handler, damaged, read
from auditor.report.responses.texts import SharedTexts

MAX_PARTS = 10_000
MAX_UNPACKED = 8 << 30  # bytes; five times what a million rows of everything take
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_SAVE_AS = "save it as an Excel workbook (.xlsx)"
_OTHERS = {"xl/workbook.bin": "a binary workbook (.xlsb)", "mimetype": "an OpenDocument file"}


class Package:
    """An .xlsx file: ``sheets`` maps the names of its sheets, in order, to the parts that hold them, ``names`` those
    that are defined for ranges to what they stand for.

    ``unlocked`` and ``dates`` are the ids, as cells name them, of the styles that are not locked, and that show a
    number as a time.
    """

    def __init__(self, path: Path, max_unpacked: int = MAX_UNPACKED) -> None:
        """Raises WorkbookError for whatever is no .xlsx file, or would unpack to more than ``max_unpacked`` bytes."""
        self.path = path
        self.archive = _opened(path)
        try:
            self.unpacked = _measured(self.archive, path, max_unpacked)
            self._main = _main_part(self.archive, path)
            with damaged(str(path)):
                self.sheets, self.names, self.dates_from_1904 = self._workbook()
                self.unlocked, self.dates = self._styles()
                self.texts = self._texts()
        except BaseException:
            self.archive.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.archive.close()

    def stream(self, part: str, where: str) -> IO[bytes]:
        """The bytes of a part. Raises WorkbookError with ``where``."""
        with damaged(where):
            return self.archive.open(part)

    def _elements(self, part: str, *names: str) -> list[Element]:
        """The elements of these names in a part; none where there is no such part."""
        handler = Elements(*names)
        if part in self.archive.NameToInfo:
            self._read(part, handler)
        return handler.found

    def _read(self, part: str, handler: Handler) -> None:
        where = f"{self.path}, {part}"
        with self.stream(part, where) as stream:
            read(stream, handler, where)

    def _workbook(self) -> tuple[dict[str, str], dict[str, str], bool]:
        targets = self._targets()
        found = self._elements(self._main, "sheet", "workbookPr", "definedName")
        sheets = {a["name"]: targets[a["id"]] for name, a, _ in found if name == "sheet" and a["id"] in targets}
        # Programs keep names of their own for filters and what is printed, and write them as they like.
        names = {
            a["name"]: text
            for name, a, text in found
            if name == "definedName" and "localSheetId" not in a and not a["name"].startswith("_")
        }
        flags = [a.get("date1904", "0") for name, a, _ in found if name == "workbookPr"]
        return sheets, names, flags[:1] in (["1"], ["true"])

    def _targets(self) -> Mapping[str, str]:
        """Relationship id -> part, of those that are sheets with cells."""
        folder, name = posixpath.split(self._main)
        found = self._elements(f"{folder}/_rels/{name}.rels", "Relationship")
        sheets = [a for _, a, _ in found if a["Type"].endswith("/worksheet")]
        return {a["Id"]: posixpath.normpath(posixpath.join("/", folder, a["Target"])).lstrip("/") for a in sheets}

    def _styles(self) -> tuple[frozenset[str], frozenset[str]]:
        """Ids of the unlocked styles, and of those that show times."""
        part = posixpath.join(posixpath.dirname(self._main), "styles.xml")
        found = self._elements(part, "cellXfs", "cellStyles", "xf", "protection", "numFmt")
        formats = dict(BUILTIN_FORMATS) | {int(a["numFmtId"]): a["formatCode"] for n, a, _ in found if n == "numFmt"}
        names = [name for name, _, _ in found]
        begin = names.index("cellXfs") if "cellXfs" in names else len(names)
        end = names.index("cellStyles", begin) if "cellStyles" in names[begin:] else len(names)
        number, unlocked, dates = -1, set(), set()
        for name, attributes, _ in found[begin:end]:
            if name == "xf":
                number += 1
                if is_date_format(formats.get(int(attributes.get("numFmtId", "0")))):
                    dates.add(str(number))
            elif name == "protection" and attributes.get("locked") in ("0", "false"):
                unlocked.add(str(number))
        return frozenset(unlocked), frozenset(dates)

    def _texts(self) -> list[str]:
        part = posixpath.join(posixpath.dirname(self._main), "sharedStrings.xml")
        handler = SharedTexts()
        if part in self.archive.NameToInfo:
            self._read(part, handler)
        return handler.texts


def _opened(path: Path) -> ZipFile:
    try:
        with path.open("rb") as file:
            beginning = file.read(len(_OLE))
        if beginning == _OLE:
            raise WorkbookError(f"{path} is encrypted, or an old .xls file: {_SAVE_AS} without a password")
        return ZipFile(path)
    except OSError as error:
        raise WorkbookError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (BadZipFile, ValueError, struct.error) as error:
        what = "is damaged" if beginning[:2] == b"PK" else "is not an Excel workbook"
        raise WorkbookError(f"{path} {what}: {_SAVE_AS}") from error


def _measured(archive: ZipFile, path: Path, max_unpacked: int) -> int:
    """The bytes that all parts unpack to, before any of them is. No more than what it tells is ever unpacked."""
    parts = archive.infolist()
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > max_unpacked:
        raise WorkbookError(
            f"{path} would unpack to {unpacked:,} bytes in {len(parts):,} parts, more than such a workbook can have"
        )
    if any(part.flag_bits & 1 for part in parts):
        raise WorkbookError(f"{path} is encrypted: {_SAVE_AS} without a password")
    return unpacked


def _main_part(archive: ZipFile, path: Path) -> str:
    names = archive.NameToInfo
    if "xl/workbook.xml" in names:
        return "xl/workbook.xml"
    what = next((kind for name, kind in _OTHERS.items() if name in names), "not an Excel workbook")
    raise WorkbookError(f"{path} is {what}: {_SAVE_AS}")
