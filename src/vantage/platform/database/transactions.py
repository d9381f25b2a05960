"""What a store holds in its hand: a transaction that reads, or one that also writes."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast, overload

from psycopg import AsyncConnection, AsyncCursor

from vantage.platform.database.actors import ENTER, Actor
from vantage.platform.database.errors import translated
from vantage.platform.database.queries import Ask, Statement

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
Connection = AsyncConnection[tuple[Any, ...]]

_READ_ONLY = ENTER + ", set_config('transaction_read_only', 'on', true)"


async def send(connection: Connection, ask: Ask[Any]) -> AsyncCursor[Any]:
    """Send one statement; its answer is there after the pipeline, if the connection is in one."""
    cursor = connection.cursor(row_factory=ask.row_factory)
    return await cursor.execute(ask.statement.text.encode(), ask.parameters)


async def enter(connection: Connection, actor: Actor, *, read_only: bool) -> None:
    """Take role and claims for the rest of this transaction, and only for it."""
    await connection.execute(_READ_ONLY if read_only else ENTER, [actor.role, actor.claims])


class ReadTx:
    """A transaction that can only read, as one actor. Made by `Database.reading`.

    Nothing is sent before the first statement, which travels together with BEGIN, role and claims.
    Refusals of the database are raised as `vantage.kernel.errors`.
    """

    _begin = b"begin read only"

    def __init__(self, connection: Connection, actor: Actor) -> None:
        self._connection = connection
        self._actor = actor
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether anything was sent."""
        return self._begun

    @property
    def actor(self) -> Actor:
        """Whom the transaction runs as."""
        return self._actor

    async def all(self, statement: Statement, row: type[T], /, **values: object) -> list[T]:
        """Every row as a dataclass."""
        return await self.ask(statement.all(row, **values))

    async def one(self, statement: Statement, row: type[T], /, **values: object) -> T:
        """The only row as a dataclass; raises NotFound."""
        return await self.ask(statement.one(row, **values))

    async def maybe(self, statement: Statement, row: type[T], /, **values: object) -> T | None:
        """The first row as a dataclass, or None."""
        return await self.ask(statement.maybe(row, **values))

    async def rows(self, statement: Statement, /, **values: object) -> list[tuple[Any, ...]]:
        """Every row as a tuple."""
        return await self.ask(statement.rows(**values))

    async def scalar(self, statement: Statement, kind: type[T], /, **values: object) -> T:
        """The first column of the only row; raises NotFound."""
        return await self.ask(statement.scalar(kind, **values))

    async def json(self, statement: Statement, /, **values: object) -> bytes:
        """JSON built by PostgreSQL, unparsed; raises NotFound when null or absent."""
        return await self.ask(statement.json(**values))

    async def ask(self, ask: Ask[T]) -> T:
        """Send one statement and take its answer."""
        return cast("T", (await self._send([ask]))[0])

    @overload
    async def together(self, one: Ask[A], two: Ask[B], /) -> tuple[A, B]: ...
    @overload
    async def together(self, one: Ask[A], two: Ask[B], three: Ask[C], /) -> tuple[A, B, C]: ...
    @overload
    async def together(self, one: Ask[A], two: Ask[B], three: Ask[C], four: Ask[D], /) -> tuple[A, B, C, D]: ...
    @overload
    async def together(self, *asks: Ask[Any]) -> tuple[Any, ...]: ...
    async def together(self, *asks: Ask[Any]) -> tuple[Any, ...]:
        """Send several statements in one round trip; if one is refused, none has happened."""
        return await self._send(asks)

    async def _send(self, asks: Iterable[Ask[Any]]) -> tuple[Any, ...]:
        asks = list(asks)
        with translated():
            if self._begun and len(asks) == 1:
                cursors = [await send(self._connection, asks[0])]
            else:
                async with self._connection.pipeline():
                    await self._open()
                    cursors = [await send(self._connection, ask) for ask in asks]
            return tuple([await ask.take(cursor) for ask, cursor in zip(asks, cursors, strict=True)])

    async def _open(self) -> None:
        if not self._begun:
            self._begun = True
            await self._connection.execute(self._begin)
            await enter(self._connection, self._actor, read_only=False)


class WriteTx(ReadTx):
    """A transaction that reads and writes, as one actor. Made by `Database.write`, which commits it."""

    _begin = b"begin"

    async def execute(self, statement: Statement, /, **values: object) -> int:
        """Run a statement; how many rows it changed. Row security refuses an UPDATE by changing none."""
        return await self.ask(statement.count(**values))

    async def many(self, statement: Statement, rows: Iterable[Mapping[str, object]]) -> int:
        """Run a statement once per row of parameters, in one round trip; how many rows were changed in all."""
        given = list(rows)
        for values in given:
            statement.check(values)
        with translated():
            await self._open()
            cursor = self._connection.cursor()
            await cursor.executemany(statement.text.encode(), given)
        return cursor.rowcount if given else 0

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What happens inside is undone alone when it raises; the transaction goes on."""
        with translated():
            await self._open()
            async with self._connection.transaction():
                yield
