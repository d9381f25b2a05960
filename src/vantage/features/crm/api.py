"""Leads and the board as JSON."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from vantage.features.crm import board, leads
from vantage.features.crm.models import Board, Interest, LeadPage, LeadWithTimeline
from vantage.kernel.errors import FieldError, Invalid
from vantage.kernel.pagination import DEFAULT_LIMIT, MAXIMUM_LIMIT
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheDatabase

router = APIRouter(prefix="/api/v1", tags=["crm"])
JSON = "application/json"

Sees = Annotated[Principal, Requires("lead.view", "lead.view_team", "lead.view_own")]
Edits = Annotated[Principal, Requires("lead.edit")]
Rupees = Annotated[
    str, Field(pattern=r"^\d{1,12}(\.\d{1,2})?$", examples=["8500000"], description="Rupees as a decimal string.")
]


class NewLead(BaseModel):
    """A lead to take in. A phone number (any way of writing it) or an e-mail address is needed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    project_id: UUID
    name: str | None = Field(None, max_length=160)
    phone: str | None = Field(None, max_length=60, examples=["98450 12345"])
    email: str | None = Field(None, max_length=254)
    source: str = Field("api", pattern=r"^[a-z0-9][a-z0-9_]{0,39}$")
    source_detail: str | None = Field(None, max_length=200)
    external_id: str | None = Field(None, max_length=200)
    message: str | None = Field(None, max_length=2000)
    budget_min: Rupees | None = None
    budget_max: Rupees | None = None
    configuration: list[str] = Field(default_factory=list, max_length=10)
    location: str | None = Field(None, max_length=200)
    timeline: str | None = Field(None, max_length=100)
    consent_source: str | None = Field(None, max_length=200, description="Through what the person agreed to be called.")
    consent_at: AwareDatetime | None = Field(None, description="When. With both, consent is recorded as granted.")
    consent_text: str | None = Field(None, max_length=2000)


class Accepted(BaseModel):
    """What became of a lead: created, or merged into the one that the person has in this project."""

    id: UUID | None
    verdict: Literal["created", "merged"]


class LeadChanges(BaseModel):
    """Fields to change; what is not sent stays."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    name: str = Field("", max_length=160)
    email: str | None = Field(None, max_length=254)
    do_not_call: bool = False
    stage_id: UUID | None = None
    assigned_to: UUID | None = None
    interest: Interest | None = None
    budget_min: Rupees | None = None
    budget_max: Rupees | None = None
    configuration: list[str] = Field(default_factory=list, max_length=10)
    location: str | None = Field(None, max_length=200)
    timeline: str | None = Field(None, max_length=100)
    purpose: str | None = Field(None, max_length=100)
    notes: str | None = Field(None, max_length=10000)
    callback_at: AwareDatetime | None = None
    custom_fields: dict[str, Any] = Field(default_factory=dict)


class Note(BaseModel):
    """A line for the timeline."""

    model_config = ConfigDict(extra="forbid")
    type: Literal["note", "call", "email", "message", "visit"] = "note"
    text: str = Field(min_length=1, max_length=leads.NOTE_CHARACTERS)


class Created(BaseModel):
    """The id of what was made."""

    id: UUID


class Filters(BaseModel):
    """Which leads, and which page of them."""

    model_config = ConfigDict(extra="forbid")
    project_id: UUID | None = None
    stage_id: UUID | None = None
    assigned_to: UUID | None = None
    source: str | None = Field(None, max_length=40)
    q: str = Field("", max_length=100, description="Name, e-mail, note, or the end of a number.")
    archived: bool = False
    cursor: str | None = Field(None, max_length=2000)
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAXIMUM_LIMIT)


@router.get("/board", response_model=Board)
async def get_board(project_id: UUID, database: TheDatabase, principal: Sees) -> Response:
    """The pipeline of a project: every stage with count and sum, and its first 20 cards."""
    return Response(await board.read_board(database, principal, project_id), media_type=JSON)


@router.get("/leads")
async def get_leads(filters: Annotated[Filters, Query()], database: TheDatabase, principal: Sees) -> LeadPage:
    """A page of leads, newest first; with `q`, the best matches."""
    found = await leads.list_leads(
        database, principal, limit=filters.limit, cursor=filters.cursor, typed=filters.q, archived=filters.archived,
        project_id=filters.project_id, stage_id=filters.stage_id, assigned_to=filters.assigned_to, source=filters.source,
    )  # fmt: skip
    return LeadPage.model_validate(found)


@router.post("/leads", status_code=201)
async def post_lead(
    body: NewLead, response: Response, database: TheDatabase, principal: Annotated[Principal, Requires("lead.create")]
) -> Accepted:
    """Take a lead in. A person who asked for this project before is merged (200): the enquiry is on the timeline."""
    row = body.model_dump(mode="json", exclude_none=True)
    if body.consent_source and body.consent_at:
        row["consent_status"] = "granted"
    lead_id, verdict = await leads.add_lead(database, principal, row)
    if verdict == "merged":
        response.status_code = 200
    return Accepted(id=lead_id, verdict="created" if verdict == "created" else "merged")


@router.get("/leads/{lead_id}")
async def get_lead(lead_id: UUID, response: Response, database: TheDatabase, principal: Sees) -> LeadWithTimeline:
    """One lead with its timeline. `ETag` is its version, for If-Match."""
    lead, events = await leads.read_lead(database, principal, lead_id)
    response.headers["ETag"] = f'"{lead["version"]}"'
    return LeadWithTimeline.model_validate({**lead, "events": events})


@router.patch("/leads/{lead_id}")
async def patch_lead(
    lead_id: UUID,
    body: LeadChanges,
    response: Response,
    database: TheDatabase,
    principal: Edits,
    if_match: Annotated[
        str | None, Header(description='The version that was read, as `"7"`; 412 when it is not the last.')
    ] = None,
) -> LeadWithTimeline:
    """Change a lead; moving it is a change of `stage_id`."""
    changes = body.model_dump(mode="json", include=body.model_fields_set)
    await leads.change_lead(database, principal, lead_id, changes, version_of(if_match))
    lead, events = await leads.read_lead(database, principal, lead_id)
    response.headers["ETag"] = f'"{lead["version"]}"'
    return LeadWithTimeline.model_validate({**lead, "events": events})


@router.post("/leads/{lead_id}/activities", status_code=201)
async def post_activity(lead_id: UUID, body: Note, database: TheDatabase, principal: Edits) -> Created:
    """Write on the timeline."""
    return Created(id=await leads.add_note(database, principal, lead_id, body.text, body.type))


def version_of(if_match: str | None) -> int | None:
    """The number in an If-Match header, None without one. Raises Invalid."""
    if if_match is None or if_match.strip() == "*":
        return None
    number = if_match.strip().removeprefix("W/").strip('"')
    if not number.isdigit():
        sentence = 'If-Match holds the version as GET answered it in ETag, such as "7".'
        raise Invalid(sentence, fields=[FieldError("If-Match", sentence)])
    return int(number)
