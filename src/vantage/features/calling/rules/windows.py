"""When a person may be called: legal hours in the person's zone, and the campaign's own dates and hours.

Legal hours are a value handed to the rule, never a constant inside it: what reaches people is bound by India's
(TRAI: no commercial call between 21:00 and 09:00 on the called person's clock), a simulation is not, unless the
organisation rehearses them. Opening is inclusive and closing exclusive: at 09:00:00 one may call, at 21:00:00 not.

Everything is compared as wall-clock time of the zone it is meant in, so that summer time, midnight and month
ends need no case of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vantage.kernel.clock import in_utc

# A campaign whose hours never meet the legal ones would be searched for ever.
_HORIZON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class LegalHours:
    """Hours of each day in which the law lets us call; None for both: at any hour. `name` goes into the proof."""

    name: str
    opens: time | None
    closes: time | None


INDIA = LegalHours("india: 09:00-21:00 on the called person's clock", time(9), time(21))
NONE_SIMULATION = LegalHours("none: simulation", None, None)


def legal_hours(carrier: str, *, rehearsed: bool) -> LegalHours:
    """The legal hours for calls over a carrier: none only for the simulated one, unless they are rehearsed."""
    return NONE_SIMULATION if carrier == "simulated" and not rehearsed else INDIA


@dataclass(frozen=True, slots=True)
class CampaignHours:
    """A campaign's own dates (inclusive) and hours, read in `time_zone`; None means no bound of its own."""

    time_zone: str
    start_date: date | None = None
    end_date: date | None = None
    time_start: time | None = None
    time_end: time | None = None


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """Whether one may call at `instant`; if not, `next_at` is when (UTC), None if never.

    `rule` is what decided; `proof` is JSON for `call_logs.proof`.
    """

    allowed: bool
    rule: str
    next_at: datetime | None
    proof: dict[str, str]


def may_call(instant: datetime, campaign: CampaignHours, lead_zone: str, legal: LegalHours) -> WindowVerdict:
    """Whether a person whose clock is `lead_zone` may be called at `instant` (aware), and the proof of it.

    Asked when dialling, not when queueing: a call that waited is judged by the hour in which it would ring.
    """
    local = instant.astimezone(ZoneInfo(lead_zone))
    rule = "open"
    if not _inside(instant, lead_zone, legal.opens, legal.closes):
        rule = "legal_hours"
    elif not _campaign_open(instant, campaign):
        rule = "campaign_window"
    allowed = rule == "open"
    proof = {
        "legal_hours": legal.name,
        "lead_zone": lead_zone,
        "lead_local_time": local.isoformat(timespec="seconds"),
        "window_rule": rule,
    }
    return WindowVerdict(
        allowed, rule, in_utc(instant) if allowed else next_allowed(instant, campaign, lead_zone, legal), proof
    )


def next_allowed(instant: datetime, campaign: CampaignHours, lead_zone: str, legal: LegalHours) -> datetime | None:
    """The first instant (UTC) not before `instant` at which both windows are open; None if there is none.

    Today counts: what is due before opening waits for today's opening, not for tomorrow's.
    """
    at = in_utc(instant)
    first_day = campaign.start_date
    limit = at + _HORIZON
    if first_day is not None:
        limit = max(limit, _at(first_day, time(0), ZoneInfo(campaign.time_zone)) + _HORIZON)
    while at <= limit:
        by_campaign = _next_open(
            at, campaign.time_zone, campaign.time_start, campaign.time_end, first_day, campaign.end_date
        )
        if by_campaign is None:
            return None
        by_law = _next_open(by_campaign, lead_zone, legal.opens, legal.closes, None, None)
        if by_law is None or by_law == by_campaign:
            return by_law
        at = by_law
    return None


def _campaign_open(instant: datetime, campaign: CampaignHours) -> bool:
    day = instant.astimezone(ZoneInfo(campaign.time_zone)).date()
    return (
        (campaign.start_date is None or campaign.start_date <= day)
        and (campaign.end_date is None or day <= campaign.end_date)
        and _inside(instant, campaign.time_zone, campaign.time_start, campaign.time_end)
    )


def _inside(instant: datetime, zone: str, opens: time | None, closes: time | None) -> bool:
    clock = instant.astimezone(ZoneInfo(zone)).time()
    return (opens is None or opens <= clock) and (closes is None or clock < closes)


def _next_open(
    at: datetime, zone: str, opens: time | None, closes: time | None, first: date | None, last: date | None
) -> datetime | None:
    place = ZoneInfo(zone)
    day = at.astimezone(place).date()
    if (first is None or first <= day) and (last is None or day <= last) and _inside(at, zone, opens, closes):
        return at
    day = max(day, first) if first is not None else day
    # a day may have no opening at all (clocks jump over it), hence more than tomorrow
    for _ in range(4):
        if last is not None and day > last:
            return None
        for opening in _openings(day, opens or time(0), place):
            if opening >= at and _inside(opening, zone, opens, closes) and opening.astimezone(place).date() == day:
                return opening
        day += timedelta(days=1)
    return None


def _openings(day: date, opens: time, place: ZoneInfo) -> Iterator[datetime]:
    """The instant(s) at which the clock of `place` shows `opens`: two when clocks are set back over it."""
    for fold in (0, 1):
        yield datetime.combine(day, opens.replace(fold=fold), place).astimezone(UTC)


def _at(day: date, clock: time, place: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, place).astimezone(UTC)
