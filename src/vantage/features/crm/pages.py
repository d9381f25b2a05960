"""The board, the list and one lead, as pages over the same use cases as the API."""

import json
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from vantage.features.crm import board, leads
from vantage.features.crm.instants import with_instants
from vantage.features.crm.store import assignable_people
from vantage.kernel.errors import Invalid, VantageError
from vantage.kernel.money import format_rupees, parse_price
from vantage.platform.http.auth import Principal, Requires, SignedIn
from vantage.platform.http.state import TheDatabase
from vantage.web.responses import redirect, render
from vantage.web.shell import Flash, Undo

router = APIRouter(include_in_schema=False)

Sees = Annotated[Principal, Requires("lead.view", "lead.view_team", "lead.view_own")]
Edits = Annotated[Principal, Requires("lead.edit")]
PROJECT_COOKIE = "vantage_project"
PAGE_LEADS = 50


@router.get("/")
async def get_start(request: Request, principal: Annotated[Principal, SignedIn()]) -> Response:
    """To work, or to onboarding for somebody without organisation."""
    return redirect(request, "/board" if principal.organization_id else "/onboarding")


@router.get("/board")
async def get_board(
    request: Request, database: TheDatabase, principal: Sees, project_id: UUID | None = None
) -> Response:
    """The pipeline of one project."""
    projects = await board.read_projects(database, principal)
    chosen = board.chosen_project(projects, project_id, request.cookies.get(PROJECT_COOKIE, ""))
    if chosen is None:
        return render(
            request, "crm/board.html", {"board": None, "projects": [], "open_leads": 0, "open_value": Decimal(0)}
        )
    shown = with_instants(json.loads(await board.read_board(database, principal, chosen)))
    open_stages = [stage for stage in shown["stages"] if stage["kind"] == "open"]
    answer = render(
        request,
        "crm/board.html",
        {
            "board": shown,
            "projects": projects,
            "open_leads": sum(stage["leads"] for stage in open_stages),
            "open_value": sum((Decimal(stage["value"]) for stage in open_stages), Decimal(0)),
        },
    )
    answer.set_cookie(PROJECT_COOKIE, str(chosen), max_age=90 * 86400, path="/board", samesite="lax", httponly=True)
    return answer


@router.get("/board/stages/{stage_id}/more")
async def get_more_cards(
    request: Request, database: TheDatabase, principal: Sees, stage_id: UUID, project_id: UUID, score: int, after: UUID
) -> Response:
    """The next cards of a column, put in place of the marker that asked."""
    cards = await board.read_more(database, principal, project_id, stage_id, (score, after))
    stage = {"id": str(stage_id), "cards": with_instants(cards)}
    return render(
        request, "crm/cards.html", {"stage": stage, "project_id": str(project_id), "more": len(cards) == board.CARDS}
    )


@router.post("/leads/{lead_id}/move")
async def post_move(
    request: Request, database: TheDatabase, principal: Edits, lead_id: UUID,
    stage_id: Annotated[UUID, Form()], version: Annotated[int | None, Form()] = None,
) -> Response:  # fmt: skip
    """One request, one transition, one event. Answers with the card as it is now."""
    await leads.move_lead(database, principal, lead_id, stage_id, version)
    lead, _ = await leads.read_lead(database, principal, lead_id)
    return render(
        request, "crm/card.html", {"lead": with_instants(lead) | {"value": lead["budget_max"] or lead["budget_min"]}}
    )


@router.get("/leads")
async def get_leads(
    request: Request, database: TheDatabase, principal: Sees,
    q: str = "", cursor: str | None = None, project_id: UUID | None = None, mine: bool = False, archived: bool = False,
) -> Response:  # fmt: skip
    """The list, newest first; searching answers while one types."""
    found = await leads.list_leads(
        database, principal, limit=PAGE_LEADS, cursor=cursor, typed=q, project_id=project_id, archived=archived,
        assigned_to=principal.person_id if mine else None,
    )  # fmt: skip
    context = {"leads": with_instants(found["items"]), "next_cursor": found["next_cursor"], "q": q, "mine": mine, "archived": archived,
               "cursor": cursor or "", "may_create": principal.may("lead.create"), "may_import": principal.may("lead.import")}  # fmt: skip
    return render(request, "crm/leads.html", context)


@router.get("/leads/new")
async def get_new_lead(
    request: Request, database: TheDatabase, principal: Annotated[Principal, Requires("lead.create")]
) -> Response:
    """The form for one lead."""
    projects = await board.read_projects(database, principal)
    return render(
        request, "crm/lead_new.html", {"options": _options(projects), "values": {}, "errors": {}, "refusal": ""}
    )


@router.post("/leads/new")
async def post_new_lead(
    request: Request, database: TheDatabase, principal: Annotated[Principal, Requires("lead.create")],
    project_id: Annotated[UUID, Form()],
    name: Annotated[str, Form(max_length=160)] = "", phone: Annotated[str, Form(max_length=60)] = "",
    email: Annotated[str, Form(max_length=254)] = "", budget: Annotated[str, Form(max_length=60)] = "",
    message: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """Take it in; a person who is known already is merged, and the sentence says so."""
    values = {
        "project_id": str(project_id),
        "name": name,
        "phone": phone,
        "email": email,
        "budget": budget,
        "message": message,
    }
    row: dict[str, Any] = {"project_id": str(project_id), "name": name.strip(), "phone": phone.strip(),
                           "email": email.strip(), "message": message.strip(), "source": "manual"}  # fmt: skip
    if budget.strip() and (price := parse_price(budget)):
        row |= {"budget_min": _text(price.low), "budget_max": _text(price.high)}
    try:
        lead_id, verdict = await leads.add_lead(database, principal, row)
    except VantageError as error:
        projects = await board.read_projects(database, principal)
        errors = {field.field: field.message for field in error.fields}
        context = {"options": _options(projects), "values": values, "errors": errors,
                   "refusal": "" if errors else " ".join(filter(None, (error.detail, error.way_out)))}  # fmt: skip
        return render(request, "crm/lead_new.html", context, status=error.status)
    merged = verdict == "merged"
    flash = Flash("This person was known: the enquiry is on the timeline." if merged else "The lead is on the board.")
    return redirect(request, f"/leads/{lead_id}" if lead_id else "/leads", flash=flash)


@router.get("/leads/{lead_id}")
async def get_lead(request: Request, database: TheDatabase, principal: Sees, lead_id: UUID) -> Response:
    """One lead's whole story."""
    return render(request, "crm/lead.html", await _page_of(database, principal, lead_id))


@router.post("/leads/{lead_id}")
async def post_lead(request: Request, database: TheDatabase, principal: Edits, lead_id: UUID) -> Response:
    """Change fields in place; a stale version is refused with the sentence, nothing is overwritten."""
    form = await request.form()
    given = {key: str(value).strip() for key, value in form.items() if key not in ("csrf_token", "version")}
    version = str(form.get("version", ""))
    changes = _changes_of(given)
    await leads.change_lead(database, principal, lead_id, changes, int(version) if version.isdigit() else None)
    return render(request, "crm/lead.html", await _page_of(database, principal, lead_id), flash=Flash("Saved."))


@router.post("/leads/{lead_id}/notes")
async def post_note(
    request: Request, database: TheDatabase, principal: Edits, lead_id: UUID, text: Annotated[str, Form()] = ""
) -> Response:
    """A note in seconds."""
    await leads.add_note(database, principal, lead_id, text)
    return render(request, "crm/lead.html", await _page_of(database, principal, lead_id), fragment="lead_timeline")


@router.post("/leads/{lead_id}/archive")
async def post_archive(
    request: Request, database: TheDatabase, principal: Annotated[Principal, Requires("lead.delete")], lead_id: UUID,
    undo: bool = False,
) -> Response:  # fmt: skip
    """Off the board, with the way back in the message."""
    await leads.archive_lead(database, principal, lead_id, archived=not undo)
    if undo:
        return redirect(request, f"/leads/{lead_id}", flash=Flash("The lead is back."))
    flash = Flash("The lead is archived.", undo=Undo(f"/leads/{lead_id}/archive?undo=true"))
    return redirect(request, "/leads", flash=flash)


@router.get("/search")
async def get_search(request: Request, database: TheDatabase, principal: Sees, q: str = "") -> Response:
    """What the palette shows while one types."""
    found = await leads.list_leads(database, principal, limit=8, typed=q) if q.strip() else {"items": []}
    rows = [
        (lead["name"] or lead["phone"] or lead["email"], f"/leads/{lead['id']}", "user-round", lead["project"])
        for lead in found["items"]
    ]
    return render(request, "crm/search.html", {"found": rows})


async def _page_of(database: TheDatabase, principal: Principal, lead_id: UUID) -> dict[str, Any]:
    lead, events = await leads.read_lead(database, principal, lead_id)
    people = await database.read(principal.actor(), assignable_people(leads.organization_of(principal)))
    low, high = (Decimal(lead[key]) if lead[key] else None for key in ("budget_min", "budget_max"))
    ends = [format_rupees(end) for end in (low, high) if end is not None]
    return {
        "budget_text": ends[0] if len(set(ends)) == 1 else " - ".join(ends),
        "stage_options": [(stage["id"], stage["name"]) for stage in lead["stages"]],
        "lead": with_instants(lead),
        "events": with_instants(events),
        "people": [(str(person_id), name) for person_id, name in people],
        "may_edit": principal.may("lead.edit"),
        "may_assign": principal.may("lead.assign"),
        "may_archive": principal.may("lead.delete"),
        "sees_calls": principal.may("call.view"),
    }


def _changes_of(given: dict[str, str]) -> dict[str, Any]:
    """Form fields as columns: an empty field clears, a budget is read as people write it. Raises Invalid."""
    allowed = {"name", "email", "stage_id", "assigned_to", "interest", "location", "timeline", "purpose", "notes"}
    unknown = given.keys() - allowed - {"budget", "configuration", "do_not_call"}
    if unknown:
        raise Invalid(f"Unknown field: {', '.join(sorted(unknown))}.")
    changes: dict[str, Any] = {key: value or None for key, value in given.items() if key in allowed}
    if "budget" in given:
        price = parse_price(given["budget"]) if given["budget"] else None
        if given["budget"] and price is None:
            raise Invalid("This budget is not understood. Write it as 85 L, 1.2 Cr or 60-70 L.")
        changes |= {
            "budget_min": _text(price.low if price else None),
            "budget_max": _text(price.high if price else None),
        }
    if "configuration" in given:
        changes["configuration"] = [part.strip() for part in given["configuration"].split(",") if part.strip()]
    if "do_not_call" in given:
        changes["do_not_call"] = given["do_not_call"] == "on"
    return changes


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _options(projects: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(project["id"], project["name"]) for project in projects]
