"""The carrier as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vantage.adapters.simulated_carrier.config import CarrierConfig
from vantage.adapters.simulated_carrier.faults import Faults
from vantage.adapters.simulated_carrier.handset import Handsets
from vantage.adapters.simulated_carrier.party import Party
from vantage.adapters.simulated_carrier.people import Town
from vantage.adapters.simulated_carrier.rest import CallApi
from vantage.adapters.simulated_carrier.sim import SimApi
from vantage.adapters.simulated_carrier.switchboard import Switchboard

_STATIC = Path(__file__).parent / "static"
_HEADERS = (
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            b"img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-cache"),
)


class _SafeHeaders:
    """Puts the same strict headers on every HTTP answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def build_app(config: CarrierConfig) -> Starlette:
    """The carrier, ready to be served by one process.

    `app.state` holds `switchboard`, `town`, `faults` and `handsets` for a test that runs it in its own.
    """
    faults = Faults()
    town = Town(config.seed, config.mix)
    handsets = Handsets()

    def find_party(number: str) -> Party:
        return handsets.at(number) or town.answer(number)

    switchboard = Switchboard(config, faults, find_party)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await switchboard.start()
        try:
            yield
        finally:
            await switchboard.stop()

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def home(_: Request) -> Response:
        return RedirectResponse("/handset/")

    app = Starlette(
        routes=[
            Route("/", home),
            Route("/healthz", health),
            *CallApi(config, switchboard, faults).routes(),
            *SimApi(config, switchboard, faults, town).routes(),
            WebSocketRoute("/handset/ws", handsets.serve),
            Mount("/handset", StaticFiles(directory=_STATIC, html=True)),
        ],
        middleware=[Middleware(_SafeHeaders)],
        lifespan=lifespan,
    )
    app.state.switchboard = switchboard
    app.state.town = town
    app.state.faults = faults
    app.state.handsets = handsets
    return app
