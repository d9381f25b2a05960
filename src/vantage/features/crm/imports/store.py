"""Imports in the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from vantage.platform.database import Ask, Database, Queries, WriteTx, worker

QUERIES = Queries.load(__package__)


@dataclass(frozen=True, slots=True)
class Taken:
    """An import that this worker reads."""

    id: UUID
    project_id: UUID
    file_name: str
    file_key: str
    mapping: dict[str, str] | None
    status: str
    time_zone: str
    default_region: str


async def create_import(
    tx: WriteTx, organization_id: UUID, import_id: UUID, project_id: UUID, *, file_name: str, file_key: str,
    file_digest: str, mapping: Mapping[str, str] | None,
) -> UUID:  # fmt: skip
    """The row that the worker finds."""
    return await tx.scalar(
        QUERIES["create_import"], UUID, organization_id=organization_id, import_id=import_id, project_id=project_id,
        file_name=file_name, file_key=file_key, file_digest=file_digest,
        mapping=Jsonb(dict(mapping)) if mapping is not None else None,
    )  # fmt: skip


def read_import(organization_id: UUID, import_id: UUID) -> Ask[bytes]:
    """An Import as JSON; NotFound when not visible."""
    return QUERIES["import"].json(organization_id=organization_id, import_id=import_id)


def imports(organization_id: UUID) -> Ask[bytes]:
    """The latest ones as JSON."""
    return QUERIES["imports"].json(organization_id=organization_id)


def rejected(organization_id: UUID, import_id: UUID) -> Ask[list[tuple[Any, ...]]]:
    """(line, column, reason, raw cells) of the rejected rows."""
    return QUERIES["rejected"].rows(organization_id=organization_id, import_id=import_id)


async def waiting(database: Database, most: int) -> list[tuple[UUID, UUID]]:
    """(organisation, import) of those to be read."""
    return [(row[0], row[1]) for row in await database.run(worker(), QUERIES["waiting"].rows(most=most))]


async def take(database: Database, organization_id: UUID, import_id: UUID) -> Taken | None:
    """Make the import this worker's; None when another was faster."""
    ask = QUERIES["take"].maybe(Taken, organization_id=organization_id, import_id=import_id)
    return await database.run(worker(organization_id), ask)


async def set_status(
    database: Database, organization_id: UUID, import_id: UUID, status: str, *, total: int | None = None,
    mapping: Mapping[str, str] | None = None, error: str | None = None,
) -> None:  # fmt: skip
    """The next step."""
    ask = QUERIES["set_status"].count(
        organization_id=organization_id, import_id=import_id, status=status, total=total, error=error,
        mapping=Jsonb(dict(mapping)) if mapping is not None else None,
    )  # fmt: skip
    await database.run(worker(organization_id), ask)


async def projects(database: Database, organization_id: UUID) -> dict[str, UUID]:
    """Projects by name in lower case."""
    rows = await database.read(worker(organization_id), QUERIES["projects"].rows(organization_id=organization_id))
    return {str(name).strip().casefold(): project_id for project_id, name in rows}


async def accept(
    database: Database, organization_id: UUID, import_id: UUID, project_id: UUID, rows: Sequence[Mapping[str, Any]]
) -> None:
    """One batch, one transaction; a batch that was taken before changes nothing."""
    ask = QUERIES["accept"].scalar(int, rows=Jsonb(list(rows)), project_id=project_id, import_id=import_id)
    await database.run(worker(organization_id), ask)
