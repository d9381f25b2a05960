"""Days and clock times in a normalised text, counted from the start of the call, in the call's own offset."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvari janvary",
            "february feb farvari",
            "march maarch",
            "april aprail",
            "may mai",
            "june jun",
            "july julai",
            "august agast aug",
            "september sept sep sitambar",
            "october oct aktubar",
            "november nov navambar",
            "december dec disambar dicember",
        ),
        1,
    )
    for name in names.split()
}
_DAY = "|".join(_WEEKDAYS)
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
PARTS = {"morning": time(10), "afternoon": time(14), "evening": time(18), "night": time(20)}
# Festivals by year, from the Indian government's holiday lists; those of a fixed date stand below.
_FEASTS: dict[str, tuple[str, ...]] = {
    "diwali": ("2025-10-20", "2026-11-08", "2027-10-29"),
    "dhanteras": ("2025-10-18", "2026-11-06", "2027-10-27"),
    "holi": ("2026-03-04", "2027-03-22", "2028-03-11"),
    "dussehra": ("2025-10-02", "2026-10-20", "2027-10-09"),
    "navratri": ("2025-09-22", "2026-10-11", "2027-09-30"),
    "durga": ("2026-10-17", "2027-10-07"),
    "ganesh": ("2026-09-14", "2027-09-04"),
    "ganpati": ("2026-09-14", "2027-09-04"),
    "rakhi": ("2026-08-28", "2027-08-17"),
    "raksha": ("2026-08-28", "2027-08-17"),
    "janmashtami": ("2026-09-04", "2027-08-25"),
    "eid": ("2026-03-20", "2026-05-27", "2027-03-10"),
    "ramzan": ("2026-03-20", "2027-03-10"),
    "onam": ("2026-08-26", "2027-09-14"),
    "ugadi": ("2026-03-19", "2027-04-07"),
    "gudi": ("2026-03-19", "2027-04-07"),
    "akshaya": ("2026-04-19", "2027-05-09"),
    "akha": ("2026-04-19", "2027-05-09"),
    "shradh": ("2026-10-10", "2027-09-30"),
    "pitru": ("2026-10-10", "2027-09-30"),
}
_FIXED = {
    "christmas": (12, 25),
    "sankranti": (1, 14),
    "uttarayan": (1, 14),
    "pongal": (1, 14),
    "lohri": (1, 13),
    "independence": (8, 15),
    "republic": (1, 26),
    "monsoon": (10, 1),
    "barish": (10, 1),
    "barsaat": (10, 1),
    "chomasu": (10, 1),
    "summer": (4, 15),
    "garmi": (4, 15),
    "winter": (12, 1),
    "sardi": (12, 1),
    "new year": (1, 1),
    "newyear": (1, 1),
}
_ABROAD = {
    "dubai": "Asia/Dubai",
    "abu dhabi": "Asia/Dubai",
    "uae": "Asia/Dubai",
    "gulf": "Asia/Dubai",
    "sharjah": "Asia/Dubai",
    "muscat": "Asia/Muscat",
    "oman": "Asia/Muscat",
    "qatar": "Asia/Qatar",
    "doha": "Asia/Qatar",
    "kuwait": "Asia/Kuwait",
    "riyadh": "Asia/Riyadh",
    "saudi": "Asia/Riyadh",
    "bahrain": "Asia/Bahrain",
    "singapore": "Asia/Singapore",
    "hong kong": "Asia/Hong_Kong",
    "london": "Europe/London",
    "uk": "Europe/London",
    "germany": "Europe/Berlin",
    "sydney": "Australia/Sydney",
    "melbourne": "Australia/Melbourne",
    "new york": "America/New_York",
    "new jersey": "America/New_York",
    "toronto": "America/Toronto",
    "california": "America/Los_Angeles",
    "kuala lumpur": "Asia/Kuala_Lumpur",
    "malaysia": "Asia/Kuala_Lumpur",
    "nairobi": "Africa/Nairobi",
    "canada": "America/Toronto",
}
_INDIAN_TIME = re.compile(r"\b(india(?:n)? (?:time|ka|ke|ma|na)|ist|tamara|your time|aapke|aapka|bharat)\b")
_FOREIGN_TIME = re.compile(
    r"\b(?:(?:my|our|here|mera|hamara|local|yahan|yaha|idhar|ahi|ahiya|ahiyan) (?:ka |ke |na |no )?(?:time|samay)|time here|yahan ke|yaha ke|ahi na|ahiya na)\b"
)


@dataclass(frozen=True, slots=True)
class When:
    """A day, a time or an offset from now, with its place in the text."""

    start: int
    end: int
    day: date | None = None
    clock: time | None = None
    instant: datetime | None = None


def feast(text: str, now: datetime) -> date | None:
    """The next date of the festival or season named in the text, on or after the day of `now`."""
    today = now.date()
    for name, days in _FEASTS.items():
        if re.search(rf"\b{name}\w*\b", text):
            return next((day for each in days if (day := date.fromisoformat(each)) >= today), None)
    for name, (month, number) in _FIXED.items():
        if re.search(rf"\b{name}\b", text):
            day = date(today.year, month, number)
            return day if day >= today else date(today.year + 1, month, number)
    return None


def month_day(month: int, number: int, today: date) -> date | None:
    """The next such day of the year on or after today; None when the month has no such day."""
    for year in (today.year, today.year + 1):
        try:
            day = date(year, month, number)
        except ValueError:
            return None
        if day >= today:
            return day
    return None


def _tarikh(number: int, today: date) -> date | None:
    """The next day with this number within a month or two."""
    year, month = today.year, today.month
    for _ in range(3):
        try:
            day = date(year, month, number)
            if day >= today:
                return day
        except ValueError:
            pass
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return None


def _weekday(name: str, today: date, *, following_week: bool) -> date:
    index = _WEEKDAYS.index(name)
    if following_week:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 + index)
    return today + timedelta(days=(index - today.weekday() - 1) % 7 + 1)


_DAY_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("month_day", re.compile(rf"\b(\d{{1,2}}) (?:tarikh )?(?:of )?({_MONTH})\b")),
    ("day_month", re.compile(rf"\b({_MONTH}) (?:the )?(\d{{1,2}})(?: tarikh)?\b(?! (?:lakh|crore|baje|am|pm))")),
    ("tarikh", re.compile(r"\b(\d{1,2}) tarikh\b(?! (?:floor|call|flat|time))")),
    ("tarikh_ko", re.compile(r"(?<!\d )(?<!baje )\b([1-9]|[12]\d|3[01]) ko\b")),
    ("tarikh2", re.compile(r"\btarikh (\d{1,2})\b")),
    (
        "next_week",
        re.compile(
            rf"\bnext week(?: (?:ke|ka|ki|na|no|on|mein|me|ma|the|'s))? ?(?:on )?({_DAY})\b|\b({_DAY}) (?:of )?next week\b|\bnext ({_DAY})\b"
        ),
    ),
    ("weekday", re.compile(rf"\b({_DAY})\b")),
    ("dayafter", re.compile(r"\bdayafter\b|\bday after(?: tomorrow)?\b")),
    ("tomorrow", re.compile(r"\btomorrow\b")),
    ("today", re.compile(r"\b(?:today|tonight|this (?:evening|afternoon)|same day|abhi (?:evening|afternoon))\b")),
    (
        "days",
        re.compile(
            r"\b(\d{1,2})(?: (?:se|to|or|ya) \d+)? day (?:baad|after|later|rahi|me|mein|ma)\b|\b(?:in|after) (\d{1,2}) day\b"
        ),
    ),
    (
        "soon",
        re.compile(
            r"\b(\d+(?:\.\d+)?)(?: (?:ek|1))? (hour|minute)\b(?: (?:baad|later|mein|me|ma|ke baad|rahi\w*|ruk\w*|from now|pachhi))|\b(?:in|after)(?: (?:about|around|an?))? (\d+(?:\.\d+)?) (hour|minute)\b|\b(?:in|after)(?: half)? an? (hour)\b"
        ),
    ),
)


def days(text: str, now: datetime) -> list[When]:
    """Days (and offsets such as `0.5 hour baad`) in the text, in order; overlapping readings keep the longer."""
    today = now.date()
    found: list[When] = []
    for kind, pattern in _DAY_PATTERNS:
        for match in pattern.finditer(text):
            if any(match.start() < other.end and other.start < match.end() for other in found):
                continue
            groups = [group for group in match.groups() if group]
            day: date | None = None
            instant: datetime | None = None
            if kind == "month_day":
                day = month_day(_MONTHS[groups[1]], int(groups[0]), today)
            elif kind == "day_month":
                day = month_day(_MONTHS[groups[0]], int(groups[1]), today)
            elif kind in {"tarikh", "tarikh2", "tarikh_ko"}:
                day = _tarikh(int(groups[0]), today)
            elif kind == "next_week":
                day = _weekday(groups[0], today, following_week=True)
            elif kind == "weekday":
                day = _weekday(groups[0], today, following_week=False)
            elif kind == "dayafter":
                day = today + timedelta(days=2)
            elif kind == "tomorrow":
                day = today + timedelta(days=1)
            elif kind == "today":
                day = today
            elif kind == "days":
                day = today + timedelta(days=int(groups[0]))
            else:
                amount = 0.5 if "half an hour" in match.group() else (1.0 if groups[0] == "hour" else float(groups[0]))
                instant = now + (timedelta(hours=amount) if groups[-1] == "hour" else timedelta(minutes=amount))
                if amount > 24 and groups[-1] == "hour":
                    continue
            if day or instant:
                found.append(When(match.start(), match.end(), day=day, instant=instant))
    # "dayafter friday": the weekday repeats what was said, "tomorrow 14 november" too; an explicit date rules.
    return sorted(found, key=lambda when: when.start)


_CLOCK = re.compile(
    r"\b(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|\.(?P<fraction>\d{1,2})| (?P<spoken>[1-5][05]))?"
    r"(?: (?:se|to|-|or|ya) \d{1,2})?(?: (?P<unit>baje|am|pm|hrs)| (?:bajen|bajkar)| (?=(?:in the |ko )?(?:evening|morning|night|afternoon)\b))"
    r"|\b(?P<lead>at|around|by|after|say|about|sharp|from|pakka|make it|before|till|until|near) (?:about |around |say )?(?P<hour2>\d{1,2})(?::(?P<minute2>\d{2})|\.(?P<fraction2>\d{1,2})| (?P<spoken2>[1-5][05]))?(?= ?(?:$|[.,?!;]|on|in|please|sharp|today|tomorrow|itself|only|o|for|and|then|ok|or|with|i|my|baje|hi|ji|"
    + "|".join(_WEEKDAYS)
    + r")(?:\b|$| ))"
    r"|\b(?P<hour3>\d{1,2}):(?P<minute3>\d{2})\b"
    r"|\b(?P<noon>noon|midday)\b"
)
_BARE_CLOCK = re.compile(
    r"(?:^|[,.] |\b(?:ok|yes|haan|ji|say|make it|at|ko|"
    + "|".join(_WEEKDAYS)
    + r"|today|tomorrow|dayafter|tarikh) )(?P<hour>\d{1,2})(?::(?P<minute>\d{2})|\.(?P<fraction>\d{1,2})| (?P<spoken>[1-5][05]))?(?= ?(?:$|[.,!;]|sharp|theek|ok|thik|is|will|works|ji))"
)
_PART = re.compile(r"(?<!good )(?<!since )\b(morning|afternoon|evening|night)\b(?! (?:shift|walk|duty|tea))")
_LUNCH = re.compile(r"\b(?:after lunch|lunch (?:ke )?baad|lunch time|post lunch)\b")


def _minute(text: str | None, fraction: str | None, spoken: str | None) -> int:
    if text:
        return int(text)
    if fraction:
        return {"5": 30, "25": 15, "75": 45}.get(
            fraction, int(fraction) if len(fraction) == 2 and int(fraction) < 60 else 0
        )
    return int(spoken) if spoken else 0


def _hour(hour: int, unit: str | None, part: str | None) -> int | None:
    """24-hour clock; without am, pm or a part of the day 1-7 is after noon, 8-11 before, 12 noon."""
    if hour > 23 or (hour > 12 and unit in {"am", "pm"}):
        return None
    if hour > 12:
        return hour
    if unit == "am" or part == "morning":
        return hour % 12
    if unit == "pm" or part in {"afternoon", "evening"}:
        return hour % 12 + 12
    if part == "night":
        return 0 if hour == 12 else hour + 12 if hour >= 6 else hour
    return hour % 12 + 12 if hour <= 7 or hour == 12 else hour


def clocks(text: str, *, bare: bool = False) -> list[When]:
    """Clock times and parts of the day in the text; `bare` also takes a number that stands alone ("Eleven.")."""
    found: list[When] = []
    parts = list(_PART.finditer(text))

    def part_near(start: int, end: int) -> str | None:
        left = max(text.rfind(" . ", 0, start), text.rfind(" ? ", 0, start))
        right = next((at for at in (text.find(" . ", end), text.find(" ? ", end)) if at >= 0), len(text))
        near = [
            part
            for part in parts
            if left <= part.start()
            and part.end() <= right
            and min(abs(part.start() - end), abs(start - part.end())) < 22
        ]
        return (
            min(near, key=lambda part: min(abs(part.start() - end), abs(start - part.end()))).group(1) if near else None
        )

    def matches() -> Iterator[re.Match[str]]:
        yield from _CLOCK.finditer(text)
        if bare:
            yield from _BARE_CLOCK.finditer(text)

    for match in matches():
        if any(match.start() < other.end and other.start < match.end() for other in found):
            continue
        group = match.groupdict()
        if group.get("noon"):
            found.append(When(match.start(), match.end(), clock=time(12)))
            continue
        if group.get("lead") in {"till", "until", "before"}:
            continue
        raw = group.get("hour") or group.get("hour2") or group.get("hour3")
        if raw is None:
            continue
        minute = _minute(
            group.get("minute") or group.get("minute2") or group.get("minute3"),
            group.get("fraction") or group.get("fraction2"),
            group.get("spoken") or group.get("spoken2"),
        )
        tail = text[match.end() : match.end() + 22]
        if re.match(
            r" ?(?:lakh|crore|month|year|bhk|day|week|percent|minute|hour|tarikh|people|floor|thousand)\b", tail
        ) or re.match(r" ?(?:tak\b(?! (?:call|aa))|sudhi\b)", tail):
            continue
        hour = _hour(int(raw), group.get("unit"), part_near(match.start(), match.end()))
        if hour is not None and (int(raw) or minute):
            found.append(When(match.start(), match.end(), clock=time(hour, minute)))
    timed = list(found)
    for part in parts:
        if (
            text[: part.start()].endswith(("this ", "good "))
            and not found
            and "this" not in text[max(0, part.start() - 5) : part.start()]
        ):
            continue
        if re.match(r" (?:se|thi) (?:call|busy|\w+ rah)", text[part.end() :]) or any(
            min(abs(part.start() - each.end), abs(each.start - part.end())) < 26 for each in timed
        ):
            continue
        found.append(When(part.start(), part.end(), clock=PARTS[part.group(1)]))
    if not found and (match2 := _LUNCH.search(text)):
        found.append(When(match2.start(), match2.end(), clock=time(14)))
    return sorted(found, key=lambda when: when.start)


def zone_shift(text: str, earlier: str, now: datetime) -> timedelta:
    """What to add to a spoken time to get Indian time: nonzero only when the lead's own foreign clock is meant."""
    if _INDIAN_TIME.search(text):
        return timedelta(0)
    for name, zone in _ABROAD.items():
        here = re.search(rf"\b{name}\b", text) or re.search(rf"\b{name}\b", earlier)
        if here and (
            re.search(rf"\b{name} (?:ka |ke |na |no |ma )?(?:time|samay|\d+ baje)\b|\btime (?:in|of) {name}", text)
            or _FOREIGN_TIME.search(text)
        ):
            abroad = now.astimezone(ZoneInfo(zone)).utcoffset()
            return (now.utcoffset() or timedelta(0)) - (abroad or timedelta(0))
    return timedelta(0)


def join(
    day: date | None, clock: time | None, now: datetime, shift: timedelta = timedelta(0)
) -> datetime | date | None:
    """A day and a time in one; a time alone is today, or tomorrow when it has passed; a day alone is a date."""
    if clock is None:
        return day
    zone = now.tzinfo
    if day is None:
        moment = datetime.combine(now.date(), clock, zone) + shift
        if moment <= now and 8 <= clock.hour <= 11 and moment + timedelta(hours=12) > now:
            return moment + timedelta(hours=12)
        return moment if moment > now else moment + timedelta(days=1)
    moment = datetime.combine(day, clock, zone) + shift
    if moment <= now and day == now.date() and clock.hour < 12:
        moment += timedelta(hours=12)
    return moment
