"""A site visit that the lead agrees to: an instant, or a date when no time was said."""

import re
from collections.abc import Sequence
from datetime import date, datetime

from .appointments import YES, Slot, accepted, slot
from .models import Found, Setting
from .text import Heard

_COMING = re.compile(
    r"\b(?:visit|come|coming|aaunga|aa (?:jaunga|jaungi|jayenge|jaate|jaenge|sakta|sakte|sakti|raha|rahe|jaau|jata|jau)|aa jayenge|dekhne|see (?:it|the|with|you|them|this|that)|will be there|be there|drop (?:in|by)|site|pick me|meet|milte|milenge|malie|maliye|mulakat|aate|aau|aavi|avi|aavu|avu|aavis|reach|pahunch\w*|pohoch\w*|show me|show us|dikhao|dikha do|dikhana|batavo|jovu|jova|walk ?through|tour|rakho|rakhiye|rakh do|book (?:it|me|us|a)|make it|fix|slot|pakka)\b"
)
_DOUBT = re.compile(
    r"\b(?:maybe|may be|perhaps|shayad|kadach|agar|if (?:my|he|she|the|i|we|possible|time|it|husband|wife)|depends|let me (?:see|check|ask|think)|will (?:see|check|confirm|let you know|think)|some (?:sunday|saturday|day|weekend)|kisi (?:sunday|saturday|day)|koi (?:sunday|day)|sochenge|soch ke|puch ke|pooch ke|puchke|poochke|poochkar|confirm (?:later|baad)|not sure|dekhte hai|dekhunga|can not (?:say|promise|confirm)|nakki nahi|vichari|joishu|jois|might|possibly|bata dunga|batata|batata|batayenge|pata nahi|hopefully)\b"
)
_CALLBACK = re.compile(r"\b(?:call|ring|buzz|baat|vaat)\b")
_CANCELLED = re.compile(
    r"\b(?:cancel (?:the|my|that|kar|karo|it)|visit (?:nahi|cancel)|not (?:coming|visiting|visit)|no visit|nahi (?:aaunga|aa paunga|aa paayenge|aa sakta|avi)|can not come|will not come)\b"
)


def proposes_visit(heard: Heard) -> bool:
    """Whether the turn speaks of coming to the site, by its own words or by the question it answers."""
    return bool(_COMING.search(heard.text)) or (
        "visit" in heard.asked and "callback" not in heard.asked and not _CALLBACK.search(heard.text)
    )


def visit(turns: Sequence[Heard], setting: Setting) -> Found[datetime | date] | None:
    """The last visit agreed on. "Maybe", conditions and other people's wishes are None."""
    best: Found[datetime | date] | None = None
    pending = Slot()
    for heard in turns:
        text = heard.text
        asked = "visit" in heard.asked and "callback" not in heard.asked
        coming = bool(_COMING.search(text))
        open_day = best is not None or pending.clock is not None or pending.day is not None
        if not (asked or coming):
            continue
        if _CANCELLED.search(text) and slot(text, setting).empty():
            best, pending = None, Slot()
            continue
        if _DOUBT.search(text):
            if slot(text, setting).empty() and not asked:
                continue
            last_doubt = list(_DOUBT.finditer(text))[-1]
            if not re.search(r"\b(?:ok|theek|pakka|done|final|fix|chalo|no no|confirm)\b", text[last_doubt.end() :]):
                continue
        source = text
        if _CALLBACK.search(text):
            parts = [part for part in re.split(r" [.;?!] | , | (?:and|aur|ane) ", f" {text} ") if part.strip()]
            own = [part for part in parts if _COMING.search(part) and not _CALLBACK.search(part)]
            if not own:
                continue
            source = " , ".join(own)
        got = slot(source, setting, bare=asked or open_day)
        if got.empty() and asked:
            got = accepted(heard, setting)
        if got.empty():
            continue
        if got.day is None and not asked and not re.search(r"\d", source):
            # "I'll look at it tonight" is about a brochure.
            continue
        if got.day is None and got.instant is None:
            question = slot(heard.question, setting)
            got.day = pending.day or question.day
            if got.day is None and not (coming or asked):
                continue
            if got.day is None and asked and not YES.search(text) and not coming and "time" not in heard.question:
                continue
        elif (got.clock is None and pending.clock is not None and pending.day is None) or (
            got.clock is None and asked and best is not None and pending.clock is not None
        ):
            got.clock = pending.clock
        elif got.clock is None and YES.search(text):
            offered = slot(heard.question, setting)
            if offered.clock is not None and (offered.day is None or offered.day == got.day):
                got.clock = offered.clock
        value = got.value(setting, (text, ""))
        if value is not None:
            pending = got
            best = Found(value, heard.turn, 0.9 if coming else 0.8)
    return best
