"""What the carrier's words mean and when to call again."""

from datetime import UTC, datetime, time, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vantage.features.calling.rules.outcomes import REACHED, CarrierWord, Outcome, read_carrier
from vantage.features.calling.rules.retries import CALLBACK_PRIORITY, Retry, delay, next_call
from vantage.features.calling.rules.windows import INDIA, NONE_SIMULATION, CampaignHours, LegalHours, may_call

IST = "Asia/Kolkata"
ALWAYS = CampaignHours(IST)
NOON = datetime(2026, 3, 18, 6, 30, tzinfo=UTC)
RETRIED: tuple[Outcome, ...] = ("busy", "failed", "no_answer", "voicemail", "rejected", "cancelled", "not_placed")


def retry(outcome: Outcome, attempt: int = 1, **facts: object) -> Retry | None:
    given_facts = {"max_attempts": 3, "now": NOON, "campaign": ALWAYS, "lead_zone": IST, "legal": NONE_SIMULATION}
    return next_call(outcome, attempt=attempt, **{**given_facts, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "code", "answered", "machine", "expected"),
    [
        ("queued", None, False, False, CarrierWord("dialling", None)),
        ("ringing", None, False, False, CarrierWord("ringing", None)),
        ("in-progress", None, False, False, CarrierWord("in_progress", None)),
        ("in_progress", None, False, False, CarrierWord("in_progress", None)),
        ("completed", 4000, True, False, CarrierWord("completed", "answered")),
        ("completed", 4010, True, False, CarrierWord("completed", "answered")),
        ("completed", 9100, True, True, CarrierWord("voicemail", "voicemail")),
        ("completed", 3000, False, False, CarrierWord("no_answer", "no_answer")),
        ("busy", 3010, False, False, CarrierWord("busy", "busy")),
        ("busy", 3020, False, False, CarrierWord("rejected", "rejected")),
        ("no-answer", 3000, False, False, CarrierWord("no_answer", "no_answer")),
        ("timeout", 6010, False, False, CarrierWord("no_answer", "no_answer")),
        ("failed", 2000, False, False, CarrierWord("failed", "invalid_number")),
        ("failed", 2010, False, False, CarrierWord("failed", "invalid_number")),
        ("failed", 9000, False, False, CarrierWord("failed", "failed")),
        ("cancel", 1000, False, False, CarrierWord("cancelled", "cancelled")),
        ("canceled", None, False, False, CarrierWord("cancelled", "cancelled")),
        ("failed", 7011, True, False, CarrierWord("completed", "answered")),
        ("a word of tomorrow", None, False, False, CarrierWord("failed", "failed")),
    ],
)
def test_what_the_carrier_says(  # the table of meanings
    status: str, code: int | None, *, answered: bool, machine: bool, expected: CarrierWord
) -> None:
    assert read_carrier(status, code, answered=answered, machine=machine) == expected


@given(st.text(), st.none() | st.integers(0, 10_000), st.booleans(), st.booleans())
def test_no_word_of_a_carrier_is_dropped(status: str, code: int | None, answered: bool, machine: bool) -> None:
    read = read_carrier(status, code, answered=answered, machine=machine)
    assert read.outcome is None or read.outcome in get_args(Outcome)


@pytest.mark.parametrize("outcome", RETRIED)
def test_delays_grow_up_to_a_day(outcome: Outcome) -> None:
    delays = [delay(outcome, attempt) for attempt in range(1, 12)]
    assert delays == sorted(delays)
    assert delays[1] == min(timedelta(hours=24), 2 * delays[0])
    assert delays[-1] <= timedelta(hours=24)


def test_busy_is_tried_sooner_than_no_answer_and_rejected_last() -> None:
    found = [retry(outcome) for outcome in ("busy", "no_answer", "voicemail", "rejected")]
    times = [one.at for one in found if one]
    assert times == sorted(times)
    assert times[0] == NOON + timedelta(minutes=10)
    assert times[-1] == NOON + timedelta(hours=24)


@pytest.mark.parametrize("outcome", ["answered", "do_not_call", "invalid_number"])
def test_final_outcomes(outcome: Outcome) -> None:
    assert retry(outcome) is None


def test_attempts_end_but_an_unplaced_call_is_none() -> None:
    assert retry("busy", 2) is not None
    assert retry("busy", 3) is None
    assert retry("not_placed", 3) is not None


def test_callbacks_come_first_at_the_time_asked_for() -> None:
    asked = NOON + timedelta(hours=3)
    assert retry("callback", 3, callback_at=asked) == Retry(asked, CALLBACK_PRIORITY)
    # "call me at ten at night" waits for the law, "yesterday" is now, without a time it is in an hour
    late = retry("callback", callback_at=datetime(2026, 3, 18, 16, 30, tzinfo=UTC), legal=INDIA)
    assert late == Retry(datetime(2026, 3, 19, 3, 30, tzinfo=UTC), CALLBACK_PRIORITY)
    assert retry("callback", callback_at=NOON - timedelta(days=1)) == Retry(NOON, CALLBACK_PRIORITY)
    assert retry("callback") == Retry(NOON + timedelta(hours=1), CALLBACK_PRIORITY)


def test_a_retry_after_closing_waits_for_the_morning_and_never_passes_the_end() -> None:
    evening = datetime(2026, 3, 18, 15, 25, tzinfo=UTC)  # 20:55 in India
    assert retry("busy", now=evening, legal=INDIA) == Retry(datetime(2026, 3, 19, 3, 30, tzinfo=UTC), 3)
    last_day = CampaignHours(IST, end_date=evening.date(), time_start=time(10), time_end=time(21))
    assert retry("busy", now=evening, legal=INDIA, campaign=last_day) is None


@given(
    st.sampled_from(get_args(Outcome)),
    st.integers(1, 12),
    st.integers(1, 10),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    st.sampled_from([IST, "Asia/Dubai", "Europe/London"]),
    st.sampled_from([INDIA, NONE_SIMULATION]),
)
def test_a_retry_is_later_and_inside_the_windows(
    outcome: Outcome, attempt: int, most: int, now: datetime, zone: str, legal: LegalHours
) -> None:
    now = now.replace(tzinfo=UTC)
    campaign = CampaignHours(IST, time_start=time(10), time_end=time(19))
    found = next_call(
        outcome, attempt=attempt, max_attempts=most, now=now, campaign=campaign, lead_zone=zone, legal=legal
    )
    if found is not None:
        assert found.at > now
        assert may_call(found.at, campaign, zone, legal).allowed
        assert outcome not in REACHED or outcome in {"callback", "voicemail"}
        assert attempt < most or outcome in {"callback", "not_placed"}
