"""What main hangs on the application and routes take by type."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from vantage.kernel.clock import Clock
from vantage.platform.database import Database


def _database(connection: HTTPConnection) -> Database:
    database: Database = connection.app.state.database
    return database


def _clock(connection: HTTPConnection) -> Clock:
    clock: Clock = connection.app.state.clock
    return clock


TheDatabase = Annotated[Database, Depends(_database)]
"""`database: TheDatabase` in a route's signature."""

TheClock = Annotated[Clock, Depends(_clock)]
"""`clock: TheClock`: business time comes from here and nowhere else."""
