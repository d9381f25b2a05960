"""A real database for every test that asks for one.

One server per run of pytest, shared by the workers of xdist; shim, schema and seed are applied once, into a
template keyed by the hash of the SQL; each worker gets a clone and empties it between tests. `VANTAGE_TEST_PG`
names another server: a folder with its programs (`/usr/lib/postgresql/15/bin`), or the URL of a superuser of
a throw-away server.
"""

import fcntl
import hashlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from psycopg import conninfo, sql

from vantage.platform.database.account import reachable, server_account
from vantage.platform.database.actors import ANON, ENTER, Actor, person, worker
from vantage.platform.database.binaries import Binaries, installation, locate
from vantage.platform.database.cluster import Cluster, LockFile, is_server
from vantage.platform.database.install import apply_schema, apply_seed, apply_shim
from vantage.platform.database.roles import install_jobs, make_app_role
from vantage.platform.database.schema_files import build_schema
from vantage.platform.database.sql_files import sql_root

PASSWORD = "of-a-test-server"
# Nothing in these databases outlives the run.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "autovacuum": "off",
    "log_min_messages": "fatal",
}
RUN_DIRECTORY = "VANTAGE_TEST_RUN"
PREFIX = "vantage-test-"


def pytest_configure(config: pytest.Config) -> None:
    """The process that was started by hand owns the run's folder; workers of xdist inherit its name."""
    if not hasattr(config, "workerinput"):
        sweep()
        folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
        Path(folder).chmod(0o711)  # the server runs as another user when we are root
        os.environ[RUN_DIRECTORY] = folder


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        remove(Path(os.environ.pop(RUN_DIRECTORY)))


def sweep() -> None:
    """Remove what a killed run has left behind: its server would otherwise run for ever."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
            remove(folder)


def remove(folder: Path) -> None:
    data = folder / "data"
    lock = LockFile.read(data / "postmaster.pid") if os.access(data, os.X_OK) else None
    if lock and is_server(lock.pid, data):
        os.kill(lock.pid, signal.SIGQUIT)
        with suppress(ChildProcessError):
            os.waitpid(lock.pid, 0)
        while is_server(lock.pid, data):
            time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


def start_server(folder: Path) -> str:
    """Start the run's server, or find it started by another worker; the superuser's URL."""
    wanted = os.environ.get("VANTAGE_TEST_PG", "")
    if "://" in wanted:
        return wanted
    note = folder / "url"
    if not note.exists():
        account = server_account()
        cluster = Cluster(folder / "data", reachable(programs(wanted), account), account)
        cluster.initialise(sync=False)
        running = cluster.start(settings=SETTINGS)
        assert running.child
        # Its end is awaited by the process that owns the run, see remove().
        running.child.returncode = 0
        note.write_text(cluster.address(running.port), encoding="utf-8")
    return note.read_text(encoding="utf-8")


def programs(bindir: str) -> Binaries:
    if not bindir:
        return locate()
    found = next(installation(Path(bindir), "VANTAGE_TEST_PG"), None)
    if found is None:
        pytest.exit(f"VANTAGE_TEST_PG={bindir} holds no PostgreSQL server of version 15 or newer", returncode=4)
    return found


def other(url: str, **changes: str) -> str:
    return conninfo.make_conninfo(url, **changes)


def as_owner(url: str, database: str) -> str:
    return other(url, dbname=database, user="vantage_owner", password=PASSWORD)


def make_template(superuser_url: str) -> str:
    """Install everything into a template database, once per state of the SQL; its name.

    A refused statement ends the run with the file and line of its source.
    """
    schema = build_schema()
    content = [schema.text, *(read(sql_root() / name) for name in ("supabase_shim.sql", "seed.sql"))]
    name = f"vantage_template_{hashlib.sha256(''.join(content).encode()).hexdigest()[:16]}"
    with psycopg.connect(superuser_url, autocommit=True) as admin:
        ready = admin.execute("select datistemplate from pg_database where datname = %s", [name]).fetchone()
        if ready == (True,):
            return name
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        with psycopg.connect(other(superuser_url, dbname=name), autocommit=True) as superuser:
            apply_shim(superuser)
            superuser.execute(sql.SQL("alter role vantage_owner password {}").format(sql.Literal(PASSWORD)))
        with psycopg.connect(as_owner(superuser_url, name), autocommit=True) as owner:
            apply_schema(owner, schema)
            if (sql_root() / "seed.sql").exists():
                apply_seed(owner)
            install_jobs(owner)
            make_app_role(owner, PASSWORD)
        admin.execute(
            sql.SQL("alter database {} with is_template true allow_connections false").format(sql.Identifier(name))
        )
    return name


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


@dataclass(slots=True)
class TestDatabase:
    """One worker's clone and the connections to it."""

    __test__ = False
    superuser_url: str
    owner_url: str
    app_url: str
    superuser: psycopg.Connection
    cleaning: bytes = b""
    idle: dict[str, list[psycopg.Connection]] = field(default_factory=dict)

    def clean(self) -> None:
        """Empty every table and put the reference rows back, as they were after the seed."""
        self.cleaning = self.cleaning or cleaning_statements(self.superuser)
        try:
            self.superuser.execute(self.cleaning)
        except psycopg.errors.LockNotAvailable:
            # A failed test has left a transaction open somewhere.
            self.superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
            self.superuser.execute(self.cleaning)

    @contextmanager
    def connection(self, url: str) -> Iterator[psycopg.Connection]:
        """A connection in autocommit, used again by later tests and handed back without any state."""
        waiting = self.idle.setdefault(url, [])
        connection = waiting.pop() if waiting else psycopg.connect(url, autocommit=True, prepare_threshold=None)
        if connection.closed or connection.broken:
            connection = psycopg.connect(url, autocommit=True, prepare_threshold=None)
        try:
            yield connection
        finally:
            try:
                connection.rollback()
                connection.execute("discard all")
                connection.row_factory = psycopg.rows.tuple_row
                waiting.append(connection)
            except psycopg.Error:
                connection.close()

    @contextmanager
    def acting(self, actor: Actor) -> Iterator[psycopg.Connection]:
        """A transaction of the application's login as this actor: committed at the end, as a request is.

        After an error, also one that the test expected, it is rolled back.
        """
        with self.connection(self.app_url) as connection:
            connection.execute("begin")
            connection.execute(ENTER, [actor.role, actor.claims])
            yield connection
            connection.execute("commit")

    def close(self) -> None:
        for connection in [self.superuser, *(one for many in self.idle.values() for one in many)]:
            connection.close()


def cleaning_statements(superuser: psycopg.Connection) -> bytes:
    tables = superuser.execute("""
        select format('%I.%I', n.nspname, c.relname),
               (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
                 where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '')
          from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where c.relkind in ('r', 'p') and not c.relispartition
           and n.nspname in ('public', 'private', 'auth', 'jobs')
         order by 1""").fetchall()
    text = ["set lock_timeout = '2s'", "set session_replication_role = replica"]
    text += [f"delete from {table}" for table, _ in tables]
    for table, columns in tables:
        query = f"select coalesce(json_agg(t), '[]')::text, count(*) from {table} t"
        [(rows, count)] = superuser.execute(query.encode()).fetchall()
        if count:
            text.append(
                f"insert into {table} ({columns}) overriding system value select {columns}"
                f" from json_populate_recordset(null::{table}, {sql.Literal(rows).as_string(superuser)})"
            )
    text += ["reset session_replication_role", "reset lock_timeout"]
    return ";\n".join(text).encode()


@pytest.fixture(scope="session")
def test_database(worker_id: str) -> Iterator[TestDatabase]:
    """This worker's clone of the template."""
    folder = Path(os.environ[RUN_DIRECTORY])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server = start_server(folder)
        try:
            template = make_template(server)
        except (RuntimeError, ValueError) as error:
            pytest.exit(f"The schema cannot be installed.\n{error}", returncode=4)
        name = f"vantage_{os.getpid()}_{worker_id}"
        clone = sql.SQL("create database {} template {} owner {} strategy file_copy").format(
            *map(sql.Identifier, (name, template, "vantage_owner"))
        )
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(clone)
    database = TestDatabase(
        superuser_url=other(server, dbname=name),
        owner_url=as_owner(server, name),
        app_url=other(server, dbname=name, user="vantage_app", password=PASSWORD),
        superuser=psycopg.connect(other(server, dbname=name), autocommit=True),
    )
    yield database
    database.close()
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def clean_database(test_database: TestDatabase) -> TestDatabase:
    """The clone, emptied: only the reference rows of schema and seed stand in it."""
    test_database.clean()
    return test_database


@pytest.fixture
def database_url(clean_database: TestDatabase) -> str:
    """Connection string of the application's login, vantage_app."""
    return clean_database.app_url


@pytest.fixture
def owner(clean_database: TestDatabase) -> Iterator[psycopg.Connection]:
    """A connection of vantage_owner in autocommit: owns everything, row security does not apply to it."""
    with clean_database.connection(clean_database.owner_url) as connection:
        yield connection


@pytest.fixture
def superuser(clean_database: TestDatabase) -> Iterator[psycopg.Connection]:
    """A connection of the server's superuser in autocommit."""
    with clean_database.connection(clean_database.superuser_url) as connection:
        yield connection


Acting = AbstractContextManager[psycopg.Connection]


@pytest.fixture
def as_person(clean_database: TestDatabase) -> Callable[..., Acting]:
    """`with as_person(person_id, act=None) as connection:` runs one transaction as a signed-in person."""

    def enter(person_id: UUID, act: UUID | None = None) -> Acting:
        return clean_database.acting(person(person_id, act))

    return enter


@pytest.fixture
def as_worker(clean_database: TestDatabase) -> Callable[..., Acting]:
    """`with as_worker(organization_id) as connection:` runs one transaction as a job of that organisation."""

    def enter(organization_id: UUID | None = None) -> Acting:
        return clean_database.acting(worker(organization_id))

    return enter


@pytest.fixture
def as_anon(clean_database: TestDatabase) -> Callable[[], Acting]:
    """`with as_anon() as connection:` runs one transaction as somebody who has not signed in."""
    return lambda: clean_database.acting(ANON)
