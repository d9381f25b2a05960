"""Whom a campaign calls: verdicts by rule, written with their reasons; and new leads for always-on campaigns."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from vantage.features.calling.dialler import store
from vantage.features.calling.rules.eligibility import CampaignRules, LeadFacts, judge_all
from vantage.features.calling.rules.retries import FRESH_PRIORITY, USUAL_PRIORITY
from vantage.kernel.clock import Clock
from vantage.platform.database import Database, WriteTx, worker


async def enrol_audience(
    tx: WriteTx, clock: Clock, organization_id: UUID, campaign_id: UUID, project_id: UUID, *,
    max_attempts: int, carrier: str, audience: Mapping[str, Any],
) -> tuple[int, int]:  # fmt: skip
    """Judge everyone in the audience and queue those who may be called: (enrolled, left out)."""
    now = clock.now()
    facts = await store.lead_facts(tx, organization_id, project_id, campaign_id, now, audience)
    return await _enrol(tx, clock, campaign_id, project_id, max_attempts, carrier, facts, USUAL_PRIORITY)


async def enrol_new_lead(database: Database, clock: Clock, organization_id: UUID, lead_id: UUID) -> int:
    """Put a lead that has just arrived into the always-on campaigns that want it; how many. Twice changes nothing."""
    enrolled = 0
    async with database.write(worker(organization_id)) as tx:
        for campaign_id, project_id, max_attempts, audience, carrier, fresh in await store.always_on_campaigns(
            tx, organization_id, lead_id
        ):
            facts = await store.lead_facts(tx, organization_id, project_id, campaign_id, clock.now(), audience, lead_id)
            priority = FRESH_PRIORITY if fresh else USUAL_PRIORITY
            taken, _ = await _enrol(tx, clock, campaign_id, project_id, max_attempts, carrier, facts, priority)
            enrolled += taken
    return enrolled


async def enrol_waiting(database: Database, clock: Clock) -> int:
    """Judge the leads that no event has brought to their always-on campaign; how many campaigns had some."""
    waiting = await store.campaigns_to_enrol(database, 20)
    for organization_id, campaign_id, project_id, max_attempts, audience, carrier in waiting:
        async with database.write(worker(organization_id)) as tx:
            await enrol_audience(
                tx, clock, organization_id, campaign_id, project_id, max_attempts=max_attempts, carrier=carrier,
                audience=audience,
            )  # fmt: skip
    return len(waiting)


async def _enrol(
    tx: WriteTx, clock: Clock, campaign_id: UUID, project_id: UUID, max_attempts: int, carrier: str,
    facts: list[LeadFacts], priority: int,
) -> tuple[int, int]:  # fmt: skip
    if not facts:
        return 0, 0
    # consent is the law's demand for whoever reaches people; a simulation reaches nobody
    rules = CampaignRules(project_id, max_attempts, consent_required=carrier != "simulated")
    verdicts: list[dict[str, Any]] = []
    for verdict in judge_all(facts, rules, clock.now()):
        row: dict[str, Any] = {"lead_id": str(verdict.lead_id), "verdict": "left_out" if verdict.reason else "enrolled"}
        verdicts.append(row | ({"reason": verdict.reason} if verdict.reason else {"priority": priority}))
    return await store.enrol(tx, campaign_id, verdicts)
