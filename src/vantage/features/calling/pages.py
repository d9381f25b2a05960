"""Campaigns and calls as pages over the same use cases as the API."""

from datetime import time
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from vantage.features.calling import calls, campaigns, store
from vantage.features.crm.instants import with_instants
from vantage.kernel.errors import VantageError
from vantage.kernel.money import parse_price
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheClock, TheDatabase
from vantage.web.responses import redirect, render
from vantage.web.shell import Flash

router = APIRouter(include_in_schema=False)

Sees = Annotated[Principal, Requires("campaign.view")]
SeesCalls = Annotated[Principal, Requires("call.view")]
Creates = Annotated[Principal, Requires("campaign.create")]
TONES = {"running": "green", "paused": "amber", "draft": "neutral", "scheduled": "sky", "failed": "red"}
OUTCOME_TONES = {"answered": "green", "callback": "sky", "do_not_call": "red", "voicemail": "violet", "failed": "red"}
PAGE_CALLS = 50


@router.get("/campaigns")
async def get_campaigns(request: Request, database: TheDatabase, principal: Sees) -> Response:
    """All campaigns."""
    found = with_instants(await campaigns.list_campaigns(database, principal))
    return render(request, "calling/campaigns.html",
                  {"campaigns": found, "tones": TONES, "may_create": principal.may("campaign.create")})  # fmt: skip


@router.get("/campaigns/new")
async def get_new_campaign(request: Request, database: TheDatabase, principal: Creates) -> Response:
    """The form."""
    return await _form(request, database, principal, {}, {}, "")


@router.post("/campaigns/new")
async def post_new_campaign(
    request: Request, database: TheDatabase, clock: TheClock, principal: Creates,
    project_id: Annotated[UUID, Form()], name: Annotated[str, Form(max_length=120)] = "",
    always_on: Annotated[str, Form()] = "", time_start: Annotated[str, Form()] = "", time_end: Annotated[str, Form()] = "",
    max_attempts: Annotated[int, Form(ge=1, le=10)] = 3, max_concurrent: Annotated[int, Form(ge=1, le=100)] = 10,
    budget: Annotated[str, Form(max_length=40)] = "", start: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Make the draft and, when asked to, start it."""
    values = {"project_id": str(project_id), "name": name, "always_on": always_on, "time_start": time_start, "time_end": time_end,
              "max_attempts": str(max_attempts), "max_concurrent": str(max_concurrent), "budget": budget}  # fmt: skip
    errors = {}
    if not name.strip():
        errors["name"] = "Give the campaign a name."
    price = parse_price(budget) if budget.strip() else None
    if budget.strip() and price is None:
        errors["budget"] = "Write the budget as 5000 or 1.5 L."
    for field in ("time_start", "time_end"):
        if values[field] and _time(values[field]) is None:
            errors[field] = "Write a time such as 10:00."
    if errors:
        return await _form(request, database, principal, values, errors, "", status=422)
    new: dict[str, Any] = {
        "project_id": str(project_id), "name": name.strip(), "always_on": always_on == "on", "max_attempts": max_attempts,
        "max_concurrent": max_concurrent, "time_start": time_start or None, "time_end": time_end or None,
        "budget_amount": str(price.high or price.low) if price else None,
    }  # fmt: skip
    try:
        campaign_id = await campaigns.create_campaign(
            database, principal, {k: v for k, v in new.items() if v is not None}
        )
        if start == "on":
            await campaigns.take_step(database, clock, principal, campaign_id, "start")
    except VantageError as error:
        refusal = " ".join(filter(None, (error.detail, error.way_out)))
        return await _form(request, database, principal, values, {}, refusal, status=error.status)
    return redirect(request, f"/campaigns/{campaign_id}")


@router.get("/campaigns/{campaign_id}")
async def get_campaign(request: Request, database: TheDatabase, principal: Sees, campaign_id: UUID) -> Response:
    """One campaign: controls, progress, who was left out and why."""
    campaign = with_instants(await campaigns.read_campaign(database, principal, campaign_id))
    recent = []
    outcome_rows = [
        (outcome.replace("_", " ").capitalize(), n, str(n))
        for outcome, n in sorted(campaign["outcomes"].items(), key=lambda one: -one[1])
    ]
    if principal.may("call.view"):
        found = await calls.list_calls(database, principal, limit=15, campaign_id=campaign_id)
        recent = with_instants(found["items"])
    return render(request, "calling/campaign.html",
                  {"campaign": campaign, "calls": recent, "outcome_rows": outcome_rows, "tones": TONES, "outcome_tones": OUTCOME_TONES,
                   "reasons": campaigns.REASONS, "may_run": principal.may("campaign.run")})  # fmt: skip


@router.post("/campaigns/{campaign_id}/{step}")
async def post_step(
    request: Request, database: TheDatabase, clock: TheClock, principal: Annotated[Principal, Requires("campaign.run")],
    campaign_id: UUID, step: campaigns.Step,
) -> Response:  # fmt: skip
    """Start, pause, resume or cancel."""
    await campaigns.take_step(database, clock, principal, campaign_id, step)
    said = {"start": "The campaign is running.", "pause": "Paused: calls in progress finish.",
            "resume": "The campaign is running again.", "cancel": "Cancelled: nobody else is called."}  # fmt: skip
    return redirect(request, f"/campaigns/{campaign_id}", flash=Flash(said[step]))


@router.get("/calls")
async def get_calls(
    request: Request, database: TheDatabase, principal: SeesCalls, cursor: str | None = None
) -> Response:
    """What is going on now, and what was."""
    now = [] if cursor else (await calls.list_calls(database, principal, limit=50, live=True))["items"]
    past = await calls.list_calls(database, principal, limit=PAGE_CALLS, cursor=cursor, live=False)
    return render(request, "calling/calls.html",
                  {"live_calls": with_instants(now), "calls": with_instants(past["items"]), "next_cursor": past["next_cursor"],
                   "outcome_tones": OUTCOME_TONES, "cursor": cursor or ""})  # fmt: skip


@router.get("/calls/of-lead/{lead_id}")
async def get_calls_of_lead(request: Request, database: TheDatabase, principal: SeesCalls, lead_id: UUID) -> Response:
    """The calls of a lead, for its page."""
    found = await calls.list_calls(database, principal, limit=10, lead_id=lead_id)
    return render(
        request, "calling/of_lead.html", {"calls": with_instants(found["items"]), "outcome_tones": OUTCOME_TONES}
    )


@router.get("/calls/{call_id}")
async def get_call(request: Request, database: TheDatabase, principal: SeesCalls, call_id: UUID) -> Response:
    """One call, while it goes on and afterwards."""
    call = with_instants(await calls.read_call(database, principal, call_id))
    return render(request, "calling/call.html", {"call": call, "outcome_tones": OUTCOME_TONES})


async def _form(
    request: Request, database: TheDatabase, principal: Principal, values: dict[str, str], errors: dict[str, str],
    refusal: str, *, status: int = 200,
) -> Response:  # fmt: skip
    found = await database.read(principal.actor(), store.projects(campaigns.organization_of(principal)))
    options = [(str(project_id), name) for project_id, name in found]
    context = {"options": options, "values": values, "errors": errors, "refusal": refusal}
    return render(request, "calling/campaign_new.html", context, status=status)


def _time(text: str) -> time | None:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None
