"""The whole product in one process for a test: the real application on a real port, the real carrier beside it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from pydantic import SecretStr
from tests.isolation.world import Maker, Tenant

from vantage.adapters.simulated_carrier.harness import RunningCarrier, running_carrier, served
from vantage.features.calling.dialler.dial import Dialler
from vantage.features.calling.dialler.enrol import enrol_new_lead, enrol_waiting
from vantage.features.calling.dialler.tokens import CallTokens
from vantage.features.calling.dialler.webhooks import CarrierDoor
from vantage.features.crm.enquiry.process import process_inbox
from vantage.kernel.clock import SystemClock
from vantage.main.asgi import create_app
from vantage.main.carriers import carriers_of, language_of
from vantage.main.settings import Settings
from vantage.platform.database import Database
from vantage.platform.realtime.relay import publish

PATIENCE_SECONDS = 30.0


@dataclass
class House:
    """A running product with one organisation that sells."""

    url: str
    database: Database
    owner: psycopg.Connection
    carrier: RunningCarrier
    tenant: Tenant
    dialler: Dialler
    http: httpx.AsyncClient

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What stands in the database, seen by its owner."""
        return self.owner.execute(query.encode(), values).fetchall()

    async def work(self) -> None:
        """One round of the worker's loops."""

        async def arrived(organization_id: UUID, lead_id: UUID | None, _: Any) -> None:
            assert lead_id is not None
            await enrol_new_lead(self.database, SystemClock(), organization_id, lead_id)

        await process_inbox(self.database)
        await publish(self.database, {"lead.created": arrived})
        await enrol_waiting(self.database, SystemClock())
        await self.dialler.once()

    async def until(self, done: Callable[[], bool]) -> None:
        """Work until it is so. Fails after half a minute."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not done():
                await self.work()
                await asyncio.sleep(0.05)

    async def enquire(self, phone: str, name: str = "Ravi Kumar") -> None:
        """Fill the public form as a person does."""
        address = f"{self.url}/e/{self.slug}/heights"
        page = await self.http.get(address)
        token = page.text.split('name="token" value="')[1].split('"')[0]
        answer = await self.http.post(address, data={"name": name, "phone": phone, "consent": "on", "token": token})
        assert answer.status_code == 200, answer.text

    @property
    def slug(self) -> str:
        """The organisation's public name."""
        return str(self.rows("select slug from public.organizations where id = %s", self.tenant.id)[0][0])


@asynccontextmanager
async def running_house(
    owner: psycopg.Connection, database_url: str, home: Path, **carrier_settings: Any
) -> AsyncIterator[House]:
    """Everything started, one organisation with a published project, inventory and an always-on campaign."""
    tenant = selling_organization(owner)
    async with running_carrier(**carrier_settings) as carrier, Database(database_url) as database:
        settings = Settings(
            DATABASE_URL=SecretStr(database_url),
            VANTAGE_HOME=home,
            VANTAGE_SECRET=SecretStr("a secret of a test, long enough to sign with"),
            VANTAGE_CARRIER_AUTH_ID=carrier.config.auth_id,
            VANTAGE_CARRIER_AUTH_TOKEN=SecretStr(carrier.config.auth_token),
            CARRIER_URL=carrier.base_url,
        )  # type: ignore[call-arg]
        app = create_app(settings)
        async with served(app) as url, httpx.AsyncClient() as http:
            tokens = CallTokens(settings.secret_bytes())
            app.state.carrier_door = CarrierDoor(language_of(settings), tokens, url)
            carriers = carriers_of(settings)
            dialler = Dialler(database, dict(carriers), tokens, SystemClock(), url, "a worker of the test")
            yield House(url, database, owner, carrier, tenant, dialler, http)
            for one in carriers.values():
                await one.aclose()


def selling_organization(owner: psycopg.Connection) -> Tenant:
    """On Pro, simulated carrier, two flats for sale."""
    maker = Maker(owner)
    tenant = maker.organization("kiran")
    owner.execute("update public.organizations set caller_id = '+918000000100' where id = %s", [tenant.id])
    project = maker.scalar(
        "update public.projects set is_published = true, public_slug = 'heights', enquiry_consent_text = 'Call me.',"
        " city = 'Bengaluru', possession_date = '2028-03-31' where organization_id = %s returning id",
        tenant.id,
    )
    tenant.ids["project"] = project
    for unit, price in (("A-101", 7_400_000), ("A-102", 9_800_000)):
        owner.execute(
            "insert into public.properties (organization_id, project_id, title, type, price, configuration, unit_number)"
            " values (%s, %s, %s, 'apartment', %s, '2 BHK', %s)",
            [tenant.id, project, unit, price, unit],
        )
    tenant.ids["campaign"] = maker.scalar(
        "insert into public.campaigns (organization_id, project_id, name, always_on, calls_per_minute)"
        " values (%s, %s, 'Every enquiry', true, 600) returning id",
        tenant.id,
        project,
    )
    owner.execute("update public.campaigns set status = 'running' where organization_id = %s", [tenant.id])
    return tenant
