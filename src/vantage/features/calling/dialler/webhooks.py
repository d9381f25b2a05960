"""What the carrier tells us: ringing, answered, ended. Signed, idempotent, in any order.

A report that could not be written is answered with an error, so that the carrier sends it again. One that names no
call of ours is answered harmlessly and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Protocol
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response
from starlette.requests import HTTPConnection

from vantage.features.calling.dialler import store
from vantage.features.calling.dialler.finish import Ended, finish_call
from vantage.features.calling.dialler.tokens import STREAM_SECONDS, CallTokens
from vantage.features.calling.rules.outcomes import read_carrier
from vantage.kernel.errors import Forbidden
from vantage.platform.http.auth import Principal, Public
from vantage.platform.http.state import TheClock, TheDatabase

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/carrier", include_in_schema=False)
XML = "application/xml"

TheCarrier = Annotated[Principal | None, Public("the carrier signs each request, and the address holds our token")]


class CarrierLanguage(Protocol):
    """How a carrier signs, and what it is told; implemented by its adapter."""

    def signed(self, url: str, headers: Mapping[str, str], form: Mapping[str, str]) -> bool:
        """Whether this request comes from the carrier, by the public address that it called."""

    def stream(self, websocket_url: str) -> str:
        """The answer that connects the call to our stream."""

    def hangup(self) -> str:
        """The answer that ends the call."""


@dataclass(frozen=True, slots=True)
class CarrierDoor:
    """What the routes here need; main hangs it on the application as `carrier_door`."""

    language: CarrierLanguage
    tokens: CallTokens
    public_url: str


def _door(connection: HTTPConnection) -> CarrierDoor:
    door: CarrierDoor = connection.app.state.carrier_door
    return door


TheDoor = Annotated[CarrierDoor, Depends(_door)]


@router.post("/ring")
async def post_ring(request: Request, database: TheDatabase, door: TheDoor, _: TheCarrier, t: str = "") -> Response:
    """It rings at the person's."""
    form, call = await _told(request, door, t)
    if call is not None:
        await store.record_event(database, *call, "ringing", _ids(form))
    return Response(status_code=200)


@router.post("/answer")
async def post_answer(
    request: Request, database: TheDatabase, clock: TheClock, door: TheDoor, _: TheCarrier, t: str = ""
) -> Response:
    """Somebody answered: connect the call to the stream."""
    form, call = await _told(request, door, t)
    if call is None:
        return Response(door.language.hangup(), media_type=XML)
    facts = _ids(form) | {"answered_at": clock.now().isoformat()}
    await store.record_event(database, *call, "in_progress", facts)
    await store.mark_in_progress(database, *call)
    token = door.tokens.make(*call, purpose="stream", seconds=STREAM_SECONDS)
    address = door.public_url.replace("http", "ws", 1) + f"/carrier/stream?t={token}"
    return Response(door.language.stream(address), media_type=XML)


@router.post("/hangup")
async def post_hangup(
    request: Request, database: TheDatabase, clock: TheClock, door: TheDoor, _: TheCarrier, t: str = ""
) -> Response:
    """The call is over, answered or not: facts and cost are the carrier's, what follows is ours."""
    form, call = await _told(request, door, t)
    if call is None:
        return Response(status_code=200)
    duration = _whole(form.get("Duration"))
    word = read_carrier(form.get("CallStatus", ""), _whole(form.get("HangupCauseCode")), answered=bool(duration))
    facts: dict[str, Any] = _ids(form) | {
        "ended_at": (_instant(form.get("EndTime")) or clock.now()).isoformat(),
        "duration": duration or 0,
        "billed_seconds": _whole(form.get("BillDuration")) or 0,
        "cost": str(_money(form.get("TotalCost"))),
    }
    await store.record_event(database, *call, word.status, facts)
    known = await store.brief(database, *call)
    if not known["finished"]:
        await finish_call(database, clock, *call, Ended(word.outcome or "failed"))
    return Response(status_code=200)


@router.post("/stream-status")
async def post_stream_status(request: Request, door: TheDoor, _: TheCarrier, t: str = "") -> Response:
    """How the stream fares; a degraded one is logged."""
    form, call = await _told(request, door, t)
    if form.get("Event") in ("DroppedStream", "DegradedStream"):
        log.warning("stream trouble", event_name=form.get("Event"), call_id=str(call[1]) if call else None)
    return Response(status_code=200)


async def _told(request: Request, door: CarrierDoor, token: str) -> tuple[dict[str, str], tuple[UUID, UUID] | None]:
    """The form and the call that it is about. Raises Forbidden when the carrier did not sign it."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    url = f"{door.public_url}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")
    if not door.language.signed(url, request.headers, form):
        raise Forbidden("This request is not signed by the carrier.")
    return form, door.tokens.read(token)


def _ids(form: Mapping[str, str]) -> dict[str, Any]:
    return {"call_sid": form["CallUUID"]} if form.get("CallUUID") else {}


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _money(text: str | None) -> Decimal:
    try:
        return abs(Decimal(text or "0"))
    except InvalidOperation:
        return Decimal(0)


def _instant(text: str | None) -> datetime | None:
    """`2026-11-02 10:00:00` in UTC, as Plivo writes it."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None
