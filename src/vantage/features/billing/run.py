"""The one idempotent job that drives subscriptions: trials, renewals, invoices, dunning."""

from datetime import datetime

from vantage.features.billing import store
from vantage.platform.database import Database

PARTS = ("trials ended", "renewed", "invoices issued", "past due", "cancelled")


async def run(database_url: str, instant: datetime) -> list[tuple[str, int]]:
    """Do what is due at `instant` (UTC); how many of each part."""
    async with Database(database_url) as database:
        return [
            (name, int(count)) for name, count in zip(PARTS, await store.run_billing(database, instant), strict=True)
        ]
