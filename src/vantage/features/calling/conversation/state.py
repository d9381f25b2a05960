"""What a conversation remembers between two utterances, and what it answers with."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from .understanding.models import Turn, Understanding

EndReason = Literal[
    "completed",
    "not_interested",
    "wrong_number",
    "abusive",
    "do_not_call",
    "silence",
    "voicemail",
    "busy",
    "transferred",
    "limit",
]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that ran, for the transcript: its name and what it was asked."""

    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to say now; `end` is why the call is over after these words, else None."""

    text: str
    tools: tuple[ToolCall, ...] = ()
    end: EndReason | None = None


@dataclass(slots=True)
class State:
    """The call so far: words, understanding, what was asked how often, what was done."""

    language: Literal["en", "hi-Latn"]
    turns: list[Turn] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    known: Understanding = field(default_factory=Understanding)
    asked: Counter[str] = field(default_factory=Counter)
    done: set[str] = field(default_factory=set)
    silences: int = 0
    end: EndReason | None = None
