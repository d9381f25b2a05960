"""CSV and TSV in every dialect and encoding that is sent."""

import codecs
import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vantage.features.crm.lead_files import LeadFileError, SourceRow, open_lead_file
from vantage.features.crm.lead_files.encodings import detect_encoding

HEADER = ["Name", "Mobile", "Email", "Notes"]


def _cells(data: bytes) -> list[list[str]]:
    file = open_lead_file("leads.csv", data)
    return [[row.cells.get(column, "") for column in file.columns] for row in file.rows()]


def _lines(data: bytes) -> list[int]:
    return [row.line for row in open_lead_file("leads.csv", data).rows()]


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\ufeff"),
    max_size=12,
)
_MULTILINE = st.lists(_TEXT, min_size=1, max_size=3).map("\n".join)
_ROW = st.tuples(_TEXT, st.just("9845012345"), st.just("a@example.com"), _MULTILINE).map(list)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_ROW, min_size=1, max_size=8),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["\r\n", "\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le+bom", "utf-16-be+bom", "utf-32"],
    ),
)
def test_what_any_program_wrote_is_read_back(
    rows: list[list[str]], delimiter: str, ending: str, quoting: int, encoding: str
) -> None:
    out = io.StringIO(newline="")
    if ending == "\r":
        quoting = csv.QUOTE_ALL  # Python's writer leaves a lone LF unquoted beside CR endings: no file to be read
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([HEADER, *rows])
    marks = {"utf-16-le+bom": codecs.BOM_UTF16_LE, "utf-16-be+bom": codecs.BOM_UTF16_BE}
    data = marks.get(encoding, b"") + out.getvalue().encode(encoding.removesuffix("+bom"))
    assert _cells(data) == rows


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(encoding: str) -> None:
    data = "Name,Mobile\r\nअनिता,9845012345\r\n".encode(encoding)
    assert _cells(data) == [["अनिता", "9845012345"]]


def test_windows_1252() -> None:
    data = "Name,Mobile,Notes\r\nJosé D’Souza,9845012345,€ 5 – café\r\n".encode("cp1252")
    assert open_lead_file("a.csv", data).encoding == "cp1252"
    assert _cells(data) == [["José D’Souza", "9845012345", "€ 5 – café"]]


def test_utf_8_with_a_broken_byte_stays_utf_8() -> None:
    good = "Name,Mobile\nअनिता शर्मा,9845012345\nRavi,9845012346\n".encode()
    data = good.replace(b"Ravi", b"Rav\xff")
    assert _cells(data) == [["अनिता शर्मा", "9845012345"], ["Rav\ufffd", "9845012346"]]


def test_other_code_pages_are_told_by_statistics() -> None:
    text = "Имя,Mobile\n" + "Иван Петров из Москвы хочет купить квартиру,9845012345\n" * 20
    assert detect_encoding(text.encode("cp1251")).name in {"cp1251", "windows-1251"}


def test_the_line_is_what_an_editor_shows() -> None:
    data = (
        b'Name,Mobile,Notes\nA,9845012341,"one\ntwo\nthree"\n\nB,9845012342,x\nC,9845012343,"1\r\n2"\nD,9845012344,y\n'
    )
    assert _lines(data) == [2, 6, 7, 9]


def test_titles_above_the_header_and_blank_rows() -> None:
    data = b"SUNSET VILLAS ENQUIRIES (OCT),,\n,,\nSr,Customer,Mobile\n1,A,9845012341\n,,\n2,B,9845012342\n"
    file = open_lead_file("a.csv", data)
    assert (file.header_line, file.columns) == (3, ["Sr", "Customer", "Mobile"])
    assert [row.line for row in file.rows()] == [4, 6]


def test_excel_names_the_delimiter() -> None:
    data = b"sep=;\nName;Mobile\nA;9845012341\n"
    file = open_lead_file("a.csv", data)
    assert (file.header_line, file.columns, _lines(data)) == (2, ["Name", "Mobile"], [3])


def test_no_header_at_all() -> None:
    file = open_lead_file("a.csv", b"Ravi,9845012341,r@example.com\nAsha,9845012342,a@example.com\n")
    assert (file.header_line, file.columns) == (0, ["Column A", "Column B", "Column C"])
    assert [row.cells["Column A"] for row in file.rows()] == ["Ravi", "Asha"]


def test_a_single_column_of_numbers() -> None:
    assert _cells(b"Mobile\n9845012341\n9845012342\n") == [["9845012341"], ["9845012342"]]


def test_a_repeated_header_is_no_row() -> None:
    data = b"Name,Mobile\nA,9845012341\nName,Mobile\nB,9845012342\n"
    assert [row[0] for row in _cells(data)] == ["A", "B"]


def test_columns_of_the_same_name_and_of_none() -> None:
    file = open_lead_file("a.csv", b"Name,Phone,Phone,\nA,9845012341,9845012342,x\n")
    assert file.columns == ["Name", "Phone", "Phone (2)", "Column D"]


def test_delimiters_inside_quoted_cells_do_not_decide() -> None:
    data = b'Name;Mobile;Notes\n"A, B, C";9845012341;"x, y, z"\n"D, E, F";9845012342;"x, y, z"\n'
    assert _cells(data) == [["A, B, C", "9845012341", "x, y, z"], ["D, E, F", "9845012342", "x, y, z"]]


@pytest.mark.parametrize("later", [0, 1, 500])
def test_a_quotation_mark_that_nobody_closes_loses_no_lead(later: int) -> None:
    rows = b"".join(b"L%d,98450%05d,x\n" % (i, i) for i in range(later))
    data = b'Name,Mobile,Notes\nA,9845012341,x\n"B,9845012342,x\nC,9845012343,x\n' + rows
    cells = _cells(data)
    assert [row[1] for row in cells[:3]] == ["9845012341", "9845012342", "9845012343"]
    assert len(cells) == 3 + later
    assert _lines(data) == list(range(2, 5 + later))


def test_a_stray_quotation_mark_that_a_later_row_closes() -> None:
    data = b'Name,Mobile,Notes\n"A,9845012341,x\nB,9845012342,x\nC,9845012343,"fine, really"\nD,9845012344,x\n'
    assert [row[1] for row in _cells(data)] == ["9845012341", "9845012342", "9845012343", "9845012344"]


def test_cells_beyond_the_last_column_are_kept() -> None:
    file = open_lead_file("a.csv", b"Name,Mobile\nA,9845012341\nB,9845012342,see, below\nC,9845012343\n" * 2)
    rows: list[SourceRow] = list(file.rows())
    assert "see" in " ".join(rows[1].cells.values())
    assert rows[1].cells["Mobile"] == "9845012342"


def test_a_stream_can_be_read_again() -> None:
    file = open_lead_file("a.csv", b"Name,Mobile\nA,9845012341\n")
    assert list(file.rows()) == list(file.rows()) == file.sample


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n", "is empty"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<html><table><tr><td>Name", "web page"),
        (b'{"leads": []}', "JSON"),
        (b"\x89PNG\r\n\x1a\n....", "picture"),
        (b"Name,Mobile\n\x00\x01\x02\x03,\x00\n", "not a text file"),
        (b"x" * 64_000_001, "limit"),
        (b"," * 400 + b"Name\n" + b"1," * 400, "no table of leads"),
    ],
)
def test_what_is_no_table_is_refused_with_a_way_out(data: bytes, sentence: str) -> None:
    with pytest.raises(LeadFileError, match=sentence) as caught:
        open_lead_file("file.csv", data)
    assert caught.value.way_out


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_sentence(data: bytes) -> None:
    with suppress(LeadFileError):
        assert all(row.line >= 1 for row in open_lead_file("a.csv", data).rows())
