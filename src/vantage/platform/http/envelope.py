"""What every answer carries: a request id, the security headers, a log line, a measurement.

It stands outside of everything, so that it also holds for refusals of the framework and for defects.
"""

import re
import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vantage.kernel.errors import TooLarge
from vantage.kernel.ids import new_id
from vantage.platform.http.problems import answer, problem_of, unexpected
from vantage.platform.telemetry.metrics import DURATION, REQUESTS

log = structlog.get_logger("vantage.access")

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self' ws: wss:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRICT_TRANSPORT: Final = "max-age=63072000; includeSubDomains"
_GIVEN_ID: Final = re.compile(r"[\w.-]{8,64}")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Envelope:
    """Pure ASGI middleware; streams and WebSockets pass through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wraps one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else str(new_id())
        scope.setdefault("state", {})["request_id"] = request_id
        began, status, refused = time.perf_counter(), 0, False

        async def send_enveloped(message: Message) -> None:
            nonlocal status, refused
            if refused:
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                if status == 413 and headers.get("content-type", "").startswith("text/plain"):
                    refused = True  # the framework's own words; ours follow
                    return
                _seal(headers, request_id, https=scope["scheme"] == "https")
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, send_enveloped)
            except Exception as error:  # noqa: BLE001  # the last door: a defect is answered, never shown
                if status == 0:
                    await unexpected(request, error)(scope, receive, send_enveloped)
            if refused:
                refused = False
                problem = problem_of(TooLarge("More was sent than this takes.", way_out="Send less at once."))
                await answer(request, problem)(scope, receive, send_enveloped)
            self._account(scope, status, time.perf_counter() - began)

    @staticmethod
    def _account(scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "(none)"
        REQUESTS.labels(scope["method"], route, str(status)).inc()
        DURATION.labels(route).observe(seconds)
        write = log.debug if route in _QUIET else log.info
        # the route's template, not the address: addresses hold what people search for
        write("request", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))


def _seal(headers: MutableHeaders, request_id: str, *, https: bool) -> None:
    headers["X-Request-Id"] = request_id
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if https:
        headers["Strict-Transport-Security"] = STRICT_TRANSPORT
