"""Spoken numbers, amounts and dates: what is generated comes back."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.features.calling.conversation.understanding.extract import understand
from vantage.features.calling.conversation.understanding.models import Setting, Turn
from vantage.features.calling.conversation.understanding.numbers import _WORDS, plain
from vantage.features.calling.conversation.understanding.text import normalise

NOW = datetime(2026, 7, 6, 11, 30, tzinfo=ZoneInfo("Asia/Kolkata"))
SETTING = Setting(
    now=NOW, configurations=("2 BHK", "3 BHK"), price_min=Decimal(5_000_000), price_max=Decimal(20_000_000)
)
SAID = [
    (word, value)
    for value, words in _WORDS.items()
    for word in words.split()
    if value > 0 and word not in {"an", "sattar"}
]


@given(st.sampled_from(SAID), st.sampled_from(["lakh", "lock", "lacs"]))
def test_a_number_word_before_a_unit_is_its_value(said: tuple[str, int], unit: str) -> None:
    assert normalise(f"{said[0]} {unit}") == f"{said[1]} lakh"


@given(st.integers(20, 99), st.sampled_from(["", "sava", "paune", "saadhe"]))
def test_indian_fractions(value: int, fraction: str) -> None:
    expected = (
        Decimal(value)
        + {"": Decimal(0), "sava": Decimal("0.25"), "paune": Decimal("-0.25"), "saadhe": Decimal("0.5")}[fraction]
    )
    word = _WORDS[value].split()[-1]
    assert normalise(f"{fraction} {word} lakh") == f"{plain(expected)} lakh"


@given(st.integers(1, 9), st.integers(10, 99))
def test_crore_and_lakh_add_up(crore: int, lakh: int) -> None:
    got = understand(
        [Turn("agent", "What budget do you have?"), Turn("lead", f"up to {crore} crore {lakh} lakh")], SETTING
    )
    assert got.budget_min is None
    assert got.budget_max is not None and got.budget_max.value == crore * 10_000_000 + lakh * 100_000


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("dedh crore tak", None, 15_000_000),
        ("dhai crore", 25_000_000, 25_000_000),
        ("sattar se assi lakh", 7_000_000, 8_000_000),
        ("at least 60 lakh", 6_000_000, None),
        ("साठ लाख तक", None, 6_000_000),
        ("around ninety lock", 9_000_000, 9_000_000),
        ("my friend bought for 80 lakh", None, None),
        ("rent is 40000 per month", None, None),
    ],
)
def test_budgets(text: str, low: int | None, high: int | None) -> None:
    got = understand([Turn("agent", "What budget do you have?"), Turn("lead", text)], SETTING)
    assert (got.budget_min and got.budget_min.value) == low
    assert (got.budget_max and got.budget_max.value) == high


@given(st.integers(1, 7), st.integers(1, 12), st.sampled_from(["am", "pm"]))
def test_a_weekday_and_clock_time_round_trip(ahead: int, hour: int, half: str) -> None:
    day = NOW.date() + timedelta(days=ahead)
    got = understand([Turn("agent", "Hello."), Turn("lead", f"Please call me on {day:%A} at {hour} {half}")], SETTING)
    assert got.callback_at is not None
    assert got.callback_at.value == datetime(
        day.year, day.month, day.day, hour % 12 + (12 if half == "pm" else 0), tzinfo=NOW.tzinfo
    )


def test_later_without_a_time_is_no_callback() -> None:
    assert understand([Turn("agent", "Hello."), Turn("lead", "call me later")], SETTING).callback_at is None
