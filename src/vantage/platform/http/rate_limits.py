"""Slower, please: a token bucket for each rule and caller.

In this process; several web processes each count for themselves, so a limit is then at most that many times as wide.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from fastapi import Depends, Request
from fastapi.params import Depends as Dependency

from vantage.kernel.errors import TooManyRequests


@dataclass(frozen=True, slots=True)
class Rule:
    """`times` at once, refilled evenly over `seconds`."""

    name: str
    times: int
    seconds: float


class RateLimiter(Protocol):
    """Whoever counts."""

    async def take(self, rule: Rule, key: str) -> float:
        """Takes one of `key`'s turns under `rule`: 0 when there was one, else the seconds until there is."""
        ...


class LocalRateLimiter:
    """Counts in memory, for at most `capacity` callers; the one not seen for longest is forgotten first."""

    def __init__(self, capacity: int = 50_000, now: Callable[[], float] = time.monotonic) -> None:
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._capacity = capacity
        self._now = now

    async def take(self, rule: Rule, key: str) -> float:
        """Takes one of `key`'s turns under `rule`: 0 when there was one, else the seconds until there is."""
        now, per_second = self._now(), rule.times / rule.seconds
        left, seen = self._buckets.pop((rule.name, key), (float(rule.times), now))
        left = min(float(rule.times), left + (now - seen) * per_second)
        allowed = left >= 1
        self._buckets[rule.name, key] = (left - 1 if allowed else left, now)
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / per_second


def client_of(request: Request) -> str:
    """The caller's address, as uvicorn (behind a proxy: its forwarded header) tells it."""
    return request.client.host if request.client else ""


def RateLimited(  # noqa: N802  # reads as a type in a signature
    rule: Rule, key: Callable[[Request], str] = client_of
) -> Dependency:
    """A dependency (`dependencies=[RateLimited(SIGN_IN)]`) that raises TooManyRequests beyond `rule` for one `key`."""
    dependency: Dependency = Depends(_taking(rule, key))
    return dependency


def _taking(rule: Rule, key: Callable[[Request], str]) -> Callable[[Request], Awaitable[None]]:
    async def take(request: Request) -> None:
        limiter: RateLimiter = request.app.state.rate_limiter
        wait = await limiter.take(rule, key(request))
        if wait > 0:
            raise TooManyRequests(
                f"More than {rule.times} times in {rule.seconds:g} seconds.", retry_after=math.ceil(wait)
            )

    return take
