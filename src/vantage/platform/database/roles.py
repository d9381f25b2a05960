"""The application's login role, and the procrastinate schema that only its worker may reach."""

import re
from importlib.metadata import version
from pathlib import Path

from procrastinate.schema import SchemaManager
from psycopg import Connection, sql

APP_ROLE = "vantage_app"
JOBS_SCHEMA = "jobs"


def make_app_role(connection: Connection, password: str, name: str = APP_ROLE) -> None:
    """Make the login role of the application, or give the existing one this password.

    It owns nothing, inherits nothing and bypasses nothing; it may become anon, authenticated and
    vantage_worker. The connection is the owner's; needs CREATEROLE.
    """
    role = sql.Identifier(name)
    with connection.transaction():
        exists = connection.execute("select from pg_catalog.pg_roles where rolname = %s", [name]).fetchone()
        if exists is None:
            connection.execute(sql.SQL("create role {} login noinherit").format(role))
        connection.execute(sql.SQL("alter role {} login noinherit password {}").format(role, sql.Literal(password)))
        # JSON that PostgreSQL builds shows instants in the session's zone; a stuck transaction ends by itself.
        for setting in ("timezone = 'UTC'", "idle_in_transaction_session_timeout = '60s'", "lock_timeout = '10s'"):
            connection.execute(sql.SQL("alter role {} set " + setting).format(role))
        connection.execute(sql.SQL("grant anon, authenticated, vantage_worker to {}").format(role))


def install_jobs(connection: Connection) -> bool:
    """Install procrastinate's tables into the schema `jobs`; False when they are there. The connection is the owner's.

    Versions of procrastinate bring their own migrations: see `migrate`.
    """
    schema = sql.Identifier(JOBS_SCHEMA)
    with connection.transaction():
        if connection.execute("select to_regclass('jobs.procrastinate_jobs')").fetchone() != (None,):
            return False
        connection.execute("set local client_min_messages = warning")
        connection.execute(sql.SQL("create schema if not exists {}").format(schema))
        connection.execute(sql.SQL("set local search_path = {}").format(schema))
        connection.execute(SchemaManager.get_schema().encode())
        _finish_jobs(connection)
    return True


def migrate_jobs(connection: Connection) -> list[str]:
    """Apply what procrastinate has changed in its tables since they were installed; names of the files applied."""
    remark = connection.execute("select obj_description('jobs'::regnamespace, 'pg_namespace')").fetchone()
    installed = _REMARK.fullmatch(remark[0] or "") if remark else None
    if installed is None:
        raise RuntimeError("Schema jobs does not say which procrastinate it is from: restore its comment.")
    have = tuple(map(int, installed[1].split(".")))
    files = sorted(Path(str(SchemaManager.get_migrations_path())).glob("*.sql"))
    missing = [file for file in files if tuple(map(int, file.name.split("_")[0].split("."))) > have]
    if have < _version():
        with connection.transaction():
            connection.execute("set local lock_timeout = '5s'")
            connection.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(JOBS_SCHEMA)))
            for file in missing:
                connection.execute(file.read_bytes())
            _finish_jobs(connection)
    return [file.name for file in missing]


_REMARK = re.compile(r"procrastinate (\d+(?:\.\d+)*)")


def _version() -> tuple[int, ...]:
    return tuple(int(number) for number in version("procrastinate").split(".")[:3] if number.isdigit())


def _finish_jobs(connection: Connection) -> None:
    """Say which procrastinate this is, and give the worker, and nobody else, the use of its schema."""
    said = f"procrastinate {'.'.join(map(str, _version()))}"
    connection.execute(sql.SQL("comment on schema jobs is {}").format(sql.Literal(said)))
    connection.execute("""
        revoke all on schema jobs from public;
        revoke all on all tables in schema jobs from public, anon, authenticated, service_role;
        revoke all on all functions in schema jobs from public, anon, authenticated, service_role;
        grant usage on schema jobs to vantage_worker;
        grant select, insert, update, delete on all tables in schema jobs to vantage_worker;
        grant usage, select on all sequences in schema jobs to vantage_worker;
        grant execute on all functions in schema jobs to vantage_worker;
    """)
