"""Billing's way to the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from vantage.platform.database import Ask, Database, Queries, WriteTx, worker

QUERIES = Queries.load(__package__)


def billing(organization_id: UUID) -> Ask[bytes]:
    """Plan, quotas, invoices and payment methods as JSON."""
    return QUERIES["billing"].json(organization_id=organization_id)


async def add_upi(tx: WriteTx, organization_id: UUID, handle: str) -> None:
    """Save a handle."""
    await tx.execute(QUERIES["add_upi"], organization_id=organization_id, handle=handle)


async def run_billing(database: Database, instant: datetime) -> tuple[Any, ...]:
    """(trials ended, renewed, invoices issued, past due, cancelled)."""
    rows = await database.run(worker(), QUERIES["run_billing"].rows(instant=instant))
    return rows[0]
