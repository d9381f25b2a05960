"""Lead imports as JSON."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response, UploadFile
from pydantic import BaseModel, ConfigDict
from starlette.requests import HTTPConnection

from vantage.features.crm.imports import start
from vantage.kernel.errors import FieldError, Invalid
from vantage.platform.files import FileStore
from vantage.platform.http.auth import Principal, Requires
from vantage.platform.http.state import TheDatabase

router = APIRouter(prefix="/api/v1", tags=["crm"])
Imports = Annotated[Principal, Requires("lead.import")]
LARGEST = 65 * 1024 * 1024
"""The file's own limit (64 MB) and what surrounds it in the form."""


def _files(connection: HTTPConnection) -> FileStore:
    files: FileStore = connection.app.state.files
    return files


TheFiles = Annotated[FileStore, Depends(_files)]


class Reason(BaseModel):
    """Why rows were rejected, and how many."""

    model_config = ConfigDict(extra="forbid")
    reason: str | None
    rows: int


class Import(BaseModel):
    """An import. When it is done, created + merged + rejected = total: every row of the file is accounted for."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    project_id: UUID
    project: str
    file_name: str
    status: str
    total: int | None
    created: int
    merged: int
    rejected: int
    over_quota: int
    mapping: dict[str, str] | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    reasons: list[Reason]


@router.post("/leads/import", status_code=202, max_body_size=LARGEST)
async def post_import(
    file: UploadFile,
    project_id: Annotated[UUID, Form()],
    database: TheDatabase,
    files: TheFiles,
    principal: Imports,
    mapping: Annotated[str, Form(description="JSON: {column: field}; guessed when absent.")] = "",
) -> Import:
    """Take in a CSV, TSV or XLSX of leads. Answers at once; GET /imports/{id} tells how far it is."""
    import_id = await start.start_import(
        database, files, principal, file_name=file.filename or "leads", data=await file.read(), project_id=project_id,
        mapping=_mapping(mapping),
    )  # fmt: skip
    return Import.model_validate(await start.read_import(database, principal, import_id))


@router.get("/imports/{import_id}")
async def get_import(import_id: UUID, database: TheDatabase, principal: Imports) -> Import:
    """How far it is and what came of each row."""
    return Import.model_validate(await start.read_import(database, principal, import_id))


@router.get("/imports/{import_id}/rejected.csv", response_class=Response)
async def get_rejected(import_id: UUID, database: TheDatabase, principal: Imports) -> Response:
    """The rejected rows with line, column and reason: repair them and import the file again."""
    text = await start.rejected_csv(database, principal, import_id)
    disposition = {"Content-Disposition": 'attachment; filename="rejected.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=disposition)


def _mapping(text: str) -> dict[str, str] | None:
    if not text.strip():
        return None
    try:
        given: Any = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        sentence = 'The mapping is a JSON object such as {"Contact No.": "phone"}.'
        raise Invalid(sentence, fields=[FieldError("mapping", sentence)])
    return given
