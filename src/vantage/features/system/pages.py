"""The audit trail."""

import json
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response

from vantage.features.system import store
from vantage.kernel.errors import Forbidden
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheDatabase
from vantage.web.responses import render

router = APIRouter(include_in_schema=False)
PAGE = 100


@router.get("/audit")
async def get_audit(
    request: Request,
    database: TheDatabase,
    principal: Annotated[Principal, Requires("audit.view")],
    before: int | None = None,
) -> Response:
    """Who did what, as whom, to which rows."""
    if principal.organization_id is None:
        raise Forbidden("You don't belong to an organisation yet.")
    found = json.loads(await database.read(principal.actor(), store.audit(principal.organization_id, before, PAGE)))
    acts = [act | {"created_at": datetime.fromisoformat(act["created_at"])} for act in found]
    return render(request, "system/audit.html", {"acts": acts, "more": acts[-1]["seq"] if len(acts) == PAGE else None})
