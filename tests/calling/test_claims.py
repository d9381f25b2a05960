"""Choosing and claiming: fair, inside every limit, nothing twice."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.billing.tenants import Entering, add_leads, make_person, scalar
from tests.calling.queue import NOON, add_campaign, begin, claim, enqueue, finish, make_tenant, statuses, used_calls
from tests.conftest import TestDatabase


def test_a_claim_brings_what_the_rules_need_and_reserves(owner: psycopg.Connection, as_worker: Entering) -> None:
    tenant = make_tenant(owner, "One", 3)
    with as_worker() as connection:
        claimed = claim(connection, 2)
    assert len(claimed) == 2
    row = claimed[0]
    assert (row["organization_id"], row["project_id"], row["attempt"]) == (tenant.organization, tenant.project, 1)
    assert row["callee_number"].startswith("+9170000")
    assert (row["lead_time_zone"], row["campaign_time_zone"], row["carrier"]) == (
        "Asia/Kolkata",
        "Asia/Kolkata",
        "simulated",
    )
    assert statuses(owner, tenant.organization) == {"processing": 2, "queued": 1}
    assert used_calls(owner, tenant.organization) == 2


def test_no_call_is_claimed_twice_by_parallel_workers(clean_database: TestDatabase, owner: psycopg.Connection) -> None:
    tenants = [make_tenant(owner, f"T{n}", 40, first=n * 100) for n in range(3)]

    def work(n: int) -> list[object]:
        got: list[object] = []
        with psycopg.connect(clean_database.owner_url, autocommit=True) as connection:
            while scalar(connection, "select exists (select 1 from public.call_queue where status = 'queued')"):
                got += [row["queue_id"] for row in claim(connection, 7, f"w{n}")]
        return got

    with ThreadPoolExecutor(4) as pool:
        ids = [one for many in pool.map(work, range(4)) for one in many]
    assert len(ids) == len(set(ids)) == 120
    assert [used_calls(owner, tenant.organization) for tenant in tenants] == [40, 40, 40]


def test_tenants_share_a_batch_and_take_turns(owner: psycopg.Connection) -> None:
    big = make_tenant(owner, "Big", 300)
    small = make_tenant(owner, "Small", 2, first=400)
    tiny = make_tenant(owner, "Tiny", 1, first=500)
    first = [row["organization_id"] for row in claim(owner, 12)]
    assert first.count(small.organization) == 2
    assert first.count(tiny.organization) == 1
    # what the small ones leave goes to the big one
    assert first.count(big.organization) == 9
    for n in range(3):
        late = make_tenant(owner, f"Late {n}", 1, first=600 + n)
        assert late.organization in {row["organization_id"] for row in claim(owner, 2)}


def test_campaigns_of_a_tenant_take_turns_and_callbacks_come_first(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Two campaigns", 20)
    other = add_campaign(owner, tenant.organization, tenant.project, calls_per_minute=100, max_concurrent=100)
    enqueue(owner, tenant.organization, other, tenant.leads[:10])
    callback = add_leads(owner, tenant.organization, tenant.project, 900, 1)
    enqueue(owner, tenant.organization, tenant.campaign, callback, priority=1)
    claimed = claim(owner, 5)
    by_campaign = [row["campaign_id"] for row in claimed]
    assert by_campaign.count(other) in {2, 3}
    assert callback[0] in {row["lead_id"] for row in claimed}


def test_paused_campaigns_and_future_rows_starve_nobody(owner: psycopg.Connection) -> None:
    """The first build fetched the 50 oldest rows and filtered them afterwards."""
    tenant = make_tenant(owner, "Paused", 100)
    owner.execute("update public.campaigns set status = 'paused' where id = %s", [tenant.campaign])
    running = add_campaign(owner, tenant.organization, tenant.project)
    enqueue(owner, tenant.organization, running, tenant.leads[:1])
    enqueue(owner, tenant.organization, running, tenant.leads[1:50], due=NOON + timedelta(days=3), priority=1)
    assert [row["campaign_id"] for row in claim(owner, 10)] == [running]
    assert claim(owner, 10) == []


def test_a_new_lead_wakes_a_tenant_that_had_nothing(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Idle", 1)
    assert len(claim(owner)) == 1
    assert claim(owner) == []
    assert scalar(owner, "select next_due_at from private.call_tenants") is None
    enqueue(owner, tenant.organization, tenant.campaign, add_leads(owner, tenant.organization, tenant.project, 50, 1))
    assert len(claim(owner)) == 1


@pytest.mark.parametrize(
    ("limits", "claimed"),
    [({"max_concurrent": 4}, 4), ({"calls_per_minute": 3}, 3), ({"budget_amount": 12}, 2)],
)
def test_limits_of_a_campaign(owner: psycopg.Connection, limits: dict[str, Any], claimed: int) -> None:
    make_tenant(owner, "Limited", 20, **limits)
    assert len(claim(owner, 10)) == claimed
    assert claim(owner, 10) == []


def test_pace_starts_anew_each_minute(owner: psycopg.Connection) -> None:
    make_tenant(owner, "Paced", 20, calls_per_minute=3)
    assert len(claim(owner, 10)) == 3
    assert len(claim(owner, 10, now=NOON + timedelta(minutes=1))) == 3


def test_the_organisations_concurrency(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Few lines", 20)
    owner.execute("update public.organizations set settings = '{\"max_concurrent_calls\": 5}'")
    calls = begin(owner, claim(owner, 10))
    assert len(calls) == 5
    finish(owner, calls[0], "answered")
    assert len(claim(owner, 10, now=NOON + timedelta(seconds=2))) == 1
    # a setting that is no number stops nobody
    owner.execute('update public.organizations set settings = \'{"max_concurrent_calls": "many"}\'')
    enqueue(owner, tenant.organization, tenant.campaign, add_leads(owner, tenant.organization, tenant.project, 90, 1))
    assert len(claim(owner, 50)) == 15


def test_at_quota_the_campaigns_pause_and_go_on_next_month(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Free plan", 60, plan="free")
    assert len(claim(owner, 100)) == 50
    assert claim(owner, 100, now=NOON + timedelta(minutes=1)) == []
    state = "select status, pause_reason from public.campaigns"
    assert owner.execute(state).fetchone() == ("paused", "quota")
    assert scalar(owner, "select private.tend_campaigns(%s)", [NOON]) == 0
    april = datetime(2026, 4, 1, 6, 30, tzinfo=UTC)
    assert scalar(owner, "select private.tend_campaigns(%s)", [april]) == 1
    assert owner.execute(state).fetchone() == ("running", None)
    assert len(claim(owner, 100, now=april)) == 10
    assert statuses(owner, tenant.organization) == {"processing": 60}


def test_a_lost_race_for_the_last_calls_never_overshoots(
    clean_database: TestDatabase, owner: psycopg.Connection
) -> None:
    tenant = make_tenant(owner, "Last calls", 80, plan="free")

    def work(n: int) -> int:
        with psycopg.connect(clean_database.owner_url, autocommit=True) as connection:
            claimed = 0
            while scalar(connection, "select status = 'running' from public.campaigns"):
                claimed += len(claim(connection, 9, f"w{n}"))
            return claimed

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 50
    assert used_calls(owner, tenant.organization) == 50


def test_do_not_call_and_archived_leads_are_closed_with_the_reason(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Careful", 4)
    owner.execute("update public.leads set archived_at = now() where id = %s", [tenant.leads[0]])
    owner.execute(
        "update public.contacts set do_not_call = true where id = (select contact_id from public.leads where id = %s)",
        [tenant.leads[1]],
    )
    assert {row["lead_id"] for row in claim(owner)} == set(tenant.leads[2:])
    closed = owner.execute(
        "select lead_id, last_outcome, last_error from public.call_queue where status = 'failed'"
    ).fetchall()
    assert set(closed) == {
        (tenant.leads[0], "not_eligible", "archived"),
        (tenant.leads[1], "do_not_call", "do_not_call"),
    }
    assert used_calls(owner, tenant.organization) == 2


def test_suspended_organisations_and_archived_projects_dial_nothing(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Suspended", 2)
    owner.execute("update public.organizations set status = 'suspended'")
    assert claim(owner) == []
    owner.execute("update public.organizations set status = 'active'")
    owner.execute("update public.projects set archived_at = now()")
    assert claim(owner, now=NOON + timedelta(minutes=1)) == []
    assert statuses(owner, tenant.organization) == {"queued": 2}


@pytest.mark.parametrize(
    ("campaign", "local", "expected"),
    [
        ({}, "2026-03-18 03:00", "2026-03-18 03:00"),
        # opening minute: 09:00 is open (the first build compared "09:00" with "09:00:00" and deferred for ever)
        ({"time_start": "09:00", "time_end": "18:00"}, "2026-03-18 09:00", "2026-03-18 09:00"),
        # before opening: today, not tomorrow
        ({"time_start": "09:00", "time_end": "18:00"}, "2026-03-18 08:00", "2026-03-18 09:00"),
        ({"time_start": "09:00", "time_end": "18:00"}, "2026-03-18 18:00", "2026-03-19 09:00"),
        (
            {"start_date": "2026-03-20", "time_start": "10:00", "time_end": "19:00"},
            "2026-03-18 12:00",
            "2026-03-20 10:00",
        ),
        (
            {"end_date": "2026-03-18", "time_start": "10:00", "time_end": "19:00"},
            "2026-03-18 12:00",
            "2026-03-18 12:00",
        ),
        ({"end_date": "2026-03-18", "time_start": "10:00", "time_end": "19:00"}, "2026-03-18 19:00", None),
        ({"end_date": "2026-03-17"}, "2026-03-18 12:00", None),
    ],
)
def test_when_a_campaign_opens(
    owner: psycopg.Connection, campaign: dict[str, Any], local: str, expected: str | None
) -> None:
    make_tenant(owner, "Hours", 0, **campaign)
    opens = scalar(
        owner,
        """select (private.campaign_opens_at(c, %s::timestamp at time zone 'Asia/Kolkata') at time zone 'Asia/Kolkata')::text
             from public.campaigns c""",
        [local],
    )
    assert opens == (f"{expected}:00" if expected else None)


def test_outside_its_hours_a_campaign_waits_untouched(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Office hours", 5, time_start="13:00", time_end="14:00")
    assert claim(owner) == []
    assert scalar(owner, "select next_due_at from private.call_tenants") == NOON + timedelta(hours=1)
    assert used_calls(owner, tenant.organization) == 0
    assert len(claim(owner, now=NOON + timedelta(hours=1))) == 5


def test_returned_calls_wait_or_close_and_give_the_quota_back(owner: psycopg.Connection) -> None:
    tenant = make_tenant(owner, "Returned", 3)
    claimed = claim(owner)
    until = NOON + timedelta(hours=5)
    decisions = [
        {"organization_id": str(r["organization_id"]), "queue_id": str(r["queue_id"]), "until": u, "reason": why}
        for r, u, why in zip(
            claimed, [until.isoformat(), None, None], ["outside_window", "frequency_cap", "x"], strict=True
        )
    ]
    begin(owner, claimed[2:])
    # begun calls are not returned, and nobody returns what another worker holds
    assert scalar(owner, "select private.return_calls('w2', %s)", [json.dumps(decisions)]) == 0
    assert scalar(owner, "select private.return_calls('w1', %s)", [json.dumps(decisions)]) == 2
    rows = owner.execute("select status, attempt_count, last_error from public.call_queue order by 1, 2").fetchall()
    assert rows == [("failed", 0, "frequency_cap"), ("processing", 1, None), ("queued", 0, "outside_window")]
    assert used_calls(owner, tenant.organization) == 1
    assert claim(owner) == []
    assert len(claim(owner, now=until)) == 1


def test_the_poll_reads_the_guides_index_and_little_else(owner: psycopg.Connection) -> None:
    """20,000 rows that wait for a paused campaign or for tomorrow cost the poll nothing."""
    tenant = make_tenant(owner, "Indexed", 0)
    leads = add_leads(owner, tenant.organization, tenant.project, 0, 2000)
    enqueue(owner, tenant.organization, tenant.campaign, leads, due=NOON + timedelta(days=1))
    for n in range(3):
        paused = add_campaign(owner, tenant.organization, tenant.project, run=False, description=str(n))
        enqueue(owner, tenant.organization, paused, leads)
    owner.execute("analyze public.call_queue")
    plan = "\n".join(
        row[0]
        for row in owner.execute(
            """explain (analyze, buffers, costs off, timing off, summary off)
               select r.id from public.call_queue r where r.organization_id = %s and r.campaign_id = %s
                  and r.status = 'queued' and r.priority = 3 and r.next_retry_at <= %s order by r.next_retry_at limit 10""",
            [tenant.organization, tenant.campaign, NOON],
        ).fetchall()
    )
    assert "idx_call_queue_poll" in plan
    assert int(plan.split("shared hit=")[1].split()[0]) <= 4, plan


def test_only_the_dialler_claims(owner: psycopg.Connection, as_person: Entering) -> None:
    tenant = make_tenant(owner, "Guarded", 1)
    boss = make_person(owner, tenant.organization)
    for statement in (
        "select private.claim_calls('me', 1, 60, now())",
        "select private.begin_calls('me', '[]')",
        "select private.tend_campaigns(now())",
        "update public.call_queue set status = 'completed'",
        "insert into public.call_logs (organization_id) values (null)",
        "update public.call_logs set duration = 1",
        "delete from public.call_utterances",
        "select callee_number from public.call_logs",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), as_person(boss) as connection:
            connection.execute(statement.encode())
