"""The media WebSocket of `<Stream bidirectional>`: the carrier is its client.

Words instead of sound, see the package's docstring. The party's talk and the playback of the
agent's words outlive a dropped socket: Plivo connects again, twice.
"""

import asyncio
import base64
import contextlib
import json
import uuid
from collections.abc import Callable
from typing import Any, Literal

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from vantage.adapters.simulated_carrier.answer_xml import Stream
from vantage.adapters.simulated_carrier.calls import Call, Spoken
from vantage.adapters.simulated_carrier.party import Party, speaking_seconds

log = structlog.get_logger("carrier")

StreamEnd = Literal["server", "party", "dropped", "timeout"]
TEXT = "text/plain"
_RECONNECTS = 2
_SETTLE = 0.7
_LEAST_SETTLE = 0.05
_GRACE = 2.0
_LEAST_GRACE = 1.0
_CLOSED_ON_PURPOSE = (1000, 1001)
_KEYS = "0123456789*#"


class MediaStream:
    """One stream of one call; it is the party's `Line`."""

    def __init__(
        self,
        call: Call,
        element: Stream,
        party: Party,
        account: str,
        drop_after: Callable[[], int | None],
    ) -> None:
        self.call = call
        self.clock = call.clock
        self.id = str(uuid.uuid4())
        self._element = element
        self._party = party
        self._account = account
        self._drop_after = drop_after
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._playlist: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._cleared = asyncio.Event()
        self._clears = 0
        self._turn = asyncio.Event()
        self._connected = asyncio.Event()
        self._heard: list[str] = []
        self._sequence = 0
        self._chunk = 0
        self._utterances = 0
        self._drop_at: int | None = None
        self._socket: ClientConnection | None = None

    # What the party does

    async def say(self, text: str, *, interrupting: bool = False) -> None:
        """See `Line.say`."""
        seconds = speaking_seconds(text)
        spoken = self.call.note("person", text, 0.0 if interrupting else seconds)
        if not interrupting and self._party.simulated:
            await self.clock.sleep(seconds)
        self._chunk += 1
        self._put(
            "media",
            streamId=self.id,
            media={
                "track": "inbound",
                "timestamp": str(spoken.at_ms),
                "chunk": self._chunk,
                "payload": base64.b64encode(text.encode()).decode(),
            },
        )

    async def press(self, digit: str) -> None:
        """See `Line.press`."""
        if digit not in _KEYS:
            return
        self.call.note("person", f"[{digit}]")
        self._put(
            "dtmf",
            streamId=self.id,
            dtmf={
                "track": "inbound",
                "digit": digit,
                "timestamp": str(int(self.clock.seconds * 1000)),
            },
        )

    async def turn(self, seconds: float) -> str | None:
        """See `Line.turn`. Fast simulations still give the agent five real seconds."""
        try:
            async with asyncio.timeout(self.clock.wall(seconds, least=5.0)):
                await self._turn.wait()
        except TimeoutError:
            return None
        self._turn.clear()
        heard, self._heard = " ".join(self._heard), []
        return heard

    # The stream

    async def run(self) -> StreamEnd:
        """Connect, let both sides talk, and say who ended it."""
        player = asyncio.create_task(self._play())
        talk = asyncio.create_task(self._talk())
        link = asyncio.create_task(self._keep_connected())
        try:
            async with asyncio.timeout(self._longest()):
                await asyncio.wait({talk, link}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            return "timeout"
        else:
            if link.done():
                return link.result()
            talk.result()
            await self._flush()
            return "party"
        finally:
            for task in (player, talk, link):
                task.cancel()
            await asyncio.gather(player, talk, link, return_exceptions=True)
            if self._socket is not None:
                with contextlib.suppress(Exception):
                    async with asyncio.timeout(2.0):
                        await self._socket.close(1000)

    async def _talk(self) -> None:
        """The party's part, from the moment that somebody listens."""
        await self._connected.wait()
        await self._party.converse(self)

    def _longest(self) -> float:
        """Real seconds that the stream may last; a fast simulation still gets a minute."""
        asked = float(self._element.stream_timeout)
        return self.clock.wall(asked) or min(60.0, asked)

    async def _flush(self) -> None:
        """The last words leave before the socket closes."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2.0):
                while self._socket is not None and not self._outbox.empty():  # noqa: ASYNC110 - rare and short
                    await asyncio.sleep(0.005)

    async def _keep_connected(self) -> StreamEnd:
        failures = 0
        while True:
            try:
                # Audio would not be compressed either, and a local address needs no proxy.
                socket = await connect(
                    self._element.url,
                    proxy=None,
                    compression=None,
                    open_timeout=10,
                    close_timeout=2,
                    max_size=2**20,
                    user_agent_header="Plivo",
                )
            except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
                log.warning("stream not connected", call=self.call.uuid, error=str(error))
            else:
                self._socket = socket
                purposely = await self._converse_over(socket)
                self._socket = None
                if purposely:
                    return "server"
            failures += 1
            if failures > _RECONNECTS:
                return "dropped"
            await asyncio.sleep(0.2 * failures)

    async def _converse_over(self, socket: ClientConnection) -> bool:
        """Until this socket closes; True when the server closed it on purpose."""
        after = self._drop_after()
        self._drop_at = self._utterances + after if after is not None else None
        await socket.send(json.dumps(self._start()))
        self._connected.set()
        writer = asyncio.create_task(self._write(socket))
        try:
            async for message in socket:
                self._receive(message)
        except ConnectionClosed:
            pass
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket.close_code in _CLOSED_ON_PURPOSE

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            message = await self._outbox.get()
            try:
                numbered = {"sequenceNumber": self._next(), **message}
                await socket.send(json.dumps(numbered, ensure_ascii=False))
            except ConnectionClosed:
                # It goes first on the next socket.
                rest = [message]
                while not self._outbox.empty():
                    rest.append(self._outbox.get_nowait())
                for waiting in rest:
                    self._outbox.put_nowait(waiting)
                return

    def _start(self) -> dict[str, Any]:
        return {
            "sequenceNumber": self._next(),
            "event": "start",
            "start": {
                "callId": self.call.uuid,
                "streamId": self.id,
                "accountId": self._account,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "text/plain;charset=utf-8", "sampleRate": 0},
            },
            "extra_headers": self._element.extra_headers or "{}",
        }

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _put(self, event: str, **rest: Any) -> None:
        self._outbox.put_nowait({"event": event, **rest})

    def _receive(self, message: str | bytes) -> None:
        """One frame of the server's; what Plivo would ignore is ignored."""
        try:
            frame = json.loads(message)
            event = frame["event"]
        except (ValueError, KeyError, TypeError):
            log.warning("unreadable frame on the stream", call=self.call.uuid)
            return
        if event == "playAudio":
            media = frame.get("media") or {}
            if not str(media.get("contentType", "")).startswith(TEXT):
                log.warning("playAudio ignored: no text", call=self.call.uuid, type=media.get("contentType"))
                return
            try:
                text = base64.b64decode(media["payload"], validate=True).decode()
            except (ValueError, KeyError, TypeError) as error:
                log.warning("playAudio ignored", call=self.call.uuid, error=str(error))
                return
            if text.strip():
                self._playlist.put_nowait(("text", " ".join(text.split())))
        elif event == "checkpoint":
            self._playlist.put_nowait(("mark", str(frame.get("name", ""))))
        elif event == "clearAudio":
            while not self._playlist.empty():
                self._playlist.get_nowait()
            # Counted as well: a wake-up by the event alone can come after it was reset.
            self._clears += 1
            self._cleared.set()
            self._put("clearedAudio", streamId=self.id)

    # Playback of the agent's words

    async def _play(self) -> None:
        kind, value = await self._playlist.get()
        while True:
            if kind == "mark":
                self._put("playedStream", streamId=self.id, name=value)
            else:
                await self._speak(value)
            if self._playlist.empty() and kind == "text":
                # A checkpoint closes a turn; without one, a pause does.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.clock.wall(_SETTLE, least=_LEAST_SETTLE)):
                        kind, value = await self._playlist.get()
                    continue
            if self._playlist.empty() and self._heard:
                self._turn.set()
            kind, value = await self._playlist.get()

    async def _speak(self, text: str) -> None:
        self._cleared.clear()
        clears = self._clears
        self._utterances += 1
        spoken = self.call.note("agent", text, speaking_seconds(text))
        cut = self._party.interrupts(text)
        words = text.split(" ")
        stop_at = max(1, int(len(words) * cut[0])) if cut else len(words) + 1
        heard: list[str] = []
        for word in words:
            if len(heard) == stop_at and cut:
                await self.say(cut[1], interrupting=True)
                if not await self._falls_silent():
                    self._party.overheard()
            if self._clears != clears:
                break
            heard.append(word)
            if not self._party.simulated:
                self._party.hears(" ".join(heard), done=False)
            await self.clock.sleep((len(word) + 1) / len(text) * speaking_seconds(text), self._cleared)
        so_far = " ".join(heard)
        interrupted = len(heard) < len(words)
        self._finish(spoken, so_far, interrupted=interrupted)
        if self._drop_at is not None and self._utterances >= self._drop_at and self._socket:
            self._drop_at = None
            log.info("stream dropped on demand", call=self.call.uuid)
            self._socket.transport.abort()

    async def _falls_silent(self) -> bool:
        """Does the agent stop talking (clearAudio) within a polite moment?"""
        try:
            async with asyncio.timeout(self.clock.wall(_GRACE, least=_LEAST_GRACE)):
                await self._cleared.wait()
        except TimeoutError:
            return False
        return True

    def _finish(self, spoken: Spoken, text: str, *, interrupted: bool) -> None:
        spoken.text, spoken.interrupted = text, interrupted
        spoken.until_ms = int(self.clock.seconds * 1000)
        self._party.hears(text, done=True, interrupted=interrupted)
        if text and not interrupted:
            self._heard.append(text)
