"""What the system does by itself."""

from vantage.features.system import store
from vantage.platform.database import Database

BATCH = 1000


async def seal_audit(database: Database) -> int:
    """Seal the acts since the last time; how many."""
    return await store.seal(database, BATCH)
