"""XLSX files: several sheets, numbers as floats, dates, and files made to do harm.

A small XLSX writer stands here, since the product only reads them.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from xml.sax.saxutils import escape

import pytest

from vantage.features.crm.lead_files import LeadFileError, LeadRow, RowReader, guess_mapping, open_lead_file
from vantage.features.crm.lead_files.workbooks import cell_text

_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PKG = "http://schemas.openxmlformats.org/package/2006"


def sheet_xml(rows: Sequence[Sequence[str | float | None]]) -> str:
    """A sheet's XML: text as inline strings, numbers as numbers, None as no cell."""
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = []
        for index, value in enumerate(row):
            ref = f"{chr(65 + index)}{number}"
            if isinstance(value, str):
                cells.append(f'<c r="{ref}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>')
            elif value is not None:
                cells.append(f'<c r="{ref}"><v>{value!r}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    return f"<worksheet {_NS}><sheetData>{''.join(lines)}</sheetData></worksheet>"


def workbook(sheets: dict[str, str], *, hidden: Sequence[str] = ()) -> bytes:
    """An XLSX file of sheets given as XML."""
    names = list(sheets)
    tags = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="rId{i}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""}/>'
        for i, name in enumerate(names, 1)
    )
    rels = "".join(
        f'<Relationship Id="rId{i}" Type="{_REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for i in range(1, len(names) + 1)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{_PKG}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Override PartName="/xl/workbook.xml" '
            'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{types}</Types>",
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{_PKG}/relationships"><Relationship Id="rId1" '
            f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr("xl/workbook.xml", f'<workbook {_NS} xmlns:r="{_REL}"><sheets>{tags}</sheets></workbook>')
        book.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PKG}/relationships">{rels}</Relationships>'
        )
        for i, xml in enumerate(sheets.values(), 1):
            book.writestr(f"xl/worksheets/sheet{i}.xml", xml)
    return out.getvalue()


REGISTER: list[Sequence[str | float | None]] = [
    ["WALK-IN REGISTER"],
    [],
    ["Sr", "Customer", "Mobile", "Alt mobile", "BHK", "Budget (L)", "Visited on"],
    [1.0, "Asha", 9845012341.0, None, 3.0, 90.0, 46296.0],
    [2.0, "Ravi", "9845012342", 919845012343.0, "Villa", "1.5 Cr", None],
    [],
    [3.0, "=1+1", 9.845012344e9, None, None, None, None],
]


def _leads(data: bytes) -> list[LeadRow]:
    file = open_lead_file("register.xlsx", data)
    reader = RowReader(guess_mapping(file.columns, [row.cells for row in file.sample]).fields)
    read = [reader.read(row) for row in file.rows()]
    assert all(isinstance(row, LeadRow) for row in read)
    return [row for row in read if isinstance(row, LeadRow)]


def test_a_walk_in_register() -> None:
    data = workbook({"Oct": sheet_xml(REGISTER), "Summary": sheet_xml([["not leads"]])})
    file = open_lead_file("register.xlsx", data)
    assert (file.kind, file.header_line, file.sheets, file.skipped_sheets) == ("xlsx", 3, ["Oct"], ["Summary"])
    leads = _leads(data)
    assert [lead.line for lead in leads] == [4, 5, 7]
    assert [lead.key for lead in leads] == ["+919845012341", "+919845012342", "+919845012344"]
    assert [phone.e164 for phone in leads[1].other_phones] == ["+919845012343"]
    assert [lead.configuration for lead in leads] == ["3 BHK", "Villa", None]
    assert [lead.budget.low if lead.budget else None for lead in leads] == [9_000_000, 15_000_000, None]
    assert leads[2].name == "=1+1"
    assert leads[0].received_at is not None
    assert leads[0].received_at.isoformat() == "2026-09-30T18:30:00+00:00"


def test_leads_on_several_sheets_are_all_read() -> None:
    one = sheet_xml([["Name", "Mobile"], ["Asha", 9845012341.0]])
    two = sheet_xml([["Mobile", "Customer", "City"], [9845012342.0, "Ravi", "Pune"]])
    data = workbook({"Oct": one, "Nov": two, "Old": one}, hidden=["Old"])
    file = open_lead_file("leads.xlsx", data)
    assert (file.sheets, file.columns) == (["Oct", "Nov"], ["Name", "Mobile", "Customer", "City"])
    assert [(row.sheet, row.line) for row in file.rows()] == [("Oct", 2), ("Nov", 2)]


def test_a_table_that_does_not_begin_at_a1() -> None:
    data = workbook({"S": sheet_xml([[], [None, "Name", "Mobile"], [None, "Asha", 9845012341.0]])})
    (row,) = open_lead_file("a.xlsx", data).rows()
    assert (row.line, row.cells) == (3, {"Name": "Asha", "Mobile": "9845012341"})


def test_a_workbook_without_people_is_refused() -> None:
    with pytest.raises(LeadFileError, match="phone numbers or e-mail"):
        open_lead_file("a.xlsx", workbook({"S": sheet_xml([["Tower", "Floor"], ["A", 3.0]])}))


def _repacked(data: bytes, replace: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, replace.get(name, old.read(name)))
    return out.getvalue()


def test_a_zip_bomb_is_refused_before_it_unpacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vantage.features.crm.lead_files.workbooks.MAX_UNPACKED_BYTES", 5_000_000)
    data = _repacked(workbook({"S": sheet_xml(REGISTER)}), {"xl/worksheets/sheet1.xml": b" " * 6_000_000})
    assert len(data) < 20_000
    with pytest.raises(LeadFileError, match="too much room"):
        open_lead_file("bomb.xlsx", data)


@pytest.mark.parametrize(
    "far",
    [
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1048576"><c r="XFD1048576" t="str"><v>x</v></c></row>',
        '<row r="1048576"><c><v>1</v></c></row>',
    ],
)
def test_two_cells_far_apart_are_refused(far: str) -> None:
    xml = sheet_xml(REGISTER).replace("</sheetData>", far + "</sheetData>")
    with pytest.raises(LeadFileError, match="too far apart"):
        open_lead_file("far.xlsx", workbook({"S": xml}))


def test_a_formatted_cell_far_away_is_harmless() -> None:
    xml = sheet_xml(REGISTER).replace("</sheetData>", '<row r="1048576"><c r="XFD1048576" s="1"/></row></sheetData>')
    assert len(_leads(workbook({"S": xml}))) == 3


@pytest.mark.parametrize(
    "data",
    [
        b"PK\x03\x04 and no more",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old excel",
        workbook({"S": "<worksheet><sheetData><row"}),
        workbook({"S": sheet_xml(REGISTER)})[:-40],
        _repacked(workbook({"S": sheet_xml(REGISTER)}), {"xl/workbook.xml": b"<nothing/>"}),
    ],
)
def test_broken_workbooks_are_refused_with_a_way_out(data: bytes) -> None:
    with pytest.raises(LeadFileError) as caught:
        list(open_lead_file("broken.xlsx", data).rows())
    assert caught.value.way_out


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (2.5, "2.5"),
        (919845012345.0, "919845012345"),
        (True, "TRUE"),
        (None, ""),
        (date(2026, 10, 1), "2026-10-01"),
        (datetime(2026, 10, 1, 9, 30), "2026-10-01T09:30:00"),  # noqa: DTZ001  # as a sheet gives it
        ("=1+1", "=1+1"),
    ],
)
def test_cells_as_their_reader_meant_them(value: object, text: str) -> None:
    assert cell_text(value) == text
