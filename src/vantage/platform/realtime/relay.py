"""The relay: publishes the outbox. Any number of them may run; one works at a time."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from vantage.platform.database import Database, Queries, worker

log = structlog.get_logger(__name__)
QUERIES = Queries.load(__package__)
ACROSS = worker()
BATCH = 500
KEEP = timedelta(days=2)

Handler = Callable[[UUID, UUID | None, Mapping[str, Any]], Awaitable[None]]
"""What a feature does about a topic: organisation, key, payload. It must be harmless when done twice."""


async def publish(database: Database, handlers: Mapping[str, Handler]) -> int:
    """Number what waits, tell the web processes, and hand facts to the features that asked for them.

    A handler that fails is logged; its fact is found again by that feature's own sweep.
    """
    async with database.write(ACROSS) as tx:
        rows = await tx.rows(QUERIES["publish"], batch=BATCH)
        if rows:
            latest: dict[str, int] = {}
            for organization_id, seq, *_ in rows:
                latest[str(organization_id)] = max(seq, latest.get(str(organization_id), 0))
            # one NOTIFY a batch, well below its limit of 8,000 bytes
            for start in range(0, len(latest), 100):
                part = dict(list(latest.items())[start : start + 100])
                await tx.rows(QUERIES["announce"], what=json.dumps(part, separators=(",", ":")))
    for organization_id, _, topic, key, payload in rows:
        handler = handlers.get(topic)
        if handler is not None:
            try:
                await handler(organization_id, key, payload)
            except Exception:  # one fact that a feature chokes on must not take the others with it
                log.exception("a fact was not handled", topic=topic, key=str(key))
    return len(rows)


async def sweep(database: Database) -> None:
    """Forget old events and the sockets of dead processes."""
    await database.run(ACROSS, QUERIES["sweep"].rows(keep=KEEP))
    await database.run(ACROSS, QUERIES["sweep_sessions"].rows(silent=timedelta(seconds=90)))
