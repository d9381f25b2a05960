"""From an address to a database that the application can use: shim, schema, seed, jobs, login role."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection, sql

from vantage.platform.database.addresses import Addresses, is_pooled, saved_app_url, without_password
from vantage.platform.database.embedded import EmbeddedServer, start_embedded
from vantage.platform.database.install import apply_schema, apply_seed, apply_shim
from vantage.platform.database.migrations import migrate, read_migrations, recorded_version
from vantage.platform.database.roles import install_jobs, make_app_role, migrate_jobs
from vantage.platform.database.schema_files import build_schema

OLDEST_SERVER = 150000


class SetupError(RuntimeError):
    """The database cannot be set up with this address; the message says why and the way out."""


@dataclass(frozen=True, slots=True)
class Login:
    """What a connection's role is allowed, as far as setting up depends on it."""

    name: str
    superuser: bool
    owner: bool
    """May act as the owner of the schema: Supabase's postgres, or vantage_owner."""
    supabase: bool
    shim: bool
    server_version: int


def inspect(connection: Connection) -> Login:
    """Look at the role and the server behind a connection."""
    row = connection.execute("""
        select current_user, r.rolsuper, r.rolcreaterole and r.rolbypassrls,
               exists (select from pg_roles where rolname = 'supabase_admin'),
               -- not to_regclass(), which fails for a role that may not enter the schema
               exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where n.nspname = 'auth' and c.relname = 'users')
          from pg_roles r where r.rolname = current_user""").fetchone()
    if row is None:
        raise SetupError("The connection's role is not in pg_roles.")
    name, superuser, owner, supabase, shim = row
    return Login(name, superuser, owner, supabase, shim, connection.info.server_version)


def apply_shim_if_needed(url: str, owner_password: str | None = None) -> bool:
    """On plain PostgreSQL, as superuser: apply the shim and let vantage_owner log in with this password.

    False when there was nothing to do: on Supabase, and for an owner's login after the shim.
    Raises SetupError for a login that can do neither.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        login = inspect(connection)
        if login.server_version < OLDEST_SERVER:
            raise SetupError(
                f"This server is PostgreSQL {login.server_version // 10000}; the schema needs 15 or newer."
            )
        if login.superuser and not login.supabase:
            apply_shim(connection)
            if owner_password is not None:
                connection.execute(sql.SQL("alter role vantage_owner password {}").format(sql.Literal(owner_password)))
            return True
        if login.owner and login.shim:
            return False
        raise SetupError(
            f"{login.name} may not set up a database: it is neither Supabase's postgres, nor vantage_owner, nor a "
            "superuser of a plain PostgreSQL. Set DATABASE_ADMIN_URL to such a login and run the command again."
        )


@contextmanager
def owner_connection(url: str) -> Iterator[Connection]:
    """A connection that acts as the owner of the schema, in autocommit.

    A superuser of a plain server acts as vantage_owner here: what Supabase would refuse is refused.
    Raises SetupError for another login.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        login = inspect(connection)
        if login.superuser and not login.supabase:
            if not login.shim:
                raise SetupError("This database is not set up yet: run `vantage db init`.")
            connection.execute("set session authorization vantage_owner")
            # The role's own settings come with a login, not with a change of user.
            connection.execute('set search_path = "$user", public, extensions')
        elif not login.owner:
            raise SetupError(
                f"{login.name} does not own the schema. Set DATABASE_ADMIN_URL to the owner's address "
                "(Supabase's postgres, vantage_owner, or a superuser)."
            )
        yield connection


def prepare_embedded(server: EmbeddedServer) -> list[str]:
    """Everything that an embedded server's database needs; what was done, in sentences. Nothing the second time."""
    if not _lets_in(server.owner_url):
        apply_shim_if_needed(server.superuser_url, server.secret("owner"))
    with owner_connection(server.owner_url) as connection:
        done = bring_up_to_date(connection)
        if not _lets_in(server.app_url):
            make_app_role(connection, server.secret("app"))
    return done


def _lets_in(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Reached:
    """A database that is there to be used: its addresses and what was done to make it so."""

    app_url: str | None
    admin_url: str | None
    direct_url: str | None
    """For LISTEN: None when only a pooler is known."""
    place: str
    server: EmbeddedServer | None = None
    done: tuple[str, ...] = ()


@contextmanager
def reach(home: Path, environment: Mapping[str, str], *, user: str | None = None) -> Iterator[Reached]:
    """The database that environment and home name: an external one, else the embedded server, started if need be.

    An embedded database is installed and migrated on the way, and stopped at the end if this process started it.
    An external one is never replaced by the embedded one: if it is named, it is that or an error later.
    Raises AddressError, ServerError, InstallError, MigrationError.
    """
    addresses = Addresses.of(environment)
    app = addresses.app or saved_app_url(home)
    if addresses.external or app:
        place = without_password(app or addresses.admin or "")
        direct = addresses.direct or (None if app and is_pooled(app) else app)
        yield Reached(app, addresses.admin, direct, place)
        return
    server = start_embedded(home, user=user)
    try:
        done = prepare_embedded(server)
        yield Reached(
            server.app_url,
            server.owner_url,
            server.app_url,
            f"embedded PostgreSQL {server.cluster.binaries.version} in {server.cluster.folder}",
            server,
            tuple(done),
        )
    finally:
        server.stop()


def bring_up_to_date(connection: Connection) -> list[str]:
    """Install or migrate schema, seed and jobs, whatever is missing; what was done, in sentences. Owner's connection."""
    done: list[str] = []
    if recorded_version(connection) is None:
        schema = build_schema()
        apply_schema(connection, schema)
        apply_seed(connection)
        done.append(f"installed version {schema.version} of the schema and its seed")
    else:
        done += [f"applied migration {step.file}" for step in migrate(connection, read_migrations())]
    if install_jobs(connection):
        done.append("installed the job tables")
    else:
        done += [f"applied procrastinate's {name}" for name in migrate_jobs(connection)]
    return done
