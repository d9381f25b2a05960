"""A lead file of any kind as columns and rows, whatever stands above its header."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from vantage.features.crm.lead_files.delimited import Record, read_records, sniff_delimiter
from vantage.features.crm.lead_files.encodings import detect_encoding
from vantage.features.crm.lead_files.errors import LeadFileError
from vantage.features.crm.lead_files.mapping import guess_mapping, known_field
from vantage.features.crm.lead_files.workbooks import Workbook, is_workbook
from vantage.kernel.phone import parse_phone

MAX_BYTES = 64_000_000
MAX_COLUMNS = 300
SAMPLE_ROWS = 50
_HEADER_SEARCH = 40

_NOT_TABLES = (
    (b"%PDF", "This is a PDF."),
    (b"\x89PNG", "This is a picture."),
    (b"\xff\xd8\xff", "This is a picture."),
    (b"{", "This is JSON."),
    (b"<", "This is a web page or XML, whatever its name says."),
)


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One data row: `line` is what an editor shows (text) or the sheet's row; `cells` is {column: text}."""

    line: int
    cells: dict[str, str]
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class LeadFile:
    """A table of leads. `rows()` streams it anew on each call, holding one row (text) or one sheet (XLSX).

    `header_line` is 0 when the table has no header: its columns are then named "Column A", "Column B", …
    """

    name: str
    kind: Literal["csv", "tsv", "xlsx"]
    encoding: str
    columns: list[str]
    sample: list[SourceRow]
    header_line: int
    sheets: list[str] = field(default_factory=list)
    skipped_sheets: list[str] = field(default_factory=list)
    _stream: Callable[[], Iterator[SourceRow]] = field(repr=False, kw_only=True)

    def rows(self) -> Iterator[SourceRow]:
        """All data rows in their order; blank rows and repeated headers are none."""
        return self._stream()


@dataclass(frozen=True, slots=True)
class _Table:
    """One header with what follows it."""

    records: Callable[[], Iterator[Record]]
    header_line: int
    columns: list[str]
    header: list[str]
    sheet: str | None = None

    def rows(self) -> Iterator[SourceRow]:
        for record in self.records():
            if record.line <= self.header_line:
                continue
            cells = record.cells
            if not any(cells) or not any(cell.strip() for cell in cells):
                continue
            if self.header_line and _trimmed(cells) == self.header:
                continue
            yield SourceRow(record.line, self._named(cells), self.sheet)

    def _named(self, cells: list[str]) -> dict[str, str]:
        named = {column: cell for column, cell in zip(self.columns, cells, strict=False) if cell}
        beyond = [cell for cell in cells[len(self.columns) :] if cell.strip()]
        if beyond:
            # A delimiter inside a cell that wasn't quoted: nothing of the row is thrown away.
            named["(beyond the last column)"] = " | ".join(beyond)
        return named


def open_lead_file(name: str, data: bytes) -> LeadFile:
    """Open an uploaded CSV, TSV or XLSX file; what it is is read from its bytes, not from its name.

    Raises LeadFileError for what is no table, is empty, is larger than MAX_BYTES, or would unpack beyond measure.
    """
    if len(data) > MAX_BYTES:
        raise LeadFileError(
            f"“{name}” has {len(data) // 1_000_000} MB; {MAX_BYTES // 1_000_000} MB is the limit.",
            way_out="Split the file and import its parts one after the other.",
        )
    blank = b"\0\t\r\n \xef\xbb\xbf\xff\xfe"
    if not data[:4096].strip(blank) and not data.strip(blank):
        raise LeadFileError(f"“{name}” is empty.", way_out="Choose a file with a header and at least one row.")
    if is_workbook(data):
        return _open_workbook(name, data)
    for opening, sentence in _NOT_TABLES:
        if data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(opening):
            raise LeadFileError(sentence, way_out="Save the table as CSV (UTF-8) or XLSX and send that.")
    return _open_text(name, data)


def _open_text(name: str, data: bytes) -> LeadFile:
    encoding = detect_encoding(data)
    delimiter, skip = sniff_delimiter(data, encoding)

    def unshaped() -> Iterator[Record]:
        return islice(read_records(data, encoding, delimiter), skip, None)

    table = _find_table(unshaped, None)
    if table is None:
        raise _no_table(name)
    width = len(table.header) or len(table.columns)
    shaped = _Table(
        lambda: islice(read_records(data, encoding, delimiter, width), skip, None),
        table.header_line,
        table.columns,
        table.header,
    )
    return LeadFile(
        name=name,
        kind="tsv" if delimiter == "\t" else "csv",
        encoding=encoding.name,
        columns=table.columns,
        sample=list(islice(shaped.rows(), SAMPLE_ROWS)),
        header_line=table.header_line,
        _stream=shaped.rows,
    )


def _open_workbook(name: str, data: bytes) -> LeadFile:
    book = Workbook(data)
    tables: list[_Table] = []
    skipped: list[str] = []
    for sheet in book.sheets():
        table = _find_table(lambda sheet=sheet: book.records(sheet), sheet)  # type: ignore[misc]
        if table is not None and _reaches_people(table):
            tables.append(table)
        else:
            skipped.append(sheet)
    if not tables:
        raise LeadFileError(
            f"No sheet of “{name}” has a column with phone numbers or e-mail addresses.",
            way_out="Name the columns in one row above the leads, such as Name, Mobile, Email.",
        )

    def stream() -> Iterator[SourceRow]:
        for table in tables:
            yield from table.rows()

    return LeadFile(
        name=name,
        kind="xlsx",
        encoding="utf-8",
        columns=list(dict.fromkeys(column for table in tables for column in table.columns)),
        sample=list(islice(stream(), SAMPLE_ROWS)),
        header_line=tables[0].header_line,
        sheets=[table.sheet for table in tables if table.sheet is not None],
        skipped_sheets=skipped,
        _stream=stream,
    )


def _reaches_people(table: _Table) -> bool:
    sample = [row.cells for row in islice(table.rows(), SAMPLE_ROWS)]
    return bool(sample) and guess_mapping(table.columns, sample).reaches_people


def _find_table(records: Callable[[], Iterator[Record]], sheet: str | None) -> _Table | None:
    """The header is the row, among the first, in which most cells are names of fields; titles above it have few.

    A first row with a phone number or an e-mail address in it is a lead: such a table has no header.
    """
    best: Record | None = None
    best_known, first, widest = 0, None, 0
    for record in islice(records(), _HEADER_SEARCH):
        cells = _trimmed(record.cells)
        if not any(cells):
            continue
        first = first or record
        widest = max(widest, len(cells))
        known = len({target for cell in cells if cell and (target := known_field(cell[:100]))})
        if known > best_known and not any(_is_a_persons(cell) for cell in cells):
            best, best_known = record, known
    if first is None or widest > MAX_COLUMNS:
        return None
    if best is not None:
        header = _trimmed(best.cells)
        return _Table(records, best.line, _unique(header, max(widest, len(header))), header, sheet)
    if any(_is_a_persons(cell) for cell in first.cells):
        return _Table(records, 0, _unique([], widest), [], sheet)
    header = _trimmed(first.cells)
    return _Table(records, first.line, _unique(header, len(header)), header, sheet)


def _is_a_persons(cell: str) -> bool:
    return "@" in cell or (sum(c.isdigit() for c in cell) >= 7 and parse_phone(cell) is not None)


def _trimmed(cells: Sequence[str]) -> list[str]:
    """Cells without outer space, and without empty ones at the end."""
    names = [" ".join(cell.split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _unique(header: Sequence[str], width: int) -> list[str]:
    """Column names that differ: a second "Phone" is "Phone (2)", a nameless third column is "Column C"."""
    columns: list[str] = []
    for index in range(max(width, len(header))):
        given = header[index][:100] if index < len(header) and header[index] else f"Column {_letters(index)}"
        column, number = given, 1
        while column in columns:
            number += 1
            column = f"{given} ({number})"
        columns.append(column)
    return columns


def _letters(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _no_table(name: str) -> LeadFileError:
    return LeadFileError(
        f"“{name}” is no table of leads: there is no row in it, or more than {MAX_COLUMNS} columns.",
        way_out="Choose a file with a header such as Name, Mobile, Email and one lead per row.",
    )
