"""Calling's way to the database, as people: campaigns and calls."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from vantage.platform.database import Ask, Queries, WriteTx

QUERIES = Queries.load(__package__)


def campaigns(organization_id: UUID) -> Ask[bytes]:
    """A list of CampaignRow as JSON."""
    return QUERIES["campaigns"].json(organization_id=organization_id)


def campaign(organization_id: UUID, campaign_id: UUID) -> Ask[bytes]:
    """A Campaign as JSON; NotFound when not visible."""
    return QUERIES["campaign"].json(organization_id=organization_id, campaign_id=campaign_id)


async def create_campaign(tx: WriteTx, organization_id: UUID, new: Mapping[str, Any]) -> UUID:
    """The id of a new draft."""
    return await tx.scalar(QUERIES["create_campaign"], UUID, organization_id=organization_id, campaign=Jsonb(dict(new)))


async def step(tx: WriteTx, organization_id: UUID, campaign_id: UUID, status: str) -> bool:
    """Whether the step was taken; False when the campaign is not there or not the person's to change."""
    rows = await tx.rows(QUERIES["step"], organization_id=organization_id, campaign_id=campaign_id, status=status)
    return bool(rows)


async def to_enrol(tx: WriteTx, organization_id: UUID, campaign_id: UUID) -> tuple[Any, ...] | None:
    """(id, project, attempts, audience, status, carrier)."""
    rows = await tx.rows(QUERIES["to_enrol"], organization_id=organization_id, campaign_id=campaign_id)
    return rows[0] if rows else None


def calls(
    organization_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None = None, lead_id: UUID | None = None,
    campaign_id: UUID | None = None, live: bool | None = None,
) -> Ask[bytes]:  # fmt: skip
    """A list of CallRow as JSON."""
    return QUERIES["calls"].json(
        organization_id=organization_id, limit=limit, lead_id=lead_id, campaign_id=campaign_id, live=live,
        after_at=after[0] if after else None, after_id=after[1] if after else None,
    )  # fmt: skip


def call(organization_id: UUID, call_id: UUID) -> Ask[bytes]:
    """A Call as JSON; NotFound when not visible."""
    return QUERIES["call"].json(organization_id=organization_id, call_id=call_id)


def projects(organization_id: UUID) -> Ask[list[tuple[Any, ...]]]:
    """(id, name) of the projects."""
    return QUERIES["projects"].rows(organization_id=organization_id)
