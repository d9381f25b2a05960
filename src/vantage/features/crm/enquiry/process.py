"""From the inbox to the board: each delivery becomes a lead, or is kept with the reason why not."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from vantage.features.crm.enquiry import store
from vantage.features.crm.enquiry.store import Delivery
from vantage.kernel.errors import Unavailable, VantageError
from vantage.platform.database import Database, WriteTx, worker

log = structlog.get_logger(__name__)
MOST_ORGANIZATIONS = 20
MOST_ATTEMPTS = 8


async def process_inbox(database: Database) -> int:
    """One round over the organisations that have something waiting; how many deliveries were settled."""
    settled = 0
    for organization_id in await store.waiting_organizations(database, MOST_ORGANIZATIONS):
        async with database.write(worker(organization_id)) as tx:
            for delivery in await store.waiting(tx, organization_id):
                await _process(tx, organization_id, delivery)
                settled += 1
    return settled


async def _process(tx: WriteTx, organization_id: UUID, delivery: Delivery) -> None:
    try:
        async with tx.savepoint():
            verdict = await store.accept_lead(tx, _row(delivery))
            if verdict["verdict"] == "rejected":
                await store.settle(tx, organization_id, delivery.id, "refused", result=verdict, error=verdict["reason"])
            else:
                await store.settle(tx, organization_id, delivery.id, "processed", result=verdict, error=None)
    except Unavailable:
        raise
    except VantageError as error:
        # what the data is refused for will be refused again; it stays to be seen, with its reason
        if delivery.attempts + 1 >= MOST_ATTEMPTS or error.status < 500:
            await store.settle(tx, organization_id, delivery.id, "failed", result=None, error=error.detail)
        else:
            await store.postpone(tx, organization_id, delivery.id, error.detail)
        log.warning("a delivery was not taken in", delivery=str(delivery.id), code=error.code)


def _row(delivery: Delivery) -> dict[str, Any]:
    body = delivery.body
    row = {
        "external_key": f"inbox:{delivery.id}",
        "project_id": body["project_id"],
        "name": body.get("name"),
        "phone": body.get("phone"),
        "email": body.get("email"),
        "message": body.get("message"),
        "source": "website",
        "source_detail": "enquiry page",
        "occurred_at": _utc(delivery.received_at),
        "consent_status": "granted",
        "consent_source": "enquiry page",
        "consent_at": _utc(delivery.received_at),
        "consent_text": body["consent_text"],
    }
    return {key: value for key, value in row.items() if value}


def _utc(instant: datetime) -> str:
    return instant.isoformat()
