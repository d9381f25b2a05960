"""Forward steps for databases that an earlier release has made. There is no way back but a backup."""

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import Connection, sql

from vantage.platform.database.sql_files import sql_root

_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
_LOCK_TIMEOUT = "5s"
_ATTEMPTS = 6


class MigrationError(RuntimeError):
    """A migration cannot be applied; the message names it, the reason and the way out."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of database/migrations/. The first schema is version 1; the first migration is 0002."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """sha256 of the file's text."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def file(self) -> str:
        """Its file name."""
        return f"{self.version:04}_{self.name}.sql"


def read_migrations(folder: Path | None = None) -> list[Migration]:
    """All migrations in order. Raises MigrationError for a gap, a doubled number, a wrong name, and the archive."""
    folder = folder or sql_root() / "migrations"
    if folder.name == "archive" or "archive" in folder.parts[-2:]:
        raise MigrationError(
            f"{folder} holds the first build's schema, for reference: it is superseded by schema.sql and never run."
        )
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        match = _NAME.match(file.name)
        if not match:
            raise MigrationError(f"{file.name} is no migration: the name must look like 0002_what_it_does.sql")
        found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, start=2):
        if migration.version != expected:
            raise MigrationError(f"{migration.file} should have the number {expected:04}: no gaps, no doubles")
    return found


def recorded_version(connection: Connection) -> int | None:
    """The version of the schema in this database; None when there is none of ours."""
    if connection.execute("select to_regclass('private.schema_version')").fetchone() == (None,):
        return None
    row = connection.execute("select version from private.schema_version").fetchone()
    return int(row[0]) if row else None


def pending(connection: Connection, migrations: list[Migration]) -> list[Migration]:
    """What this database still lacks.

    Raises MigrationError when it has no schema, is newer than this program, or was migrated with other files.
    """
    version = recorded_version(connection)
    if version is None:
        raise MigrationError("This database has no schema of ours yet: run `vantage db init`.")
    newest = max((migration.version for migration in migrations), default=1)
    if version > newest:
        raise MigrationError(
            f"This database has version {version} of the schema, this program knows {newest}: install the newer "
            "program that made it, or restore a backup from before."
        )
    rows = connection.execute("select version, checksum from private.schema_migrations").fetchall()
    applied = {int(number): str(checksum) for number, checksum in rows}
    for migration in migrations:
        # A fresh installation records no checksum: it never ran the file.
        if applied.get(migration.version) not in {None, "", migration.checksum}:
            raise MigrationError(
                f"{migration.file} was changed after it ran on this database. Bring the file back as it was released "
                "and put the change into a new migration."
            )
    return [migration for migration in migrations if migration.version > version]


def migrate(connection: Connection, migrations: list[Migration]) -> Iterator[Migration]:
    """Apply what is pending, each in its own transaction, and yield each when it is committed.

    The connection is the owner's, in autocommit. A lock that is not had within five seconds is tried again,
    so that a long-running query does not make everybody else wait behind us. Raises MigrationError.
    """
    for migration in pending(connection, migrations):
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                done = _apply(connection, migration)
            except psycopg.errors.LockNotAvailable as error:
                if attempt == _ATTEMPTS:
                    raise MigrationError(
                        f"{migration.file}: a table stayed locked through {_ATTEMPTS} attempts. See pg_stat_activity "
                        "for long transactions, end them, and run `vantage db migrate` again. Nothing was changed."
                    ) from error
                time.sleep(attempt)
            except psycopg.Error as error:
                raise MigrationError(f"{_where(migration, error)}. This migration was rolled back.") from error
            else:
                if done:
                    yield migration
                break


def _apply(connection: Connection, migration: Migration) -> bool:
    with connection.transaction():
        connection.execute(sql.SQL("set local lock_timeout = {}").format(_LOCK_TIMEOUT))
        connection.execute("set local search_path = ''")
        # Two migrators: the second waits here and then finds the work done.
        version = connection.execute("select version from private.schema_version for update").fetchone()
        if version and version[0] >= migration.version:
            return False
        connection.execute(migration.sql.encode())
        connection.execute(
            "insert into private.schema_migrations (version, name, checksum) values (%s, %s, %s)",
            [migration.version, migration.name, migration.checksum],
        )
        connection.execute("update private.schema_version set version = %s", [migration.version])
    return True


def _where(migration: Migration, error: psycopg.Error) -> str:
    position = error.diag.statement_position
    line = migration.sql.count("\n", 0, int(position) - 1) + 1 if position else None
    return f"{migration.file}{f':{line}' if line else ''}: {error.diag.message_primary} [{error.sqlstate}]"
