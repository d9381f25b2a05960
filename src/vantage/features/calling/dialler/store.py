"""The dialler's way to the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Literal, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from vantage.features.calling.conversation.script import Criteria, Unit
from vantage.features.calling.rules.eligibility import LeadFacts
from vantage.platform.database import Database, Queries, WriteTx, worker

QUERIES = Queries.load(__package__)
ACROSS = worker()
"""No organisation: the functions that choose among tenants."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A call that this worker holds a lease on, with what the rules need."""

    organization_id: UUID
    queue_id: UUID
    campaign_id: UUID
    lead_id: UUID
    callee_number: str | None
    lead_time_zone: str
    consent_status: str
    consent_source: str | None
    consent_at: datetime | None
    attempt: int
    max_attempts: int
    carrier: str
    caller_number: str | None
    rehearse_legal_hours: bool
    campaign_time_zone: str
    start_date: date | None
    end_date: date | None
    time_start: time | None
    time_end: time | None
    calls_to_number_today: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A call whose row is written and that may be dialled."""

    organization_id: UUID
    queue_id: UUID
    call_log_id: UUID


@dataclass(frozen=True, slots=True)
class Orphan:
    """A call that a dead worker may have dialled."""

    organization_id: UUID
    queue_id: UUID
    call_log_id: UUID
    call_sid: str | None
    request_uuid: str | None
    callee_number: str
    status: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FactsRow:
    """The columns of LeadFacts that the database knows."""

    lead_id: UUID
    project_id: UUID
    stage_kind: Literal["open", "won", "lost"]
    phone: str | None
    archived: bool
    project_archived: bool
    do_not_call: bool
    abusive: bool
    consent_status: Literal["unknown", "granted", "denied", "withdrawn"]
    consent_at: datetime | None
    calls_last_day: int
    calls_last_week: int

    def facts(self) -> LeadFacts:
        """As the rules take them."""
        return LeadFacts(
            self.lead_id, self.project_id, self.stage_kind, self.phone, self.archived, self.project_archived,
            self.do_not_call, self.abusive, self.consent_status, self.consent_at,
            calls_last_day=self.calls_last_day, calls_last_week=self.calls_last_week,
        )  # fmt: skip


async def claim(database: Database, worker_id: str, batch: int, lease_seconds: int, now: datetime) -> list[Claimed]:
    """Up to `batch` due calls, leased."""
    ask = QUERIES["claim"].all(Claimed, worker=worker_id, batch=batch, lease_seconds=lease_seconds, now=now)
    return await database.run(ACROSS, ask)


async def begin(database: Database, worker_id: str, calls: Sequence[Mapping[str, Any]]) -> list[Begun]:
    """The calls whose rows were written."""
    return await database.run(ACROSS, QUERIES["begin"].all(Begun, worker=worker_id, calls=Jsonb(list(calls))))


async def give_back(database: Database, worker_id: str, calls: Sequence[Mapping[str, Any]]) -> None:
    """Return claimed calls undialled."""
    if calls:
        await database.run(ACROSS, QUERIES["give_back"].rows(worker=worker_id, calls=Jsonb(list(calls))))


async def record_event(
    database: Database, organization_id: UUID, call_id: UUID, status: str, facts: Mapping[str, Any]
) -> bool:
    """What the carrier says; whether anything changed."""
    ask = QUERIES["record_event"].scalar(
        bool, organization_id=organization_id, call_id=call_id, status=status, facts=Jsonb(dict(facts))
    )
    return await database.run(ACROSS, ask)


async def call_of_sid(database: Database, sid: str) -> tuple[UUID, UUID] | None:
    """(organisation, call) behind a carrier's id."""
    rows = await database.run(ACROSS, QUERIES["call_of_sid"].rows(sid=sid))
    return (rows[0][0], rows[0][1]) if rows else None


async def renew(database: Database, worker_id: str, queue_ids: Sequence[UUID], lease_seconds: int) -> set[UUID]:
    """The rows that are still this worker's."""
    ask = QUERIES["renew"].rows(worker=worker_id, queue_ids=list(queue_ids), lease_seconds=lease_seconds)
    return {row[0] for row in await database.run(ACROSS, ask)}


async def take_over(database: Database, worker_id: str, lease_seconds: int) -> list[Orphan]:
    """Calls of dead workers that the carrier has to be asked about."""
    return await database.run(ACROSS, QUERIES["take_over"].all(Orphan, worker=worker_id, lease_seconds=lease_seconds))


async def tend(database: Database, now: datetime) -> int:
    """How many campaigns changed by themselves."""
    return await database.run(ACROSS, QUERIES["tend"].scalar(int, now=now))


async def brief(database: Database, organization_id: UUID, call_id: UUID) -> dict[str, Any]:
    """What a conversation may know. Raises NotFound."""
    ask = QUERIES["brief"].scalar(cast("type[dict[str, Any]]", dict), organization_id=organization_id, call_id=call_id)
    found: dict[str, Any] = await database.read(worker(organization_id), ask)
    return found


async def available_units(database: Database, organization_id: UUID, call_id: UUID, wanted: Criteria) -> list[Unit]:
    """What is for sale this second, cheapest first."""
    ask = QUERIES["available_units"].all(
        Unit, organization_id=organization_id, call_id=call_id, configurations=list(wanted.configurations),
        budget_min=wanted.budget_min, budget_max=wanted.budget_max,
    )  # fmt: skip
    return await database.read(worker(organization_id), ask)


async def say(
    database: Database, organization_id: UUID, call_id: UUID, seq: int, speaker: str, text: str,
    ms: tuple[int, int], *, interrupted: bool = False,
) -> None:  # fmt: skip
    """Write an utterance."""
    ask = QUERIES["say"].count(
        organization_id=organization_id, call_id=call_id, seq=seq, speaker=speaker, text=text, ms_from=ms[0],
        ms_to=ms[1], interrupted=interrupted,
    )  # fmt: skip
    await database.run(worker(organization_id), ask)


async def mark_in_progress(database: Database, organization_id: UUID, call_id: UUID) -> None:
    """The lead's card shows the call."""
    await database.run(
        worker(organization_id), QUERIES["mark_in_progress"].count(organization_id=organization_id, call_id=call_id)
    )


async def closing(tx: WriteTx, organization_id: UUID, call_id: UUID) -> dict[str, Any]:
    """What closing a call has to know; finish() below locks it. Raises NotFound."""
    return await tx.scalar(
        QUERIES["closing"], cast("type[dict[str, Any]]", dict), organization_id=organization_id, call_id=call_id
    )


async def finish(
    tx: WriteTx,
    organization_id: UUID,
    call_id: UUID,
    outcome: str,
    retry_at: datetime | None,
    result: Mapping[str, Any],
) -> bool:
    """Close the call; False when it was closed before."""
    return await tx.scalar(
        QUERIES["finish"], bool, organization_id=organization_id, call_id=call_id, outcome=outcome, retry_at=retry_at,
        result=Jsonb(dict(result)),
    )  # fmt: skip


async def learn(
    tx: WriteTx, organization_id: UUID, lead_id: UUID, call_id: UUID, reason: str,
    *, score_reasons: list[str] | None, **values: Any,
) -> None:  # fmt: skip
    """Write on the lead what the call brought out; the move, if any, is the call's."""
    reasons = Jsonb(score_reasons) if score_reasons is not None else None
    await tx.rows(QUERIES["because_of_call"], call_id=str(call_id), reason=reason)
    await tx.execute(
        QUERIES["learn"],
        organization_id=organization_id,
        lead_id=lead_id,
        call_id=call_id,
        score_reasons=reasons,
        **values,
    )


async def do_not_call(tx: WriteTx, organization_id: UUID, lead_id: UUID, reason: str) -> None:
    """Never again, by number."""
    await tx.execute(QUERIES["do_not_call"], organization_id=organization_id, lead_id=lead_id, reason=reason)


async def note_call(
    tx: WriteTx, organization_id: UUID, lead_id: UUID, call_id: UUID, kind: str, content: Mapping[str, Any]
) -> None:
    """A line on the timeline."""
    await tx.execute(
        QUERIES["note_call"], organization_id=organization_id, lead_id=lead_id, call_id=call_id, type=kind,
        content=Jsonb(dict(content)),
    )  # fmt: skip


async def lead_facts(
    tx: WriteTx, organization_id: UUID, project_id: UUID, campaign_id: UUID, now: datetime, audience: Mapping[str, Any],
    lead_id: UUID | None = None,
) -> list[LeadFacts]:  # fmt: skip
    """Everyone in the audience who is not enrolled yet, or the one lead."""
    rows = await tx.all(
        QUERIES["lead_facts"], FactsRow, organization_id=organization_id, project_id=project_id, campaign_id=campaign_id,
        now=now, lead_id=lead_id, min_score=audience.get("min_score"), sources=list(audience.get("sources", [])),
    )  # fmt: skip
    return [row.facts() for row in rows]


async def always_on_campaigns(tx: WriteTx, organization_id: UUID, lead_id: UUID) -> list[tuple[Any, ...]]:
    """(id, project, attempts, audience, carrier, fresh) of those that may take the lead."""
    return await tx.rows(QUERIES["always_on_campaigns"], organization_id=organization_id, lead_id=lead_id)


async def enrol(tx: WriteTx, campaign_id: UUID, verdicts: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """(enrolled, left out)."""
    rows = await tx.rows(QUERIES["enrol"], campaign_id=campaign_id, verdicts=Jsonb(list(verdicts)))
    return int(rows[0][0]), int(rows[0][1])


async def campaigns_to_enrol(database: Database, most: int) -> list[tuple[Any, ...]]:
    """(organisation, campaign, project, attempts, audience, carrier) of those with leads to judge."""
    return await database.run(ACROSS, QUERIES["campaigns_to_enrol"].rows(most=most))
