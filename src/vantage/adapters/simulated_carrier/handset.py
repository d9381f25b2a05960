"""The handset: a phone in the browser, held by a person who types.

A page registers a number over a WebSocket. While it is open, calls to the number ring there
instead of at a simulated person. A page that loses its connection during a call may come back
within `_GRACE` seconds and goes on where it was.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import urlsplit

import phonenumbers
import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from vantage.adapters.simulated_carrier.calls import Call
from vantage.adapters.simulated_carrier.party import Line, Ring

log = structlog.get_logger("carrier")

_GRACE = 15.0
_LONGEST_WORDS = 500
_LONGEST_MESSAGE = 4096
_INDIA = 91
_MOBILE_STARTS = "6789"
CLOSED_BAD_NUMBER = 4400
CLOSED_FOREIGN_ORIGIN = 4403
CLOSED_TAKEN_OVER = 4409

Phase = Literal["idle", "ringing", "talking"]


def mobile_number(text: str) -> str:
    """An Indian mobile number as E.164.

    Raises ValueError with a sentence for the person who typed it.
    """
    try:
        number = phonenumbers.parse(text, "IN")
    except phonenumbers.NumberParseException as error:
        raise ValueError("That is not a phone number. Type ten digits, such as 98123 00001.") from error
    national = str(number.national_number)
    if number.country_code != _INDIA:
        raise ValueError("The handset takes Indian numbers only: +91 and ten digits.")
    if len(national) != 10 or national[0] not in _MOBILE_STARTS:
        raise ValueError("An Indian mobile number has ten digits and starts with 6, 7, 8 or 9.")
    return f"+91{national}"


class Handset:
    """One number's phone; see `Party`."""

    label = "handset"
    simulated = False

    def __init__(self, number: str) -> None:
        self.number = number
        self._socket: WebSocket | None = None
        self._phase: Phase = "idle"
        self._call: Call | None = None
        self._answered: asyncio.Future[bool] | None = None
        self._acts: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self._lines: list[dict[str, Any]] = []
        self._outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    @property
    def open(self) -> bool:
        """Is somebody holding it?"""
        return self._socket is not None or self._phase != "idle"

    # The carrier's side

    async def ring(self, call: Call) -> Ring:
        """Ring in real time until answered, declined or the caller gives up."""
        if self._phase != "idle":
            return Ring("busy")
        self._phase, self._call, self._lines = "ringing", call, []
        self._acts = asyncio.Queue()
        self._answered = asyncio.get_running_loop().create_future()
        self._tell(**self._state())
        try:
            async with asyncio.timeout(call.request.ring_timeout):
                accepted = await self._answered
        except TimeoutError:
            return Ring("ring_timeout")
        if not accepted:
            return Ring("rejected")
        self._tell(**self._state())
        return Ring("answered")

    async def converse(self, line: Line) -> None:
        """Pass on what the person types until it hangs up or stays away."""
        while True:
            try:
                async with asyncio.timeout(_GRACE if self._socket is None else 2.0):
                    act, value = await self._acts.get()
            except TimeoutError:
                if self._socket is None:
                    return
                continue
            if act == "hangup":
                return
            if act == "say":
                await line.say(value, interrupting=True)
                self._show({"who": "me", "text": value, "done": True})
            else:
                await line.press(value)
                self._show({"who": "key", "text": value, "done": True})

    def interrupts(self, text: str) -> tuple[float, str] | None:  # noqa: ARG002 - the protocol's
        """The person does so by typing."""
        return None

    def overheard(self) -> None:
        """The person notices."""

    def hears(self, text: str, *, done: bool, interrupted: bool = False) -> None:
        """Show the other side's words as they are spoken."""
        last = self._lines[-1] if self._lines else None
        open_line = next(
            (line for line in reversed(self._lines) if line["who"] == "them" and not line["done"]),
            None,
        )
        if open_line is None:
            if last is not None and last["who"] == "them" and last["text"] == text and done:
                return
            self._show({"who": "them", "text": text, "done": done, "cut": interrupted})
            return
        open_line |= {"text": text, "done": done, "cut": interrupted}
        self._tell(type="line", line=open_line)

    def over(self, call: Call) -> None:
        """The call has ended: say how, and be ready for the next."""
        if self._call is not call:
            return
        self._phase, self._call, self._answered = "idle", None, None
        self._tell(
            type="ended",
            seconds=call.duration,
            answered=call.answered_at is not None,
            by={"Callee": "you", "API Request": "them", "Answer XML": "them"}.get(call.source, "network"),
            why=call.cause.name if call.cause else "",
        )

    # The page's side

    async def attend(self, socket: WebSocket) -> None:
        """Serve one connection of the page until it closes or another takes the number over."""
        if self._socket is not None:
            with suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(CLOSED_TAKEN_OVER, "opened elsewhere")
        self._socket = socket
        self._outbox = asyncio.Queue()
        self._tell(**self._state())
        writer = asyncio.create_task(self._write(socket, self._outbox))
        try:
            while True:
                self._act(await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError, KeyError):
            pass
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            if self._socket is socket:
                self._socket = None

    async def _write(self, socket: WebSocket, outbox: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            await socket.send_text(json.dumps(await outbox.get(), ensure_ascii=False))

    def _act(self, text: str) -> None:
        if len(text) > _LONGEST_MESSAGE:
            return
        try:
            message = json.loads(text)
            act, value = str(message["do"]), str(message.get("value", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            log.warning("unreadable message of a handset")
            return
        if act in ("answer", "decline") and self._phase == "ringing":
            if self._answered is not None and not self._answered.done():
                self._answered.set_result(act == "answer")
                # At once: what is typed right after answering belongs to the call.
                self._phase = "talking" if act == "answer" else "ringing"
        elif act in ("say", "press", "hangup") and self._phase == "talking":
            words = " ".join(value.split())[:_LONGEST_WORDS]
            if act == "hangup" or words:
                self._acts.put_nowait((act, words))

    def _state(self) -> dict[str, Any]:
        call = self._call
        return {
            "type": "state",
            "phase": self._phase,
            "number": self.number,
            "from": f"+{call.request.from_number}" if call else "",
            "seconds": int(call.clock.seconds) if call and self._phase == "talking" else 0,
            "lines": self._lines if call else [],
        }

    def _show(self, line: dict[str, Any]) -> None:
        line["id"] = len(self._lines)
        self._lines.append(line)
        self._tell(type="line", line=line)

    def _tell(self, **message: Any) -> None:
        if self._socket is not None:
            # Copied: a line goes on changing while it waits to be sent.
            self._outbox.put_nowait(json.loads(json.dumps(message)))


class Handsets:
    """All numbers that a page is, or was, open for."""

    def __init__(self) -> None:
        self._by_number: dict[str, Handset] = {}

    def at(self, number: str) -> Handset | None:
        """The open handset of this number (digits), if any."""
        handset = self._by_number.get(f"+{number}")
        return handset if handset is not None and handset.open else None

    async def serve(self, socket: WebSocket) -> None:
        """The WebSocket /handset/ws?number=; pages of other sites are refused."""
        origin = socket.headers.get("origin", "")
        if urlsplit(origin).netloc != socket.headers.get("host", ""):
            await socket.close(CLOSED_FOREIGN_ORIGIN, "foreign origin")
            return
        await socket.accept()
        try:
            number = mobile_number(socket.query_params.get("number", ""))
        except ValueError as error:
            await socket.send_text(json.dumps({"type": "refused", "why": str(error)}))
            await socket.close(CLOSED_BAD_NUMBER)
            return
        await self._by_number.setdefault(number, Handset(number)).attend(socket)
