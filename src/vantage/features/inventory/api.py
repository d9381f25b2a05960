"""Projects as JSON."""

import json
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from vantage.features.inventory import store
from vantage.kernel.errors import Forbidden
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheDatabase

router = APIRouter(prefix="/api/v1", tags=["inventory"])


class ProjectRow(BaseModel):
    """A project with what is left to sell."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    name: str
    description: str
    status: str
    locality: str | None
    city: str | None
    rera_number: str | None
    possession_date: date | None
    is_published: bool
    public_slug: str | None
    archived_at: datetime | None
    version: int
    created_at: datetime
    properties: int
    available: int
    leads: int


class NewProject(BaseModel):
    """A project to create; its stages come with it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    name: str = Field(min_length=1, max_length=160, examples=["Palm Grove"])
    description: str = Field("", max_length=10000)
    locality: str | None = Field(None, max_length=200)
    city: str | None = Field(None, max_length=100)


class Created(BaseModel):
    """The id of what was made."""

    id: UUID


def organization_of(principal: Principal) -> UUID:
    """The tenant of a principal that a route's Requires() has let in."""
    if principal.organization_id is None:
        raise Forbidden("You don't belong to an organisation yet.")
    return principal.organization_id


@router.get("/projects")
async def get_projects(
    database: TheDatabase, principal: Annotated[Principal, Requires("project.view")]
) -> list[ProjectRow]:
    """Every project that is not archived."""
    found = await database.read(principal.actor(), store.projects(organization_of(principal)))
    return [ProjectRow.model_validate(one) for one in json.loads(found)]


@router.post("/projects", status_code=201)
async def post_project(
    body: NewProject, database: TheDatabase, principal: Annotated[Principal, Requires("project.create")]
) -> Created:
    """Make a project; 409 when the plan holds no more."""
    async with database.write(principal.actor()) as tx:
        made = await store.create_project(
            tx, organization_of(principal), name=body.name, description=body.description, locality=body.locality,
            city=body.city,
        )  # fmt: skip
    return Created(id=made)
