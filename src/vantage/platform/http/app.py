"""The application before any feature: what every route of every feature stands on."""

from collections.abc import Mapping
from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Lifespan

from vantage import __version__
from vantage.platform.http import health, problems
from vantage.platform.http.csrf import check_csrf
from vantage.platform.http.envelope import Envelope
from vantage.platform.http.rate_limits import LocalRateLimiter, RateLimiter

MEGABYTE = 1024 * 1024


class EnvelopedApp(FastAPI):
    """FastAPI with the envelope around all of it, the framework's own refusals included."""

    def build_middleware_stack(self) -> ASGIApp:
        """The usual stack, enveloped."""
        return Envelope(super().build_middleware_stack())


def create_http_app(
    *,
    secret: bytes,
    public_url: str = "",
    lifespan: Lifespan[Any] | None = None,
    ready_checks: Mapping[str, health.ReadyCheck] | None = None,
    rate_limiter: RateLimiter | None = None,
    metrics_public: bool = False,
    max_body_bytes: int = MEGABYTE,
) -> FastAPI:
    """An application with error answers, envelope, CSRF protection, compression, body limit and health routes.

    `secret` signs CSRF tokens (at least 32 bytes, else ValueError). A route that takes more than `max_body_bytes`
    says so itself (`max_body_size=` of FastAPI). Features' routers are included by the caller.
    """
    if len(secret) < 32:
        raise ValueError("the secret that signs tokens needs at least 32 bytes")
    app = EnvelopedApp(
        title="Quinite Vantage",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        max_body_size=max_body_bytes,
        dependencies=[Depends(check_csrf)],
        middleware=[Middleware(GZipMiddleware, minimum_size=1024, compresslevel=5)],
    )
    app.state.secret = secret
    app.state.public_url = public_url
    app.state.ready_checks = dict(ready_checks or {})
    app.state.rate_limiter = rate_limiter or LocalRateLimiter()
    app.state.metrics_public = metrics_public
    problems.install(app)
    app.include_router(health.router)
    return app
