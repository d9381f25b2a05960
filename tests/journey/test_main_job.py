"""A lead arrives, is called, and its card moves by itself: over real HTTP and WebSocket, on a real database."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.journey.house import House, running_house

from vantage.features.crm.enquiry import pages as enquiry_pages

NUMBER = "+919000012345"
Start = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def start(owner: psycopg.Connection, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    monkeypatch.setattr(enquiry_pages, "FASTEST_SECONDS", 0)
    return lambda **settings: running_house(owner, database_url, tmp_path, **settings)


async def called(house: House) -> tuple[Any, ...]:
    """Let somebody enquire and be called; (outcome, reason, analysis, cost, transcript) of the finished call."""
    await house.enquire(NUMBER)
    await house.until(lambda: house.rows("select 1 from public.call_logs where finished_at is not null") != [])
    return house.rows(
        "select outcome, disconnect_reason, ai_analysis, cost, conversation_transcript from public.call_logs"
    )[0]


async def test_an_enquiry_becomes_a_call_and_the_card_moves(start: Start) -> None:
    async with start(mix="eager=1") as house:
        outcome, _, analysis, cost, transcript = await called(house)
        assert outcome == "answered"
        assert analysis["engine"].startswith("offline")
        assert analysis["outcome"] in {"site_visit", "qualified", "interested"}
        assert "AI assistant" in transcript or "AI" in transcript
        assert cost is not None
        [(consent, source)] = house.rows("select consent_status, consent_source from public.contacts")
        assert (consent, source) == ("granted", "enquiry page")
        [(stage, score, status, budget)] = house.rows(
            "select s.template_key, l.score, l.call_status, l.budget_max from public.leads l"
            " join public.pipeline_stages s on s.id = l.stage_id"
        )
        assert stage in {"contacted", "qualified", "site_visit"}
        assert score > 0
        assert status == "completed"
        assert budget is not None
        [(move_source, call_id)] = house.rows("select source, call_id from public.lead_stage_transitions")
        assert move_source == "ai_call"
        assert call_id is not None
        assert house.rows("select count(*) from public.lead_activities where type = 'call'") == [(1,)]
        assert house.rows("select usage_count from public.usage_logs where feature_key = 'ai_calls_per_month'") == [
            (1,)
        ]
        assert house.rows("select status from public.call_queue") == [("completed",)]


@pytest.mark.parametrize(
    ("person", "outcomes", "stage"),
    [
        ("not_interested", {"answered"}, "lost"),
        ("wrong_number", {"answered"}, "lost"),
        ("do_not_call", {"do_not_call"}, "lost"),
    ],
)
async def test_refusals_end_the_matter(start: Start, person: str, outcomes: set[str], stage: str) -> None:
    async with start(mix=f"{person}=1") as house:
        outcome, *_ = await called(house)
        assert outcome in outcomes
        assert house.rows("select s.kind from public.leads l join public.pipeline_stages s on s.id = l.stage_id") == [
            (stage,)
        ]
        assert house.rows("select status from public.call_queue") == [("completed",)]
        [(never_again,)] = house.rows("select do_not_call from public.contacts")
        assert never_again == (person == "do_not_call")


@pytest.mark.parametrize("person", ["no_answer", "rejects", "engaged"])
async def test_nobody_reached_is_called_again_later_and_costs_no_quota(start: Start, person: str) -> None:
    async with start(mix=f"{person}=1") as house:
        outcome, *_ = await called(house)
        assert outcome in {"no_answer", "rejected", "busy"}
        [(status, later)] = house.rows("select status, next_retry_at > now() from public.call_queue")
        assert (status, later) == ("queued", True)
        assert house.rows("select usage_count from public.usage_logs where feature_key = 'ai_calls_per_month'") == [
            (0,)
        ]
        # what was known stays: an unanswered call moves nothing
        assert house.rows("select count(*) from public.lead_stage_transitions") == [(0,)]


async def test_a_callback_is_called_at_the_time_that_was_asked_for(start: Start) -> None:
    async with start(mix="busy=1") as house:
        outcome, *_ = await called(house)
        assert outcome == "callback"
        [(status, priority, later)] = house.rows(
            "select status, priority, next_retry_at > now() from public.call_queue"
        )
        assert (status, priority, later) == ("queued", 1, True)


async def test_the_same_enquiry_twice_is_one_lead_and_one_call(start: Start) -> None:
    async with start(mix="eager=1") as house:
        await house.enquire(NUMBER)
        await house.enquire("90000 12345")
        await house.until(lambda: house.rows("select 1 from public.call_logs where finished_at is not null") != [])
        for _ in range(5):
            await house.work()
        assert house.rows("select count(*), max(touches) from public.leads") == [(1, 2)]
        assert house.rows("select count(*) from public.call_logs") == [(1,)]


async def test_the_carriers_reports_are_checked(start: Start) -> None:
    async with start(mix="eager=1") as house:
        await called(house)
        before = house.rows("select status, outcome, duration from public.call_logs")
        forged = await house.http.post(
            f"{house.url}/carrier/hangup?t=x", data={"CallUUID": "x", "CallStatus": "failed"}
        )
        assert forged.status_code == 403
        assert house.rows("select status, outcome, duration from public.call_logs") == before


@pytest.mark.parametrize("fault", ["twice", "late"])
async def test_a_dead_worker_loses_no_call_and_doubles_none(start: Start, fault: str) -> None:
    """The worker dies between writing the row and dialling, or right after dialling: the carrier is asked."""
    async with start(mix="eager=1") as house:
        await house.enquire(NUMBER)
        real = house.dialler.carriers["simulated"]
        dialled: list[Any] = []

        class Dying:
            async def dial(self, call: Any) -> Any:
                dialled.append(call)
                if fault == "late":
                    await real.dial(call)
                raise ConnectionResetError("the process is gone")

        house.dialler.carriers["simulated"] = Dying()  # type: ignore[assignment]
        with pytest.raises(ConnectionResetError):
            await house.until(lambda: bool(dialled))
        house.dialler.carriers["simulated"] = real
        house.owner.execute("update public.call_queue set lease_expires_at = now() - interval '1 second'")
        house.owner.execute("alter table public.call_logs disable trigger user")
        house.owner.execute("update public.call_logs set created_at = created_at - interval '10 minutes'")
        house.owner.execute("alter table public.call_logs enable trigger user")

        async def recover() -> None:
            await house.dialler.recover()

        await recover()
        await house.until(lambda: house.rows("select 1 from public.call_logs where finished_at is not null") != [])
        answered = house.rows("select count(*) from public.call_logs where answered_at is not null")[0][0]
        assert answered <= 1
