"""For whoever watches over us: alive, ready, measured."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import structlog
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, Response

from vantage.kernel.errors import NotFound
from vantage.platform.http.auth import Principal, Public

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False)

ReadyCheck = Callable[[], Awaitable[None]]
"""Returns when its part can work, raises what is wrong otherwise."""

READY_SECONDS = 3.0
_LOCAL = frozenset({"127.0.0.1", "::1", "testclient"})

Watcher = Annotated[Principal | None, Public("says only whether the service works")]
Scraper = Annotated[Principal | None, Public("answers only the machine itself, unless the operator opens it")]


@router.get("/healthz")
async def healthz(_watcher: Watcher) -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
async def readyz(request: Request, _watcher: Watcher) -> Response:
    """Everything that a request needs answers within `READY_SECONDS`; 503 names what doesn't, not why."""
    checks: dict[str, ReadyCheck] = request.app.state.ready_checks
    answers = await asyncio.gather(*(_try(name, check) for name, check in checks.items()))
    parts = dict(zip(checks, answers, strict=True))
    ready = all(word == "ok" for word in parts.values())
    return JSONResponse({"status": "ok" if ready else "unavailable", "parts": parts}, 200 if ready else 503)


@router.get("/metrics")
async def metrics(request: Request, _scraper: Scraper) -> Response:
    """Prometheus' text, for this machine alone by default: figures tell of customers too."""
    direct = request.client is not None and request.client.host in _LOCAL and "X-Forwarded-For" not in request.headers
    if not (direct or request.app.state.metrics_public):
        raise NotFound
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _try(name: str, check: ReadyCheck) -> str:
    try:
        async with asyncio.timeout(READY_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001  # whatever it is, this part is not ready
        log.warning("not ready", part=name, kind=type(error).__name__)
        return "unavailable"
    return "ok"
