"""What one actor can do to one table: tried for real, as the application's login, and rolled back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from vantage.platform.database.actors import ENTER, Actor

VERBS = ("select", "insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of `public` with what an attack needs to know about it."""

    name: str
    tenant_column: str
    key: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier("public", self.name)


def tables(superuser: psycopg.Connection) -> list[Table]:
    """Every table of `public`, read from the catalogue."""
    rows = superuser.execute(
        """select c.relname,
                  case when c.relname = 'organizations' then 'id'
                       when exists (select 1 from pg_attribute a
                                     where a.attrelid = c.oid and a.attname = 'organization_id') then 'organization_id'
                       else '' end,
                  array(select a.attname::text from pg_index i, unnest(i.indkey) with ordinality k (n, o), pg_attribute a
                         where i.indrelid = c.oid and i.indisprimary and a.attrelid = c.oid and a.attnum = k.n
                         order by k.o)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'public' and c.relkind in ('r', 'p') order by 1"""
    ).fetchall()
    return [Table(name, column, tuple(key)) for name, column, key in rows]


@contextmanager
def acting(superuser: psycopg.Connection, actor: Actor) -> Iterator[None]:
    """Inside a transaction of the superuser: be the application's login, in the actor's role, then come back.

    One session sees both sides, so that what an attack did can be counted before it is rolled back.
    """
    superuser.execute("savepoint attack")
    superuser.execute("set local session authorization vantage_app")
    superuser.execute(ENTER, [actor.role, actor.claims])
    refused = False
    try:
        yield
    except psycopg.Error:
        refused = True
        raise
    finally:
        if refused:
            superuser.execute("rollback to savepoint attack")
        superuser.execute("reset role")
        superuser.execute("reset session authorization")
        superuser.execute("select set_config('request.jwt.claims', '', true)")


REFUSALS = (psycopg.errors.InsufficientPrivilege,)


def visible(superuser: psycopg.Connection, table: Table, actor: Actor, tenant: UUID) -> int:
    """How many rows of `tenant` the actor sees, by the columns that may be read at all."""
    columns = granted(superuser, table, actor, "select")
    if not columns:
        return 0
    if table.tenant_column and table.tenant_column in columns:
        query = sql.SQL("select count(*) from {} where {} = %s").format(
            table.identifier, sql.Identifier(table.tenant_column)
        )
        parameters = [tenant]
    else:
        query = sql.SQL("select count({}) from {}").format(sql.Identifier(columns[0]), table.identifier)
        parameters = []
    try:
        with acting(superuser, actor):
            row = superuser.execute(query, parameters).fetchone()
    except REFUSALS:
        return 0
    assert row is not None
    return int(row[0])


def granted(superuser: psycopg.Connection, table: Table, actor: Actor, right: str) -> list[str]:
    """The columns of a table that the actor's role holds `right` on."""
    rows = superuser.execute(
        """select a.attname::text from pg_attribute a
            where a.attrelid = ('public.' || quote_ident(%s))::regclass and a.attnum > 0 and not a.attisdropped
              and a.attgenerated = '' and has_column_privilege(%s, a.attrelid, a.attnum, %s) order by a.attnum""",
        [table.name, actor.role, right],
    ).fetchall()
    return [name for (name,) in rows]


def touched(superuser: psycopg.Connection, table: Table, actor: Actor, tenant: UUID, verb: str) -> bool:
    """Whether the actor, writing without any WHERE, changes or deletes a row of `tenant`; rolled back.

    Without a WHERE the SELECT policies do not apply (hole 1). Where the attacker's own rows object (a unique
    key, a reference), another column is tried, and last the tenant's rows alone.
    """
    attacks = [
        sql.SQL("update {} set {} = {}").format(
            table.identifier, sql.Identifier(column), _anything(superuser, table, column)
        )
        for column in (granted(superuser, table, actor, "update") if verb == "update" else [])
    ]
    if verb == "delete":
        attacks = [sql.SQL("delete from {}").format(table.identifier)]
    if attacks and table.tenant_column:
        where = sql.SQL(" where {} = {}").format(sql.Identifier(table.tenant_column), sql.Literal(tenant))
        attacks.append(attacks[0] + where)
    before = _fingerprints(superuser, table, tenant)
    objected = False
    for statement in attacks:
        objected = False
        try:
            with acting(superuser, actor):
                superuser.execute(statement)
        except REFUSALS:
            return False
        except psycopg.Error as error:
            # the policy let a row through: a check, a trigger or a reference behind it objected
            objected = not str(error.sqlstate).startswith("VQ005")
            continue
        changed = _fingerprints(superuser, table, tenant) != before
        superuser.execute("rollback to savepoint attack")
        return changed
    return objected


def _anything(superuser: psycopg.Connection, table: Table, column: str) -> sql.Composable:
    """The smallest value that stands in the column already: passes its checks, needs no knowledge of it."""
    row = superuser.execute(
        sql.SQL("select quote_nullable(max({}::text)) from {}").format(sql.Identifier(column), table.identifier)
    ).fetchone()
    assert row is not None
    kind = superuser.execute(
        """select format_type(atttypid, atttypmod) from pg_attribute
            where attrelid = ('public.' || quote_ident(%s))::regclass and attname = %s""",
        [table.name, column],
    ).fetchone()
    assert kind is not None
    return sql.SQL(f"{row[0]}::{kind[0]}")


def _fingerprints(superuser: psycopg.Connection, table: Table, tenant: UUID) -> list[tuple[object, ...]]:
    """Which row versions of a tenant exist: an UPDATE that changes no value still shows."""
    where = (
        sql.SQL("where {} = {}").format(sql.Identifier(table.tenant_column), sql.Literal(tenant))
        if table.tenant_column
        else sql.SQL("")
    )
    return superuser.execute(
        sql.SQL("select ctid::text, xmin::text, cmin::text from {} {} order by 1").format(table.identifier, where)
    ).fetchall()


def inserted(superuser: psycopg.Connection, table: Table, actor: Actor, tenant: UUID) -> bool:
    """Whether the actor can add a row to `tenant`: a copy of one that stands there, in the granted columns."""
    columns = granted(superuser, table, actor, "insert")
    if not columns:
        return False
    where = (
        sql.SQL("where {} = {}").format(sql.Identifier(table.tenant_column), sql.Literal(tenant))
        if table.tenant_column
        else sql.SQL("")
    )
    row = superuser.execute(
        sql.SQL("select to_jsonb(t) from {} t {} limit 1").format(table.identifier, where)
    ).fetchone()
    if row is None:
        message = f"the world holds no row of {table.name} for this tenant"
        raise AssertionError(message)
    copied = [name for name in columns if row[0].get(name) is not None and name != "id"]
    names = sql.SQL(", ").join(map(sql.Identifier, copied))
    statement = sql.SQL("insert into {} ({}) select {} from jsonb_populate_record(null::{}, {})").format(
        table.identifier, names, names, table.identifier, sql.Literal(Jsonb(row[0]))
    )
    try:
        with acting(superuser, actor):
            superuser.execute(statement)
    except REFUSALS:
        return False
    except psycopg.Error as error:
        # a unique key or a check objected: row security had let the row through
        return not str(error.sqlstate).startswith("VQ005")
    superuser.execute("rollback to savepoint attack")
    return True
