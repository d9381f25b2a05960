"""Plan, usage, invoices and payment methods."""

import json
import re
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from vantage.features.billing import store
from vantage.kernel.errors import FieldError, Forbidden, Invalid
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheDatabase
from vantage.web.responses import redirect, render
from vantage.web.shell import Flash

router = APIRouter(include_in_schema=False)
_HANDLE = re.compile(r"^[A-Za-z0-9._-]{2,255}@[A-Za-z][A-Za-z0-9]{1,63}$")
NAMES = {
    "max_users": "People",
    "max_projects": "Projects",
    "max_campaigns": "Campaigns",
    "max_leads": "Leads",
    "ai_calls_per_month": "AI calls this month",
}


@router.get("/billing")
async def get_billing(
    request: Request, database: TheDatabase, principal: Annotated[Principal, Requires("billing.view")]
) -> Response:
    """What the plan allows, what is used, and what was invoiced."""
    if principal.organization_id is None:
        raise Forbidden("You don't belong to an organisation yet.")
    found = json.loads(await database.read(principal.actor(), store.billing(principal.organization_id)))
    return render(
        request,
        "billing/billing.html",
        {"billing": found, "names": NAMES, "may_manage": principal.may("billing.manage")},
    )


@router.post("/billing/upi")
async def post_upi(
    request: Request, database: TheDatabase, principal: Annotated[Principal, Requires("billing.manage")],
    handle: Annotated[str, Form(max_length=320)] = "",
) -> Response:  # fmt: skip
    """Save a UPI handle at the sandbox gateway."""
    if principal.organization_id is None or not _HANDLE.match(handle.strip()):
        sentence = "A UPI handle looks like name@bank."
        raise Invalid(sentence, fields=[FieldError("handle", sentence)])
    async with database.write(principal.actor()) as tx:
        await store.add_upi(tx, principal.organization_id, handle.strip())
    return redirect(request, "/billing", flash=Flash("The handle is saved."))
