"""When the lead asks to be called: an instant, or a date when no time was said."""

import re
from collections.abc import Sequence
from datetime import date, datetime

from .appointments import Slot, accepted, slot
from .models import Found, Setting
from .text import Heard
from .visit import proposes_visit

CALL = re.compile(
    r"\b(?:call|ring|phone|buzz|speak|talk|baat|vaat|contact|reach me|try|connect|get back|milao|lagana|lagao|karo|kijiye|karjo|karso|karna|karein|dial)\b"
)
_CALL_FIRM = re.compile(
    r"\b(?:baje (?:karo|karjo|karna|kar lena|karein|kijiye|karso)|call|ring|buzz|talk|speak|baat (?:kar\w*|karo|karna|karenge|kijiye)|vaat kar\w*|contact|get back|try)\b"
)
_FREE = re.compile(
    r"\b(?:free (?:ho|hu|after|at|by|hoon|thaish|hounga|honga|thais|rahunga|thav)|available|will be free|am free|busy|meeting|driving|driv\w*|not now|can not (?:talk|speak)|office|class|hospital|gaadi|later|baad|court|train|flight|temple|mandir|sleeping|eating|lunch|gym|traffic|puja|pooja|function|shaadi|wedding|patient\w*|exam)\b"
)
_PAST_CALL = re.compile(
    r"\b(?:called|call (?:aaya|aata|aate|aa rahe|aa raha|kiya tha|kari hati|karya hata)|you call\w* (?:yesterday|last|daily|every)|spoke|roz|daily)\b"
)
_FORBIDS = re.compile(r"\bcall (?:mat|nahi)\b|\b(?:do not|never|mat|stop) (?:ever )?call\b")


def callback(turns: Sequence[Heard], setting: Setting) -> Found[datetime | date] | None:
    """The last callback time asked for; "later" without a time is None."""
    best: Found[datetime | date] | None = None
    pending = Slot()
    earlier = ""
    for heard in turns:
        text = heard.text
        asked = "callback" in heard.asked or (
            best is not None and "visit" not in heard.asked and bool(re.search(r"\bcall|ring|baje\b", heard.question))
        )
        # "sunday ko call karna, site monday ko dekhenge": each clause has its own day.
        parts = [part for part in re.split(r" [.;?!] | , ", f" {text} ".replace("  ", " ")) if part.strip()]
        mine = [part for part in parts if _CALL_FIRM.search(part)]
        if not asked and proposes_visit(heard) and not mine:
            earlier += " " + text
            continue
        called = bool(mine) and not _FORBIDS.search(text)
        busy = (
            bool(_FREE.search(text))
            and not proposes_visit(heard)
            and not heard.asked & {"visit", "timeline", "budget", "configuration", "location", "purpose"}
        )
        if not (asked or called or busy):
            earlier += " " + text
            continue
        if _PAST_CALL.search(text) and not re.search(r"\b(?:call (?:me|kar|back|at|on)|ring|baat kar)", text):
            earlier += " " + text
            continue
        source = text
        if called and proposes_visit(heard):
            source = " , ".join(mine)
        bare = asked or (called and bool(re.search(r"\b(?:call|ring)\b.* \d", text)))
        got = slot(source, setting, bare=bare)
        if (
            called
            and not asked
            and not got.empty()
            and re.search(r"\byears?\b", text)
            and got.clock is None
            and got.day is None
        ):
            got = Slot()
        if got.empty() and asked:
            got = accepted(heard, setting)
        if got.day is None and got.instant is None and got.clock is not None and pending.day is not None:
            got.day = pending.day
        elif (got.clock is None and got.day is not None and pending.clock is not None and pending.day is None) or (
            got.clock is None and got.day is not None and asked and pending.clock is not None and best is not None
        ):
            got.clock = pending.clock
        value = got.value(setting, (text, earlier)) if not got.empty() else None
        if value is not None:
            pending = got
            best = Found(value, heard.turn, 0.9 if called or asked else 0.75)
        earlier += " " + text
    return best
