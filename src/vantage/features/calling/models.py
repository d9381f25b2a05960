"""What the API says of campaigns and calls."""

from datetime import date, datetime, time
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

CampaignStatus = Literal["draft", "scheduled", "running", "paused", "completed", "cancelled", "failed"]


class Strict(BaseModel):
    """Answers hold exactly their fields."""

    model_config = ConfigDict(extra="forbid")


class Audience(Strict):
    """Which leads of the project: everybody when empty."""

    min_score: int | None = Field(None, ge=0, le=100)
    sources: list[str] = Field(default_factory=list, max_length=20)


class NewCampaign(BaseModel):
    """A campaign to create. It begins as a draft."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    project_id: UUID
    name: str = Field(min_length=1, max_length=120)
    description: str = Field("", max_length=2000)
    always_on: bool = Field(False, description="Leads that arrive later and match are enrolled by themselves.")
    audience: Audience = Audience(min_score=None)
    language: str = Field("en-IN", pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    start_date: date | None = None
    end_date: date | None = None
    time_start: time | None = None
    time_end: time | None = None
    max_attempts: int = Field(3, ge=1, le=10)
    calls_per_minute: int = Field(30, ge=1, le=600)
    max_concurrent: int = Field(10, ge=1, le=100)
    budget_amount: str | None = Field(
        None, pattern=r"^\d{1,12}(\.\d{1,2})?$", description="Rupees; the campaign pauses when they are spent."
    )


class CampaignRow(Strict):
    """A line of the list."""

    id: UUID
    name: str
    status: CampaignStatus
    always_on: bool
    project_id: UUID
    project: str
    pause_reason: str | None
    created_at: datetime
    started_at: datetime | None
    budget_amount: str | None
    spent_amount: str
    currency: str
    version: int
    enrolled: int
    reached: int
    open: int


class LeftOut(Strict):
    """Somebody whom the campaign does not call, and the rule's reason."""

    lead_id: UUID
    name: str | None
    reason: str


class Campaign(Strict):
    """One campaign, whole. `left_out` counts by reason; `left_out_leads` names the first hundred."""

    id: UUID
    name: str
    description: str
    status: CampaignStatus
    always_on: bool
    project_id: UUID
    project: str
    pause_reason: str | None
    audience: dict[str, Any]
    language: str
    time_zone: str
    start_date: date | None
    end_date: date | None
    time_start: time | None
    time_end: time | None
    max_attempts: int
    calls_per_minute: int
    max_concurrent: int
    budget_amount: str | None
    spent_amount: str
    currency: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    version: int
    queue: dict[str, int]
    outcomes: dict[str, int]
    enrolled: int
    left_out: dict[str, int]
    left_out_leads: list[LeftOut]
    next_call_at: datetime | None


class CallRow(Strict):
    """A line of the calls. `outcome` is null while the call goes on."""

    id: UUID
    lead_id: UUID | None
    name: str | None
    number: str | None
    campaign_id: UUID | None
    project_id: UUID | None
    project: str | None
    status: str
    outcome: str | None
    attempt: int
    carrier: str
    direction: str
    created_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration: int | None
    cost: str | None
    currency: str
    disconnect_reason: str | None
    summary: str | None
    last_words: str | None


class CallPage(Strict):
    """A page of calls, newest first."""

    items: list[CallRow]
    next_cursor: str | None = None


class Utterance(Strict):
    """What somebody said; milliseconds from the start of the conversation."""

    seq: int
    speaker: Literal["agent", "lead", "system"]
    text: str
    ms_from: int
    ms_to: int
    interrupted: bool


class Call(Strict):
    """One call: words, analysis, and why it was allowed."""

    id: UUID
    lead_id: UUID | None
    name: str | None
    number: str | None
    caller_number: str | None
    campaign_id: UUID | None
    campaign: str | None
    project_id: UUID | None
    project: str | None
    status: str
    outcome: str | None
    attempt: int
    carrier: str
    direction: str
    created_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration: int | None
    billed_seconds: int | None
    cost: str | None
    currency: str
    call_sid: str | None
    transferred: bool
    disconnect_reason: str | None
    disconnect_notes: str | None
    ai_analysis: dict[str, Any] | None
    conversation_transcript: str | None
    proof: dict[str, Any]
    utterances: list[Utterance]
