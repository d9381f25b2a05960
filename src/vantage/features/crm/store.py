"""CRM's way to the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from vantage.platform.database import Ask, Queries, ReadTx, WriteTx

QUERIES = Queries.load(__package__)
People = Sequence[UUID] | None
"""Whose leads are seen: None for all."""


def board(organization_id: UUID, project_id: UUID, people: People, cards: int) -> Ask[bytes]:
    """A Board as JSON."""
    return QUERIES["board"].json(
        organization_id=organization_id, project_id=project_id, people=_ids(people), cards=cards
    )


def stage_cards(
    organization_id: UUID, project_id: UUID, stage_id: UUID, people: People, after: tuple[int, UUID], cards: int
) -> Ask[bytes]:
    """The cards of a stage after the one with this score and id, as a JSON list of Card."""
    return QUERIES["stage_cards"].json(
        organization_id=organization_id, project_id=project_id, stage_id=stage_id, people=_ids(people),
        after_score=after[0], after_id=after[1], cards=cards,
    )  # fmt: skip


def board_projects(organization_id: UUID, people: People) -> Ask[bytes]:
    """[{id, name, leads}], most leads first."""
    return QUERIES["board_projects"].json(organization_id=organization_id, people=_ids(people))


def leads(
    organization_id: UUID,
    people: People,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    archived: bool = False,
    project_id: UUID | None = None,
    stage_id: UUID | None = None,
    assigned_to: UUID | None = None,
    source: str | None = None,
) -> Ask[bytes]:
    """A LeadPage without its cursor, as JSON."""
    return QUERIES["leads"].json(
        organization_id=organization_id, people=_ids(people), limit=limit, archived=archived, project_id=project_id,
        stage_id=stage_id, assigned_to=assigned_to, source=source,
        after_at=after[0] if after else None, after_id=after[1] if after else None,
    )  # fmt: skip


def search(organization_id: UUID, typed: str, limit: int) -> Ask[bytes]:
    """A LeadPage of what was found, best first; each item also has its `rank`."""
    return QUERIES["search"].json(organization_id=organization_id, typed=typed, limit=limit)


def lead(organization_id: UUID, lead_id: UUID) -> Ask[bytes]:
    """A Lead as JSON; NotFound when it is not visible."""
    return QUERIES["lead"].json(organization_id=organization_id, lead_id=lead_id)


def timeline(organization_id: UUID, lead_id: UUID, limit: int) -> Ask[bytes]:
    """A list of Happening as JSON."""
    return QUERIES["timeline"].json(organization_id=organization_id, lead_id=lead_id, limit=limit)


async def accept_leads(tx: WriteTx, rows: Sequence[Mapping[str, Any]], project_id: UUID | None) -> list[dict[str, Any]]:
    """The verdict on each row, in their order: {ordinal, verdict, column_name, reason, lead_id, contact_id}."""
    return await tx.scalar(
        QUERIES["accept_leads"], cast("type[list[dict[str, Any]]]", list), rows=Jsonb(list(rows)), project_id=project_id
    )


async def move_lead(
    tx: WriteTx, organization_id: UUID, lead_id: UUID, stage_id: UUID, version: int | None
) -> int | None:
    """The new version; None when no such row could be changed (gone, not allowed, or another version)."""
    rows = await tx.rows(
        QUERIES["move_lead"], organization_id=organization_id, lead_id=lead_id, stage_id=stage_id, version=version
    )
    return int(rows[0][0]) if rows else None


async def change_lead(
    tx: WriteTx, organization_id: UUID, lead_id: UUID, changes: Mapping[str, Any], version: int | None
) -> int | None:
    """The new version; None as above."""
    rows = await tx.rows(
        QUERIES["change_lead"], organization_id=organization_id, lead_id=lead_id, changes=Jsonb(dict(changes)),
        version=version,
    )  # fmt: skip
    return int(rows[0][0]) if rows else None


async def change_contact(tx: WriteTx, organization_id: UUID, lead_id: UUID, changes: Mapping[str, Any]) -> int:
    """How many contacts were changed: 1, or 0 when not allowed."""
    return await tx.execute(
        QUERIES["change_contact"], organization_id=organization_id, lead_id=lead_id, changes=Jsonb(dict(changes))
    )


async def archive_lead(tx: WriteTx, organization_id: UUID, lead_id: UUID, *, archived: bool) -> int | None:
    """The new version; None when not allowed."""
    rows = await tx.rows(QUERIES["archive_lead"], organization_id=organization_id, lead_id=lead_id, archived=archived)
    return int(rows[0][0]) if rows else None


async def add_activity(
    tx: WriteTx, organization_id: UUID, lead_id: UUID, kind: str, content: Mapping[str, Any]
) -> UUID:
    """The id of a new line of the timeline."""
    return await tx.scalar(
        QUERIES["add_activity"], UUID, organization_id=organization_id, lead_id=lead_id, type=kind,
        content=Jsonb(dict(content)),
    )  # fmt: skip


def assignable_people(organization_id: UUID) -> Ask[list[tuple[Any, ...]]]:
    """(id, name) of everyone who can be given a lead."""
    return QUERIES["assignable_people"].rows(organization_id=organization_id)


async def team_people(tx: ReadTx) -> list[UUID]:
    """The people of the asker's team."""
    return await tx.scalar(QUERIES["team_people"], cast("type[list[UUID]]", list))


def _ids(people: People) -> list[UUID] | None:
    return None if people is None else list(people)
