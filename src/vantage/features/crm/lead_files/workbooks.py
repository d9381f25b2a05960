"""Rows out of XLSX files, after a look at what the file would take to open.

An XLSX file is a ZIP of XML: kilobytes can hold gigabytes, and two cells far apart make a reader allocate all cells
between them. Both are measured before calamine opens anything.
"""

import datetime as dt
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from vantage.features.crm.lead_files.delimited import Record
from vantage.features.crm.lead_files.errors import LeadFileError

MAX_UNPACKED_BYTES = 400_000_000
MAX_MEMBERS = 2_000
MAX_CELLS = 5_000_000
"""Cells of one sheet's used rectangle: 200,000 rows of 25 columns."""

_OPENING = b"PK\x03\x04"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_CHUNK = 1 << 20
_OVERLAP = 512
# Cells with something inside: a self-closing cell is formatting, and whole formatted columns are harmless.
_FILLED_CELL = re.compile(rb"<(?:\w+:)?c\b[^<>]*?\br=[\"']([A-Za-z]{1,4})(\d{1,9})[\"'][^<>]*(?<!/)>")
_UNNAMED_CELL = re.compile(rb"<(?:\w+:)?c(?:\s+(?!r=)[\w:]+=[\"'][^\"']*[\"'])*\s*(?<!/)>")
_ROW = re.compile(rb"<(?:\w+:)?row\b[^<>]*?\br=[\"'](\d{1,9})[\"']")


def is_workbook(data: bytes) -> bool:
    """True for the files this module reads or refuses by name: XLSX, other ZIPs, old Excel files."""
    return data.startswith((_OPENING, _OLD_OFFICE))


class Workbook:
    """An opened XLSX file. Raises LeadFileError when it is no workbook, or takes more than is allowed."""

    def __init__(self, data: bytes) -> None:
        _check(data)
        with _refusals():
            self._book = CalamineWorkbook.from_filelike(io.BytesIO(data))

    def sheets(self) -> list[str]:
        """Names of the visible sheets in their order."""
        visible = SheetVisibleEnum.Visible
        return [sheet.name for sheet in self._book.sheets_metadata if sheet.visible == visible]

    def records(self, sheet: str) -> Iterator[Record]:
        """All rows of a sheet as text, `line` being the sheet's row; columns begin at A even where A is empty."""
        with _refusals():
            table = self._book.get_sheet_by_name(sheet)
        if table.start is None:
            return
        # calamine leaves out the empty columns before the table, but not the empty rows above it.
        _, left = table.start
        for number, row in enumerate(table.iter_rows(), start=1):
            yield Record(number, [""] * left + [cell_text(value) for value in row])


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (CalamineError, OSError, ValueError) as error:
        raise _not_readable() from error
    except BaseException as error:
        # A panic of the Rust reader over a broken file; its class can't be imported, and it is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise _not_readable() from error


def cell_text(value: Any) -> str:
    """A cell as the text that its reader meant: whole numbers without decimals, dates as ISO 8601."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    return "" if value is None else str(value)


def _check(data: bytes) -> None:
    if data.startswith(_OLD_OFFICE):
        raise LeadFileError(
            "This is an old Excel file (.xls), or one with a password.",
            way_out="Open it and save it as XLSX without a password, or as CSV UTF-8.",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise _too_large()
            if not any(member.filename.lower().endswith("workbook.xml") for member in members):
                raise _not_readable()
            unpacked = 0
            for member in members:
                name = member.filename.lower()
                if not name.endswith((".xml", ".bin", ".rels")):
                    continue
                unpacked += _measure(archive, member, cells="worksheets/" in name)
                # The directory's sizes are the sender's word; what came out is a fact.
                if unpacked > MAX_UNPACKED_BYTES:
                    raise _too_large()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise _not_readable() from error


def _measure(archive: zipfile.ZipFile, member: zipfile.ZipInfo, *, cells: bool) -> int:
    """Unpacked bytes of a member; refuses a sheet whose used rectangle is too large."""
    size, rest, widest, deepest, unnamed = 0, b"", 0, 0, False
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            if size > MAX_UNPACKED_BYTES:
                raise _too_large()
            if not cells:
                continue
            piece = rest + chunk
            for column, row in _FILLED_CELL.findall(piece):
                deepest = max(deepest, int(row))
                widest = max(widest, _column_number(column))
            unnamed = unnamed or _UNNAMED_CELL.search(piece) is not None
            if unnamed:
                deepest = max(deepest, max(map(int, _ROW.findall(piece)), default=0))
                widest = max(widest, 100)
            rest = piece[-_OVERLAP:]
    if deepest * widest > MAX_CELLS:
        raise _too_large()
    return size


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _too_large() -> LeadFileError:
    return LeadFileError(
        "This workbook takes too much room to open: too many cells, or cells too far apart.",
        way_out="Copy the leads into a new sheet and save that, or save the sheet as CSV UTF-8.",
    )


def _not_readable() -> LeadFileError:
    return LeadFileError(
        "This file is not a readable XLSX workbook.",
        way_out="Open it in a spreadsheet and save it again as XLSX, or as CSV UTF-8.",
    )
