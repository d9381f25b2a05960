"""The worker's half of an import: the file row by row into leads, each row with its verdict."""

import asyncio
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from vantage.features.crm.imports import store
from vantage.features.crm.imports.store import Taken
from vantage.features.crm.lead_files import LeadFileError, RowReader, RowRefusal, guess_mapping, open_lead_file
from vantage.features.crm.lead_files.rows import LeadRow
from vantage.kernel.clock import Clock
from vantage.kernel.errors import VantageError
from vantage.platform.database import Database
from vantage.platform.files import FileStore

log = structlog.get_logger(__name__)
BATCH = 1000
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


async def read_waiting_imports(database: Database, files: FileStore, clock: Clock) -> int:
    """One round: read every import that waits; how many."""
    done = 0
    for organization_id, import_id in await store.waiting(database, 10):
        taken = await store.take(database, organization_id, import_id)
        if taken is not None:
            await _read(database, files, clock, organization_id, taken)
            done += 1
    return done


async def _read(database: Database, files: FileStore, clock: Clock, organization_id: UUID, taken: Taken) -> None:
    """Killed in the middle, it is taken again and goes on: batches that were written are known by their rows."""
    try:
        data = await files.get(taken.file_key)
        file = await asyncio.to_thread(open_lead_file, taken.file_name, data)
        guessed = guess_mapping(file.columns, [row.cells for row in file.sample])
        mapping = taken.mapping or guessed.fields
        projects = await store.projects(database, organization_id)
        if taken.status == "reading":
            await store.set_status(database, organization_id, taken.id, "writing", mapping=mapping)
        reader = RowReader(
            mapping, region=taken.default_region, zone=ZoneInfo(taken.time_zone), month_first=guessed.month_first,
            now=clock.now(),
        )  # fmt: skip
        source = _slug(taken.file_name.rsplit(".", 1)[0]) or "file"
        rows = (_arriving(reader.read(row), row.cells, taken.project_id, projects, source) for row in file.rows())
        total = 0
        while batch := await asyncio.to_thread(_next, rows):
            total += len(batch)
            await store.accept(database, organization_id, taken.id, taken.project_id, batch)
        await store.set_status(database, organization_id, taken.id, "done", total=total)
    except LeadFileError as error:
        await store.set_status(database, organization_id, taken.id, "failed", error=error.detail)
    except FileNotFoundError:
        await store.set_status(database, organization_id, taken.id, "failed", error="The uploaded file is gone.")
    except VantageError as error:
        log.warning("an import was refused", import_id=str(taken.id), code=error.code)
        await store.set_status(database, organization_id, taken.id, "failed", error=error.detail)


def _next(rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(islice(rows, BATCH))


def _arriving(
    read: LeadRow | RowRefusal, cells: Any, default_project: UUID, projects: dict[str, UUID], source: str
) -> dict[str, Any]:
    """A row as accept_leads() takes it. The same cells in the same project are the same row, whenever they come."""
    raw = {str(column): str(value) for column, value in dict(cells).items() if value not in (None, "")}
    if isinstance(read, RowRefusal):
        return {"line": read.line, "reject_column": read.column or "row", "reject_reason": read.reason, "raw": raw}
    project_id = projects.get((read.project or "").strip().casefold(), default_project)
    digest = hashlib.sha256(json.dumps([str(project_id), sorted(raw.items())]).encode()).hexdigest()
    row: dict[str, Any] = {
        "line": read.line,
        "external_key": f"file:{digest}",
        "raw": raw,
        "project_id": str(project_id),
        "name": read.name,
        "phone": read.phone.e164 if read.phone else None,
        "further_phones": [phone.e164 for phone in read.other_phones],
        "email": read.email,
        "source": _slug(read.source or "") or source,
        "source_detail": read.campaign,
        "external_id": read.external_id,
        "message": read.message or "; ".join(read.notes) or None,
        "configuration": [read.configuration] if read.configuration else [],
        "timeline": read.timeline,
        "location": read.locality or read.city,
        "occurred_at": _iso(read.received_at),
        "budget_min": _text(read.budget.low if read.budget else None),
        "budget_max": _text(read.budget.high if read.budget else None),
        "custom_fields": read.extra,
    }
    if read.consent:
        row |= {"consent_status": "granted", "consent_source": "file", "consent_at": _iso(read.received_at),
                "consent_text": "Consent as the file tells it."}  # fmt: skip
        if read.received_at is None:
            row["consent_status"] = None
    return {key: value for key, value in row.items() if value not in (None, [], {})}


def _slug(text: str) -> str:
    return _NOT_SLUG.sub("_", text.casefold()).strip("_")[:40]


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _text(amount: Decimal | None) -> str | None:
    return str(amount) if amount is not None else None
