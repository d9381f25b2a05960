"""Applying shim, schema and seed, with an error that names the file and line at fault."""

from pathlib import Path

import psycopg

from vantage.platform.database.schema_files import Schema, build_schema
from vantage.platform.database.sql_files import sql_root, statements


class InstallError(RuntimeError):
    """SQL of ours was refused; the message names file, line, the server's words and the statement."""


def run_script(connection: psycopg.Connection, sql: str) -> None:
    """Send a text as ONE simple query, as Supabase's SQL editor does: one implicit transaction.

    The connection must be in autocommit. Raises psycopg.Error.
    """
    if not connection.autocommit:
        raise ValueError("run_script needs a connection in autocommit")
    # Without parameters psycopg uses the simple protocol, which takes several statements.
    connection.execute(sql.encode())


def apply_shim(connection: psycopg.Connection, root: Path | None = None) -> None:
    """Apply supabase_shim.sql as a superuser. Raises InstallError, also on a Supabase project."""
    _apply_file(connection, (root or sql_root()) / "supabase_shim.sql")


def apply_seed(connection: psycopg.Connection, root: Path | None = None) -> None:
    """Apply seed.sql as the owner; may be repeated. Raises InstallError."""
    _apply_file(connection, (root or sql_root()) / "seed.sql")


def apply_schema(connection: psycopg.Connection, schema: Schema | None = None) -> None:
    """Apply schema.sql as the owner, all or nothing; nothing when this version is there. Raises InstallError."""
    schema = schema or build_schema()
    try:
        run_script(connection, schema.text)
    except psycopg.Error as error:
        raise InstallError(_explain(connection, schema, error)) from error


def _apply_file(connection: psycopg.Connection, file: Path) -> None:
    sql = file.read_text(encoding="utf-8")
    try:
        run_script(connection, sql)
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = sql.count("\n", 0, int(position) - 1) + 1 if position else None
        where = f"database/{file.name}" + (f":{line}" if line else "")
        raise InstallError(f"{where}: {_words(error)}") from error


def _explain(connection: psycopg.Connection, schema: Schema, error: psycopg.Error) -> str:
    body_start = schema.text.index("$schema$\n", schema.text.index("do $vantage$")) + len("$schema$")
    position, query = error.diag.internal_position, error.diag.internal_query
    if position and query and len(query) > len(schema.text) // 2:
        line = schema.text.count("\n", 0, body_start + int(position) - 1) + 1
        return _at(schema, line, error)
    return _replay(connection, schema, body_start) or _words(error)


def _replay(connection: psycopg.Connection, schema: Schema, body_start: int) -> str | None:
    """Run the schema statement by statement and roll it back: most refusals carry no position of their own."""
    body = schema.text[body_start : schema.text.rindex("$schema$")]
    before = schema.text.count("\n", 0, body_start)
    found: str | None = None
    with connection.transaction(force_rollback=True):
        for statement in statements(body):
            try:
                connection.execute(statement.text.encode())
            except psycopg.Error as error:
                offset = int(error.diag.statement_position or 1) - 1
                line = before + statement.line + statement.text.count("\n", 0, offset)
                found = _at(schema, line, error) + "\n" + _excerpt(statement.text)
                break
    return found


def _at(schema: Schema, line: int, error: psycopg.Error) -> str:
    source = schema.source(line)
    if source is None:
        return f"database/schema.sql:{line}: {_words(error)}"
    part, number = source
    return f"database/schema/{part.name}:{number} (section {part.section}): {_words(error)}"


def _words(error: psycopg.Error) -> str:
    diag = error.diag
    words = [diag.message_primary or str(error), diag.message_detail, diag.message_hint]
    return f"{'. '.join(word.rstrip('.') for word in words if word)} [{diag.sqlstate}]"


def _excerpt(sql: str) -> str:
    lines = sql.strip().splitlines()
    return "\n".join(f"    {line}" for line in lines[:8]) + ("\n    …" if len(lines) > 8 else "")
