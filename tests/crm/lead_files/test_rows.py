"""Rows to leads: what is accepted, what is refused and why, and what cells mean."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.features.crm.lead_files import (
    LeadRow,
    RowReader,
    RowRefusal,
    SourceRow,
    check_mapping,
    guess_mapping,
    open_lead_file,
    read_row,
    safe_cell,
)
from vantage.features.crm.lead_files.values import (
    clean_text,
    normalize_configuration,
    normalize_timeline,
    read_consent,
    read_email,
    read_instant,
)
from vantage.kernel.money import PriceRange

COLUMNS = {"Name": "name", "Mobile": "phone", "Alt": "other_phone", "Mail": "email", "Notes": "message"}
KOLKATA = ZoneInfo("Asia/Kolkata")


def _lead(cells: dict[str, str], columns: dict[str, str] | None = None) -> LeadRow:
    read = read_row(SourceRow(7, cells), columns or COLUMNS)
    assert isinstance(read, LeadRow), read
    return read


def _refusal(cells: dict[str, str], columns: dict[str, str] | None = None) -> RowRefusal:
    read = read_row(SourceRow(7, cells), columns or COLUMNS)
    assert isinstance(read, RowRefusal), read
    return read


def test_a_valid_number_is_a_lead() -> None:
    lead = _lead({"Name": " Asha  Rao ", "Mobile": "098450 12345"})
    assert (lead.line, lead.name, lead.key, lead.notes) == (7, "Asha Rao", "+919845012345", ())


def test_a_number_is_enough_whatever_else_is_wrong() -> None:
    lead = _lead({"Mobile": "9845012345", "Mail": "not an address", "Name": "NA"})
    assert (lead.name, lead.email) == (None, None)
    assert lead.notes == ("“not an address” is not an e-mail address.",)


def test_a_valid_address_without_a_number_is_a_lead_that_cannot_be_called() -> None:
    lead = _lead({"Mobile": "12345", "Mail": "Asha@Example.com"})
    assert (lead.phone, lead.key) == (None, "asha@example.com")
    assert "too short" in lead.notes[0]
    assert lead.notes[-1] == "There is no valid phone number, so this lead can't be called."


@pytest.mark.parametrize(
    ("cells", "column", "reason"),
    [
        ({"Name": "Asha"}, "Mobile", "neither a phone number nor an e-mail"),
        ({"Mobile": "NA", "Mail": "not given"}, "Mobile", "neither a phone number nor an e-mail"),
        ({"Mobile": "12345", "Mail": "asha@"}, "Mobile", "“asha@” is not an e-mail address."),
        ({"Alt": "98x00012345"}, "Alt", "letters or signs"),
        ({"Name": "<test lead: dummy data for full_name>", "Mobile": "9845012345"}, "Name", "test lead"),
        ({"Mobile": "9845012345", "Mail": "test@fb.com"}, "Mail", "test lead"),
        ({"Mobile": "9845012345", "is_test": "true"}, "is_test", "test lead"),
    ],
)
def test_neither_or_a_test_lead_is_refused(cells: dict[str, str], column: str, reason: str) -> None:
    refusal = _refusal(cells)
    assert (refusal.line, refusal.column) == (7, column)
    assert reason in refusal.reason


def test_further_numbers_in_the_cell_and_in_other_columns() -> None:
    lead = _lead({"Mobile": "9845012345 / 9845012346", "Alt": "9845012345, 9845012347"})
    assert [phone.e164[-2:] for phone in lead.other_phones] == ["46", "47"]


def test_the_other_number_serves_when_the_first_is_not_valid() -> None:
    assert _lead({"Mobile": "-", "Alt": "9845012347"}).key == "+919845012347"


def test_first_and_last_name_are_joined() -> None:
    columns = {"F": "first_name", "L": "last_name", "M": "phone"}
    assert _lead({"F": "Asha", "L": "Rao", "M": "9845012345"}, columns).name == "Asha Rao"


def test_unmapped_columns_are_kept() -> None:
    assert _lead({"Mobile": "9845012345", "Ad": "Reel\x00 – walk"}).extra == {"Ad": "Reel – walk"}


def test_long_text_is_cut_and_said() -> None:
    lead = _lead({"Mobile": "9845012345", "Name": "x" * 300, "Notes": "y" * 20_000})
    assert (len(lead.name or ""), len(lead.message or "")) == (200, 10_000)
    assert lead.notes == (
        "The name had 300 characters: it was cut to 200.",
        "The message had 20,000 characters: it was cut to 10,000.",
    )


def test_control_characters_go_and_joiners_stay() -> None:
    assert clean_text("a\x00b\u202ec\r\nd\x1b") == "abc\nd"
    assert clean_text("क्‍ष") == "क्‍ष"
    assert clean_text("x\ud800") == "x\ufffd"


def test_budget_takes_its_unit_from_the_column() -> None:
    columns = {"M": "phone", "Budget (L)": "budget"}
    lead = _lead({"M": "9845012345", "Budget (L)": "90"}, columns)
    assert lead.budget == PriceRange(Decimal(9_000_000), Decimal(9_000_000))
    columns = {"M": "phone", "Min budget (Cr)": "budget_min", "Max budget (Cr)": "budget_max"}
    lead = _lead({"M": "9845012345", "Min budget (Cr)": "1.5", "Max budget (Cr)": "1"}, columns)
    assert lead.budget == PriceRange(Decimal(10_000_000), Decimal(15_000_000))
    columns = {"M": "phone", "Budget": "budget"}
    lead = _lead({"M": "9845012345", "Budget": "On request"}, columns)
    assert (lead.budget, lead.budget_text) == (None, "On request")


def test_meta_marks_come_off() -> None:
    columns = {"id": "external_id", "platform": "source", "phone_number": "phone"}
    lead = _lead({"id": "l:1000000011000000", "platform": "ig", "phone_number": "p:+919845012345"}, columns)
    assert (lead.external_id, lead.source) == ("1000000011000000", "Instagram")


def test_a_date_in_the_future_is_left_out() -> None:
    reader = RowReader({"M": "phone", "D": "received_at"}, now=datetime(2026, 11, 1, tzinfo=UTC), zone=KOLKATA)
    lead = reader.read(SourceRow(2, {"M": "9845012345", "D": "12-Dec-2026"}))
    assert isinstance(lead, LeadRow)
    assert lead.received_at is None
    assert "future" in lead.notes[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2_bhk", "2 BHK"),
        ("4_bhk_villa", "4 BHK Villa"),
        ("plot", "Plot"),
        ("3BHK", "3 BHK"),
        ("2.5 bhk", "2.5 BHK"),
        ("2/3 bhk", "2 BHK, 3 BHK"),
        ("2 & 3 BHK flat", "2 BHK, 3 BHK Apartment"),
        ("3 bedrooms", "3 BHK"),
        ("1 RK", "1 RK"),
        ("Independent House", "Villa"),
        ("3", "3 BHK"),
        ("3.0", "3 BHK"),
        ("anything goes", "anything goes"),
        ("NA", None),
        ("", None),
    ],
)
def test_configurations(written: str, expected: str | None) -> None:
    assert normalize_configuration(written, bare_number_is_bedrooms=True) == expected


def test_a_bare_number_is_bedrooms_only_where_the_column_says_so() -> None:
    assert normalize_configuration("3") == "3"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("immediately", "Immediately"),
        ("1-3_months", "1-3 months"),
        ("3 to 6 months", "3-6 months"),
        ("1-2 years", "12-24 months"),
        ("just exploring,\nwill call later", "Just exploring"),
        ("more than 6 months", "Over 6 months"),
        ("6+ months", "Over 6 months"),
        ("within 3 months", "Within 3 months"),
        ("1 year", "Within 12 months"),
        ("after Diwali", "after Diwali"),
        ("", None),
    ],
)
def test_timelines(written: str, expected: str | None) -> None:
    assert normalize_timeline(written) == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-01T09:00:00+05:30", "2026-09-01T03:30:00+00:00"),
        ("2026-09-01T09:00:00+0530", "2026-09-01T03:30:00+00:00"),
        ("2026-09-01 09:00:00 UTC", "2026-09-01T09:00:00+00:00"),
        ("2026-10-01", "2026-09-30T18:30:00+00:00"),
        ("01-Oct-2026 12:00 AM", "2026-09-30T18:30:00+00:00"),
        ("01-Oct-2026 12:00 PM", "2026-10-01T06:30:00+00:00"),
        ("1st October 2026", "2026-09-30T18:30:00+00:00"),
        ("Oct 1, 2026 5:30 pm", "2026-10-01T12:00:00+00:00"),
        ("03/04/2026", "2026-04-02T18:30:00+00:00"),
        ("03/14/2026", "2026-03-13T18:30:00+00:00"),
        ("31.12.26 23:59", "2026-12-31T18:29:00+00:00"),
        ("46296", "2026-09-30T18:30:00+00:00"),
        ("46296.5", "2026-10-01T06:30:00+00:00"),
        ("1790845200", "2026-10-01T09:00:00+00:00"),
        ("1790845200000", "2026-10-01T09:00:00+00:00"),
        ("31-02-2026", None),
        ("13:00 pm", None),
        ("0001-01-01", None),
        ("soon", None),
    ],
)
def test_dates(written: str, expected: str | None) -> None:
    instant = read_instant(written, KOLKATA)
    assert (instant.isoformat() if instant else None) == expected


def test_american_dates_are_read_where_the_sample_proves_them() -> None:
    mapping = guess_mapping(["Date", "Mobile"], [{"Date": "03/04/2026"}, {"Date": "03/14/2026"}])
    assert mapping.month_first
    read = read_row(
        SourceRow(2, {"Date": "03/04/2026", "Mobile": "9845012345"}), mapping.fields, month_first=True, zone=UTC
    )
    assert isinstance(read, LeadRow)
    assert read.received_at == datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("A.B@Example.COM", "a.b@example.com"),
        ("mailto:a@example.com", "a@example.com"),
        ("bad@; a@example.com", "a@example.com"),
        ("Asha <a@example.com>", "a@example.com"),
        ("a@b", None),
        ("a..b@example.com", None),
        ("not given", None),
    ],
)
def test_addresses(written: str, expected: str | None) -> None:
    assert read_email(written) == expected


def test_consent_is_never_guessed() -> None:
    assert [read_consent(text) for text in ("Yes", "0", "maybe", "")] == [True, False, None, None]


def test_mapping_is_guessed_by_name_then_by_what_is_seen() -> None:
    mapping = guess_mapping(
        [
            "Kontakt",
            "Wer",
            "whatsapp number",
            "Alternate Mobile",
            "Preferred location",
            "ad_name",
            "What is your budget?",
        ],
        [{"Kontakt": "a@example.com", "Wer": "Asha"}],
    )
    assert mapping.fields == {
        "Kontakt": "email",
        "whatsapp number": "phone",
        "Alternate Mobile": "other_phone",
        "Preferred location": "locality",
        "What is your budget?": "budget",
    }
    assert mapping.confidence["whatsapp number"] > mapping.confidence["Kontakt"]


def test_an_edited_mapping_is_checked() -> None:
    columns = ["Name", "A", "B"]
    assert check_mapping({"A": "phone", "B": "other_phone"}, columns) == []
    assert check_mapping({"A": "phone", "B": "phone"}, columns)[0][0] == "B"
    assert "no column" in check_mapping({"X": "phone"}, columns)[0][1]
    assert "no field" in check_mapping({"A": "colour"}, columns)[0][1]
    assert "phone number or the e-mail" in check_mapping({"Name": "name"}, columns)[0][1]
    with pytest.raises(ValueError, match="colour"):
        RowReader({"A": "colour"})


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ('=HYPERLINK("http://x","click")', '\'=HYPERLINK("http://x","click")'),
        ("+1+1", "'+1+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ("+919845012345", "+919845012345"),
        ("-85.50", "-85.50"),
        ("Asha", "Asha"),
        (None, ""),
    ],
)
def test_formulas_are_harmless_in_what_we_write(text: str | None, safe: str) -> None:
    assert safe_cell(text) == safe


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), min_size=1, max_size=40)
)
def test_what_we_write_is_harmless_and_reads_back(message: str) -> None:
    safe = safe_cell(message)
    assert not safe.startswith(("=", "@", "\t", "\r"))
    written = _lead({"Mobile": "9845012345", "Notes": safe}).message
    assert written == _lead({"Mobile": "9845012345", "Notes": message}).message


@given(st.dictionaries(st.sampled_from([*COLUMNS, "Other"]), st.text(max_size=30)))
def test_every_row_is_a_lead_or_a_refusal(cells: dict[str, str]) -> None:
    read = read_row(SourceRow(2, cells), COLUMNS)
    if isinstance(read, LeadRow):
        assert read.phone is not None or read.email is not None
        assert "\0" not in repr(read.extra)
    else:
        assert read.reason.endswith(".")


def test_repeats_have_one_key() -> None:
    data = b"Name,Mobile,Email\nA,+91 98450 12345,\nB,09845012345,b@example.com\nC,,C@Example.com\nD,-,c@example.com\n"
    reader = RowReader({"Name": "name", "Mobile": "phone", "Email": "email"})
    leads = [reader.read(row) for row in open_lead_file("a.csv", data).rows()]
    assert [lead.key for lead in leads if isinstance(lead, LeadRow)] == [
        "+919845012345", "+919845012345", "c@example.com", "c@example.com",
    ]  # fmt: skip
