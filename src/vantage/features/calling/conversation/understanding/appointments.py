"""Days and times in a turn, narrowed to those that the lead proposes or accepts (shared by callbacks and visits)."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time

from .dates import When, clocks, days, join, zone_shift
from .models import Setting
from .text import Heard

YES = re.compile(
    r"^(?:\W*(?:haha|hmm|ok|okay|so|ya|arre|acha|achha|well|oh) )*(?:yes|yeah|yep|ya|haan|ok|okay|sure|fine|theek|thik|done|perfect|good|great|saru|bhale|chalega|chalse|pakka|barabar|that works|works|right|correct|agreed|confirm\w*|zaroor|bilkul|ji|of course|definitely|saras|haa|sounds)\b"
)
_NOT_BEFORE = re.compile(
    r"\b(?:not|no|nahi|except|instead of|other than|not on|mat|since|last|till|until|from|was|before|yesterday)(?: on| the| a)? ?$"
)
_NOT_AFTER = re.compile(
    r"^ ?(?:(?:ko|to|ke|ka|hi|no|ni|and \w+|ne|toh|aur \w+) ){0,2}(?:nahi|not|no\b|wont|will not|won't|does not|doesn't|mat|can not|mushkil|is (?:not|full|difficult|tough|busy|booked|bad|out|impossible)|busy|i am (?:busy|travelling)|full|mein \w+ hai bahar|ko \w+ hai|bahar|chhutti nahi|exam|i have|cancel)\b"
)
_EVENT = re.compile(
    r"\b(?:exam|class|flight|train|shift|school|she|he|they|office (?:ends|closes|khatam|chhut)|duty|meeting (?:is|till)|comes? home|reach\w* home|office se|gaadi)(?: \w+){0,3} ?(?:at|by|till|until|is|ends)? ?$"
)


@dataclass(slots=True)
class Slot:
    """A day, a time or an exact instant, gathered over turns."""

    day: date | None = None
    clock: time | None = None
    instant: datetime | None = None

    def empty(self) -> bool:
        """Whether nothing was gathered yet."""
        return self.day is None and self.clock is None and self.instant is None

    def value(self, setting: Setting, shift_text: tuple[str, str]) -> datetime | date | None:
        """The instant, or a date alone, in the call's offset; `shift_text` = (this turn, earlier turns)."""
        if self.instant is not None:
            return self.instant
        return join(self.day, self.clock, setting.now, zone_shift(*shift_text, setting.now))


def _stands(text: str, when: When) -> bool:
    if _NOT_BEFORE.search(text[: when.start]):
        return False
    return not _NOT_AFTER.match(text[when.end :])


def slot(text: str, setting: Setting, *, bare: bool = False) -> Slot:
    """The day and time that a normalised text settles on: the last of each that isn't refused."""
    kept_days = [when for when in days(text, setting.now) if _stands(text, when)]
    marked = text
    for when in days(text, setting.now):
        marked = marked[: when.start] + re.sub(r"\d", "#", marked[when.start : when.end]) + marked[when.end :]
    kept_clocks = [when for when in clocks(marked, bare=bare) if _stands(text, when)]
    if len(kept_clocks) > 1:
        free = [when for when in kept_clocks if not _EVENT.search(text[: when.start])]
        kept_clocks = free or kept_clocks
    result = Slot()
    if kept_days:
        explicit = [when for when in kept_days if re.search(r"\d", text[when.start : when.end]) and when.day]
        chosen = explicit[-1] if explicit else kept_days[-1]
        result.day, result.instant = chosen.day, chosen.instant
        if result.instant is not None and any(when.day for when in kept_days):
            result.instant, result.day = None, next(when.day for when in reversed(kept_days) if when.day)
    if kept_clocks:
        # A lone part of the day ("tomorrow evening") yields to a clock time said elsewhere in the turn.
        result.clock = kept_clocks[-1].clock
        precise = [when for when in kept_clocks if re.search(r"\d|noon|midday", text[when.start : when.end])]
        if precise:
            result.clock = precise[-1].clock
    return result


def accepted(heard: Heard, setting: Setting) -> Slot:
    """The slot in the agent's question when the lead just says yes to it, else an empty one."""
    if not YES.search(heard.text) or re.search(r"\b(?:but|nahi|not|no|maybe|if|later|pehle|lekin|pan)\b", heard.text):
        return Slot()
    return slot(heard.question, setting)
