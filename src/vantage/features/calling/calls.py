"""Calls: what is going on, what was said, why it was allowed."""

import json
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from vantage.features.calling import store
from vantage.features.calling.campaigns import organization_of
from vantage.kernel.pagination import decode_cursor, encode_cursor
from vantage.platform.database import Database
from vantage.platform.http.auth import Principal


async def list_calls(
    database: Database, principal: Principal, *, limit: int, cursor: str | None = None, lead_id: UUID | None = None,
    campaign_id: UUID | None = None, live: bool | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A CallPage: {items, next_cursor}."""
    after = None
    if cursor:
        at, last = decode_cursor(cursor, (datetime, UUID))
        after = (cast("datetime", at), cast("UUID", last))
    ask = store.calls(
        organization_of(principal), limit=limit + 1, after=after, lead_id=lead_id, campaign_id=campaign_id, live=live
    )
    items: list[dict[str, Any]] = json.loads(await database.read(principal.actor(), ask))
    following = None
    if len(items) > limit:
        items = items[:limit]
        following = encode_cursor((datetime.fromisoformat(items[-1]["created_at"]), UUID(items[-1]["id"])))
    return {"items": items, "next_cursor": following}


async def read_call(database: Database, principal: Principal, call_id: UUID) -> dict[str, Any]:
    """One call. Raises NotFound."""
    found = await database.read(principal.actor(), store.call(organization_of(principal), call_id))
    return cast("dict[str, Any]", json.loads(found))
