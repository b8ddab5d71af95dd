"""Saves a workbook so that equal content gives equal bytes, whenever and wherever it is written."""

from __future__ import annotations

import contextlib
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.packaging.core import DocumentProperties
from openpyxl.writer.excel import ExcelWriter

from auditor.files import atomic_path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that zip can say
_UNIX = 3
_PRIVATE_FILE = 0o100600 << 16


class _TimelessZip(ZipFile):
    """A zip file whose entries carry neither the clock nor the permissions of the machine that wrote it."""

    def writestr(
        self, zinfo_or_arcname: str | ZipInfo, data: Any, compress_type: Any = None, compresslevel: Any = None
    ) -> None:
        super().writestr(_entry(zinfo_or_arcname), data)

    def write(self, filename: Any, arcname: Any = None, compress_type: Any = None, compresslevel: Any = None) -> None:
        entry = _entry(arcname)
        entry.file_size = Path(filename).stat().st_size  # decides whether the entry needs the 64-bit form
        with Path(filename).open("rb") as source, self.open(entry, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)


def new_book(title: str, version: str, made_at: datetime) -> Workbook:
    """An empty streaming workbook; its properties name this program and ``made_at`` instead of the clock."""
    book = Workbook(write_only=True)
    moment = made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    creator = f"auditor {version}"
    book.properties = DocumentProperties(
        creator=creator, lastModifiedBy=creator, title=title, created=moment, modified=moment
    )
    return book


def save_book(book: Workbook, path: Path) -> Path:
    """Write ``book`` atomically, 0600; raises SnapshotError."""
    try:
        with atomic_path(path) as temporary, _TimelessZip(temporary, "w", ZIP_DEFLATED) as archive:
            # Not book.save(): that would overwrite the date of modification with the clock.
            ExcelWriter(book, archive).write_data()
    except BaseException:
        _discard(book)
        raise
    return path


def _discard(book: Workbook) -> None:
    """Close the streams of a book that will not be saved: openpyxl would complain of them long after."""
    for sheet in book.worksheets:
        with contextlib.suppress(Exception):
            sheet.close()


def _entry(name: str | ZipInfo) -> ZipInfo:
    entry = ZipInfo(name if isinstance(name, str) else name.filename, date_time=_EPOCH)
    entry.compress_type = ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = _PRIVATE_FILE
    return entry
