"""The system's own records in the database."""

from uuid import UUID

from vantage.platform.database import Ask, Database, Queries, worker

QUERIES = Queries.load(__package__)


def audit(organization_id: UUID, before: int | None, limit: int) -> Ask[bytes]:
    """A page of the audit trail as JSON, newest first."""
    return QUERIES["audit"].json(organization_id=organization_id, before=before, limit=limit)


async def seal(database: Database, batch: int) -> int:
    """Seal what waits; how many rows."""
    return await database.run(worker(), QUERIES["seal"].scalar(int, batch=batch))
