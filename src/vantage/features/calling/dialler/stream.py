"""The media WebSocket of a call: hears the person, lets the conversation answer, speaks.

Text frames for now (the simulated carrier's extension of Plivo's protocol); the same loop will carry sound.
"""

import asyncio
import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from vantage.features.calling.conversation.engine import Conversation
from vantage.features.calling.conversation.script import DEFAULT, Brief
from vantage.features.calling.conversation.state import Reply
from vantage.features.calling.conversation.understanding.models import Turn
from vantage.features.calling.dialler import store
from vantage.features.calling.dialler.tools import CallTools
from vantage.features.calling.dialler.webhooks import CarrierDoor
from vantage.kernel.clock import Clock
from vantage.kernel.errors import NotFound
from vantage.platform.database import Database
from vantage.platform.http.auth import Principal, Public

log = structlog.get_logger(__name__)
router = APIRouter()

TEXT = "text/plain;charset=utf-8"
SILENCE_SECONDS = 20.0
LONGEST_SECONDS = 900.0
LONGEST_UTTERANCE = 2000
FAREWELL_SECONDS = 15.0
"""How long we wait for our last words to be spoken before the line is closed."""


@dataclass
class Speaking:
    """A call on the line."""

    socket: WebSocket
    database: Database
    call: tuple[UUID, UUID]
    conversation: Conversation
    stream_id: str = ""
    seq: int = 0
    started: float = field(default_factory=time.monotonic)
    spoken: int = 0
    end: str | None = None

    def ms(self) -> int:
        """Milliseconds since the stream began."""
        return int((time.monotonic() - self.started) * 1000)

    async def write(self, speaker: str, text: str, *, interrupted: bool = False) -> None:
        """An utterance of the transcript."""
        self.seq += 1
        at = self.ms()
        await store.say(self.database, *self.call, self.seq, speaker, text, (at, at), interrupted=interrupted)

    async def speak(self, reply: Reply) -> None:
        """Send words and the mark that tells us when they have been spoken."""
        if reply.text:
            await self.write("agent", reply.text)
            payload = base64.b64encode(reply.text.encode()).decode()
            await self._send({"event": "playAudio", "media": {"contentType": TEXT, "payload": payload}})
            self.spoken += 1
            await self._send({"event": "checkpoint", "streamId": self.stream_id, "name": f"said-{self.spoken}"})
        self.end = reply.end

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self.socket.send_text(json.dumps(message))


@router.websocket("/carrier/stream")
async def stream(
    websocket: WebSocket, _: Annotated[Principal | None, Public("the address holds our short-lived token")], t: str = ""
) -> None:
    """One call. A second connection with the same call goes on where the first broke off."""
    door: CarrierDoor = websocket.app.state.carrier_door
    database: Database = websocket.app.state.database
    clock: Clock = websocket.app.state.clock
    call = door.tokens.read(t, purpose="stream")
    if call is None:
        await websocket.close(1008)
        return
    try:
        known = await store.brief(database, *call)
    except NotFound:
        known = {"finished": True}
    if known["finished"]:
        await websocket.close(1008)
        return
    await websocket.accept()
    brief = brief_of(known)
    conversation = Conversation(DEFAULT, brief, CallTools(database, clock, *call), clock)
    speaking = Speaking(websocket, database, call, conversation, seq=len(known["said"]))
    # what was said before the line broke is remembered, so that nothing is asked twice
    conversation.state.turns.extend(Turn(one["speaker"], one["text"]) for one in known["said"])
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            await _talk(speaking, resumed=bool(known["said"]))
    except TimeoutError:
        speaking.end = "limit"
    except WebSocketDisconnect:
        pass
    await _close(websocket)


async def _talk(speaking: Speaking, *, resumed: bool) -> None:
    conversation = speaking.conversation
    while True:
        try:
            async with asyncio.timeout(FAREWELL_SECONDS if speaking.end else SILENCE_SECONDS):
                message = json.loads(await speaking.socket.receive_text())
        except TimeoutError:
            if speaking.end:
                return
            await speaking.speak(await conversation.silence())
            continue
        kind = message.get("event")
        if kind == "start":
            speaking.stream_id = str(message.get("start", {}).get("streamId", ""))
            if not resumed:
                await speaking.speak(await conversation.open())
        elif kind == "media" and speaking.end is None:
            text = _words(message)
            if text:
                await speaking.write("lead", text)
                await speaking.speak(await conversation.hear(text, speaking.ms()))
        elif (
            kind == "playedStream" and speaking.end and message.get("name") == f"said-{speaking.spoken}"
        ) or kind == "stop":
            return


def brief_of(known: Mapping[str, Any]) -> Brief:
    """The conversation's brief from what the database knows at this second; facts are sentences, figures are rows."""
    facts = {}
    if known["locality"] or known["city"]:
        facts["location"] = ", ".join(filter(None, (known["locality"], known["city"])))
    if known["amenities"]:
        facts["amenities"] = ", ".join(known["amenities"])
    if known["possession_date"]:
        facts["possession"] = date.fromisoformat(known["possession_date"]).strftime("%B %Y")
    if known["rera_number"]:
        facts["rera"] = known["rera_number"]
    hindi = (known["lead_language"] or known["language"]).startswith("hi")
    return Brief(
        organization=known["organization"],
        project=known["project"] or known["organization"],
        city=known["city"] or "",
        lead=(known["lead_name"] or "").split(" ")[0],
        language="hi-Latn" if hindi else "en",
        time_zone=known["time_zone"],
        configurations=tuple(known["configurations"]),
        price_min=Decimal(known["price_min"]) if known["price_min"] else None,
        price_max=Decimal(known["price_max"]) if known["price_max"] else None,
        facts=facts,
        known=frozenset(name for name, is_known in known["known"].items() if is_known),
    )


def _words(message: Mapping[str, Any]) -> str:
    try:
        raw = base64.b64decode(str(message.get("media", {}).get("payload", "")), validate=True)
    except binascii.Error:
        return ""
    return raw.decode("utf-8", "replace").strip()[:LONGEST_UTTERANCE]


async def _close(socket: WebSocket) -> None:
    try:
        await socket.close(1000)
    except RuntimeError:
        log.debug("the carrier had closed the stream")
