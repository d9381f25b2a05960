"""A pool over the test database."""

from collections.abc import AsyncIterator

import pytest

from vantage.platform.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Two connections, so that many identities share each."""
    database = Database(database_url, min_size=2, max_size=2)
    await database.open()
    yield database
    await database.close()
