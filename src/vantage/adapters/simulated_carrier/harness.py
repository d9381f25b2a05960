"""The carrier inside a test: real HTTP and WebSockets on a free port of this machine."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import choice, token_urlsafe
from string import ascii_uppercase
from typing import Any

import uvicorn

from vantage.adapters.simulated_carrier.app import build_app
from vantage.adapters.simulated_carrier.calls import Call
from vantage.adapters.simulated_carrier.config import CarrierConfig
from vantage.adapters.simulated_carrier.faults import Faults
from vantage.adapters.simulated_carrier.handset import Handsets
from vantage.adapters.simulated_carrier.people import Town
from vantage.adapters.simulated_carrier.switchboard import Switchboard


@dataclass(frozen=True, slots=True)
class RunningCarrier:
    """A carrier that is up; `base_url` has no trailing slash."""

    base_url: str
    config: CarrierConfig
    switchboard: Switchboard
    town: Town
    faults: Faults
    handsets: Handsets

    async def ended(self, uuid: str, seconds: float = 20.0) -> Call:
        """The call, once it has ended. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not self.switchboard.calls[uuid].ended:  # noqa: ASYNC110 - a test may poll
                await asyncio.sleep(0.01)
        return self.switchboard.calls[uuid]


class _Server(uvicorn.Server):
    """Leaves the signals to the test runner."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Serve any ASGI application on a free port of 127.0.0.1; yields its address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=1))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if serving.done():
                    serving.result()
                    raise RuntimeError("The server stopped before it had started.")
                await asyncio.sleep(0.005)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def running_carrier(**settings: Any) -> AsyncIterator[RunningCarrier]:
    """A carrier with fresh credentials, as fast as possible and without a limit of calls.

    `settings` are fields of CarrierConfig.
    """
    config = CarrierConfig(
        **{
            "auth_id": "MA" + "".join(choice(ascii_uppercase) for _ in range(18)),
            "auth_token": token_urlsafe(24),
            "speed": 0.0,
            "handset_speed": 0.0,
            "calls_per_second": 0.0,
            "webhook_retry_seconds": (0.05, 0.1),
            **settings,
        }
    )
    app = build_app(config)
    async with served(app) as base_url:
        state = app.state
        yield RunningCarrier(base_url, config, state.switchboard, state.town, state.faults, state.handsets)
