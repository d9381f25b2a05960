"""Campaigns: create, start, pause, resume, cancel. Everyone in the audience is judged when it starts."""

import json
from collections.abc import Mapping
from typing import Any, Literal, cast
from uuid import UUID

from vantage.features.calling import store
from vantage.features.calling.dialler.enrol import enrol_audience
from vantage.kernel.clock import Clock
from vantage.kernel.errors import Forbidden, NotFound
from vantage.platform.database import Database, worker
from vantage.platform.http.auth import Principal

Step = Literal["start", "pause", "resume", "cancel"]
_STATUS: dict[Step, str] = {"start": "running", "pause": "paused", "resume": "running", "cancel": "cancelled"}

REASONS = {
    "archived": "archived",
    "project_archived": "the project is archived",
    "wrong_project": "belongs to another project",
    "stage_won": "already won",
    "stage_lost": "already lost",
    "do_not_call": "asked not to be called",
    "no_number": "left no number",
    "invalid_number": "the number is not valid",
    "no_consent": "no valid consent to be called",
    "abusive": "was abusive",
    "attempts_exhausted": "called as often as allowed",
    "frequency_cap": "called enough in the last days",
    "already_called": "spoken to already",
    "same_number": "another lead has the same number",
    "not_in_audience": "outside the audience",
}
"""The reason codes of rules/eligibility.py, as people read them."""


def organization_of(principal: Principal) -> UUID:
    """The tenant of a principal that a route's Requires() has let in."""
    if principal.organization_id is None:
        raise Forbidden("You don't belong to an organisation yet.")
    return principal.organization_id


async def list_campaigns(database: Database, principal: Principal) -> list[dict[str, Any]]:
    """Every campaign with its progress."""
    found = await database.read(principal.actor(), store.campaigns(organization_of(principal)))
    return cast("list[dict[str, Any]]", [{k: v for k, v in one.items() if k != "rank"} for one in json.loads(found)])


async def read_campaign(database: Database, principal: Principal, campaign_id: UUID) -> dict[str, Any]:
    """One campaign. Raises NotFound."""
    found = await database.read(principal.actor(), store.campaign(organization_of(principal), campaign_id))
    return cast("dict[str, Any]", json.loads(found))


async def create_campaign(database: Database, principal: Principal, new: Mapping[str, Any]) -> UUID:
    """A draft. Raises QuotaExceeded, Invalid."""
    async with database.write(principal.actor()) as tx:
        return await store.create_campaign(tx, organization_of(principal), new)


async def take_step(database: Database, clock: Clock, principal: Principal, campaign_id: UUID, step: Step) -> None:
    """Start, pause, resume or cancel. Starting judges the audience first. Raises NotFound, InvalidTransition, Forbidden."""
    organization_id = organization_of(principal)
    async with database.write(principal.actor()) as tx:
        known = await store.to_enrol(tx, organization_id, campaign_id)
    if known is None:
        raise NotFound
    _, project_id, max_attempts, audience, status, carrier = known
    if step == "start" and status in ("draft", "scheduled"):
        # judged as the organisation's job: the rules count calls by number, which not everybody who may start sees
        async with database.write(worker(organization_id)) as tx:
            await enrol_audience(
                tx, clock, organization_id, campaign_id, project_id, max_attempts=max_attempts, carrier=carrier,
                audience=audience,
            )  # fmt: skip
    async with database.write(principal.actor()) as tx:
        if not await store.step(tx, organization_id, campaign_id, _STATUS[step]):
            raise Forbidden("You may not change this campaign.", way_out="Ask an owner or admin for campaign.run.")
