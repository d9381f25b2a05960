"""Who a transaction is, what becomes of its writes, and that nothing of it reaches the next one."""

import asyncio
import random
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from vantage.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable, VantageError
from vantage.platform.database import ANON, Database, Statement, UnsafeRole, WrongSchema, person, worker
from vantage.platform.database.errors import OWN_STATES
from vantage.platform.database.transactions import Connection


@dataclass(frozen=True, slots=True)
class Who:
    role: str
    sub: UUID | None


WHO = Statement.of(
    "who",
    "select current_user::text as role, (current_setting('request.jwt.claims')::json ->> 'sub')::uuid as sub",
)
PLUS = Statement.of("plus", "select %(a)s::int + 1")
NOTHING = Statement.of("nothing", "select 1 where false")
WRONG = Statement.of("wrong", "select 1 / 0")
SLOW = Statement.of("slow", "select 1 from pg_sleep(%(seconds)s)")
JSON = Statement.of("json", "select json_build_object('tower', 'A', 'price', 8500000.00::numeric(14,2))")
NOTE = Statement.of("note", "insert into private.notes (text) values (%(text)s)")
NOTES = Statement.of("notes", "select text from private.notes order by text")


@pytest.fixture
def notes(owner: psycopg.Connection) -> psycopg.Connection:
    """A table that a person may write: the rules of the product's tables are tested elsewhere."""
    owner.execute("""
        create table if not exists private.notes (text text constraint notes_text_check check (text <> ''),
                                                  constraint notes_pkey primary key (text));
        alter table private.notes enable row level security;
        drop policy if exists anyone on private.notes;
        create policy anyone on private.notes to authenticated using (true) with check (text <> 'forbidden');
        grant select, insert on private.notes to authenticated;
        delete from private.notes""")
    return owner


def stored(owner: psycopg.Connection) -> list[str]:
    return [text for (text,) in owner.execute("select text from private.notes order by text")]


async def test_reads_answer_in_order_as_the_person(database: Database) -> None:
    asha = uuid4()
    who, two, json = await database.read(person(asha), WHO.one(Who), PLUS.scalar(int, a=1), JSON.json())
    assert who == Who("authenticated", asha)
    assert two == 2
    assert json == b'{"tower" : "A", "price" : 8500000.00}'
    assert await database.read(ANON, WHO.one(Who)) == Who("anon", None)
    assert (await database.read(worker(uuid4()), WHO.one(Who))).role == "vantage_worker"


async def test_round_trips(database_url: str, notes: psycopg.Connection, tmp_path: Path) -> None:
    """A read is one; a write is one for its first statement and one for COMMIT, however many were sent together."""
    asha = person(uuid4())
    async with Database(database_url, max_size=1) as database:

        async def round_trips(act: Awaitable[object]) -> int:
            """How often the server said that it waits for us: libpq's own trace tells."""
            log = tmp_path / "trace"
            with log.open("w") as trace:
                async with database._connection() as connection:
                    connection.pgconn.trace(trace.fileno())
                await act
                async with database._connection() as connection:
                    connection.pgconn.untrace()
            return sum("ReadyForQuery" in line for line in log.read_text().splitlines())

        async def write_two() -> None:
            async with database.write(asha) as tx:
                await tx.together(NOTE.count(text="one"), NOTE.count(text="two"))

        async def write_nothing() -> None:
            async with database.write(asha):
                pass

        read = database.read(asha, WHO.one(Who), PLUS.scalar(int, a=1), PLUS.scalar(int, a=2))
        assert await round_trips(read) == 1
        assert await round_trips(database.run(asha, NOTE.count(text="now"))) == 1
        assert await round_trips(write_two()) == 2
        assert await round_trips(write_nothing()) == 0


async def test_absence_is_not_found_or_none(database: Database) -> None:
    with pytest.raises(NotFound):
        await database.read(ANON, NOTHING.scalar(int))
    with pytest.raises(NotFound):
        await database.read(ANON, NOTHING.json())
    assert await database.read(ANON, NOTHING.maybe(Who)) is None


async def test_a_reading_transaction_cannot_write(database: Database, notes: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await database.read(person(uuid4()), NOTE.count(text="a"))
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with database.reading(person(uuid4())) as tx:
            assert await tx.scalar(PLUS, int, a=1) == 2
            await tx.ask(NOTE.count(text="a"))
    assert stored(notes) == []


async def test_a_write_is_committed_at_the_end(database: Database, notes: psycopg.Connection) -> None:
    asha = person(uuid4())
    async with database.write(asha) as tx:
        assert await tx.execute(NOTE, text="first") == 1
        assert stored(notes) == []
        assert await tx.many(NOTE, [{"text": "second"}, {"text": "third"}]) == 2
    assert stored(notes) == ["first", "second", "third"]
    assert await database.run(asha, NOTE.count(text="fourth")) == 1
    assert len(stored(notes)) == 4


async def test_an_error_rolls_everything_back(database: Database, notes: psycopg.Connection) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write(person(uuid4())) as tx:
            await tx.execute(NOTE, text="first")
            raise ZeroDivisionError
    with pytest.raises(Conflict):
        async with database.write(person(uuid4())) as tx:
            await tx.together(NOTE.count(text="twice"), NOTE.count(text="twice"))
    assert stored(notes) == []


async def test_a_savepoint_undoes_only_what_is_inside(database: Database, notes: psycopg.Connection) -> None:
    async with database.write(person(uuid4())) as tx:
        await tx.execute(NOTE, text="kept")
        with pytest.raises(Conflict):
            async with tx.savepoint():
                await tx.execute(NOTE, text="undone")
                await tx.execute(NOTE, text="kept")
    assert stored(notes) == ["kept"]


async def test_a_lost_transaction_is_never_called_committed(database: Database, notes: psycopg.Connection) -> None:
    with pytest.raises(RuntimeError, match="savepoint"):
        async with database.write(person(uuid4())) as tx:
            await tx.execute(NOTE, text="first")
            with pytest.raises(Conflict):
                await tx.execute(NOTE, text="first")
    assert stored(notes) == []


@pytest.mark.parametrize(
    ("text", "error", "field"),
    [("forbidden", Forbidden, None), ("", Invalid, "text")],
)
async def test_refusals_speak_our_language(
    database: Database, notes: psycopg.Connection, text: str, error: type[VantageError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        await database.run(person(uuid4()), NOTE.count(text=text))
    assert [at.field for at in refused.value.fields] == ([field] if field else [])


async def test_our_own_states_carry_sentence_and_way_out(database: Database) -> None:
    for state, kind in OWN_STATES.items():
        refuse = Statement.of(
            "refuse",
            "do $$ begin raise exception 'All 500 leads are used.'"
            f" using errcode = '{state}', hint = 'Pro has 10,000.', column = 'leads'; end $$",
        )
        with pytest.raises(kind) as refused:
            await database.run(ANON, refuse.count())
        assert refused.value.detail == "All 500 leads are used."
        assert refused.value.way_out == "Pro has 10,000."
        assert refused.value.fields[0].field == "leads"


async def test_wrong_parameters_are_told_before_anything_is_sent() -> None:
    with pytest.raises(TypeError, match="lacks a"):
        PLUS.scalar(int)
    with pytest.raises(TypeError, match="has no parameter b"):
        PLUS.scalar(int, a=1, b=2)


async def backend_state(connection: Connection) -> tuple[object, ...]:
    row = await (
        await connection.execute(
            b"select current_user::text, coalesce(current_setting('request.jwt.claims', true), ''),"
            b" current_setting('transaction_read_only')"
        )
    ).fetchone()
    assert row is not None
    return row


async def test_no_identity_reaches_the_next_user_of_a_connection(database: Database, notes: psycopg.Connection) -> None:
    """Many people on two connections, with errors and cancellations at any moment."""
    dice = random.Random(20260115)

    async def one_request(number: int) -> None:
        somebody = uuid4()
        kind = dice.randrange(5)
        if kind == 0:
            with pytest.raises(Invalid):
                await database.read(person(somebody), WHO.one(Who), WRONG.scalar(int))
        elif kind == 1:
            with pytest.raises(Invalid):
                async with database.write(person(somebody)) as tx:
                    await tx.execute(NOTE, text=f"lost {number}")
                    await tx.scalar(WRONG, int)
        elif kind == 2:
            # Python 3.11 may lose a cancellation that arrives with the answer: then it is simply done.
            with suppress(TimeoutError):
                async with asyncio.timeout(dice.random() * 0.02):
                    async with database.write(person(somebody)) as tx:
                        await tx.execute(NOTE, text=f"cancelled {number}")
                        await tx.rows(SLOW, seconds=0.2)
        elif kind == 3:
            with suppress(TimeoutError):
                async with asyncio.timeout(dice.random() * 0.01):
                    await database.read(person(somebody), SLOW.rows(seconds=0.2))
        assert await database.read(person(somebody), WHO.one(Who)) == Who("authenticated", somebody)
        async with database.write(person(somebody)) as tx:
            await tx.execute(NOTE, text=f"kept {number}")
            assert await tx.one(WHO, Who) == Who("authenticated", somebody)

    async with asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(one_request(number))
    assert len([text for text in stored(notes) if text.startswith("kept")]) == 200
    assert not [text for text in stored(notes) if text.startswith("lost")]
    for _ in range(2):
        async with database._connection() as connection:
            assert await backend_state(connection) == ("vantage_app", "", "off")


async def test_a_login_that_is_above_the_policies_is_refused(
    database_url: str, owner: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    for above, fault in ((superuser, "superuser"), (owner, "bypasses row security")):
        url = make_conninfo(above.info.dsn, password=above.info.password)
        with pytest.raises(UnsafeRole, match=fault):
            await Database(url).open()


async def test_a_login_that_owns_a_table_is_refused(database_url: str, superuser: psycopg.Connection) -> None:
    superuser.execute("create table private.mine (id int); alter table private.mine owner to vantage_app")
    try:
        with pytest.raises(UnsafeRole, match=r"owns tables \(private.mine\)"):
            await Database(database_url).open()
    finally:
        superuser.execute("drop table private.mine")


async def test_an_older_schema_is_refused(database_url: str) -> None:
    with pytest.raises(WrongSchema, match="vantage db migrate"):
        await Database(database_url).open(expected_version=999)


async def test_nobody_at_the_address_is_said_plainly() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        await Database("postgresql://vantage_app@127.0.0.1:1/none", wait_seconds=0.3).open()


async def test_a_lost_server_is_unavailable_and_then_forgotten(
    database: Database, notes: psycopg.Connection, superuser: psycopg.Connection
) -> None:
    """A restart of PostgreSQL costs the requests that are under way, and no later ones."""
    asha = person(uuid4())
    with pytest.raises(Unavailable):
        async with database.write(asha) as tx:
            await tx.execute(NOTE, text="lost with the connection")
            end_connections(superuser)
            await tx.execute(NOTE, text="never arrives")
    assert (await database.read(asha, WHO.one(Who))).role == "authenticated"
    # Nor does a connection that died while nobody used it.
    end_connections(superuser)
    for _ in range(4):
        await database.run(asha, NOTES.rows())
    assert stored(notes) == []


def end_connections(superuser: psycopg.Connection) -> None:
    """What a restart does to the application's connections, waited for."""
    mine = "from pg_stat_activity where usename = 'vantage_app' and datname = current_database()"
    superuser.execute(f"select pg_terminate_backend(pid) {mine}".encode())
    while superuser.execute(f"select count(*) {mine}".encode()).fetchone() != (0,):
        pass
