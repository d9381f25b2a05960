from collections.abc import AsyncIterator

import pytest
from tests.adapters.house import House, MakeHouse, open_house


@pytest.fixture
def make_house() -> MakeHouse:
    return open_house


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with open_house() as opened:
        yield opened
