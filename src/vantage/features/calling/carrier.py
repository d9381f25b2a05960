"""What calling needs from a telephone carrier, whichever one it is.

One adapter serves Plivo and the simulated carrier, since both speak the same protocol; tests may
bring another. Numbers are E.164 with the leading plus, instants are UTC, money is in the
carrier's own currency as it reports it.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

CarrierCallState = Literal["queued", "live", "ended"]


@dataclass(frozen=True, slots=True)
class Dial:
    """One call to place.

    `answer_url` is asked for instructions when the person answers, `hangup_url` is told of every
    end, answered or not. `hangup_url` is required: Plivo otherwise sends the end to `answer_url`,
    where it looks like a second answer.
    """

    caller_id: str
    to: str
    answer_url: str
    hangup_url: str
    ring_url: str | None = None
    machine_detection_url: str | None = None
    ring_timeout_seconds: int = 40
    time_limit_seconds: int = 900


@dataclass(frozen=True, slots=True)
class Dialled:
    """The carrier took the call; it may still wait in the carrier's own queue."""

    request_uuid: str


@dataclass(frozen=True, slots=True)
class CarrierCall:
    """What the carrier knows of a call now.

    For an ended call `duration_seconds`, `cost`, `hangup_code`, `hangup_name`, `hangup_source`
    and the times are set; for others they are None.
    """

    call_uuid: str
    state: CarrierCallState
    to: str
    caller_id: str
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    cost: Decimal | None = None
    hangup_code: int | None = None
    hangup_name: str | None = None
    hangup_source: str | None = None


class CarrierError(Exception):
    """A carrier request that did not end well; the subclass says what that means for the call."""


class CarrierRefused(CarrierError):
    """The carrier said no (4xx): nothing was placed, and trying the same again won't help.

    `status` is the HTTP status, `reason` the carrier's own words.
    """

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"The carrier refused the request ({status}): {reason}")


class CarrierThrottled(CarrierRefused):
    """The carrier said "too many requests" (429): nothing was placed, try again later.

    `retry_after_seconds` is the carrier's own wish where it named one.
    """

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(429, reason)


class CarrierNotReached(CarrierError):
    """No connection was made: the request never left, so nothing was placed."""


class CarrierUnknown(CarrierError):
    """Time ran out or the carrier broke (5xx) after the request left.

    The call may have been placed. Never dial again before `Carrier.find` has said that there is
    none, or its webhooks have come.
    """


class Carrier(Protocol):
    """Place, end and look up calls. No method retries by itself."""

    async def aclose(self) -> None:
        """Close the connections."""
        ...

    async def dial(self, call: Dial) -> Dialled:
        """Place one call.

        Raises CarrierRefused, CarrierThrottled or CarrierNotReached when it was not placed, and
        CarrierUnknown when it may have been.
        """
        ...

    async def hangup(self, uuid: str) -> bool:
        """End a call, or cancel it while queued, by call or request uuid.

        False when the carrier knows no such call in progress (it has ended already).
        """
        ...

    async def fetch(self, uuid: str) -> CarrierCall | None:
        """What the carrier knows of the call, or None when it knows nothing (yet)."""
        ...

    async def find(self, to: str, since: datetime) -> list[CarrierCall]:
        """Calls to this number that are queued or live, or that ended since that instant (UTC).

        The question to ask after CarrierUnknown.
        """
        ...
