"""The application's login role, and the procrastinate schema that only its worker may reach."""

from psycopg import Connection, sql
from procrastinate.schema import SchemaManager

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
        grant_jobs(connection)
    return True


def grant_jobs(connection: Connection) -> None:
    """Give the worker, and nobody else, the use of schema `jobs`."""
    connection.execute("""
        revoke all on schema jobs from public;
        revoke all on all tables in schema jobs from public, anon, authenticated, service_role;
        revoke all on all functions in schema jobs from public, anon, authenticated, service_role;
        grant usage on schema jobs to vantage_worker;
        grant select, insert, update, delete on all tables in schema jobs to vantage_worker;
        grant usage, select on all sequences in schema jobs to vantage_worker;
        grant execute on all functions in schema jobs to vantage_worker;
    """)
