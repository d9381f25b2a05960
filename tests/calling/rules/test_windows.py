"""When one may call: around midnight, month ends, zones and summer time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.features.calling.rules.windows import (
    INDIA,
    NONE_SIMULATION,
    CampaignHours,
    LegalHours,
    legal_hours,
    may_call,
    next_allowed,
)

IST = "Asia/Kolkata"
ALWAYS = CampaignHours(IST)
OFFICE = CampaignHours(IST, time_start=time(9), time_end=time(18))


def local(text: str, zone: str = IST) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("2026-03-18T08:59:59.999999", "2026-03-18T09:00"),
        ("2026-03-18T09:00", "2026-03-18T09:00"),
        ("2026-03-18T20:59:59.999999", "2026-03-18T20:59:59.999999"),
        ("2026-03-18T21:00", "2026-03-19T09:00"),
        ("2026-03-18T23:59:59", "2026-03-19T09:00"),
        ("2026-03-31T21:00", "2026-04-01T09:00"),
        ("2026-12-31T22:00", "2027-01-01T09:00"),
        ("2028-02-28T22:00", "2028-02-29T09:00"),
    ],
)
def test_the_law_of_india(clock: str, expected: str) -> None:
    assert next_allowed(local(clock), ALWAYS, IST, INDIA) == local(expected)


def test_a_call_deferred_once_is_not_deferred_for_ever() -> None:
    """The first build compared "09:00" with "09:00:00" as text and moved the call to tomorrow, every day."""
    due = local("2026-03-18T09:00")
    for _ in range(3):
        at = next_allowed(due, OFFICE, IST, INDIA)
        assert at == due
        due = at


def test_what_is_due_before_opening_is_called_today() -> None:
    assert next_allowed(local("2026-03-18T08:00"), OFFICE, IST, NONE_SIMULATION) == local("2026-03-18T09:00")


def test_the_persons_clock_decides_not_ours() -> None:
    at_noon_in_india = local("2026-03-18T12:00")
    # 10:30 in Dubai, 06:30 in London, 02:30 in New York
    assert may_call(at_noon_in_india, ALWAYS, "Asia/Dubai", INDIA).allowed
    london = may_call(at_noon_in_india, ALWAYS, "Europe/London", INDIA)
    assert (london.allowed, london.rule) == (False, "legal_hours")
    assert london.next_at == local("2026-03-18T09:00", "Europe/London")
    # a campaign of Indian mornings never meets New York's day
    morning = CampaignHours(IST, time_start=time(9), time_end=time(18))
    assert next_allowed(at_noon_in_india, morning, "America/New_York", INDIA) is None


def test_dates_of_a_campaign_are_its_own_zones() -> None:
    campaign = CampaignHours(IST, date(2026, 3, 20), date(2026, 3, 21), time(10), time(19))
    assert next_allowed(local("2026-03-01T12:00"), campaign, IST, INDIA) == local("2026-03-20T10:00")
    assert next_allowed(local("2026-03-20T19:00"), campaign, IST, INDIA) == local("2026-03-21T10:00")
    assert next_allowed(local("2026-03-21T19:00"), campaign, IST, INDIA) is None
    far = CampaignHours(IST, date(2027, 1, 1))
    assert next_allowed(local("2026-03-01T12:00"), far, IST, INDIA) == local("2027-01-01T09:00")
    # 20:00 UTC on the 19th is the 20th in India
    assert may_call(
        datetime(2026, 3, 19, 20, tzinfo=UTC), CampaignHours(IST, date(2026, 3, 20)), IST, NONE_SIMULATION
    ).allowed


def test_the_proof_says_which_law_held() -> None:
    verdict = may_call(local("2026-03-18T22:00"), ALWAYS, IST, NONE_SIMULATION)
    assert verdict.allowed
    assert verdict.proof == {
        "legal_hours": "none: simulation",
        "lead_zone": IST,
        "lead_local_time": "2026-03-18T22:00:00+05:30",
        "window_rule": "open",
    }
    assert may_call(local("2026-03-18T22:00"), OFFICE, IST, NONE_SIMULATION).rule == "campaign_window"


@pytest.mark.parametrize(
    ("carrier", "rehearsed", "expected"),
    [
        ("simulated", False, NONE_SIMULATION),
        ("simulated", True, INDIA),
        ("plivo", False, INDIA),
        ("plivo", True, INDIA),
    ],
)
def test_only_a_simulation_is_free_of_the_law(carrier: str, *, rehearsed: bool, expected: LegalHours) -> None:
    assert legal_hours(carrier, rehearsed=rehearsed) == expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        # clocks jump from 02:00 to 03:00 on 29 March 2026: the opening of 02:30 does not exist
        ("2026-03-29T00:30+00:00", "2026-03-29T01:30+00:00"),
        # and are set back from 03:00 to 02:00 on 25 October: 02:30 comes twice
        ("2026-10-25T00:00+00:00", "2026-10-25T00:30+00:00"),
        ("2026-10-25T01:10+00:00", "2026-10-25T01:30+00:00"),
    ],
)
def test_summer_time(instant: str, expected: str) -> None:
    night = CampaignHours("Europe/Berlin", time_start=time(2, 30), time_end=time(5))
    found = next_allowed(datetime.fromisoformat(instant), night, "Europe/Berlin", NONE_SIMULATION)
    assert found == datetime.fromisoformat(expected)


zones = st.sampled_from(
    [
        IST,
        "UTC",
        "Europe/London",
        "America/New_York",
        "Asia/Dubai",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Asia/Kathmandu",
    ]
)
instants = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))


@st.composite
def campaigns(draw: st.DrawFn) -> CampaignHours:
    first, last = sorted([draw(st.dates(date(2026, 1, 1), date(2028, 12, 31))) for _ in range(2)])
    opens, closes = sorted([draw(clocks), draw(clocks)])
    if opens == closes:
        return CampaignHours(draw(zones), draw(st.sampled_from([None, first])), draw(st.sampled_from([None, last])))
    return CampaignHours(
        draw(zones), draw(st.sampled_from([None, first])), draw(st.sampled_from([None, last])), opens, closes
    )


@given(instants, campaigns(), zones, st.sampled_from([INDIA, NONE_SIMULATION]))
def test_what_is_found_is_allowed_and_not_in_the_past(
    instant: datetime, campaign: CampaignHours, zone: str, legal: LegalHours
) -> None:
    at = next_allowed(instant, campaign, zone, legal)
    verdict = may_call(instant, campaign, zone, legal)
    assert verdict.allowed == (at == instant)
    assert verdict.next_at == at
    if at is not None:
        assert at >= instant
        assert may_call(at, campaign, zone, legal).allowed
        clock = at.astimezone(ZoneInfo(zone)).time()
        assert legal is NONE_SIMULATION or time(9) <= clock < time(21)


@given(instants, campaigns(), st.sampled_from([INDIA, NONE_SIMULATION]))
def test_nothing_earlier_was_passed_over(instant: datetime, campaign: CampaignHours, legal: LegalHours) -> None:
    """Minute by minute over two days, in a zone without summer time."""
    here = CampaignHours(IST, campaign.start_date, campaign.end_date, campaign.time_start, campaign.time_end)
    start = instant.replace(second=0, microsecond=0)
    found = next_allowed(start, here, IST, legal)
    for minutes in range(0, 2 * 24 * 60, 7):
        moment = start + timedelta(minutes=minutes)
        if may_call(moment, here, IST, legal).allowed:
            assert found is not None
            assert found <= moment
            break
