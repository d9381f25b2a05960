"""Records out of CSV and TSV text, with the line on which each begins in an editor.

Python's `csv` reads the cells. What it leaves to its caller is done here: which delimiter, the physical line, and a
stray quotation mark, which to `csv` opens a cell that swallows all leads up to the next one or the end of the file.
"""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from vantage.features.crm.lead_files.encodings import Encoding

DELIMITERS = (",", "\t", ";", "|")
MAX_RECORD_LINES = 200
"""Physical lines of one record. A cell with more line breaks is taken for a quotation mark that nobody closed."""
MAX_CELL = 131_072
"""Characters of one cell: csv's own limit, which an unclosed quotation mark reaches at last."""
_SNIFFED_RECORDS = 60

_EXCEL_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class Record(NamedTuple):
    """Cells of one record and the physical line (from 1) on which it begins."""

    line: int
    cells: list[str]


class _RunawayError(Exception):
    """A record that doesn't end."""


class _Lines:
    """Physical lines that can be given back, remembering those of the record in hand."""

    def __init__(self, data: bytes, encoding: Encoding) -> None:
        # Universal newlines without translation: a lone CR ends a line too, and line breaks in cells stay as they are.
        self._text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding.name, errors=encoding.errors, newline="")
        self._returned: deque[str] = deque()
        self.taken: list[str] = []
        self.next_line = 1
        self.ended_inside = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.taken) >= MAX_RECORD_LINES:
            raise _RunawayError
        line = self._returned.popleft() if self._returned else self._text.readline()
        if not line:
            # csv asks for another line only when a record is open.
            self.ended_inside = bool(self.taken)
            raise StopIteration
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """The next line opens a record."""
        self.next_line += len(self.taken)
        self.taken = []
        self.ended_inside = False

    def give_back_all_but_first(self) -> str:
        first, *others = self.taken
        self._returned.extendleft(reversed(others))
        self.taken = [first]
        return first


def read_records(data: bytes, encoding: Encoding, delimiter: str, width: int | None = None) -> Iterator[Record]:
    """All records of a file, empty lines included (as no cells). Holds one record in memory.

    `width` is the header's number of cells: a record of several lines that has another number of cells, while its
    first line alone has the right one, is one with a stray quotation mark and is read line by line.
    """
    lines = _Lines(data, encoding)
    reader = _reader(lines, delimiter)
    while True:
        lines.begin()
        try:
            cells = next(reader)
            broken = lines.ended_inside
        except StopIteration:
            return
        except (_RunawayError, csv.Error):
            cells, broken = [], True
        if len(lines.taken) > 1 and not broken and width is not None and len(cells) != width:
            broken = len(_unquoted(lines.taken[0], delimiter)) == width
        if broken:
            cells = _unquoted(lines.give_back_all_but_first(), delimiter)
            # The reader stands inside the quotation: it can't go on.
            reader = _reader(lines, delimiter)
        yield Record(lines.next_line, cells)


def sniff_delimiter(data: bytes, encoding: Encoding) -> tuple[str, int]:
    """The delimiter, and the lines to skip before the table (1 for Excel's `sep=;`, else 0).

    It is the one under which most of the first records have the same number of cells, two at least, counted by
    records and not by lines, so that delimiters and line breaks inside quoted cells don't matter.
    """
    first = next(_Lines(data, encoding), "")
    hint = _EXCEL_HINT.fullmatch(first)
    if hint:
        return hint[1], 1
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths: Counter[int] = Counter()
        for number, record in enumerate(read_records(data, encoding, delimiter)):
            if number == _SNIFFED_RECORDS:
                break
            if any(cell.strip() for cell in record.cells):
                widths[len(record.cells)] += 1
        common = [(count, width) for width, count in widths.items() if width > 1]
        if not common:
            continue
        count, width = max(common)
        # Agreement decides; among those that agree the wider table wins.
        score = count / widths.total() + width / 1000
        if score > best_score:
            best, best_score = delimiter, score
    return best, 0


def _reader(lines: _Lines, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(lines, delimiter=delimiter)


def _unquoted(line: str, delimiter: str) -> list[str]:
    try:
        cells = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
    except csv.Error:  # one line longer than MAX_CELL without any delimiter
        return [line[:MAX_CELL]]
    return [_without_stray_quotes(cell) for cell in cells]


def _without_stray_quotes(cell: str) -> str:
    if len(cell) > 1 and cell[0] == cell[-1] == '"':
        return cell[1:-1].replace('""', '"')
    return cell.removeprefix('"')
