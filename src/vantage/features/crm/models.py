"""What the API says of leads: the shapes that the queries build as JSON."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Money = str
"""Rupees as a decimal string; the currency stands beside it."""
CallStatus = Literal[
    "in_progress", "completed", "transferred", "no_answer", "busy", "failed", "voicemail", "rejected", "cancelled"
]
Interest = Literal["high", "medium", "low", "none"]
Kind = Literal["open", "won", "lost"]


class Strict(BaseModel):
    """Answers hold exactly their fields."""

    model_config = ConfigDict(extra="forbid")


class Card(Strict):
    """A lead as the board shows it."""

    id: UUID
    name: str | None
    score: int
    value: Money | None = Field(description="What the person would pay at most, in rupees.")
    source: str
    configuration: list[str]
    location: str | None
    version: int
    call_status: CallStatus | None
    callback_at: datetime | None
    stage_entered_at: datetime
    last_touch_at: datetime
    do_not_call: bool | None
    assigned_to: UUID | None
    assignee: str | None


class BoardStage(Strict):
    """A column: how many leads, their sum in rupees, and the first cards."""

    id: UUID
    name: str
    kind: Kind
    color: str
    position: int
    stale_days: int | None
    leads: int
    value: Money
    cards: list[Card]


class ProjectName(Strict):
    """A project in passing."""

    id: UUID
    name: str


class Board(Strict):
    """The pipeline of one project."""

    project: ProjectName
    stages: list[BoardStage]


class LeadRow(Strict):
    """A line of the list. Phone and e-mail are masked for those without lead.view_numbers (`is_masked`)."""

    id: UUID
    contact_id: UUID
    project_id: UUID
    project: str
    stage_id: UUID
    stage: str
    stage_kind: Kind
    assigned_to: UUID | None
    assignee: str | None
    name: str | None
    phone: str | None
    email: str | None
    is_masked: bool
    source: str
    score: int
    interest: Interest | None
    budget_min: Money | None
    budget_max: Money | None
    currency: str
    configuration: list[str]
    location: str | None
    timeline: str | None
    call_status: CallStatus | None
    callback_at: datetime | None
    last_contacted_at: datetime | None
    do_not_call: bool | None
    touches: int
    archived_at: datetime | None
    version: int
    created_at: datetime


class LeadPage(Strict):
    """A page of leads; `next_cursor` is null on the last."""

    items: list[LeadRow]
    next_cursor: str | None = None


class OtherLead(Strict):
    """The same person's interest in another project."""

    id: UUID
    project: str
    stage: str


class StageName(Strict):
    """A stage that the lead can stand in."""

    id: UUID
    name: str
    kind: Kind
    color: str


class Happening(Strict):
    """A line of the timeline."""

    id: UUID
    created_at: datetime
    type: str
    content: dict[str, Any]
    call_id: UUID | None
    who: str | None
    from_stage: str | None
    to_stage: str | None
    assigned_to: str | None


class Lead(Strict):
    """One lead, whole."""

    id: UUID
    contact_id: UUID
    project_id: UUID
    project: str
    stage_id: UUID
    stage: str
    stage_kind: Kind
    stage_color: str
    stage_entered_at: datetime
    assigned_to: UUID | None
    assignee: str | None
    name: str | None
    phone: str | None
    email: str | None
    is_masked: bool
    language: str | None
    consent_status: str | None
    do_not_call: bool | None
    source: str
    source_detail: str | None
    score: int
    score_reasons: list[Any]
    interest: Interest | None
    budget_min: Money | None
    budget_max: Money | None
    currency: str
    configuration: list[str]
    location: str | None
    timeline: str | None
    purpose: str | None
    notes: str | None
    custom_fields: dict[str, Any]
    call_status: CallStatus | None
    callback_at: datetime | None
    last_contacted_at: datetime | None
    touches: int
    last_touch_at: datetime
    abuse_flag: bool
    rejection_reason: str | None
    archived_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime
    other_leads: list[OtherLead]
    stages: list[StageName]


class LeadWithTimeline(Lead):
    """One lead and what happened to it, newest first."""

    events: list[Happening]
