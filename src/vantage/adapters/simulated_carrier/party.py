"""Who is at the other end of a call: a simulated person or a handset in the browser."""

from dataclasses import dataclass
from typing import Literal, Protocol

from vantage.adapters.simulated_carrier.calls import Call, CallClock

Outcome = Literal["answered", "busy", "rejected", "no_answer", "ring_timeout", "out_of_service", "invalid"]

_SPEAKING_RATE = 15.0
"""Characters a second of unhurried English, about 150 words a minute."""


def speaking_seconds(text: str) -> float:
    """How long it takes to say this."""
    return 0.25 + len(text) / _SPEAKING_RATE


@dataclass(frozen=True, slots=True)
class Ring:
    """What came of ringing. `machine`: a voicemail answered."""

    outcome: Outcome
    machine: bool = False


class Line(Protocol):
    """What a party does with the call it is in."""

    clock: CallClock

    async def say(self, text: str, *, interrupting: bool = False) -> None:
        """Speak; the other side hears it when it has been said, at once when interrupting."""

    async def press(self, digit: str) -> None:
        """Press a key: 0-9, * or #."""

    async def turn(self, seconds: float) -> str | None:
        """What the other side has said since the last turn, once it has finished.

        None after so many (spoken) seconds of silence.
        """


class Party(Protocol):
    """One phone at one number."""

    label: str
    simulated: bool

    async def ring(self, call: Call) -> Ring:
        """Let it ring; returns when it is answered, refused or has rung out."""

    async def converse(self, line: Line) -> None:
        """Talk; returns when the party hangs up, is cancelled when the call ends otherwise."""

    def interrupts(self, text: str) -> tuple[float, str] | None:
        """Would it cut into this utterance? After which share of it, and with which words."""

    def hears(self, text: str, *, done: bool, interrupted: bool = False) -> None:
        """The utterance being spoken to it, so far; `done` when it has ended."""

    def overheard(self) -> None:
        """The agent went on talking although it was interrupted."""

    def over(self, call: Call) -> None:
        """The call has ended."""
