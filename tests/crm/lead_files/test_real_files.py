"""The three lead files that reality sends, counted a second time by means that share nothing with ours."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from vantage.features.crm.lead_files import LeadRow, RowReader, RowRefusal, guess_mapping, open_lead_file

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "leads"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="../shared/data/leads is not here: the made files are tested alone"
)


def _read(name: str) -> tuple[list[LeadRow], list[RowRefusal]]:
    file = open_lead_file(name, (FOLDER / name).read_bytes())
    mapping = guess_mapping(file.columns, [row.cells for row in file.sample])
    reader = RowReader(mapping.fields, month_first=mapping.month_first)
    read = [reader.read(row) for row in file.rows()]
    return [r for r in read if isinstance(r, LeadRow)], [r for r in read if isinstance(r, RowRefusal)]


def _last_ten(texts: Iterable[str]) -> set[str]:
    digits = (re.sub(r"\D", "", text) for text in texts if not re.search("[A-Za-z]", text))
    return {d[-10:] for d in digits if re.fullmatch(r"(0|91)?[6-9]\d{9}", d)}


def test_meta_export() -> None:
    leads, refused = _read("meta_lead_ads_export.csv")
    assert (len(leads), len(refused)) == (388, 12)
    assert len({lead.key for lead in leads}) == 368

    text = (FOLDER / "meta_lead_ads_export.csv").read_bytes().decode("utf-16")
    table = list(csv.DictReader(io.StringIO(text, newline=""), delimiter="\t"))
    assert len(table) == len(leads) + len(refused)
    tests = [row for row in table if row["full_name"].startswith("<test lead")]
    indian = _last_ten(row["phone_number"].removeprefix("p:") for row in table)
    assert {lead.phone.e164[3:] for lead in leads if lead.phone and lead.phone.region == "IN"} == indian
    # Of six numbers of the Emirates, the numbering plan knows four.
    assert sum(lead.phone is not None and lead.phone.region == "AE" for lead in leads) == 4
    assert sum("p:+971" in row["phone_number"] for row in table) == 6
    assert len(tests) == 11
    assert sum("test lead" in refusal.reason for refusal in refused) == 11
    other = [row["phone_number"] for row in table if row["phone_number"] == "p:12345" and not row["email"]]
    assert len(other) == 1
    # The line is what an editor shows, though two lines are one row wherever a cell has a line break.
    lines = text.splitlines()
    for lead in leads:
        assert lines[lead.line - 1].startswith(f"l:{lead.external_id}\t")


def test_portal_responses() -> None:
    leads, refused = _read("portal_responses.csv")
    assert (len(leads), len(refused)) == (198, 2)
    assert len({(lead.key, lead.project) for lead in leads}) == 198

    text = (FOLDER / "portal_responses.csv").read_bytes().decode("utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {lead.phone.e164[3:] for lead in leads if lead.phone} == _last_ten(row["Contact No."] for row in table)
    assert [refusal.line for refusal in refused] == [
        number
        for number, row in enumerate(table, start=2)
        if row["Contact No."] in {"-", "NA"} and row["Email ID"] == "not given"
    ]
    assert sum((lead.message or "").startswith("=HYPERLINK(") for lead in leads) == sum(
        row["Message"].startswith("=") and row["Contact No."] not in {"-", "NA"} for row in table
    )
    projects = [
        row["Project"] for row in table if row["Email ID"] != "not given" or row["Contact No."] not in {"-", "NA"}
    ]
    assert [lead.project for lead in leads] == projects


def test_walk_in_register() -> None:
    leads, refused = _read("walkin_register.xlsx")
    assert (len(leads), len(refused)) == (200, 0)
    assert len({lead.key for lead in leads}) == 200

    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(FOLDER / "walkin_register.xlsx") as book:
        sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314  # a file of our own
    cells = {cell.attrib["r"]: "".join(cell.itertext()).removesuffix(".0") for cell in sheet.iter(f"{space}c")}
    for lead in leads:
        assert lead.phone is not None
        assert lead.phone.e164.endswith(cells[f"C{lead.line}"][-10:])
        assert [phone.e164[-10:] for phone in lead.other_phones] == (
            [cells[f"D{lead.line}"][-10:]] if cells.get(f"D{lead.line}") else []
        )
    assert sum(lead.budget is not None for lead in leads) == sum(bool(cells.get(f"G{row}")) for row in range(4, 204))
