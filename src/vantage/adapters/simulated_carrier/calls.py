"""A call as the carrier knows it: what was asked, where it stands, how it ended, what was said."""

import asyncio
import time
import uuid as uuids
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

Speaker = Literal["agent", "person", "carrier"]


@dataclass(frozen=True, slots=True)
class Cause:
    """A row of Plivo's table of hang-up causes, with the status of a call that nobody answered."""

    code: int
    name: str
    cause: str
    unanswered_status: str = "failed"


CAUSES = {
    cause.code: cause
    for cause in (
        Cause(1000, "Cancelled", "ORIGINATOR_CANCEL", "cancel"),
        Cause(2000, "Invalid Destination Address", "UNALLOCATED_NUMBER"),
        Cause(2010, "Destination Out Of Service", "DESTINATION_OUT_OF_ORDER"),
        Cause(3000, "No Answer", "NO_ANSWER", "no-answer"),
        Cause(3010, "Busy Line", "USER_BUSY", "busy"),
        Cause(3020, "Rejected", "CALL_REJECTED", "busy"),
        Cause(4000, "Normal Hangup", "NORMAL_CLEARING"),
        Cause(4010, "End Of XML Instructions", "NORMAL_CLEARING"),
        Cause(4020, "Scheduled Hangup", "NORMAL_CLEARING"),
        Cause(6010, "Ring Timeout Reached", "NO_ANSWER", "timeout"),
        Cause(7011, "Error Reaching Answer URL", "NORMAL_TEMPORARY_FAILURE"),
        Cause(7012, "Error Reaching Action URL", "NORMAL_TEMPORARY_FAILURE"),
        Cause(7013, "Error Reaching Transfer URL", "NORMAL_TEMPORARY_FAILURE"),
        Cause(7014, "Error Reaching Redirect URL", "NORMAL_TEMPORARY_FAILURE"),
        Cause(8011, "Invalid Answer XML", "NORMAL_TEMPORARY_FAILURE"),
        Cause(8012, "Invalid Action XML", "NORMAL_TEMPORARY_FAILURE"),
        Cause(8013, "Invalid Transfer XML", "NORMAL_TEMPORARY_FAILURE"),
        Cause(8014, "Invalid Redirect XML", "NORMAL_TEMPORARY_FAILURE"),
        Cause(9000, "Internal Error", "NORMAL_TEMPORARY_FAILURE"),
        Cause(9100, "Machine Detected", "NORMAL_CLEARING"),
    )
}


class Ended(Exception):
    """Unwinds a call's run: it is over, for this reason and by this party."""

    def __init__(self, code: int, source: str) -> None:
        self.cause = CAUSES[code]
        self.source = source
        super().__init__(self.cause.name)


class CallClock:
    """How long a call has lasted, in spoken seconds, at the speed of the simulation.

    In a call with a person in the browser (`simulated` False) only real time counts.
    """

    def __init__(self, speed: float, *, simulated: bool = True) -> None:
        self.speed = speed
        self._simulated = simulated
        self._spoken = 0.0
        self._began = time.monotonic()

    def wall(self, seconds: float, least: float = 0.0) -> float:
        """The real seconds that so many spoken ones take, but no fewer than `least`."""
        return max(least, seconds / self.speed if self.speed else 0.0)

    async def sleep(self, seconds: float, until: asyncio.Event | None = None) -> bool:
        """Let so many spoken seconds pass; True when `until` was set before they had."""
        began = time.monotonic()
        wall = self.wall(seconds)
        if until is None or wall == 0:
            await asyncio.sleep(wall)
            self._spoken += seconds
            return until is not None and until.is_set()
        try:
            async with asyncio.timeout(wall):
                await until.wait()
        except TimeoutError:
            self._spoken += seconds
            return False
        self._spoken += (time.monotonic() - began) * self.speed
        return True

    @property
    def seconds(self) -> float:
        """Spoken seconds so far."""
        real = time.monotonic() - self._began
        if not self._simulated:
            return real
        return max(self._spoken, real) if self.speed == 1 else self._spoken


@dataclass(frozen=True, slots=True)
class CallRequest:
    """The body of POST /Call/ as far as the carrier heeds it. Numbers are digits without plus."""

    from_number: str
    to: str
    answer_url: str
    answer_method: str = "POST"
    hangup_url: str = ""
    hangup_method: str = "POST"
    ring_url: str = ""
    ring_method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"
    machine_detection: str = ""
    machine_detection_url: str = ""
    machine_detection_method: str = "POST"
    ring_timeout: int = 120
    time_limit: int = 14400
    caller_name: str = ""


@dataclass(slots=True)
class Spoken:
    """One utterance. `at_ms` and `until_ms` count from the answer, in spoken milliseconds."""

    speaker: Speaker
    text: str
    at_ms: int
    until_ms: int
    interrupted: bool = False


@dataclass(slots=True)
class Call:
    """One call, from the request to its record."""

    request: CallRequest
    uuid: str = field(default_factory=lambda: str(uuids.uuid4()))
    status: str = "queued"
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: Cause | None = None
    source: str = ""
    duration: int = 0
    bill_duration: int = 0
    cost: Decimal = Decimal(0)
    machine: bool | None = None
    party: str = ""
    said: list[Spoken] = field(default_factory=list)
    clock: CallClock = field(default_factory=lambda: CallClock(1.0))
    end: asyncio.Event = field(default_factory=asyncio.Event)
    end_as: Ended | None = None
    transfer: tuple[str, str] | None = None
    transferred: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def ended(self) -> bool:
        """Has it ended, for good?"""
        return self.ended_at is not None

    def finish(self, end: Ended) -> None:
        """Ask the call to end; the first to ask decides how."""
        if self.end_as is None:
            self.end_as = end
            self.end.set()

    def close(self, end: Ended, rate_per_minute: Decimal) -> None:
        """Write the record: times, whole minutes, cost."""
        self.ended_at = datetime.now(UTC)
        self.cause, self.source = end.cause, end.source
        if self.answered_at is None:
            self.status = end.cause.unanswered_status
            return
        self.status = "completed"
        self.duration = max(1, round(self.clock.seconds))
        minutes = -(-self.duration // 60)
        self.bill_duration = minutes * 60
        self.cost = (rate_per_minute * minutes).quantize(Decimal("0.00001"))

    def note(self, speaker: Speaker, text: str, seconds: float = 0.0) -> Spoken:
        """Write down what is being said, from now on for so many spoken seconds."""
        at = int(self.clock.seconds * 1000)
        spoken = Spoken(speaker, text, at, at + int(seconds * 1000))
        self.said.append(spoken)
        return spoken

    def webhook(self, event: str, rate_per_minute: Decimal) -> dict[str, str]:
        """The form that Plivo sends with every webhook of a call, and more once it has ended."""
        form = {
            "CallUUID": self.uuid,
            "RequestUUID": self.uuid,
            "ALegUUID": self.uuid,
            "ALegRequestUUID": self.uuid,
            "From": self.request.from_number,
            "To": self.request.to,
            "Direction": "outbound",
            "CallStatus": self.status,
            "Event": event,
            "BillRate": str(rate_per_minute),
            "SessionStart": _stamp(self.started_at),
        }
        if self.ended and self.cause is not None:
            form |= {
                "HangupCause": self.cause.cause,
                "HangupCauseName": self.cause.name,
                "HangupCauseCode": str(self.cause.code),
                "HangupSource": self.source,
                "Duration": str(self.duration),
                "BillDuration": str(self.bill_duration),
                "TotalCost": f"{self.cost:.5f}",
                "StartTime": _stamp(self.started_at),
                "AnswerTime": _stamp(self.answered_at),
                "EndTime": _stamp(self.ended_at),
            }
        return form

    def live_record(self) -> dict[str, Any]:
        """What GET /Call/{uuid}/?status=live|queued shows."""
        return {
            "call_uuid": self.uuid,
            "request_uuid": self.uuid,
            "call_status": self.status,
            "direction": "outbound",
            "from": self.request.from_number,
            "to": self.request.to,
            "caller_name": self.request.caller_name or self.request.from_number,
            "session_start": _stamp(self.started_at),
        }

    def detail_record(self, auth_id: str, rate_per_minute: Decimal) -> dict[str, Any]:
        """What GET /Call/{uuid}/ shows of an ended call."""
        return {
            "call_uuid": self.uuid,
            "call_direction": "outbound",
            "call_state": "ANSWER" if self.answered_at else "NO_ANSWER",
            "from_number": self.request.from_number,
            "to_number": self.request.to,
            "initiation_time": _zoned(self.started_at or self.created_at),
            "answer_time": _zoned(self.answered_at),
            "end_time": _zoned(self.ended_at),
            "call_duration": self.duration,
            "bill_duration": self.duration,
            "billed_duration": self.bill_duration,
            "total_amount": f"{self.cost:.5f}",
            "total_rate": f"{rate_per_minute:.5f}",
            "hangup_cause_code": self.cause.code if self.cause else None,
            "hangup_cause_name": self.cause.name if self.cause else None,
            "hangup_source": self.source,
            "parent_call_uuid": None,
            "resource_uri": f"/v1/Account/{auth_id}/Call/{self.uuid}/",
        }

    def kept(self) -> dict[str, Any]:
        """The call as the journal keeps it."""
        return {
            "uuid": self.uuid,
            "request": {name: getattr(self.request, name) for name in _REQUEST_FIELDS},
            "status": self.status,
            "created_at": self.created_at.isoformat(),
            "started_at": _iso(self.started_at),
            "answered_at": _iso(self.answered_at),
            "ended_at": _iso(self.ended_at),
            "cause": self.cause.code if self.cause else None,
            "source": self.source,
            "duration": self.duration,
            "bill_duration": self.bill_duration,
            "cost": str(self.cost),
        }

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> "Call":
        """The call as the journal kept it."""
        return cls(
            request=CallRequest(**kept["request"]),
            uuid=kept["uuid"],
            status=kept["status"],
            created_at=datetime.fromisoformat(kept["created_at"]),
            started_at=_parse(kept["started_at"]),
            answered_at=_parse(kept["answered_at"]),
            ended_at=_parse(kept["ended_at"]),
            cause=CAUSES[kept["cause"]] if kept["cause"] else None,
            source=kept["source"],
            duration=kept["duration"],
            bill_duration=kept["bill_duration"],
            cost=Decimal(kept["cost"]),
        )


_REQUEST_FIELDS = tuple(CallRequest.__dataclass_fields__)


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _parse(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _stamp(instant: datetime | None) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S") if instant else ""


def _zoned(instant: datetime | None) -> str | None:
    return instant.isoformat(sep=" ", timespec="seconds") if instant else None
