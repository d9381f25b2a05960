"""A tenant with a running campaign and leads in the queue, for tests of the dialler."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from tests.billing.tenants import add_leads, first_project, make_organization, put_on, scalar

NOON = datetime(2026, 3, 18, 6, 30, tzinfo=UTC)
"""A Wednesday, 12:00 in India."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Ids of one prepared organisation."""

    organization: UUID
    project: UUID
    campaign: UUID
    leads: list[UUID]


def make_tenant(
    owner: psycopg.Connection, name: str, leads: int, *, plan: str = "enterprise", first: int = 0, **campaign: Any
) -> Tenant:
    """An organisation on `plan` with one running campaign and `leads` queued calls that have been due for an hour."""
    org = make_organization(owner, name, caller_id="+912240000001")
    put_on(owner, org, plan)
    owner.execute("update public.organizations set settings = '{\"max_concurrent_calls\": 900}' where id = %s", [org])
    project = first_project(owner, org)
    values = {"calls_per_minute": 6000, "max_concurrent": 500, **campaign}
    camp = add_campaign(owner, org, project, **values)
    ids = add_leads(owner, org, project, first, leads) if leads else []
    enqueue(owner, org, camp, ids)
    return Tenant(org, project, camp, ids)


def add_campaign(owner: psycopg.Connection, org: UUID, project: UUID, *, run: bool = True, **values: Any) -> UUID:
    """A campaign, running unless told otherwise."""
    names = ["organization_id", "project_id", "name", *values]
    query = "insert into public.campaigns ({}) values ({}) returning id".format(
        ", ".join(names), ", ".join(["%s"] * len(names))
    )
    camp: UUID = scalar(owner, query, [org, project, "March calls", *values.values()])
    if run:
        owner.execute("update public.campaigns set status = 'running' where id = %s", [camp])
    return camp


def enqueue(owner: psycopg.Connection, org: UUID, camp: UUID, leads: list[UUID], **values: Any) -> None:
    """Queue rows that have been due for an hour at NOON."""
    owner.execute(
        """insert into public.call_queue (organization_id, campaign_id, lead_id, next_retry_at, priority, max_attempts)
           select %s, %s, l, %s::timestamptz - interval '1 hour', %s, %s from unnest(%s::uuid[]) l""",
        [org, camp, values.get("due", NOON), values.get("priority", 3), values.get("max_attempts", 3), leads],
    )


def claim(
    connection: psycopg.Connection, batch: int = 10, worker: str = "w1", now: datetime = NOON, lease: int = 60
) -> list[dict[str, Any]]:
    """What the dialler gets, as dicts."""
    cursor = connection.execute("select * from private.claim_calls(%s, %s, %s, %s)", [worker, batch, lease, now])
    names = [column.name for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def begin(connection: psycopg.Connection, claimed: list[dict[str, Any]], worker: str = "w1") -> list[tuple[Any, ...]]:
    """Writes the calls: rows of (organization_id, queue_id, call_log_id)."""
    calls = [
        {
            "organization_id": str(row["organization_id"]),
            "queue_id": str(row["queue_id"]),
            "attempt": row["attempt"],
            "caller_number": row["caller_number"],
            "callee_number": row["callee_number"],
            "carrier": row["carrier"],
            "proof": {"legal_hours": "none: simulation"},
        }
        for row in claimed
    ]
    return connection.execute("select * from private.begin_calls(%s, %s)", [worker, json.dumps(calls)]).fetchall()


def finish(
    connection: psycopg.Connection, call: tuple[Any, ...], how: str, retry_at: datetime | None = None, **result: Any
) -> bool:
    """Closes one call of `begin`."""
    done: bool = scalar(
        connection,
        "select private.finish_call(%s, %s, %s, %s, %s)",
        [call[0], call[2], how, retry_at, json.dumps(result)],
    )
    return done


def lapse(owner: psycopg.Connection) -> None:
    """Every lease is over, as after the death of its worker."""
    owner.execute(
        "update public.call_queue set lease_expires_at = now() - interval '1 second' where status = 'processing'"
    )


def statuses(owner: psycopg.Connection, org: UUID) -> dict[str, int]:
    """How many rows of the queue are in which status."""
    return dict(
        owner.execute(
            "select status, count(*) from public.call_queue where organization_id = %s group by 1", [org]
        ).fetchall()
    )


def used_calls(owner: psycopg.Connection, org: UUID) -> int:
    """AI calls taken from the month of NOON."""
    return int(scalar(owner, "select used from private.quota_state_of(%s, 'ai_calls_per_month', %s)", [org, NOON]))
