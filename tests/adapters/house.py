"""A carrier and a scripted customer of it, on real HTTP and WebSockets."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from plivo.utils import validate_v3_signature
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from vantage.adapters.plivo import PlivoCarrier
from vantage.adapters.simulated_carrier import RunningCarrier, running_carrier
from vantage.adapters.simulated_carrier.harness import served
from vantage.features.calling.carrier import Dial

SCRIPT = (
    "Hello, this is Asha, an AI assistant calling from Skyline Homes. Am I speaking with Rohan?",
    "Is this a good time to talk for two minutes?",
    "What budget do you have in mind?",
    "Which configuration are you looking for, 2 BHK or 3 BHK?",
    "Our homes start at ₹ 72 lakh. When are you planning to buy?",
    "Would you like to visit the site this weekend?",
    "Thank you for your time, goodbye.",
)


@dataclass
class Customer:
    """A customer of the carrier: its webhooks, its XML, and an agent who reads from a script."""

    token: str = ""
    base_url: str = ""
    script: tuple[str, ...] = SCRIPT
    xml: str | None = None
    elsewhere: str = ""
    status: dict[str, int] = field(default_factory=dict)
    clears: bool = True
    got: list[tuple[str, dict[str, str], bool]] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    starts: int = 0
    position: dict[str, int] = field(default_factory=dict)

    def events(self, kind: str) -> list[dict[str, str]]:
        return [form for got, form, _ in self.got if got == kind]

    def heard(self) -> list[str]:
        return [
            base64.b64decode(frame["media"]["payload"]).decode() for frame in self.frames if frame["event"] == "media"
        ]

    def stream_xml(self, **attributes: str) -> str:
        given = {
            "bidirectional": "true",
            "keepCallAlive": "true",
            "contentType": "text/plain;charset=utf-8",
            "statusCallbackUrl": f"{self.base_url}/stream",
        } | attributes
        shown = " ".join(f'{name}="{value}"' for name, value in given.items())
        address = self.base_url.replace("http://", "ws://")
        return f"<Response><Stream {shown}>{address}/ws</Stream></Response>"

    def dial(self, to: str = "+919812300001", **more: Any) -> Dial:
        settings: dict[str, Any] = {
            "caller_id": "+918045670000",
            "to": to,
            "answer_url": f"{self.base_url}/answer?attempt=7",
            "hangup_url": f"{self.base_url}/hangup",
            "ring_url": f"{self.base_url}/ring",
        }
        return Dial(**settings | more)

    async def hook(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        form = {key: str(value) for key, value in (await request.form()).items()}
        signed = validate_v3_signature(
            "POST",
            str(request.url),
            request.headers["x-plivo-signature-v3-nonce"],
            self.token,
            request.headers["x-plivo-signature-v3"],
            dict(form),
        )
        self.got.append((kind, form, signed))
        if status := self.status.get(kind):
            return Response(status_code=status)
        if kind == "answer":
            return Response(self.xml or self.stream_xml(), media_type="application/xml")
        return Response(self.elsewhere if kind == "elsewhere" else "", media_type="application/xml")

    async def media(self, socket: WebSocket) -> None:
        """Says the next line of the script after each turn of the other side, or after silence."""
        await socket.accept()
        self.starts += 1
        call = ""

        async def speak() -> None:
            at = self.position.get(call, 0)
            if at >= len(self.script):
                await socket.close(1000)
                return
            self.position[call] = at + 1
            payload = base64.b64encode(self.script[at].encode()).decode()
            await socket.send_json(
                {
                    "event": "playAudio",
                    "media": {"contentType": "text/plain;charset=utf-8", "payload": payload},
                }
            )
            await socket.send_json({"event": "checkpoint", "name": f"line {at}"})

        try:
            while True:
                frame = json.loads(await socket.receive_text())
                self.frames.append(frame)
                if frame["event"] == "start":
                    call = frame["start"]["callId"]
                    if self.position.get(call):
                        await speak()
                elif frame["event"] == "media":
                    if self.clears:
                        await socket.send_json({"event": "clearAudio"})
                    await speak()
                elif frame["event"] == "playedStream" and self.position[call] == len(self.script):
                    await socket.close(1000)
                    return
        except (WebSocketDisconnect, RuntimeError):
            return

    async def wait_for(self, kind: str, count: int = 1, seconds: float = 10.0) -> dict[str, str]:
        async with asyncio.timeout(seconds):
            while len(self.events(kind)) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self.events(kind)[-1]

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                WebSocketRoute("/ws", self.media),
                Route("/{kind}", self.hook, methods=["POST"]),
            ]
        )


@dataclass
class House:
    """A carrier, its customer and the client between them."""

    carrier: RunningCarrier
    customer: Customer
    client: PlivoCarrier

    async def call(self, character: str, to: str = "+919812300001", **more: Any) -> dict[str, str]:
        """Call a number at which this character sits; returns the hang-up webhook."""
        self.carrier.town.pin(to.lstrip("+"), character)
        before = len(self.customer.events("hangup"))
        await self.client.dial(self.customer.dial(to, **more))
        return await self.customer.wait_for("hangup", before + 1, 30.0)

    def said(self, uuid: str) -> list[tuple[str, str]]:
        return [(one.speaker, one.text) for one in self.carrier.switchboard.calls[uuid].said]


MakeHouse = Callable[..., AbstractAsyncContextManager[House]]


@asynccontextmanager
async def open_house(**settings: Any) -> AsyncIterator[House]:
    customer = Customer()
    async with served(customer.app()) as address, running_carrier(**settings) as carrier:
        customer.base_url = address
        customer.token = carrier.config.auth_token
        client = PlivoCarrier(carrier.config.auth_id, carrier.config.auth_token, base_url=carrier.base_url)
        try:
            yield House(carrier, customer, client)
        finally:
            await client.aclose()
