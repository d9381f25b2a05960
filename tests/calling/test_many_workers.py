"""Several workers, some of which die at any step: every call ends, none is doubled, no quota is off by one."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from tests.billing.tenants import scalar
from tests.calling.queue import NOON, begin, claim, make_tenant, used_calls
from tests.conftest import TestDatabase

OUTCOMES = ("answered", "voicemail", "busy", "no_answer", "failed")


@pytest.mark.parametrize("seed", [1, 2])
def test_workers_that_die_lose_nothing(clean_database: TestDatabase, owner: psycopg.Connection, seed: int) -> None:
    tenants = [make_tenant(owner, f"T{n}", 30, first=n * 100, budget_amount=100_000) for n in range(4)]
    left = "select exists (select 1 from public.call_queue where status in ('queued', 'processing'))"

    def work(n: int) -> None:
        luck = random.Random(seed * 10 + n)  # noqa: S311
        with psycopg.connect(clean_database.owner_url, autocommit=True) as connection:
            for turn in range(400):
                # each turn is a life of its own: a lease that nobody renews has lapsed by the next one
                name = f"w{n}-{turn}"
                if not scalar(connection, left):
                    return
                claimed = claim(
                    connection, 6, name, NOON + timedelta(minutes=turn), lease=0 if luck.random() < 0.2 else 30
                )
                if luck.random() < 0.1:
                    connection.execute(
                        "update public.call_queue set lease_expires_at = now() where lease_owner = %s", [name]
                    )
                    continue
                calls = begin(connection, claimed, name)
                ends = []
                for org, _, call in calls:
                    if luck.random() < 0.1:
                        connection.execute("update public.call_queue q set lease_expires_at = now() from public.call_logs c"
                                           " where c.id = %s and q.id = c.queue_id and q.lease_owner = %s", [call, name])  # fmt: skip
                        continue
                    how = luck.choice(OUTCOMES)
                    connection.execute(
                        "select private.record_call_event(%s, %s, 'completed', '{\"cost\": \"0.50\"}')", [org, call]
                    )
                    ends.append({"organization_id": str(org), "call_log_id": str(call), "outcome": how,
                                 "retry_at": None if how == "answered" else NOON.isoformat()})  # fmt: skip
                connection.execute("select private.finish_calls(%s)", [json.dumps(ends)])
                for row in connection.execute(
                    "select * from private.release_expired_leases(%s, 30)", [name]
                ).fetchall():
                    connection.execute("select private.finish_call(%s, %s, %s, %s)",
                                       [row[0], row[2], luck.choice(["not_placed", "no_answer"]), NOON])  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    assert scalar(owner, left) is False
    assert scalar(owner, "select count(*) from public.call_logs where finished_at is null") == 0
    # attempts are numbered without gap or double, apart from those that were never placed
    assert owner.execute(
        """select 1 from public.call_logs where outcome <> 'not_placed' group by queue_id
           having count(*) <> max(attempt) or count(*) <> count(distinct attempt)"""
    ).fetchall() == []  # fmt: skip
    assert owner.execute(
        """select 1 from public.call_queue q where attempt_count <> (select count(*) from public.call_logs c
            where c.queue_id = q.id and c.outcome <> 'not_placed')"""
    ).fetchall() == []  # fmt: skip
    for tenant in tenants:
        reached = scalar(
            owner,
            "select count(*) from public.call_logs where organization_id = %s and outcome in ('answered', 'voicemail')",
            [tenant.organization],
        )
        assert used_calls(owner, tenant.organization) == reached
    assert scalar(owner, "select sum(spent_amount) from public.campaigns") == scalar(
        owner, "select sum(cost) from public.call_logs"
    )
