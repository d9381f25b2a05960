"""A pool over the test database, and databases of one's own."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from uuid import uuid4

import psycopg
import pytest
from psycopg import conninfo, sql

from vantage.platform.database import Database
from vantage.platform.database.install import apply_shim

PASSWORD = "of-a-test-server"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Two connections, so that many identities share each."""
    database = Database(database_url, min_size=2, max_size=2)
    await database.open()
    yield database
    await database.close()


@dataclass(frozen=True, slots=True)
class Scratch:
    """An empty database of one test."""

    superuser_url: str

    @property
    def owner_url(self) -> str:
        """Works once the shim is applied."""
        return conninfo.make_conninfo(self.superuser_url, user="vantage_owner", password=PASSWORD)


@pytest.fixture
def scratch(superuser: psycopg.Connection) -> Iterator[Callable[..., Scratch]]:
    """`scratch()` makes an empty database; `scratch(shim=True)` one with the shim, as `db init` does it."""
    made: list[sql.Identifier] = []

    def make(*, shim: bool = False) -> Scratch:
        name = f"scratch_{uuid4().hex[:12]}"
        made.append(sql.Identifier(name))
        superuser.execute(sql.SQL("create database {} template template0").format(made[-1]))
        url = conninfo.make_conninfo(superuser.info.dsn, dbname=name, password=superuser.info.password)
        if shim:
            with psycopg.connect(url, autocommit=True) as connection:
                apply_shim(connection)
        return Scratch(url)

    yield make
    for name in made:
        superuser.execute(sql.SQL("drop database {} with (force)").format(name))
