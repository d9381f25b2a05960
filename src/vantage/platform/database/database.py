"""The application's way to PostgreSQL: a pool of connections that are nobody until a transaction says who."""

import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, cast, overload

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from vantage.kernel.errors import Unavailable
from vantage.platform.database.actors import Actor, worker
from vantage.platform.database.addresses import is_pooled
from vantage.platform.database.errors import translated
from vantage.platform.database.queries import Ask
from vantage.platform.database.transactions import Connection, ReadTx, WriteTx, enter, send

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
Tx = TypeVar("Tx", bound=ReadTx)

_ROLE = b"""
    select r.rolname, r.rolsuper, r.rolbypassrls,
           (select string_agg(format('%I.%I', n.nspname, c.relname), ', ' order by 1)
              from (select * from pg_catalog.pg_class where relowner = r.oid and relkind in ('r', 'p', 'v')
                     order by relname limit 3) c
              join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname in ('public', 'private', 'jobs')),
           (select array_agg(wanted) from unnest(array['anon', 'authenticated', 'vantage_worker']) wanted
             where not exists (select from pg_catalog.pg_roles o where o.rolname = wanted
                                  and pg_catalog.pg_has_role(r.oid, o.oid, 'member')))
      from pg_catalog.pg_roles r where r.rolname = current_user"""


async def _check_if_server_spoke(connection: Connection) -> None:
    """Ask a waiting connection for a sign of life only if the server has sent something meanwhile.

    That is what a restart looks like; an ordinary connection has nothing to read and costs no round trip.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        await AsyncConnectionPool.check_connection(connection)


class UnsafeRole(RuntimeError):
    """The login of DATABASE_URL is one for which row security does not hold, or cannot become our roles."""


class WrongSchema(RuntimeError):
    """The database has no schema of ours, or an older one than this program needs."""


class Database:
    """A pool of connections to DATABASE_URL. Open it with `async with`, or `open()` and `close()`.

    `prepared` is False behind a pooler in transaction mode, which forgets prepared statements; port 6543
    (Supabase) is recognised by itself.
    """

    def __init__(
        self,
        url: str,
        *,
        min_size: int = 1,
        max_size: int = 10,
        prepared: bool | None = None,
        wait_seconds: float = 10.0,
    ) -> None:
        if prepared is None:
            prepared = not is_pooled(url)
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            url,
            min_size=min_size,
            max_size=max_size,
            timeout=wait_seconds,
            open=False,
            check=_check_if_server_spoke,
            name="vantage",
            kwargs={
                "autocommit": True,
                "prepare_threshold": 5 if prepared else None,
                "application_name": "vantage",
                "connect_timeout": 10,
            },
        )

    async def open(self, *, expected_version: int | None = None) -> None:
        """Connect, and refuse a login that row security does not bind and a schema older than expected.

        Raises Unavailable, UnsafeRole, WrongSchema; each says the way out.
        """
        await self._pool.open()
        try:
            await self._pool.wait(timeout=self._pool.timeout)
            await self._refuse_unsafe_role()
            if expected_version is not None:
                await self._refuse_old_schema(expected_version)
        except PoolTimeout as error:
            await self._pool.close()
            raise Unavailable(
                "The database of DATABASE_URL cannot be reached.",
                way_out="Check address, password and network; `vantage db status` says what it finds.",
            ) from error
        except BaseException:
            await self._pool.close()
            raise

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @overload
    async def read(self, actor: Actor, ask: Ask[A], /) -> A: ...
    @overload
    async def read(self, actor: Actor, one: Ask[A], two: Ask[B], /) -> tuple[A, B]: ...
    @overload
    async def read(self, actor: Actor, one: Ask[A], two: Ask[B], three: Ask[C], /) -> tuple[A, B, C]: ...
    @overload
    async def read(
        self, actor: Actor, one: Ask[A], two: Ask[B], three: Ask[C], four: Ask[D], /
    ) -> tuple[A, B, C, D]: ...
    @overload
    async def read(self, actor: Actor, /, *asks: Ask[Any]) -> Any: ...
    async def read(self, actor: Actor, /, *asks: Ask[Any]) -> Any:
        """Run statements as the actor in ONE round trip, in one read-only transaction; their answers in order.

        A single answer is returned bare.
        """
        return await self._at_once(actor, asks, read_only=True)

    async def run(self, actor: Actor, ask: Ask[A]) -> A:
        """Run one statement that writes, as the actor, in one round trip: its own transaction, committed."""
        return cast("A", await self._at_once(actor, (ask,), read_only=False))

    async def _at_once(self, actor: Actor, asks: tuple[Ask[Any], ...], *, read_only: bool) -> Any:
        with translated():
            async with self._connection() as connection:
                # In autocommit one pipeline is one implicit transaction: role and claims end with it.
                async with connection.pipeline():
                    await enter(connection, actor, read_only=read_only)
                    cursors = [await send(connection, ask) for ask in asks]
                answers = [await ask.take(cursor) for ask, cursor in zip(asks, cursors, strict=True)]
        return answers[0] if len(answers) == 1 else tuple(answers)

    @asynccontextmanager
    async def reading(self, actor: Actor) -> AsyncIterator[ReadTx]:
        """A read-only transaction, for when Python must decide between two statements."""
        async with self._transaction(ReadTx, actor) as tx:
            yield tx

    @asynccontextmanager
    async def write(self, actor: Actor) -> AsyncIterator[WriteTx]:
        """A transaction as the actor: committed when the block ends, rolled back when it raises."""
        async with self._transaction(WriteTx, actor) as tx:
            yield tx

    @asynccontextmanager
    async def _transaction(self, kind: type[Tx], actor: Actor) -> AsyncIterator[Tx]:
        async with self._connection() as connection:
            tx = kind(connection, actor)
            try:
                yield tx
            except BaseException:
                if connection.info.transaction_status != TransactionStatus.IDLE and not connection.broken:
                    await connection.rollback()
                raise
            if tx.begun:
                if connection.info.transaction_status == TransactionStatus.INERROR:
                    # A refusal was caught inside: COMMIT would roll back without a word.
                    await connection.rollback()
                    raise RuntimeError("A refused statement was caught, but its transaction is lost: use savepoint().")
                with translated():
                    await connection.execute(b"commit")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            connection = await self._pool.getconn()
        except PoolTimeout as error:
            raise Unavailable(
                "Every connection to the database is busy, or it cannot be reached.", way_out="Try again in a minute."
            ) from error
        try:
            yield connection
        finally:
            await self._pool.putconn(connection)

    async def _refuse_unsafe_role(self) -> None:
        async with self._connection() as connection:
            row = await (await connection.execute(_ROLE)).fetchone()
        if row is None:
            raise UnsafeRole("The login of DATABASE_URL is not in pg_roles.")
        name, superuser, bypasses, owned, missing = row
        fault = (
            "is a superuser"
            if superuser
            else "bypasses row security"
            if bypasses
            else f"owns tables ({owned})"
            if owned
            else f"may not become {', '.join(missing)}"
            if missing
            else None
        )
        if fault:
            raise UnsafeRole(
                f"DATABASE_URL logs in as {name}, which {fault}: tenants would not be kept apart. Put this address "
                "into DATABASE_ADMIN_URL and run `vantage db role`, which makes the login vantage_app and says its address."
            )

    async def _refuse_old_schema(self, expected: int) -> None:
        try:
            async with self._connection() as connection, connection.transaction():
                await enter(connection, worker(), read_only=True)
                row = await (await connection.execute(b"select version from private.schema_version")).fetchone()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege):
            row = None
        if row is None:
            raise WrongSchema("The database of DATABASE_URL has no schema yet: run `vantage db init`.")
        if row[0] < expected:
            raise WrongSchema(
                f"The database has version {row[0]} of the schema, this program needs {expected}: run `vantage db migrate`."
            )
