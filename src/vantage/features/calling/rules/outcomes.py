"""What the carrier's words mean: Plivo's CallStatus and hang-up cause to our status and outcome.

Codes: Plivo's table of hang-up causes (voice/troubleshooting/hangup-causes). Unknown words are a failure with the
words kept, never dropped.
"""

from dataclasses import dataclass
from typing import Literal

CallStatus = Literal[
    "created", "dialling", "ringing", "in_progress", "completed",
    "busy", "no_answer", "rejected", "voicemail", "failed", "cancelled",
]  # fmt: skip
Outcome = Literal[
    "answered", "callback", "voicemail", "busy", "no_answer", "rejected",
    "failed", "invalid_number", "cancelled", "do_not_call", "not_placed",
]  # fmt: skip

REACHED: frozenset[Outcome] = frozenset({"answered", "callback", "voicemail", "do_not_call"})
"""Somebody (a person or a machine) answered: the call counts against the plan's quota."""

_RUNNING: dict[str, CallStatus] = {
    "queued": "dialling",
    "ringing": "ringing",
    "early-media": "ringing",
    "in-progress": "in_progress",
}
_ENDED: dict[str, Outcome] = {
    "busy": "busy",
    "failed": "failed",
    "timeout": "no_answer",
    "no-answer": "no_answer",
    "cancel": "cancelled",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "rejected": "rejected",
}
# Where the cause says more than the status.
_CAUSES: dict[int, Outcome] = {
    1000: "cancelled",
    2000: "invalid_number",
    2010: "invalid_number",
    3000: "no_answer",
    3010: "busy",
    3020: "rejected",
    6010: "no_answer",
}
_MACHINE_DETECTED = 9100
_STATUS_OF: dict[Outcome, CallStatus] = {
    "answered": "completed",
    "callback": "completed",
    "do_not_call": "completed",
    "voicemail": "voicemail",
    "busy": "busy",
    "no_answer": "no_answer",
    "rejected": "rejected",
    "invalid_number": "failed",
    "failed": "failed",
    "cancelled": "cancelled",
    "not_placed": "cancelled",
}


@dataclass(frozen=True, slots=True)
class CarrierWord:
    """One report of the carrier, read. `outcome` is None while the call goes on."""

    status: CallStatus
    outcome: Outcome | None


def read_carrier(
    call_status: str, hangup_code: int | None = None, *, answered: bool = False, machine: bool = False
) -> CarrierWord:
    """The meaning of a webhook or of the carrier's record of a call.

    `answered` says that the call was connected (an answer time or a duration above zero), `machine` that an
    answering machine was recognised.
    """
    word = call_status.strip().casefold().replace("_", "-")
    if word in _RUNNING:
        return CarrierWord(_RUNNING[word], None)
    if machine or hangup_code == _MACHINE_DETECTED:
        return _ended("voicemail")
    if word == "completed" and (answered or hangup_code is None):
        return _ended("answered")
    if answered:
        # connected and then broken off: the person was reached, whatever the line did afterwards
        return _ended("answered")
    if hangup_code in _CAUSES:
        return _ended(_CAUSES[hangup_code])
    return _ended(_ENDED.get(word, "failed"))


def _ended(outcome: Outcome) -> CarrierWord:
    return CarrierWord(_STATUS_OF[outcome], outcome)
