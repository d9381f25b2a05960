"""Reading, adding and changing leads."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from vantage.features.crm import store
from vantage.features.crm.scope import people_in_scope
from vantage.kernel.errors import FieldError, Forbidden, Invalid, QuotaExceeded, StaleVersion
from vantage.kernel.pagination import decode_cursor, encode_cursor
from vantage.kernel.phone import parse_phone, phone_problem
from vantage.platform.database import Database, WriteTx
from vantage.platform.http.auth import Principal

TIMELINE = 100
NOTE_CHARACTERS = 5000


def organization_of(principal: Principal) -> UUID:
    """The tenant of a principal that a route's Requires() has let in."""
    if principal.organization_id is None:
        raise Forbidden("You don't belong to an organisation yet.")
    return principal.organization_id


async def list_leads(
    database: Database,
    principal: Principal,
    *,
    limit: int,
    cursor: str | None = None,
    typed: str = "",
    archived: bool = False,
    project_id: UUID | None = None,
    stage_id: UUID | None = None,
    assigned_to: UUID | None = None,
    source: str | None = None,
) -> dict[str, Any]:
    """A LeadPage. With `typed`, what the search finds, best first and without further pages."""
    organization_id = organization_of(principal)
    if typed.strip():
        found = json.loads(
            await database.read(principal.actor(), store.search(organization_id, typed.strip()[:100], limit))
        )
        for item in found["items"]:
            item.pop("rank", None)
        return {"items": found["items"], "next_cursor": None}
    after = None
    if cursor:
        at, last = decode_cursor(cursor, (datetime, UUID))
        after = (cast("datetime", at), cast("UUID", last))
    people = await people_in_scope(database, principal)
    ask = store.leads(
        organization_id, people, limit=limit + 1, after=after, archived=archived, project_id=project_id,
        stage_id=stage_id, assigned_to=assigned_to, source=source,
    )  # fmt: skip
    items: list[dict[str, Any]] = json.loads(await database.read(principal.actor(), ask))["items"]
    more = len(items) > limit
    items = items[:limit]
    following = (
        encode_cursor((datetime.fromisoformat(items[-1]["created_at"]), UUID(items[-1]["id"]))) if more else None
    )
    return {"items": items, "next_cursor": following}


async def read_lead(
    database: Database, principal: Principal, lead_id: UUID
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The lead and its timeline, in one round trip. Raises NotFound."""
    organization_id = organization_of(principal)
    lead, events = await database.read(
        principal.actor(), store.lead(organization_id, lead_id), store.timeline(organization_id, lead_id, TIMELINE)
    )
    return json.loads(lead), json.loads(events)


async def add_lead(
    database: Database, principal: Principal, row: Mapping[str, Any], *, region: str = "IN"
) -> tuple[UUID | None, str]:
    """Take one lead in: its id and the verdict (created or merged). Raises Invalid, QuotaExceeded."""
    given = {key: value for key, value in row.items() if value not in (None, "", [])}
    number = str(given.pop("phone", "") or "")
    if number:
        phone = parse_phone(number, region)
        if phone is None:
            sentence = phone_problem(number, region) or "This is not a phone number."
            raise Invalid(sentence, fields=[FieldError("phone", sentence, "phone")])
        given["phone"] = phone.e164
    if "phone" not in given and "email" not in given:
        sentence = "Give a phone number or an e-mail address."
        raise Invalid(sentence, fields=[FieldError("phone", sentence, "required")])
    async with database.write(principal.actor()) as tx:
        [verdict] = await store.accept_leads(tx, [given], None)
    if verdict["verdict"] == "rejected":
        if verdict["column_name"] == "quota":
            raise QuotaExceeded(verdict["reason"])
        raise Invalid(verdict["reason"], fields=[FieldError(verdict["column_name"] or "phone", verdict["reason"])])
    return UUID(verdict["lead_id"]) if verdict["lead_id"] else None, str(verdict["verdict"])


async def change_lead(
    database: Database, principal: Principal, lead_id: UUID, changes: Mapping[str, Any], version: int | None
) -> None:
    """Change what was sent and nothing else. Raises NotFound, StaleVersion, Forbidden, Invalid."""
    organization_id = organization_of(principal)
    of_contact = {key: changes[key] for key in ("name", "email", "do_not_call") if key in changes}
    of_lead = {key: value for key, value in changes.items() if key not in of_contact}
    async with database.write(principal.actor()) as tx:
        await _must_be_there(tx, organization_id, lead_id)
        # the row's version counts for the whole page, so a change of the person alone bumps it too
        if await store.change_lead(tx, organization_id, lead_id, of_lead, version) is None:
            await _say_why(tx, organization_id, lead_id, version)
        if of_contact and await store.change_contact(tx, organization_id, lead_id, of_contact) == 0:
            raise Forbidden(
                "You may not change this person's details.",
                way_out="Ask an owner or admin for the permission lead.view_numbers.",
            )


async def move_lead(
    database: Database, principal: Principal, lead_id: UUID, stage_id: UUID, version: int | None
) -> None:
    """Put the lead into another stage of its project: one transition, one event. Raises as change_lead()."""
    organization_id = organization_of(principal)
    async with database.write(principal.actor()) as tx:
        if await store.move_lead(tx, organization_id, lead_id, stage_id, version) is None:
            await _must_be_there(tx, organization_id, lead_id)
            await _say_why(tx, organization_id, lead_id, version)


async def archive_lead(database: Database, principal: Principal, lead_id: UUID, *, archived: bool) -> None:
    """Take it off the board, or bring it back. Raises NotFound, Forbidden, QuotaExceeded."""
    organization_id = organization_of(principal)
    async with database.write(principal.actor()) as tx:
        if await store.archive_lead(tx, organization_id, lead_id, archived=archived) is None:
            await _must_be_there(tx, organization_id, lead_id)
            await _say_why(tx, organization_id, lead_id, None)


async def add_note(database: Database, principal: Principal, lead_id: UUID, text: str, kind: str = "note") -> UUID:
    """Write a line on the timeline. Raises NotFound, Invalid."""
    organization_id = organization_of(principal)
    written = text.strip()
    if not 1 <= len(written) <= NOTE_CHARACTERS:
        sentence = f"A note has 1 to {NOTE_CHARACTERS:,} characters."
        raise Invalid(sentence, fields=[FieldError("text", sentence)])
    async with database.write(principal.actor()) as tx:
        await _must_be_there(tx, organization_id, lead_id)
        return await store.add_activity(tx, organization_id, lead_id, kind, {"text": written})


async def _must_be_there(tx: WriteTx, organization_id: UUID, lead_id: UUID) -> dict[str, Any]:
    """The lead as the person sees it. Raises NotFound, also for another tenant's."""
    return cast("dict[str, Any]", json.loads(await tx.ask(store.lead(organization_id, lead_id))))


async def _say_why(tx: WriteTx, organization_id: UUID, lead_id: UUID, version: int | None) -> None:
    """Row security refuses without a word; this finds the sentence. Always raises."""
    seen = await _must_be_there(tx, organization_id, lead_id)
    if version is not None and seen["version"] != version:
        raise StaleVersion(
            f"Somebody saved this lead in between (version {seen['version']}, yours was {version}).",
            way_out="Reload, look at both, and save again.",
        )
    raise Forbidden("You may not change this lead.", way_out="Ask an owner or admin for the permission lead.edit.")
