"""Time as a parameter.

Every rule that depends on the hour takes the instant as an argument; whoever needs "now" is handed a `Clock`.
Leases and other agreements between processes use the database's clock instead, which all of them share.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Whoever can say what time it is."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved: for tests, rehearsals and replays."""

    instant: datetime = field(default_factory=lambda: datetime(2026, 1, 15, 6, 30, tzinfo=UTC))

    def __post_init__(self) -> None:
        self.instant = in_utc(self.instant)

    def now(self) -> datetime:
        """The instant at which the clock stands, in UTC."""
        return self.instant

    def advance(self, by: timedelta) -> datetime:
        """Moves the clock (back, when `by` is negative) and says the new instant."""
        self.instant += by
        return self.instant


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a naive one: it names no instant."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone, so it names no instant; give it one")
    return instant.astimezone(UTC)
