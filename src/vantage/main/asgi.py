"""The web application: every feature's routers over the platform, in one explicit list."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import httpx
from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from vantage.adapters.supabase_auth import SupabaseAuth, TokenVerifier
from vantage.features.billing import pages as billing_pages
from vantage.features.calling import api as calling_api
from vantage.features.calling import pages as calling_pages
from vantage.features.calling.dialler import stream, webhooks
from vantage.features.calling.dialler.tokens import CallTokens
from vantage.features.crm import api as crm_api
from vantage.features.crm import pages as crm_pages
from vantage.features.crm.enquiry import pages as enquiry_pages
from vantage.features.crm.imports import api as imports_api
from vantage.features.crm.imports import pages as imports_pages
from vantage.features.identity import api as identity_api
from vantage.features.identity import pages as identity_pages
from vantage.features.identity.provider import LocalAccounts
from vantage.features.identity.resolve import Resolver
from vantage.features.identity.sign_in import Identity
from vantage.features.identity.tokens import AccessTokens
from vantage.features.inventory import api as inventory_api
from vantage.features.inventory import pages as inventory_pages
from vantage.features.system import pages as system_pages
from vantage.kernel.clock import Clock, SystemClock
from vantage.main.carriers import language_of, public_url_of
from vantage.main.settings import Settings, SettingsError, load_settings
from vantage.main.shell import error_page, furnish
from vantage.platform.database import ANON, Database
from vantage.platform.database.schema_files import schema_version
from vantage.platform.database.sql_files import sql_root
from vantage.platform.files import FileStore
from vantage.platform.http.app import create_http_app
from vantage.platform.http.auth import use_resolver
from vantage.platform.http.problems import use_error_page
from vantage.platform.realtime import live
from vantage.platform.telemetry.logs import configure_logs
from vantage.web import api_docs
from vantage.web.templating import STATIC, STATIC_URL

APIS = (identity_api.router, inventory_api.router, crm_api.router, imports_api.router, calling_api.router)
PAGES = (
    identity_pages.router,
    imports_pages.router,
    crm_pages.router,
    enquiry_pages.router,
    inventory_pages.router,
    calling_pages.router,
    billing_pages.router,
    system_pages.router,
    api_docs.router,
)
WIRE = (webhooks.router, stream.router, live.router)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application for uvicorn (`vantage.main.asgi:create_app`, as factory). Raises SettingsError."""
    settings = settings or load_settings()
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL is not set. `vantage up` starts the embedded PostgreSQL and sets it.")
    configure_logs(settings.log_level)
    database = Database(settings.database_url.get_secret_value())
    http = httpx.AsyncClient(timeout=10)
    direct = settings.database_direct_url
    hub = live.Hub(database, direct.get_secret_value() if direct else None)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await database.open(expected_version=schema_version(sql_root()))
        hub.start()
        try:
            yield
        finally:
            await hub.stop()
            await http.aclose()
            await database.close()

    async def database_ready() -> None:
        async with database.reading(ANON):
            pass

    app = create_http_app(
        secret=settings.secret_bytes(),
        public_url=settings.public_url,
        lifespan=lifespan,
        ready_checks={"database": database_ready},
        metrics_public=settings.metrics_public,
    )
    # a key of its own: who could forge form tokens could not forge access tokens
    token_key = sha256(b"access tokens\0" + settings.secret_bytes()).digest()
    clock = SystemClock()
    supabase = _supabase(settings, http, clock)
    identity = Identity(database, supabase or LocalAccounts(database), AccessTokens(token_key), clock, supabase)
    app.state.database = database
    app.state.hub = hub
    app.state.files = FileStore(settings.home / "files")
    app.state.carrier_door = webhooks.CarrierDoor(
        language_of(settings), CallTokens(settings.secret_bytes()), public_url_of(settings)
    )
    app.state.clock = clock
    app.state.identity = identity
    use_resolver(app, Resolver(identity))
    use_error_page(app, error_page)
    for router in APIS:
        app.include_router(router)
    for router in WIRE:
        app.include_router(router)
    for router in PAGES:
        app.include_router(router, dependencies=[Depends(furnish)])
    app.mount(STATIC_URL, StaticFiles(directory=STATIC, check_dir=False), name="static")
    return app


def _supabase(settings: Settings, http: httpx.AsyncClient, clock: Clock) -> SupabaseAuth | None:
    """Supabase Auth where a project is named: the accounts are then its own. Raises SettingsError for half a project."""
    if settings.supabase_url is None:
        return None
    if settings.supabase_anon_key is None:
        raise SettingsError("SUPABASE_URL is set, SUPABASE_ANON_KEY is not: sign-in needs both.")
    legacy = settings.supabase_jwt_secret.get_secret_value() if settings.supabase_jwt_secret else ""
    verifier = TokenVerifier(http, settings.supabase_url, clock, legacy)
    return SupabaseAuth(http, settings.supabase_url, settings.supabase_anon_key.get_secret_value(), verifier)
