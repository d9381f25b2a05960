"""The public page of a project with its enquiry form."""

import hashlib
import secrets
import time
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response

from vantage.features.crm.enquiry import store
from vantage.kernel.errors import NotFound
from vantage.kernel.money import format_rupees
from vantage.kernel.phone import parse_phone, phone_problem
from vantage.platform.http.auth import Principal, Public
from vantage.platform.http.rate_limits import RateLimited, Rule
from vantage.platform.http.state import TheDatabase
from vantage.web.responses import render

router = APIRouter(include_in_schema=False)

Anybody = Annotated[Principal | None, Public("a published page; what it takes in is counted and kept in the inbox")]
ENQUIRIES = Rule("enquiry", 10, 600)
FASTEST_SECONDS = 2
"""Nobody fills the form faster; programs do."""
LONGEST = timedelta(hours=12)


@router.get("/e/{organization_slug}/{project_slug}")
async def get_enquiry(
    request: Request, database: TheDatabase, _: Anybody, organization_slug: str, project_slug: str
) -> Response:
    """What the organisation published, and the form."""
    page, project = await _page(database, organization_slug, project_slug)
    return render(request, "crm/enquiry/page.html", _context(page, project, {}, {}))


@router.post("/e/{organization_slug}/{project_slug}", dependencies=[RateLimited(ENQUIRIES)])
async def post_enquiry(
    request: Request, database: TheDatabase, _: Anybody, organization_slug: str, project_slug: str,
    name: Annotated[str, Form(max_length=160)] = "", phone: Annotated[str, Form(max_length=60)] = "",
    email: Annotated[str, Form(max_length=254)] = "", message: Annotated[str, Form(max_length=2000)] = "",
    consent: Annotated[str, Form()] = "", token: Annotated[str, Form(max_length=80)] = "",
    website: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Into the inbox first: no limit of a plan and no import of the tenant delays the person's thank-you."""
    page, project = await _page(database, organization_slug, project_slug)
    values = {"name": name, "phone": phone, "email": email, "message": message, "consent": consent}
    errors = {}
    if not name.strip():
        errors["name"] = "Tell us your name."
    parsed = parse_phone(phone) if phone.strip() else None
    if parsed is None:
        errors["phone"] = (
            phone_problem(phone) if phone.strip() else None
        ) or "Leave a number, so that we can call you."
    if consent != "on":
        errors["consent"] = "Without your consent we may not call you."
    if errors or parsed is None:
        return render(request, "crm/enquiry/page.html", _context(page, project, values, errors), status=422)
    if website or not _plausible(token):
        # a program filled the form: it is thanked like everybody, and nothing happens
        return render(
            request, "crm/enquiry/thanks.html", {"page": page, "project": project, "phone": parsed.formatted()}
        )
    body = {
        "project_id": str(page.project_id),
        "name": " ".join(name.split()),
        "phone": parsed.e164,
        "email": email.strip() or None,
        "message": message.strip() or None,
        "consent_text": project["enquiry_consent_text"],
    }
    await store.accept(database, page.organization_id, hashlib.sha256(token.encode()).hexdigest(), body)
    return render(request, "crm/enquiry/thanks.html", {"page": page, "project": project, "phone": parsed.formatted()})


async def _page(database: TheDatabase, organization_slug: str, project_slug: str) -> tuple[store.Page, dict[str, Any]]:
    page = await store.find_page(database, organization_slug[:60], project_slug[:60])
    if page is None:
        raise NotFound("This page does not exist or is no longer published.")
    return page, await store.read_page(database, page)


def _context(
    page: store.Page, project: dict[str, Any], values: dict[str, str], errors: dict[str, str]
) -> dict[str, Any]:
    kinds = [
        (one["configuration"], f"from {format_rupees(Decimal(one['from']))}" if one["from"] else "price on request")
        for one in project["kinds"]
    ]
    return {"page": page, "project": project, "values": values, "errors": errors, "kinds": kinds,
            "token": f"{int(time.time())}.{secrets.token_urlsafe(18)}"}  # fmt: skip


def _plausible(token: str) -> bool:
    """Made by the page, not a moment ago and not yesterday."""
    made, _, rest = token.partition(".")
    return made.isdigit() and len(rest) >= 20 and FASTEST_SECONDS <= time.time() - int(made) <= LONGEST.total_seconds()
