"""When to call again: a delay by outcome that grows with each attempt, and only inside the windows."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vantage.features.calling.rules.outcomes import Outcome
from vantage.features.calling.rules.windows import CampaignHours, LegalHours, next_allowed

CALLBACK_PRIORITY = 1
FRESH_PRIORITY = 2
USUAL_PRIORITY = 3

_MOST = timedelta(hours=24)
# First delay; each further attempt doubles it. Someone on the phone is free sooner than someone who is out; a
# person who pressed the call away is left alone for a day; a machine answered because nobody was there.
_FIRST_DELAY: dict[Outcome, timedelta] = {
    "busy": timedelta(minutes=10),
    "failed": timedelta(minutes=15),
    "no_answer": timedelta(minutes=60),
    "voicemail": timedelta(hours=4),
    "rejected": timedelta(hours=24),
    "cancelled": timedelta(minutes=5),
    "not_placed": timedelta(minutes=1),
}


@dataclass(frozen=True, slots=True)
class Retry:
    """The next call: not before `at` (UTC), with the queue's priority (1 comes first)."""

    at: datetime
    priority: int


def next_call(
    outcome: Outcome,
    *,
    attempt: int,
    max_attempts: int,
    now: datetime,
    campaign: CampaignHours,
    lead_zone: str,
    legal: LegalHours,
    callback_at: datetime | None = None,
) -> Retry | None:
    """When to call again after attempt number `attempt` (from 1) ended at `now`; None for never.

    A callback is at the time that the person asked for, moved into the windows if it lies outside, and does not
    need an attempt to be left: the person asked. 'not_placed' is no attempt. Answered, wrong and refused numbers
    are final, and so is a window that doesn't open again.
    """
    if outcome == "callback":
        wanted = max(callback_at, now) if callback_at is not None else now + timedelta(hours=1)
        at = next_allowed(wanted, campaign, lead_zone, legal)
        return Retry(at, CALLBACK_PRIORITY) if at is not None else None
    if outcome not in _FIRST_DELAY or (attempt >= max_attempts and outcome != "not_placed"):
        return None
    at = next_allowed(now + delay(outcome, attempt), campaign, lead_zone, legal)
    return Retry(at, USUAL_PRIORITY) if at is not None else None


def delay(outcome: Outcome, attempt: int) -> timedelta:
    """How long to wait after attempt number `attempt` (from 1): doubles each time, at most a day."""
    return min(_MOST, _FIRST_DELAY[outcome] * (1 << min(attempt - 1, 16)))
