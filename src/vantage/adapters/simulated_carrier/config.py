"""What an operator decides about the simulated carrier."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from vantage.adapters.simulated_carrier.people import DEFAULT_MIX, parse_mix

_AUTH_ID = re.compile(r"[MS]A[A-Z0-9]{18}")


@dataclass(frozen=True, slots=True)
class CarrierConfig:
    """Credentials have no default: whoever starts the carrier makes them.

    `speed` 1 is real time, 10 ten times as fast, 0 as fast as the machine can; it changes how
    long talk takes, never the clock. `handset_speed` is the same for calls answered in the
    browser, where reading is faster than listening. `calls_per_second` 0 is unlimited, 2 is what
    Plivo gives an account. `rate_per_minute` is in the carrier's currency; minutes are billed
    whole. With a `journal` file, calls that a crash cuts off end with a hang-up webhook `failed`
    at the next start, and records of ended calls outlive a restart.
    """

    auth_id: str
    auth_token: str
    seed: int = 1
    speed: float = 1.0
    handset_speed: float = 2.0
    mix: str | Mapping[str, int] = field(default_factory=lambda: DEFAULT_MIX)
    calls_per_second: float = 2.0
    rate_per_minute: Decimal = Decimal("0.00850")
    journal: Path | None = None
    webhook_timeout_seconds: float = 15.0
    webhook_retry_seconds: tuple[float, ...] = (1.0, 4.0)

    def __post_init__(self) -> None:
        if not _AUTH_ID.fullmatch(self.auth_id):
            raise ValueError(
                "The carrier's auth id must be MA or SA and 18 capital letters or digits, "
                "as Plivo's are: its SDK refuses others."
            )
        if not self.auth_token:
            raise ValueError("The carrier's auth token is empty: set VANTAGE_CARRIER_AUTH_TOKEN.")
        if self.speed < 0 or self.handset_speed < 0 or self.calls_per_second < 0:
            raise ValueError("speed, handset_speed and calls_per_second can't be negative.")
        parse_mix(self.mix)
