"""The pipeline of one project: stages with their totals, and the first cards of each."""

import json
from typing import Any, cast
from uuid import UUID

from vantage.features.crm import store
from vantage.features.crm.leads import organization_of
from vantage.features.crm.scope import people_in_scope
from vantage.kernel.errors import NotFound
from vantage.platform.database import Database
from vantage.platform.http.auth import Principal

CARDS = 20


async def read_board(database: Database, principal: Principal, project_id: UUID) -> bytes:
    """A Board as JSON, in one round trip. Raises NotFound."""
    people = await people_in_scope(database, principal)
    return await database.read(principal.actor(), store.board(organization_of(principal), project_id, people, CARDS))


async def read_projects(database: Database, principal: Principal) -> list[dict[str, Any]]:
    """[{id, name, leads}] for the switcher, most leads first."""
    people = await people_in_scope(database, principal)
    found = await database.read(principal.actor(), store.board_projects(organization_of(principal), people))
    return cast("list[dict[str, Any]]", json.loads(found))


async def read_more(
    database: Database, principal: Principal, project_id: UUID, stage_id: UUID, after: tuple[int, UUID]
) -> list[dict[str, Any]]:
    """The next cards of a stage."""
    people = await people_in_scope(database, principal)
    found = await database.read(
        principal.actor(),
        store.stage_cards(organization_of(principal), project_id, stage_id, people, after, CARDS),
    )
    return cast("list[dict[str, Any]]", json.loads(found))


def chosen_project(projects: list[dict[str, Any]], wanted: UUID | None, remembered: str) -> UUID | None:
    """Which project the page opens: the one asked for, else the last one, else the one with most leads.

    Raises NotFound for one that was asked for and is not there. None when there is no project at all.
    """
    ids = {project["id"] for project in projects}
    if wanted is not None:
        if str(wanted) not in ids:
            raise NotFound
        return wanted
    if remembered in ids:
        return UUID(remembered)
    return UUID(projects[0]["id"]) if projects else None
