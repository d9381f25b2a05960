"""The person's half of an import: the file into the store, a row for the worker."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID, uuid4

from vantage.features.crm.imports import store
from vantage.features.crm.lead_files import check_mapping, open_lead_file, safe_cell
from vantage.features.crm.leads import organization_of
from vantage.kernel.errors import FieldError, Invalid
from vantage.platform.database import Database
from vantage.platform.files import FileStore
from vantage.platform.http.auth import Principal


async def start_import(
    database: Database, files: FileStore, principal: Principal, *, file_name: str, data: bytes, project_id: UUID,
    mapping: Mapping[str, str] | None,
) -> UUID:  # fmt: skip
    """Take the file in; its import's id. Raises Invalid (with the sentence) for a file that cannot be read."""
    organization_id = organization_of(principal)
    opened = open_lead_file(file_name, data)
    if mapping is not None:
        wrong = check_mapping(mapping, opened.columns)
        if wrong:
            sentences = [FieldError(f"mapping.{column}", sentence) for column, sentence in wrong]
            raise Invalid("The mapping does not fit the file.", fields=sentences)
    import_id = uuid4()
    key = f"imports/{organization_id}/{import_id}"
    await files.put(key, data)
    async with database.write(principal.actor()) as tx:
        return await store.create_import(
            tx, organization_id, import_id, project_id, file_name=file_name[-255:] or "leads", file_key=key,
            file_digest=hashlib.sha256(data).hexdigest(), mapping=mapping,
        )  # fmt: skip


async def read_import(database: Database, principal: Principal, import_id: UUID) -> dict[str, Any]:
    """How far it is. Raises NotFound."""
    found = await database.read(principal.actor(), store.read_import(organization_of(principal), import_id))
    return cast("dict[str, Any]", json.loads(found))


async def list_imports(database: Database, principal: Principal) -> list[dict[str, Any]]:
    """The latest imports."""
    found = await database.read(principal.actor(), store.imports(organization_of(principal)))
    return cast("list[dict[str, Any]]", json.loads(found))


async def rejected_csv(database: Database, principal: Principal, import_id: UUID) -> str:
    """The rejected rows with their own columns and, in front, line, column and reason; harmless in a spreadsheet."""
    organization_id = organization_of(principal)
    _, rows = await database.read(
        principal.actor(), store.read_import(organization_id, import_id), store.rejected(organization_id, import_id)
    )
    columns: dict[str, None] = {}
    for _line, _column, _reason, raw in rows:
        columns.update(dict.fromkeys(raw or {}))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "column", "reason", *map(safe_cell, columns)])
    for line, column, reason, raw in rows:
        cells: Sequence[str] = [safe_cell(str((raw or {}).get(name, ""))) for name in columns]
        writer.writerow([line, safe_cell(column or ""), safe_cell(reason or ""), *cells])
    return "\ufeff" + out.getvalue()
