"""Whose leads a person sees. Policies decide; saying it in the query too lets "own" use an index."""

from vantage.features.crm import store
from vantage.features.crm.store import People
from vantage.platform.database import Database
from vantage.platform.http.auth import Principal

SEES_LEADS = ("lead.view", "lead.view_team", "lead.view_own")


async def people_in_scope(database: Database, principal: Principal) -> People:
    """None for all, else the ids of the people whose leads are seen."""
    if principal.may("lead.view"):
        return None
    if principal.may("lead.view_team"):
        async with database.reading(principal.actor()) as tx:
            return await store.team_people(tx)
    return [principal.person_id]
