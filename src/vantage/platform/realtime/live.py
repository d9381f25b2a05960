"""`/live`: one WebSocket per tab. It says what changed, never what it holds; the page asks for the fragment.

Protocol: see web/modules/live.js. Numbers come from the relay, so that a tab that was away goes on where it was.
"""

import asyncio
import contextlib
import json
from collections import defaultdict
from typing import Annotated, Any
from uuid import UUID, uuid4

import psycopg
import structlog
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from vantage.platform.database import Database, worker
from vantage.platform.http.auth import Principal, SignedIn
from vantage.platform.realtime.relay import QUERIES

log = structlog.get_logger(__name__)
router = APIRouter()

MOST = 200
"""Events that are sent at once; who is further behind reloads."""
BEAT_SECONDS = 20.0
BEAT_TIMEOUT_SECONDS = 5.0
HELLO_SECONDS = 10.0
POLL_SECONDS = 1.0


class Hub:
    """The sockets of one web process, and what wakes them."""

    def __init__(self, database: Database, direct_url: str | None) -> None:
        self.database = database
        self.process_id = uuid4()
        self._direct_url = direct_url
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._sockets: dict[str, WebSocket] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to listen and to beat."""
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]

    async def stop(self) -> None:
        """Close every socket (the tabs come again by themselves) and stop."""
        for task in self._tasks:
            task.cancel()
        for socket in list(self._sockets.values()):
            with contextlib.suppress(RuntimeError):
                await socket.close(1012)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self, organization_id: UUID | None) -> None:
        """Something happened in an organisation; None: perhaps in any."""
        for key in [organization_id] if organization_id else list(self._waiting):
            for event in self._waiting.get(key, ()):
                event.set()

    def wake_by(self, payload: str) -> None:
        """By the relay's word. Anybody with SQL can send one: what is not understood wakes everybody once."""
        try:
            for organization_id in json.loads(payload):
                self.wake(UUID(organization_id))
        except (ValueError, TypeError, AttributeError):
            self.wake(None)

    @contextlib.contextmanager
    def waiting(self, organization_id: UUID, connection_id: str, socket: WebSocket) -> Any:
        """Register a socket; yields the event that is set when its organisation has news."""
        event = asyncio.Event()
        self._waiting[organization_id].add(event)
        self._sockets[connection_id] = socket
        try:
            yield event
        finally:
            self._waiting[organization_id].discard(event)
            if not self._waiting[organization_id]:
                del self._waiting[organization_id]
            self._sockets.pop(connection_id, None)

    async def _listen(self) -> None:
        """NOTIFY on a session connection; without one (a pooler), look each second."""
        while True:
            if self._direct_url is None:
                await asyncio.sleep(POLL_SECONDS)
                self.wake(None)
                continue
            try:
                async with await psycopg.AsyncConnection.connect(self._direct_url, autocommit=True) as connection:
                    await connection.execute("listen vantage_events")
                    self.wake(None)
                    async for notice in connection.notifies():
                        self.wake_by(notice.payload)
            except psycopg.OperationalError as error:
                log.warning("the listening connection was lost", kind=type(error).__name__)
                await asyncio.sleep(POLL_SECONDS)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                ask = QUERIES["heartbeat"].rows(process_id=self.process_id)
                gone = {row[0] for row in await self.database.run(worker(), ask)}
                # at once and with a limit, so that one stuck tab holds up nobody
                await asyncio.gather(*(_beat_one(socket, key in gone) for key, socket in list(self._sockets.items())))
            except Exception as error:  # noqa: BLE001 - the next beat tries again
                log.warning("a heartbeat failed", kind=type(error).__name__)


@router.websocket("/live")
async def live(websocket: WebSocket, principal: Annotated[Principal, SignedIn()]) -> None:
    """Says what changed in the person's organisation for as long as the tab is open."""
    hub: Hub = websocket.app.state.hub
    organization_id = principal.organization_id
    if organization_id is None:
        await websocket.close(4403)
        return
    await websocket.accept()
    actor, connection_id = principal.actor(), uuid4().hex
    ask = QUERIES["open_session"].count(
        organization_id=organization_id, person_id=principal.person_id, connection_id=connection_id,
        process_id=hub.process_id,
    )  # fmt: skip
    await hub.database.run(actor, ask)
    try:
        with hub.waiting(organization_id, connection_id, websocket) as news:
            hello = _said(await asyncio.wait_for(websocket.receive_text(), HELLO_SECONDS)).get("hello")
            newest = await hub.database.read(actor, QUERIES["last_seq"].scalar(int, organization_id=organization_id))
            seen = hello if isinstance(hello, int) and 0 <= hello <= newest else newest
            await websocket.send_text(json.dumps({"seq": seen}))
            reading = asyncio.create_task(_take_beats(websocket))
            try:
                while not reading.done():
                    # first forget the wake, then read: what arrives while reading wakes again
                    news.clear()
                    seen = await _send_news(hub, websocket, principal, seen)
                    waiting = asyncio.create_task(news.wait())
                    await asyncio.wait({waiting, reading}, return_when=asyncio.FIRST_COMPLETED)
                    waiting.cancel()
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
    except (WebSocketDisconnect, RuntimeError, ValueError, TypeError, TimeoutError):
        log.debug("a tab was closed")
    finally:
        close = QUERIES["close_session"].count(organization_id=organization_id, connection_id=connection_id)
        await hub.database.run(worker(organization_id), close)


async def _beat_one(socket: WebSocket, gone: bool) -> None:
    with contextlib.suppress(RuntimeError, TimeoutError, WebSocketDisconnect):
        async with asyncio.timeout(BEAT_TIMEOUT_SECONDS):
            await (socket.close(4403) if gone else socket.send_text('{"beat": true}'))


async def _send_news(hub: Hub, websocket: WebSocket, principal: Principal, seen: int) -> int:
    """Everything after `seen`, as the person may know it; the last number sent."""
    ask = QUERIES["events_after"].rows(organization_id=principal.organization_id, after=seen, most=MOST + 1)
    rows = await hub.database.read(principal.actor(), ask)
    if len(rows) > MOST or (rows and rows[0][0] > seen + 1):
        # too far behind, or events were swept away: the page loads anew from the newest
        newest = await hub.database.read(
            principal.actor(), QUERIES["last_seq"].scalar(int, organization_id=principal.organization_id)
        )
        await websocket.send_text(json.dumps({"reload": True, "seq": newest}))
        return newest
    for seq, topic, key in rows:
        await websocket.send_text(json.dumps({"seq": seq, "topic": topic, "key": key}))
        seen = seq
    return seen


async def _take_beats(websocket: WebSocket) -> None:
    """Take the page's answers to our beats; an answer is not answered."""
    while True:
        _said(await websocket.receive_text())


def _said(text: str) -> dict[str, Any]:
    message = json.loads(text)
    if not isinstance(message, dict):
        raise TypeError("a message is an object")
    return message
