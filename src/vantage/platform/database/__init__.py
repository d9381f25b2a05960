"""PostgreSQL: connections, transactions as an actor, named queries."""

from vantage.platform.database.actors import ANON, Actor, person, worker
from vantage.platform.database.database import Database, UnsafeRole, WrongSchema
from vantage.platform.database.queries import Ask, Queries, QueryFileError, Statement
from vantage.platform.database.transactions import ReadTx, WriteTx

__all__ = [
    "ANON",
    "Actor",
    "Ask",
    "Database",
    "Queries",
    "QueryFileError",
    "ReadTx",
    "Statement",
    "UnsafeRole",
    "WriteTx",
    "WrongSchema",
    "person",
    "worker",
]
