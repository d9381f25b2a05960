"""Enquiries and the inbox in the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from vantage.platform.database import ANON, Database, Queries, WriteTx, worker

QUERIES = Queries.load(__package__)
MOST = 50


@dataclass(frozen=True, slots=True)
class Page:
    """A published page: whose, and of which project."""

    organization_id: UUID
    project_id: UUID
    organization_name: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something that arrived and waits."""

    id: UUID
    source: str
    body: dict[str, Any]
    attempts: int
    received_at: datetime


async def find_page(database: Database, organization_slug: str, project_slug: str) -> Page | None:
    """The page behind two slugs, None when there is none that is published."""
    ask = QUERIES["find_page"].maybe(Page, organization_slug=organization_slug, project_slug=project_slug)
    return await database.read(ANON, ask)


async def read_page(database: Database, page: Page) -> dict[str, Any]:
    """What a stranger may read of the project. Raises NotFound."""
    ask = QUERIES["page"].scalar(
        cast("type[dict[str, Any]]", dict), organization_id=page.organization_id, project_id=page.project_id
    )
    found: dict[str, Any] = await database.read(ANON, ask)
    return found


async def accept(database: Database, organization_id: UUID, token: str, body: Mapping[str, Any]) -> None:
    """Keep an enquiry; the same token again is the same enquiry."""
    ask = QUERIES["accept"].count(organization_id=organization_id, token=token, body=Jsonb(dict(body)))
    await database.run(worker(organization_id), ask)


async def waiting_organizations(database: Database, most: int) -> list[UUID]:
    """Organisations with something in the inbox."""
    return [row[0] for row in await database.run(worker(), QUERIES["waiting_organizations"].rows(most=most))]


async def waiting(tx: WriteTx, organization_id: UUID) -> list[Delivery]:
    """What waits, locked."""
    return await tx.all(QUERIES["waiting"], Delivery, organization_id=organization_id, most=MOST)


async def settle(
    tx: WriteTx,
    organization_id: UUID,
    delivery_id: UUID,
    status: str,
    *,
    result: Mapping[str, Any] | None,
    error: str | None,
) -> None:
    """Processed, refused or failed for good."""
    await tx.execute(
        QUERIES["settle"], organization_id=organization_id, id=delivery_id, status=status, error=error,
        result=Jsonb(dict(result)) if result is not None else None,
    )  # fmt: skip


async def postpone(tx: WriteTx, organization_id: UUID, delivery_id: UUID, error: str) -> None:
    """Again later."""
    await tx.execute(QUERIES["postpone"], organization_id=organization_id, id=delivery_id, error=error)


async def accept_lead(tx: WriteTx, row: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict on one row."""
    return await tx.scalar(QUERIES["accept_lead"], cast("type[dict[str, Any]]", dict), rows=Jsonb([dict(row)]))
