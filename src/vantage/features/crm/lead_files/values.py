"""What single cells of a lead file mean: configurations, timelines, dates, addresses, consent. Pure."""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

_BIDI = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0xFEFF)))
# Joiners (U+200C, U+200D) stay: Indian scripts need them.
_DROPPED = dict.fromkeys(
    [*(code for code in range(0x20) if code not in (0x09, 0x0A, 0x0D)), *range(0x7F, 0xA0), *map(ord, _BIDI)]
) | {0x85: "\n", 0x2028: "\n", 0x2029: "\n"}
_SURROGATE = re.compile("[\ud800-\udfff]")

_EMAIL = re.compile(
    # The WHATWG's rule for <input type=email>, with a dot asked of the domain.
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+"
)
_BLANK = frozenset(
    {"", "-", "--", "---", "na", "n/a", "n.a.", "nil", "none", "null", "nan", "#n/a", "not given", "not available",
     "not provided", "not specified", "unknown", "undefined"}
)  # fmt: skip

_BEDROOMS = re.compile(
    r"(?P<list>\d{1,2}(?:\.5)?(?:\s*(?:,|/|-|–|&|to|or|and)\s*\d{1,2}(?:\.5)?)*)\s*"
    r"(?P<kind>bhk|rk|bed ?rooms?|beds?|br)\b"
)
_NUMBERS = re.compile(r"\d{1,2}(?:\.5)?")
_BARE = re.compile(r"(\d{1,2})(?:\.0+)?|(\d{1,2}\.5)0*")
_KINDS = (
    ("Penthouse", r"\bpent ?house"),
    ("Row house", r"\brow ?house"),
    ("Duplex", r"\bduplex"),
    ("Villa", r"\bvillas?\b|\bindependent house|\bbungalow"),
    ("Plot", r"\bplots?\b|\bland\b|\bsite\b"),
    ("Commercial", r"\bcommercial|\boffice|\bshops?\b|\bshowroom|\bretail\b"),
    ("Studio", r"\bstudio"),
    ("Apartment", r"\bapartments?\b|\bflats?\b"),
)
_KIND_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in _KINDS)

_EXPLORING = re.compile(r"explor|not sure|no plans?|just looking|browsing|undecided|later")
_IMMEDIATE = re.compile(r"immediate|asap|right away|urgent|ready to (?:buy|move)|this (?:week|month)|\bnow\b")
_MONTHS = re.compile(r"(\d{1,2})\s*(?:-|–|to)\s*(\d{1,2})\s*(months?|mon|m|years?|yrs?)\b")
_OVER = re.compile(
    r"(?:more than|over|above|after|>)\s*(\d{1,2})\s*(months?|years?|yrs?)|(\d{1,2})\s*\+\s*(months?|years?|yrs?)"
    r"|(\d{1,2})\s*(months?|years?|yrs?)\s*\+"
)
_WITHIN = re.compile(r"(?:within|in|under|less than|<|next|up ?to)?\s*(\d{1,2})\s*(months?|years?|yrs?)")

_MONTH_NAMES = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_TIME = r"(?:[,\sT]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>[ap]\.?m\.?)?)?"
_ZONE = r"\s*(?:IST)?"
_DATE_FORMS = tuple(
    re.compile(form + _TIME + _ZONE, re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?:\w{3,9},?\s+)?(?P<day>\d{1,2})(?:st|nd|rd|th)?[\s\-/.]+(?P<name>[A-Za-z]{3,9})[\s\-/.,]+(?P<year>\d{4}|\d{2})",
        r"(?:\w{3,9},?\s+)?(?P<name>[A-Za-z]{3,9})\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
        r"(?P<first>\d{1,2})[-/.](?P<other>\d{1,2})[-/.](?P<year>\d{4}|\d{2})",
    )
)
# Days since 1899-12-30, as spreadsheets count; 2000 to 2100.
_SERIAL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # a wall clock, given its zone afterwards
_SERIAL = (36_526.0, 73_415.0)
_EPOCH_SECONDS = (946_684_800.0, 4_102_444_800.0)


def clean_text(text: str) -> str:
    """Without control characters, direction overrides and lone surrogates, line breaks as LF, outer space gone."""
    if text.isascii() and text.isprintable():
        return text.strip()
    text = _SURROGATE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n").translate(_DROPPED))
    return unicodedata.normalize("NFC", text).strip()


def one_line(text: str) -> str:
    """Clean text with every run of white space as one space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join(clean_text(text).split())


def is_blank(text: str) -> bool:
    """True for nothing and for what people and portals write instead of nothing."""
    return text.strip().casefold() in _BLANK


def read_email(text: str) -> str | None:
    """The first valid address of a cell in lower case (the contact's key), or None."""
    for part in one_line(text).casefold().replace("mailto:", "").replace(";", " ").replace(",", " ").split():
        candidate = part.strip("<>()[]'\"")
        if len(candidate) <= 254 and _EMAIL.fullmatch(candidate) and ".." not in candidate:
            return candidate
    return None


def read_consent(text: str) -> bool | None:
    """True or False for a plain yes or no, None for anything else: consent is never guessed."""
    word = one_line(text).casefold().rstrip(".!")
    if word in {"yes", "y", "true", "1", "agreed", "i agree", "opted in", "opt in", "हाँ", "हां"}:
        return True
    if word in {"no", "n", "false", "0", "opted out", "opt out", "declined", "नहीं"}:
        return False
    return None


@lru_cache(maxsize=1024)
def normalize_configuration(text: str, *, bare_number_is_bedrooms: bool = False) -> str | None:
    """Written as the product does: "2_bhk" → "2 BHK", "4_bhk_villa" → "4 BHK Villa", "2/3bhk" → "2 BHK, 3 BHK", "plot" → "Plot".

    A bare number is bedrooms only when the column says so. What isn't understood stays as it was written.
    """
    written = one_line(text).replace("_", " ")
    if is_blank(written):
        return None
    lower = written.casefold()
    if bare_number_is_bedrooms and (bare := _BARE.fullmatch(lower)):
        return f"{int(bare[1]) if bare[1] else bare[2]} BHK"
    parts: list[str] = []
    for match in _BEDROOMS.finditer(lower):
        kind = "RK" if match["kind"] == "rk" else "BHK"
        parts += [f"{number} {kind}" for number in _NUMBERS.findall(match["list"])]
    kinds = [name for name, pattern in _KIND_PATTERNS if pattern.search(lower)]
    if parts:
        rooms = ", ".join(dict.fromkeys(parts))
        return f"{rooms} {kinds[0]}" if kinds else rooms
    return kinds[0] if kinds else written


@lru_cache(maxsize=1024)
def normalize_timeline(text: str) -> str | None:
    """Written as the product does: "1-3_months" → "1-3 months", "immediately" → "Immediately", "just exploring, …" → "Just exploring".

    Years become months. What isn't understood stays as it was written, on one line.
    """
    written = one_line(text).replace("_", " ")
    if is_blank(written):
        return None
    lower = written.casefold()
    if match := _MONTHS.search(lower):
        factor = 12 if match[3].startswith("y") else 1
        return f"{int(match[1]) * factor}-{int(match[2]) * factor} months"
    if match := _OVER.search(lower):
        number, unit = next((match[i], match[i + 1]) for i in (1, 3, 5) if match[i])
        return f"Over {int(number) * (12 if unit.startswith('y') else 1)} months"
    if _EXPLORING.search(lower):
        return "Just exploring"
    if _IMMEDIATE.search(lower):
        return "Immediately"
    if match := _WITHIN.fullmatch(lower):
        return f"Within {int(match[1]) * (12 if match[2].startswith('y') else 1)} months"
    return written


def read_instant(text: str, zone: tzinfo, *, month_first: bool = False) -> datetime | None:
    """The instant in UTC of a date with or without time, or None.

    Without an offset of its own it is in `zone`; a date alone is its first moment there. 03/04/2026 is 3 April unless
    `month_first`, and 03/14/2026 is 14 March for everybody. Spreadsheets' serial days and Unix times are read too.
    """
    written = one_line(text)
    if not written or len(written) > 60:
        return None
    local = _iso(written) or _spelled(written, month_first=month_first) or _counted(written)
    if local is None:
        return None
    try:
        return (local if local.tzinfo else local.replace(tzinfo=zone)).astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _iso(written: str) -> datetime | None:
    # date.fromisoformat reads 20261001 and week dates as well: here a date has its dashes.
    if not re.match(r"\d{4}-\d{2}-\d{2}(?:$|[T ]\d{2}:)", written):
        return None
    try:
        if len(written) == 10:
            return datetime.combine(date.fromisoformat(written), time())
        # Meta has written both +05:30 and +0530.
        return datetime.fromisoformat(re.sub(r" ?(UTC|GMT|Z)$", "+00:00", written))
    except ValueError:
        return None


def _spelled(written: str, *, month_first: bool) -> datetime | None:
    for form in _DATE_FORMS:
        match = form.fullmatch(written)
        if not match:
            continue
        parts = match.groupdict()
        year = int(parts["year"])
        year += 2000 if year < 100 else 0
        if parts.get("name"):
            month, day = _MONTH_NAMES.get(parts["name"][:3].casefold(), 0), int(parts["day"])
        elif parts.get("first"):
            first, other = int(parts["first"]), int(parts["other"])
            day, month = (other, first) if (month_first and first <= 12) or other > 12 else (first, other)
        else:
            month, day = int(parts["month"]), int(parts["day"])
        hour, half = int(parts["hour"] or 0), (parts["half"] or "").casefold()
        if half:
            if not 1 <= hour <= 12:
                return None
            hour = hour % 12 + (12 if half.startswith("p") else 0)
        try:
            return datetime(year, month, day, hour, int(parts["minute"] or 0), int(parts["second"] or 0))  # noqa: DTZ001  # the zone follows
        except ValueError:
            return None
    return None


def _counted(written: str) -> datetime | None:
    if not re.fullmatch(r"\d{5,13}(?:\.\d+)?", written):
        return None
    number = float(written)
    if _SERIAL[0] <= number <= _SERIAL[1]:
        return _SERIAL_EPOCH + timedelta(seconds=round(number * 86_400))
    for scale in (1, 1_000):
        if _EPOCH_SECONDS[0] <= number / scale <= _EPOCH_SECONDS[1]:
            return datetime.fromtimestamp(number / scale, UTC)
    return None
