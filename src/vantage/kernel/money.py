"""Rupees: how they are stored, shown, sent, and read from what people and portals write.

An amount is a `Decimal` of rupees with two decimals (`numeric(14,2)` in the database). 1 lakh (L) is 100,000 and
1 crore (Cr) is 10,000,000 rupees.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import pairwise
from typing import Literal

PAISE = Decimal("0.01")
LAKH = Decimal(100_000)
CRORE = Decimal(10_000_000)
MAX_AMOUNT = Decimal("999999999999.99")
"""What `numeric(14,2)` holds."""

_UNITS: dict[str, Decimal] = {
    **dict.fromkeys(("k", "thousand", "हज़ार", "हजार", "હજાર"), Decimal(1_000)),
    **dict.fromkeys(("l", "lk", "lac", "lacs", "lakh", "lakhs", "lacks", "लाख", "લાખ", "ಲಕ್ಷ", "லட்சம்"), LAKH),
    **dict.fromkeys(("mn", "million"), Decimal(1_000_000)),
    **dict.fromkeys(("c", "cr", "crs", "crore", "crores", "करोड़", "करोड", "કરોડ", "ಕೋಟಿ", "கோடி"), CRORE),
}
_UNIT_WORDS = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
# A vowel sign of an Indian script is no word character for `re`, so the end of a unit is said by what may follow it.
_AMOUNT = re.compile(
    rf"(?<![\w.])(?P<number>\d[\d,]*(?:\.\d+)?|\.\d+)\s*(?:(?P<unit>{_UNIT_WORDS})(?![^\W\d_]))?", re.IGNORECASE
)
_CURRENCY = re.compile(r"₹|\b(?:rs|inr|rupees?)\b\.?|/-", re.IGNORECASE)
_PER_AREA = re.compile(r"(?:/|\bper\b)\s*(?:sq|sft|psf|acre|gunta)|\bpsf\b", re.IGNORECASE)
_AT_LEAST = re.compile(
    r"\b(?:above|over|more than|min(?:imum)?|at ?least|from|starting|onwards?|plus)\b|[+>≥]", re.IGNORECASE
)
_AT_MOST = re.compile(
    r"\b(?:below|under|less than|max(?:imum)?|at ?most|up ?to|within|not more than)\b|[<≤]", re.IGNORECASE
)
_ONE_OF_TWO = re.compile(r"^\s*(?:-|–|—|to|and|till|upto|se|से|/)\s*$", re.IGNORECASE)
_ONLY_SPACE = re.compile(r"^\s*(?:and\s*)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PriceRange:
    """Rupees from `low` to `high`, both included; None is open on that side, never both. One price has low == high."""

    low: Decimal | None
    high: Decimal | None


def rupees(value: Decimal | int | str) -> Decimal:
    """The amount with two decimals, half a paisa rounded up (away from zero).

    Raises ValueError for what is no finite number or doesn't fit `numeric(14,2)`.
    """
    try:
        amount = Decimal(value)
    except ArithmeticError as error:
        raise ValueError(f"{value!r} is not an amount of rupees.") from error
    if not amount.is_finite() or abs(amount) > MAX_AMOUNT:
        raise ValueError(f"{value!r} is not an amount up to {MAX_AMOUNT} rupees.")
    return amount.quantize(PAISE, ROUND_HALF_UP)


def decimal_string(amount: Decimal | int) -> str:
    """An amount as JSON carries it: a string with two decimals (`"12345.00"`), so that no client makes it a float."""
    return format(rupees(amount), "f")


def format_rupees(amount: Decimal | int, style: Literal["short", "full"] = "full") -> str:
    """As Indians write it: `₹ 1.45 Cr`, `₹ 85 L` (short, two decimals at most) or `₹ 12,34,567` (full).

    Below one lakh both styles are the same. Paise are shown where there are any.
    """
    exact = rupees(amount)
    sign = "-" if exact < 0 else ""
    size = abs(exact)
    if style == "short":
        lakhs = (size / LAKH).quantize(PAISE, ROUND_HALF_UP)
        # 99,99,999 is not "100 L": what rounds up to a crore is said in crores.
        if lakhs >= 100:
            return f"{sign}₹ {_grouped((size / CRORE).quantize(PAISE, ROUND_HALF_UP))} Cr"
        if size >= LAKH:
            return f"{sign}₹ {_grouped(lakhs)} L"
    whole = size.to_integral_value(ROUND_HALF_UP)
    return f"{sign}₹ {_grouped(whole if whole == size else size, keep_zeros=True)}"


@lru_cache(maxsize=2048)  # a portal offers a handful of ranges, and a file repeats them
def parse_price(text: str | None, unit: Literal["L", "Cr"] | None = None) -> PriceRange | None:
    """The range meant by a listing, a portal or a person; None when no amount is named ("On request").

    Reads "₹ 1.25 Cr", "Rs. 60-70 L", "80_lakh_-_1.2_cr", "above_1.2_cr", "1 crore 20 lakh", "1,25,00,000". A bare
    number counts as `unit` when the column says one ("Budget (L)") and the number is too small to be rupees; without
    a unit or a rupee sign a bare number below 10,000 is None: 85 may be lakhs, 1203 a flat. Prices per area are None.
    """
    if not text:
        return None
    written = _CURRENCY.sub(" ", _plain(text))
    if _PER_AREA.search(written):
        return None
    amounts = _amounts(written, unit, least=Decimal(1) if _CURRENCY.search(text) else Decimal(10_000))
    if not amounts:
        return None
    before = written[: amounts[0].start]
    rest = written[: amounts[0].start] + " " + written[amounts[0].end :]
    first = amounts[0].value
    if len(amounts) > 1:
        between, second = written[amounts[0].end : amounts[1].start], amounts[1].value
        if _ONE_OF_TWO.match(between) or (_AT_LEAST.search(before) and _AT_MOST.search(between)):
            return PriceRange(min(first, second), max(first, second))
    if _AT_MOST.search(before if len(amounts) > 1 else rest):
        return PriceRange(None, first)
    if _AT_LEAST.search(before if len(amounts) > 1 else rest):
        return PriceRange(first, None)
    return PriceRange(first, first)


@dataclass(slots=True)
class _Amount:
    value: Decimal
    unit: Decimal | None
    start: int
    end: int


def _amounts(written: str, unit: Literal["L", "Cr"] | None, least: Decimal) -> list[_Amount]:
    """The amounts in order, "1 crore 20 lakh" joined to one and "60-70 L" given its unit on both sides."""
    column_unit = {"L": LAKH, "Cr": CRORE}[unit] if unit else None
    found: list[_Amount] = []
    for match in _AMOUNT.finditer(written):
        scale = _UNITS[match["unit"].casefold()] if match["unit"] else None
        number = Decimal(match["number"].replace(",", ""))
        item = _Amount(number * (scale or 1), scale, match.start(), match.end())
        previous = found[-1] if found else None
        if (
            previous is not None
            and previous.unit is not None
            and scale is not None
            and scale < previous.unit
            and item.value < previous.unit
            and _ONLY_SPACE.match(written[previous.end : item.start])
        ):
            previous.value, previous.unit, previous.end = previous.value + item.value, scale, item.end
        else:
            found.append(item)
    for item, following in pairwise(found):
        joined = _ONE_OF_TWO.match(written[item.end : following.start])
        if item.unit is None and following.unit is not None and item.value < following.unit and joined:
            # "75-1.2 Cr" is 75 lakh to 1.2 crore: nobody writes the higher price first.
            scale = LAKH if following.unit == CRORE and item.value * CRORE > following.value else following.unit
            item.value, item.unit = item.value * scale, scale
    for item in found:
        if item.unit is None and column_unit is not None and item.value < LAKH:
            item.value, item.unit = item.value * column_unit, column_unit
    usable = [item for item in found if item.unit is not None or item.value >= least]
    for item in usable:
        if item.value > MAX_AMOUNT:
            return []
        item.value = rupees(item.value)
    return usable


def _plain(text: str) -> str:
    """One line of text with ASCII digits; the underscores of form answers are spaces."""
    text = unicodedata.normalize("NFC", text[:500]).replace("_", " ").replace("\u00a0", " ")
    if not text.isascii():
        text = "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "Nd" else c for c in text)
    return " ".join(text.split())


def _grouped(number: Decimal, *, keep_zeros: bool = False) -> str:
    """Lakh grouping (12,34,567). `number` is not negative; trailing zeros go, or go only as a pair (12.50)."""
    whole, _, decimals = format(number, "f").partition(".")
    if not keep_zeros or not decimals.strip("0"):
        decimals = decimals.rstrip("0")
    head, tail = whole[:-3], whole[-3:]
    groups = []
    while head:
        groups.append(head[-2:])
        head = head[:-2]
    shown = ",".join([*reversed(groups), tail])
    return f"{shown}.{decimals}" if decimals else shown
