"""Rupees as Indians write them, and prices as portals and people write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.kernel.money import PriceRange, decimal_string, format_rupees, parse_price, rupees


@pytest.mark.parametrize(
    ("amount", "short", "full"),
    [
        ("0", "₹ 0", "₹ 0"),
        ("999", "₹ 999", "₹ 999"),
        ("1000", "₹ 1,000", "₹ 1,000"),
        ("99999.50", "₹ 99,999.50", "₹ 99,999.50"),
        ("100000", "₹ 1 L", "₹ 1,00,000"),
        ("8500000", "₹ 85 L", "₹ 85,00,000"),
        ("8550000", "₹ 85.5 L", "₹ 85,50,000"),
        ("9999999", "₹ 1 Cr", "₹ 99,99,999"),
        ("14500000", "₹ 1.45 Cr", "₹ 1,45,00,000"),
        ("1234567", "₹ 12.35 L", "₹ 12,34,567"),
        ("1234567.5", "₹ 12.35 L", "₹ 12,34,567.50"),
        ("-8500000", "-₹ 85 L", "-₹ 85,00,000"),
        ("125000000000", "₹ 12,500 Cr", "₹ 1,25,00,00,00,000"),
    ],
)
def test_written_as_indians_write(amount: str, short: str, full: str) -> None:
    assert format_rupees(Decimal(amount), "short") == short
    assert format_rupees(Decimal(amount)) == full


LAKH = 100_000


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("₹ 1.25 Cr", 125, 125),
        ("Rs. 60-70 L", 60, 70),
        ("₹ 85 Lac", 85, 85),
        ("above_1.2_cr", 120, None),
        ("below_60_lakh", None, 60),
        ("60_-_80_lakh", 60, 80),
        ("80_lakh_-_1.2_cr", 80, 120),
        ("75-1.2 Cr", 75, 120),
        ("1.2 - 1.5 Cr", 120, 150),
        ("1 crore 20 lakh", 120, 120),
        ("1 cr and 20 lakhs to 1.5 cr", 120, 150),
        ("1,25,00,000", 125, 125),
        ("Rs.85,00,000/-", 85, 85),
        ("up to 80L", None, 80),
        ("80L+", 80, None),
        ("> 1 cr", 100, None),
        ("not more than 90 lakh", None, 90),
        ("between 60 and 70 lakh", 60, 70),
        ("minimum 50 lakh maximum 80 lakh", 50, 80),
        ("3 BHK 85 lakh", 85, 85),
        ("१.२५ करोड़", 125, 125),
        ("85 लाख से 1 करोड़", 85, 100),
        ("10 million", 100, 100),
    ],
)
def test_prices_are_read(written: str, low: int | None, high: int | None) -> None:
    price = parse_price(written)
    assert price == PriceRange(
        None if low is None else Decimal(low * LAKH), None if high is None else Decimal(high * LAKH)
    )


@pytest.mark.parametrize(
    "written", [None, "", "On request", "85", "flat 1203", "6500 per sqft", "Rs 6,500/sq.ft", "9" * 40 + " cr", "-"]
)
def test_what_names_no_amount_is_none(written: str | None) -> None:
    assert parse_price(written) is None


@pytest.mark.parametrize(
    ("written", "lakhs"), [("90", 90), ("120", 120), ("90.0", 90), ("1.5 Cr", 150), ("9000000", 90), ("90 L", 90)]
)
def test_the_column_says_the_unit(written: str, lakhs: int) -> None:
    assert parse_price(written, "L") == PriceRange(Decimal(lakhs * LAKH), Decimal(lakhs * LAKH))


@given(st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2))
def test_the_full_form_is_read_back_to_the_paisa(amount: Decimal) -> None:
    expected = None if amount < 1 else PriceRange(amount, amount)
    assert parse_price(format_rupees(amount)) == expected


@given(st.decimals(min_value=100_000, max_value=Decimal("99999999999.99"), places=2))
def test_the_short_form_is_within_half_a_percent(amount: Decimal) -> None:
    price = parse_price(format_rupees(amount, "short"))
    assert price is not None
    assert price.low is not None
    assert abs(price.low - amount) <= amount * Decimal("0.005")


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2))
def test_json_carries_the_exact_amount(amount: Decimal) -> None:
    assert Decimal(decimal_string(amount)) == amount
    assert "E" not in decimal_string(amount)


@given(st.text(max_size=80))
def test_any_text_is_a_range_or_none(text: str) -> None:
    price = parse_price(text)
    if price is not None:
        assert price.low is not None or price.high is not None
        if price.low is not None and price.high is not None:
            assert price.low <= price.high


@pytest.mark.parametrize("value", ["NaN", "Infinity", "ten", Decimal("1e13")])
def test_what_the_column_does_not_hold_is_refused(value: str | Decimal) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        rupees(value)
