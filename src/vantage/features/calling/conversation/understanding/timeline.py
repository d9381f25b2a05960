"""When the lead wants to buy or move, as one of five spans counted from the start of the call."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

from .dates import _MONTHS, feast, month_day
from .models import Found, Setting, Timeline
from .text import Heard

_MONTH = "|".join(sorted((name for name in _MONTHS if len(name) > 2 and name != "mai"), key=len, reverse=True))
_EXPLORING = re.compile(
    r"\b((?:just|only|simply|bas|sirf|khali|fakt|abhi to|abhi bas|still) (?:\w+ ){0,2}(?:looking|exploring|browsing|checking|enquir\w*|seeing|surveying|window|dekh\w*|jovu|jovanu|joi\w*|jou|jaankari|jankari|info\w*|idea|research\w*|compar\w*|poochh?\w*)|"
    r"nakki (?:\w+ )?nahi|nahi nakki|(?:tay|decide) nahi|nahi (?:tay|decide)|exploring|window shopping|no (?:fixed |concrete |definite |firm )?(?:plan|timeline|hurry as such)|not (?:decided|fixed|planned|sure when|planning)|nothing (?:is )?(?:fix\w*|decided|planned|final)|(?:plan|kuch|kai|koi) (?:fix|pakk\w*|nakki|tay|decide)\w* nahi|koi plan nahi|plan nahi|(?:jaankari|jankari|mahiti) (?:le rah\w*|lav\w*|joi\w*)|aise hi (?:dekh|pooch)|idea le rah|market (?:ka |no )?(?:idea|survey|research)|time ?pass|(?:abhi|hal) (?:to )?nakki nahi|dekh rahe hai bas|no plans?|just to know|not in (?:any |a )?(?:hurry|rush)|koi jaldi nahi|ae?vu kai nakki nahi|kab lene (?:hai )?(?:pata|tay|decide) nahi|kuch (?:bhi )?(?:tay|socha|decide) nahi)\b"
)
_IMMEDIATE = re.compile(
    r"\b(immediate\w*|asap|as soon as|right away|this week|is week|straight ?away|turant|jaldi se jaldi|ready to move|this month|is month|aa month|isi month|aa j month|within (?:a|the|1) month|1 month (?:mein|me|ke andar|ma|ni andar|within|andar)|urgent\w*|right now (?:we|i)|any ?time now|ready possession|at the earliest|at once|jetlu jaldi|jitna jaldi|bane etlu jaldi|bane tetlu jaldi)\b"
)
_DURATION = re.compile(
    r"(?<!\. )(?<!per )(\d+(?:\.\d+)?)(?: ?(?:to|or|ya|se|-|k|aur) ?(\d+(?:\.\d+)?)| (\d+(?:\.\d+)?))? (month|year|week|day)\b"
)
_PASSED = re.compile(
    r"^ ?(?:ago|back|pehle|pahle|old|purana|se (?:dekh|dhoond|call|rah|search|reh|soch)|thi (?:jou|rah|shodh)|ka (?:rent|kiraye)|(?:from|since) |before(?! )|rent|emi|notice|ni rent|experience|lease|warranty|guarantee|loan|pehla)\b"
)
_PASSED_BEFORE = re.compile(
    r"\b(?:last|past|for the last|since|pichh?le|per|every|har|for|gaya|dar|age|emi|loan|lived|stayed|aged)(?: \w+)? ?$"
)
_CONTEXT = re.compile(
    r"\b(buy\w*|purchas\w*|move|moving|shift\w*|possession|keys|khareed|lene|lenge|lunga|lungi|le lunga|book\w*|finali[sz]e|decid\w*|close|within|in the next|ready|hand ?over|registry|construction|invest\w*|want|need|chahiye|plan\w*|jarur|joi|rehne|settle|start|by|before|tak|after|baad|wait|lag\w*|open\w*|urgent|karna|karvu|lai)\b"
)
_CALLING = re.compile(
    r"\b(call|ring|phone me|contact me|baat kar\w*|visit|come|aaunga|dekhne|meeting|office hai|check back|remind)\b"
)


def span(months: Decimal | float) -> Timeline:
    """The label for a distance in months: up to 1, 3, 6 and beyond."""
    if months <= 1:
        return "immediate"
    return "1-3 months" if months <= 3 else "3-6 months" if months <= 6 else "6+ months"


def _until(day: date, today: date) -> Timeline:
    return span(round(max((day - today).days, 0) / 30.44, 1))


def _read(heard: Heard, setting: Setting) -> Timeline | None:
    text, today = heard.text, setting.now.date()
    asked = "timeline" in heard.asked and "visit" not in heard.asked
    if (
        not asked
        and _CALLING.search(text)
        and not re.search(
            r"\b(possession|shift|move|moving|buy|khareed|ready|lenge|construction|exploring|looking|registry)\b", text
        )
    ):
        return None
    found: list[tuple[int, Timeline]] = [(match.start(), "exploring") for match in _EXPLORING.finditer(text)]
    context = asked or bool(_CONTEXT.search(text))
    found += [
        (match.start(), "immediate")
        for match in _IMMEDIATE.finditer(text)
        if context
        and not re.search(r"\b(?:not|no|nahi|koi)(?: \w+)? ?$", text[: match.start()])
        and not re.match(r" (?:nahi|no)\b", text[match.end() :])
    ]
    if not context:
        return found[-1][1] if found else None
    for match in _DURATION.finditer(text):
        if _PASSED.match(text[match.end() :]) or _PASSED_BEFORE.search(text[: match.start()]):
            continue
        if (
            not asked
            and match.group(4) in {"day", "week"}
            and not re.search(r"\b(buy|move|shift|finali[sz]e|decid|lene|possession|close|khareed)", text)
        ):
            continue
        numbers = [Decimal(group) for group in match.groups()[:3] if group]
        length = (
            max(numbers)
            * {"month": Decimal(1), "year": Decimal(12), "week": Decimal("0.23"), "day": Decimal("0.033")}[
                match.group(4)
            ]
        )
        if match.group(4) == "year":
            length = max(length, Decimal("6.1")) if length > 6 else length
        found.append((match.start(), span(length)))
    for pattern, label in (
        (r"\bnext month\b|\bcouple of month\b|\bfew weeks?\b|\bkuch week\b", "1-3 months"),
        (
            r"\bnext year\b|\b(?:a|1|ek|about a|within a|in a) year\b|\byears?\b (?:baad|later)|\bnext financial\b|\blong term\b",
            "6+ months",
        ),
        (r"\bhalf (?:a )?year\b|\b(?:few|kuch|thoda|thodak) month\b", "3-6 months"),
    ):
        for found_here in re.finditer(pattern, text):
            if (
                not _PASSED.match(text[found_here.end() :])
                and not re.search(r"\b(?:last|per) ?$", text[: found_here.start()])
                and not re.search(r"\d ?$", text[: found_here.start()])
            ):
                found.append((found_here.start(), label))  # type: ignore[arg-type]
    for match in re.finditer(
        r"\b(?:(?:by |before )?(?:the )?(?:year end|end of (?:the |this )?year|year ke (?:end|aakhir|ant)|is year|(?<!not )this year)|year na ant)\b",
        text,
    ):
        found.append((match.start(), _until(date(today.year, 12, 31), today)))
    for match in re.finditer(rf"\b({_MONTH})\b", text):
        if (
            match.group(1) == "may"
            and not re.search(r"\b(?:by|in|before|after|until|till|of) (?:next |this )?$", text[: match.start()])
            and not re.match(r" (?:tak|mein|me|ma|ke|sudhi|se pehle)", text[match.end() :])
        ):
            continue
        if match.group(1) == "march" and re.match(r" ahead", text[match.end() :]):
            continue
        if not asked and not re.search(
            r"\b(buy|move|moving|shift|possession|keys|ready|lenge|lene|khareed|construction|start|registry|purchase|book|hand|before|need|chahiye|want|tak|by|rehne|coming|transfer)",
            text,
        ):
            continue
        if re.search(r"\b(?:since|last|in last|from)(?: \w+)? ?$", text[: match.start()]) and not asked:
            continue
        if not asked and re.search(r"\d (?:tarikh )?(?:of )?$", text[: match.start()]):
            continue
        month = _MONTHS[match.group(1)]
        named_year = re.match(r" (20\d\d)\b", text[match.end() :])
        if named_year:
            found.append((match.start(), _until(date(int(named_year.group(1)), month, 1), today)))
            continue
        day = month_day(month, 1, today) if month != today.month else today
        if day is None:
            continue
        if re.match(r" (?:ke )?(?:baad|end|ke end|ke aakhir|na ant)", text[match.end() :]) or re.search(
            r"\bafter ?$|\bend of ?$", text[: match.start()]
        ):
            day += timedelta(days=30)
        elif not re.search(r"\b(?:by|before|early|start of|not before) ?$", text[: match.start()]):
            day += timedelta(days=14)
        found.append((match.start(), _until(day, today)))
    named = feast(text, setting.now)
    if named is not None and (
        asked
        or re.search(
            r"\b(buy|move|shift|possession|ready|lenge|lene|khareed|before|book|grih|griha|gruh|wait|rehne|vastu|after|baad|tak|lunga|registry)\b",
            text,
        )
    ):
        found.append((len(text), _until(named, today)))
    return max(found, key=lambda item: item[0])[1] if found else None


def timeline(turns: Sequence[Heard], setting: Setting) -> Found[Timeline] | None:
    """The last timeline the lead gave; a firm one is not replaced by "just looking" said in passing."""
    best: Found[Timeline] | None = None
    for heard in turns:
        value = _read(heard, setting)
        if value is not None:
            best = Found(value, heard.turn, 0.9 if "timeline" in heard.asked else 0.8)
    return best
