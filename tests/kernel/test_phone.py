"""The phone rule: every shape that the lead files send, and what must never be guessed."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.kernel.phone import (
    Phone,
    is_blank_phone,
    mask_phone,
    parse_phone,
    parse_phones,
    phone_problem,
    suffix_digits,
)

ONE = "+919845012345"


@pytest.mark.parametrize(
    "written",
    [
        "9845012345",
        "09845012345",
        "919845012345",
        "+919845012345",
        "00919845012345",
        "+91 0 98450 12345",
        "+91+919845012345",
        "p:+919845012345",
        "p:09845012345",
        "tel:+91-98450-12345",
        "(+91) 9845012345",
        "(+91) 98450 12345",
        "+91-9845012345",
        "98450 12345",
        "98450-12345",
        "98450.12345",
        "98450\u00a012345",
        "'9845012345",
        "9845012345.0",
        "919845012345.00",
        9845012345.0,
        9845012345,
        "9.845012345E+09",
        "९८४५०१२३४५",
        "૯૮૪૫૦૧૨૩૪૫",
        "+९१ ९८४५० १२३४५",
        "＋９１ ９８４５０ １２３４５",
        "\u202a+91 98450 12345\u202c",
        "Mob: 98450 12345",
        "WhatsApp 98450 12345",
        "98450 12345 (Ravi)",
        "98450 12345 - Ravi",
        "98450 12345 ext 12",
        "9,845,012,345",
    ],
)
def test_the_same_number_in_every_way_it_is_written(written: str | float) -> None:
    assert parse_phone(written) == Phone(ONE)
    assert phone_problem(written) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("9845012345 / 9845012346", ["+919845012345", "+919845012346"]),
        ("9845012345 9845012346", ["+919845012345", "+919845012346"]),
        ("98450 12345, 98450 12346", ["+919845012345", "+919845012346"]),
        ("98450 12345\n080-2345 6789", ["+919845012345", "+918023456789"]),
        ("12345; 98450 12345", ["+919845012345"]),
        ("98450 12345 or 98450 12345", ["+919845012345"]),
        ("080/23456789", ["+918023456789"]),
        ("+971 50 123 4567", ["+971501234567"]),
    ],
)
def test_several_numbers_in_a_cell(written: str, expected: list[str]) -> None:
    assert [str(phone) for phone in parse_phones(written)] == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "There is no phone number."),
        ("NA", "There is no phone number."),
        (" not given ", "There is no phone number."),
        (None, "There is no phone number."),
        ("12345", "too short"),
        ("98450123456789", "too long"),
        ("98x00012345", "letters or signs"),
        # Dropping the letter would leave ten digits of a stranger.
        ("9x8450012345", "letters or signs"),
        ("+999123456789", "country code that doesn't exist"),
        ("5845012345", "doesn't give out"),
        ("9.84501E+09", "shortened by a spreadsheet"),
        ("call me", "is not a phone number"),
        (True, "There is no phone number."),
    ],
)
def test_a_refusal_says_why(written: str | None, reason: str) -> None:
    assert parse_phone(written) is None
    assert reason in (phone_problem(written) or "")


def test_the_region_decides_where_a_bare_number_is() -> None:
    assert parse_phone("050 123 4567", "AE") == Phone("+971501234567")
    assert parse_phone("050 123 4567", "IN") is None


def test_a_number_knows_its_place() -> None:
    phone = Phone(ONE)
    assert phone.region == "IN"
    assert phone.zones == ("Asia/Kolkata",)
    assert phone.is_mobile
    assert not Phone("+918023456789").is_mobile
    assert phone.formatted() == "+91 98450 12345"


def test_the_masked_form_hides_the_middle() -> None:
    assert Phone(ONE).masked() == "+91 98••• ••345"
    assert mask_phone("+918023456789") == "+91 80 •••• •789"


def test_suffix_search_is_a_prefix_of_the_reversed_digits() -> None:
    assert Phone(ONE).reversed_digits() == "543210548919"
    assert Phone(ONE).reversed_digits().startswith(suffix_digits("123 45"))


def _example_numbers() -> st.SearchStrategy[phonenumbers.PhoneNumber]:
    regions = ["IN", "AE", "US", "GB", "SG", "DE", "QA"]
    examples = [phonenumbers.example_number_for_type(r, phonenumbers.PhoneNumberType.MOBILE) for r in regions]
    return st.sampled_from([e for e in examples if e is not None])


@given(_example_numbers(), st.sampled_from(list("0123")), st.sampled_from(["", "p:", "tel:", "Mob. ", " ", "("]))
def test_every_form_that_the_library_writes_is_read_back(
    number: phonenumbers.PhoneNumber, form: str, before: str
) -> None:
    written = before + phonenumbers.format_number(number, int(form) if form != "3" else 1)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if form == "2":  # national: needs its own region
        region = phonenumbers.region_code_for_number(number) or "IN"
        assert parse_phone(phonenumbers.format_number(number, 2), region) == Phone(e164)
    else:
        assert parse_phone(written) == Phone(e164)


@given(
    st.from_regex(r"[6-9][0-9]{9}", fullmatch=True),
    st.lists(st.integers(1, 9), max_size=3),
    st.sampled_from([" ", "-", ".", "\u00a0"]),
    st.sampled_from(["", "0", "91", "+91", "+91 ", "(+91) ", "0091"]),
)
def test_spaces_dashes_and_prefixes_never_change_a_number(
    national: str, cuts: list[int], sign: str, prefix: str
) -> None:
    plain = parse_phone("+91" + national)
    written = national
    for cut in sorted(set(cuts), reverse=True):
        written = written[:cut] + sign + written[cut:]
    read = parse_phone(prefix + written)
    assert read == plain or (prefix == "" and plain is None)


@given(st.text(max_size=60))
def test_any_text_is_a_valid_number_or_a_reason(text: str) -> None:
    phone = parse_phone(text)
    if phone is None:
        assert (phone_problem(text) or "").endswith(".")
    else:
        assert phone_problem(text) is None
        assert phonenumbers.is_valid_number(phonenumbers.parse(phone.e164))
        assert parse_phone(phone.e164) == phone


@given(st.floats())
def test_any_float_is_read_or_refused(value: float) -> None:
    phone = parse_phone(value)
    assert (phone is None) == (phone_problem(value) is not None)


@given(_example_numbers())
def test_masking_never_shows_more_than_five_national_digits(number: phonenumbers.PhoneNumber) -> None:
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    national = mask_phone(e164).partition(" ")[2]
    assert sum(character.isdigit() for character in national) <= 5
    assert "•" in national


def test_blank_words() -> None:
    assert is_blank_phone("N/A")
    assert not is_blank_phone("98450 12345")
