"""Projects and properties as pages."""

import json
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from vantage.features.inventory import store
from vantage.features.inventory.api import organization_of
from vantage.kernel.errors import FieldError, Invalid, VantageError
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheDatabase
from vantage.web.responses import redirect, render

router = APIRouter(include_in_schema=False)

Sees = Annotated[Principal, Requires("project.view")]
Creates = Annotated[Principal, Requires("project.create")]
Edits = Annotated[Principal, Requires("property.edit")]
STATUS_TONES = {"available": "green", "reserved": "amber", "sold": "neutral", "rented": "violet"}


@router.get("/projects")
async def get_projects(request: Request, database: TheDatabase, principal: Sees) -> Response:
    """All projects."""
    found = json.loads(await database.read(principal.actor(), store.projects(organization_of(principal))))
    context = {"projects": found, "may_create": principal.may("project.create")}
    return render(request, "inventory/projects.html", context)


@router.get("/projects/new")
async def get_new_project(request: Request, principal: Creates) -> Response:
    """The form."""
    organization_of(principal)
    return render(request, "inventory/project_new.html", {"values": {}, "refusal": ""})


@router.post("/projects/new")
async def post_project(
    request: Request, database: TheDatabase, principal: Creates, name: Annotated[str, Form(max_length=160)] = "",
    description: Annotated[str, Form(max_length=10000)] = "", locality: Annotated[str, Form(max_length=200)] = "",
    city: Annotated[str, Form(max_length=100)] = "",
) -> Response:  # fmt: skip
    """Make it; its stages come with it."""
    try:
        if not name.strip():
            raise Invalid("Give the project a name.", fields=[FieldError("name", "Give the project a name.")])
        async with database.write(principal.actor()) as tx:
            made = await store.create_project(
                tx, organization_of(principal), name=name.strip(), description=description.strip(),
                locality=locality.strip() or None, city=city.strip() or None,
            )  # fmt: skip
    except VantageError as error:
        values = {"name": name, "description": description, "locality": locality, "city": city}
        refusal = " ".join(filter(None, (error.detail, error.way_out)))
        return render(
            request, "inventory/project_new.html", {"values": values, "refusal": refusal}, status=error.status
        )
    return redirect(request, f"/projects/{made}")


@router.get("/projects/{project_id}")
async def get_project(request: Request, database: TheDatabase, principal: Sees, project_id: UUID) -> Response:
    """One project, its public page and its properties."""
    found = json.loads(await database.read(principal.actor(), store.project(organization_of(principal), project_id)))
    return render(request, "inventory/project.html", {"project": found, "tones": STATUS_TONES})


@router.get("/properties/{property_id}")
async def get_property(
    request: Request,
    database: TheDatabase,
    principal: Annotated[Principal, Requires("property.view")],
    property_id: UUID,
) -> Response:
    """One property: pictures, features, facts."""
    found = await database.read(principal.actor(), store.read_property(organization_of(principal), property_id))
    context = {"one": json.loads(found), "tones": STATUS_TONES, "may_edit": principal.may("property.edit")}
    return render(request, "inventory/property.html", context)


@router.post("/properties/{property_id}/features")
async def post_feature(
    request: Request, database: TheDatabase, principal: Edits, property_id: UUID,
    feature_name: Annotated[str, Form(max_length=60)] = "",
) -> Response:  # fmt: skip
    """Tag it."""
    if feature_name.strip():
        async with database.write(principal.actor()) as tx:
            await store.add_feature(tx, organization_of(principal), property_id, feature_name.strip())
    return redirect(request, f"/properties/{property_id}")


@router.post("/properties/{property_id}/images")
async def post_image(
    request: Request, database: TheDatabase, principal: Edits, property_id: UUID,
    url: Annotated[str, Form(max_length=2000)] = "",
) -> Response:  # fmt: skip
    """Add a picture by its address."""
    if not url.startswith("https://"):
        raise Invalid("A picture's address begins with https://.", fields=[FieldError("url", "https:// is missing.")])
    async with database.write(principal.actor()) as tx:
        await store.add_image(tx, organization_of(principal), property_id, url)
    return redirect(request, f"/properties/{property_id}")
