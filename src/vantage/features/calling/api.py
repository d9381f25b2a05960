"""Campaigns and calls as JSON."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from vantage.features.calling import calls, campaigns
from vantage.features.calling.models import Call, CallPage, Campaign, CampaignRow, NewCampaign
from vantage.kernel.pagination import DEFAULT_LIMIT, MAXIMUM_LIMIT
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheClock, TheDatabase

router = APIRouter(prefix="/api/v1", tags=["calling"])

Sees = Annotated[Principal, Requires("campaign.view")]
Runs = Annotated[Principal, Requires("campaign.run")]
SeesCalls = Annotated[Principal, Requires("call.view")]


@router.get("/campaigns")
async def get_campaigns(database: TheDatabase, principal: Sees) -> list[CampaignRow]:
    """Every campaign with its progress, running ones first."""
    return [CampaignRow.model_validate(one) for one in await campaigns.list_campaigns(database, principal)]


@router.post("/campaigns", status_code=201)
async def post_campaign(
    body: NewCampaign, database: TheDatabase, principal: Annotated[Principal, Requires("campaign.create")]
) -> Campaign:
    """Make a draft; POST …/start judges its audience and begins."""
    campaign_id = await campaigns.create_campaign(database, principal, body.model_dump(mode="json", exclude_none=True))
    return Campaign.model_validate(await campaigns.read_campaign(database, principal, campaign_id))


@router.get("/campaigns/{campaign_id}")
async def get_campaign(campaign_id: UUID, database: TheDatabase, principal: Sees) -> Campaign:
    """How far it is, and everyone left out with the reason."""
    return Campaign.model_validate(await campaigns.read_campaign(database, principal, campaign_id))


@router.post("/campaigns/{campaign_id}/{step}")
async def post_step(
    campaign_id: UUID, step: campaigns.Step, database: TheDatabase, clock: TheClock, principal: Runs
) -> Campaign:
    """Start, pause, resume or cancel it; 409 says which step is not possible now."""
    await campaigns.take_step(database, clock, principal, campaign_id, step)
    return Campaign.model_validate(await campaigns.read_campaign(database, principal, campaign_id))


@router.get("/calls")
async def get_calls(
    database: TheDatabase, principal: SeesCalls, lead_id: UUID | None = None, campaign_id: UUID | None = None,
    live: bool | None = None, cursor: Annotated[str | None, Query(max_length=2000)] = None,
    limit: Annotated[int, Query(ge=1, le=MAXIMUM_LIMIT)] = DEFAULT_LIMIT,
) -> CallPage:  # fmt: skip
    """Calls of visible leads, newest first; `live` for those in progress."""
    found = await calls.list_calls(
        database, principal, limit=limit, cursor=cursor, lead_id=lead_id, campaign_id=campaign_id, live=live
    )
    return CallPage.model_validate(found)


@router.get("/calls/{call_id}")
async def get_call(call_id: UUID, database: TheDatabase, principal: SeesCalls) -> Call:
    """Transcript, analysis, cost, and the proof of why it was allowed."""
    return Call.model_validate(await calls.read_call(database, principal, call_id))
