"""`vantage work`: the loops that run beside the web, each on its own, all stopped together."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import structlog

from vantage.features.calling.dialler.dial import LEASE_SECONDS, Dialler
from vantage.features.calling.dialler.enrol import enrol_new_lead, enrol_waiting
from vantage.features.calling.dialler.tokens import CallTokens
from vantage.features.crm.enquiry.process import process_inbox
from vantage.features.crm.imports.read_files import read_waiting_imports
from vantage.features.system.jobs import seal_audit
from vantage.kernel.clock import SystemClock
from vantage.main.carriers import carriers_of, public_url_of
from vantage.main.settings import Settings, SettingsError
from vantage.platform.database import Database
from vantage.platform.files import FileStore
from vantage.platform.realtime.relay import publish, sweep

log = structlog.get_logger(__name__)
Round = Callable[[], Awaitable[int]]
SLOWEST_SECONDS = 30.0


async def work(settings: Settings) -> None:
    """Run until SIGINT or SIGTERM; a round that has begun is finished. Raises SettingsError without a database."""
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL is not set. `vantage up` starts the embedded PostgreSQL and sets it.")
    clock = SystemClock()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with Database(settings.database_url.get_secret_value()) as database:
        dialler = Dialler(
            database,
            carriers_of(settings),
            CallTokens(settings.secret_bytes()),
            clock,
            public_url_of(settings),
            f"{socket.gethostname()}-{os.getpid()}",
        )

        async def lead_arrived(organization_id: UUID, lead_id: UUID | None, payload: Mapping[str, Any]) -> None:
            if lead_id is not None and (payload.get("touched", True)):
                await enrol_new_lead(database, clock, organization_id, lead_id)

        async def relay() -> int:
            return await publish(database, {"lead.created": lead_arrived, "lead.updated": lead_arrived})

        async def renew() -> int:
            await dialler.renew()
            return 0

        async def sealed() -> int:
            return await seal_audit(database)

        async def swept() -> int:
            await sweep(database)
            return 0

        async def enrol() -> int:
            return await enrol_waiting(database, clock)

        files = FileStore(settings.home / "files")

        async def imports() -> int:
            return await read_waiting_imports(database, files, clock)

        async def inbox() -> int:
            return await process_inbox(database)

        rounds: list[tuple[str, Round, float]] = [
            ("relay", relay, 0.2),
            ("inbox", inbox, 0.25),
            ("imports", imports, 0.5),
            ("dialler", dialler.once, 0.5),
            ("enrolment", enrol, 5.0),
            ("leases", renew, LEASE_SECONDS / 3),
            ("recovery", dialler.recover, 10.0),
            ("campaigns", dialler.tend, 5.0),
            ("audit", sealed, 10.0),
            ("sweep", swept, 60.0),
        ]
        log.info("worker started", loops=[name for name, _, _ in rounds])
        await asyncio.gather(*(_run(name, one, pause, stopping) for name, one, pause in rounds))
        for carrier in dialler.carriers.values():
            await carrier.aclose()
        log.info("worker stopped")


async def _run(name: str, one: Round, pause: float, stopping: asyncio.Event) -> None:
    """A loop: at once again while there is work, after `pause` seconds otherwise, slower after each failure."""
    failures = 0
    while not stopping.is_set():
        try:
            done = await one()
            failures = 0
        except Exception:  # a loop must outlive whatever a round meets; the reason is in the log
            failures += 1
            done = 0
            log.exception("a round failed", loop=name)
        wait = min(pause * 2**failures, SLOWEST_SECONDS) if failures else (0.02 if done else pause)
        try:
            await asyncio.wait_for(stopping.wait(), wait)
        except TimeoutError:
            continue
