"""Import pages: drop a file, watch it, fetch what was rejected."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response, UploadFile

from vantage.features.crm import board
from vantage.features.crm.imports import start
from vantage.features.crm.imports.api import LARGEST, TheFiles
from vantage.features.crm.instants import with_instants
from vantage.kernel.errors import VantageError
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheDatabase
from vantage.web.responses import redirect, render

router = APIRouter(include_in_schema=False)
Imports = Annotated[Principal, Requires("lead.import")]


@router.get("/leads/import")
async def get_imports(request: Request, database: TheDatabase, principal: Imports) -> Response:
    """The form, and the latest imports."""
    return await _form(request, database, principal, "", 200)


@router.post("/leads/import", max_body_size=LARGEST)
async def post_import(
    request: Request, database: TheDatabase, files: TheFiles, principal: Imports, file: UploadFile,
    project_id: Annotated[UUID, Form()],
) -> Response:  # fmt: skip
    """Take it in and show how far it is."""
    try:
        import_id = await start.start_import(
            database, files, principal, file_name=file.filename or "leads", data=await file.read(),
            project_id=project_id, mapping=None,
        )  # fmt: skip
    except VantageError as error:
        return await _form(
            request, database, principal, " ".join(filter(None, (error.detail, error.way_out))), error.status
        )
    return redirect(request, f"/imports/{import_id}")


@router.get("/imports/{import_id}")
async def get_import(request: Request, database: TheDatabase, principal: Imports, import_id: UUID) -> Response:
    """How far it is; afterwards the report."""
    found = with_instants(await start.read_import(database, principal, import_id))
    return render(request, "crm/imports/import.html", {"one": found})


async def _form(request: Request, database: TheDatabase, principal: Principal, refusal: str, status: int) -> Response:
    projects = await board.read_projects(database, principal)
    latest = with_instants(await start.list_imports(database, principal))
    options = [(project["id"], project["name"]) for project in projects]
    context = {"options": options, "imports": latest, "refusal": refusal}
    return render(request, "crm/imports/imports.html", context, status=status)
