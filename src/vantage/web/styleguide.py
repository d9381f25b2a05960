"""Every component in every state, with invented people: `/styleguide`, served in development and by the tests."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from vantage.web.responses import redirect, render, trigger
from vantage.web.shell import Flash, Impersonation, NavGroup, NavItem, Shell, Undo

router = APIRouter(prefix="/styleguide", include_in_schema=False)

LEADS: tuple[dict[str, Any], ...] = (
    {"id": "1", "name": "Ananya Deshmukh", "score": 86, "sub": "Skyline Heights · 3 BHK", "amount": 14500000,
     "source": "99acres", "live": "AI call · 01:42", "who": "Priya Sharma", "stage": "new"},
    {"id": "2", "name": "Rohit Malhotra", "score": 64, "sub": "Sunset Villas · Villa", "amount": 32000000,
     "source": "Website", "foot": ("bot", "AI call queued"), "who": "Arjun Nair", "stage": "new"},
    {"id": "3", "name": "Fatima Sheikh", "score": 48, "sub": "Skyline Heights · 2 BHK", "amount": 9200000,
     "source": "Facebook", "foot": ("user-plus", "Unassigned"), "who": "", "stage": "new"},
    {"id": "4", "name": "Neha Kulkarni", "score": 71, "sub": "Palm Grove · Plot", "amount": 7400000,
     "source": "Housing", "foot": ("message-circle", "WhatsApp sent 2 h ago"), "who": "Priya Sharma", "stage": "contacted"},
    {"id": "5", "name": "Arjun Reddy", "score": 83, "sub": "Skyline Heights · 3 BHK", "amount": 16200000,
     "source": "Walk-in", "foot": ("bot", "Wants east facing"), "who": "Arjun Nair", "stage": "contacted"},
    {"id": "6", "name": "Vikram Singh", "score": 91, "sub": "Sunset Villas · Villa", "amount": 30500000,
     "source": "Referral", "foot": ("calendar", "Visit Sat 11:00"), "who": "Priya Sharma", "stage": "visit"},
    {"id": "7", "name": "Imran Khan", "score": 58, "sub": "Downtown Tower · Office", "amount": 11000000,
     "source": "Website", "foot": ("triangle-alert", "No-show, 6 days ago"), "who": "Arjun Nair", "stage": "visit", "stale": True},
    {"id": "8", "name": "Shalini Gupta", "score": 94, "sub": "Downtown Tower · Office", "amount": 24000000,
     "source": "Walk-in", "foot": ("file-text", "Quote sent"), "who": "Priya Sharma", "stage": "negotiation"},
    {"id": "9", "name": "A very long name that has to be cut somewhere sensible", "score": None,
     "sub": "Skyline Heights · 4 BHK with a servant's room", "amount": 21500000, "source": "Broker",
     "foot": ("triangle-alert", "Discount needs approval"), "who": "Arjun Nair", "stage": "negotiation"},
)  # fmt: skip
STAGES = (
    ("new", "New lead", "indigo", "open"),
    ("contacted", "Contacted", "sky", "open"),
    ("visit", "Site visit", "#d97706", "open"),
    ("negotiation", "Negotiation", "violet", "open"),
    ("booked", "Booked", "green", "won"),
)
NAV = (
    NavGroup(
        (
            NavItem("Today", "/styleguide/today", "sun", keys="g t", count=12),
            NavItem("Leads", "/styleguide/leads", "users", keys="g l", count=1284),
            NavItem("Pipeline", "/styleguide/board", "square-kanban", keys="g p"),
        )
    ),
    NavGroup(
        (
            NavItem("Campaigns", "/styleguide/campaigns", "megaphone", keys="g c"),
            NavItem("Calls", "/styleguide/calls", "phone-call", keys="g a", count=3, live=True),
        ),
        "AI calling",
    ),
    NavGroup((NavItem("Inventory", "/styleguide/inventory", "building-2", keys="g i"),), "Inventory"),
    NavGroup(
        (
            NavItem("Team", "/styleguide/team", "user-cog"),
            NavItem("Billing", "/styleguide/billing", "credit-card"),
            NavItem("Audit", "/styleguide/audit", "scroll-text"),
            NavItem("Settings", "/styleguide/settings", "settings", keys="g s"),
        ),
        "Organisation",
    ),
)


def _furnish(request: Request, *, banners: bool = False, live_url: str = "") -> dict[str, Any]:
    now = datetime.now(UTC)
    request.state.shell = Shell(
        person="Priya Sharma", role="Sales manager", email="priya@shree.example", organization="Shree Developers",
        plan="Vantage · Pro", nav=NAV, csrf_token="styleguide", search_url="/styleguide/search",  # noqa: S106  of no session
        new_url="/styleguide/leads/new", settings_url="/styleguide/settings", live_url=live_url,
        impersonation=Impersonation("Priya Sharma", "Shree Developers", now + timedelta(minutes=24), "/styleguide/end")
        if banners else None,
        simulation="Simulation: nobody is really called, and no legal hours apply." if banners else "",
    )  # fmt: skip
    return {"now": now, "leads": LEADS, "stages": STAGES}


@router.get("", response_class=HTMLResponse)
async def components(request: Request) -> Response:
    """All components on one page."""
    given = _furnish(request, banners=True)
    return render(request, "styleguide/components.html", {**given, "errors": {}, "values": {}})


@router.get("/board", response_class=HTMLResponse)
async def board(request: Request) -> Response:
    """The pipeline, whose moves into "Booked" are refused."""
    return render(request, "styleguide/board.html", _furnish(request))


@router.get("/leads", response_class=HTMLResponse)
async def leads(request: Request, sort: str = "name", q: str = "") -> Response:
    """A list that sorts and searches in place."""
    key = sort.lstrip("-")
    order = {"score": lambda lead: lead["score"] or 0, "amount": lambda lead: lead["amount"]}
    rows = [lead for lead in LEADS if q.lower() in lead["name"].lower()]
    rows.sort(key=order.get(key, lambda lead: lead["name"]), reverse=sort.startswith("-"))
    return render(request, "styleguide/leads.html", {**_furnish(request), "rows": rows, "sort": sort, "q": q})


@router.get("/calls", response_class=HTMLResponse)
async def calls(request: Request) -> Response:
    """Figures, a chart, calls in progress and a running transcript."""
    given = _furnish(request)
    start = given["now"].replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    counts = (4, 6, 7, 9, 8, 11, 10, 12, 9, 8, 5, 4, 3, 5, 7, 10, 12, 11, 13, 12, 14, 11, 10, 9)
    series = [(start + timedelta(minutes=5 * step), count) for step, count in enumerate(counts)]
    return render(request, "styleguide/calls.html", {**given, "series": series})


@router.get("/sign-in", response_class=HTMLResponse)
async def sign_in(request: Request) -> Response:
    """The layout for people who are not signed in."""
    return render(request, "styleguide/sign_in.html", {"errors": {}, "values": {}})


@router.get("/enquiry", response_class=HTMLResponse)
async def enquiry(request: Request) -> Response:
    """The layout for the public."""
    return render(request, "styleguide/enquiry.html", {"errors": {"phone": "Write the number with ten digits."}})


@router.get("/search", response_class=HTMLResponse)
async def search(request: Request, q: str = "") -> Response:
    """What the palette shows for leads."""
    found = [
        (lead["name"], "/styleguide/board", "user", lead["sub"]) for lead in LEADS if q.lower() in lead["name"].lower()
    ]
    return render(request, "styleguide/search.html", {"groups": [("Leads", found)] if q and found else []})


@router.post("/leads/{lead_id}/move", response_class=HTMLResponse)
async def move(request: Request, lead_id: str, stage_id: Annotated[str, Form()]) -> Response:
    """Take a card, or refuse it."""
    await asyncio.sleep(0.05)
    _ = lead_id
    if stage_id == "booked":
        said = {
            "title": "Not booked",
            "detail": "No unit is reserved for this lead.",
            "way_out": "Reserve one first.",
            "code": 409,
        }
        return render(request, "styleguide/refusal.html", said, status=409)
    return Response(status_code=204)


@router.post("/form", response_class=HTMLResponse)
async def form(request: Request, name: Annotated[str, Form()] = "", budget: Annotated[str, Form()] = "") -> Response:
    """Refuse a form without a name and show it again with what was typed."""
    given = _furnish(request)
    values = {"name": name, "budget": budget}
    if not name.strip():
        errors = {"name": "A lead needs a name; write what the person calls themselves."}
        return render(
            request,
            "styleguide/components.html",
            {**given, "errors": errors, "values": values},
            status=422,
            fragment="lead_form",
        )
    flash = Flash(f"Saved {name}", undo=Undo("/styleguide/undo"))
    answer = render(
        request, "styleguide/components.html", {**given, "errors": {}, "values": {}}, fragment="lead_form", flash=flash
    )
    trigger(answer, "vantage:close")
    return answer


@router.post("/redirect")
async def leave(request: Request) -> Response:
    """Go elsewhere with a message."""
    return redirect(request, "/styleguide/leads", flash=Flash("Lead archived", undo=Undo("/styleguide/undo")))


@router.post("/undo")
async def undo() -> Response:
    """Take the last step back (here: nothing)."""
    return Response(status_code=204)


@router.post("/upload")
async def upload(request: Request) -> Response:
    """Read a file to its end and say how large it was."""
    async with request.form() as sent:
        sizes = [str(len(await part.read())) for part in sent.values() if not isinstance(part, str)]
    return Response(f"<p>{', '.join(sizes)} bytes</p>", media_type="text/html")


@router.get("/dialog", response_class=HTMLResponse)
async def dialog(request: Request, where: str = "modal") -> Response:
    """The inside of a dialog or a sheet."""
    return render(
        request, "styleguide/dialog.html", {**_furnish(request), "where": "sheet" if where == "sheet" else "modal"}
    )


@router.get("/slot", response_class=HTMLResponse)
async def slot(request: Request) -> Response:
    """What another feature puts into a slot."""
    return render(request, "styleguide/slot.html")
