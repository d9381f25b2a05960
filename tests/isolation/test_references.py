"""No row can point into another tenant, whoever writes it: tried as the owner, whom row security does not bind."""

import psycopg
import pytest
from psycopg import sql
from tests.isolation.world import World, make_world

Reference = tuple[str, str, str, str, list[str], list[str]]


def references(connection: psycopg.Connection) -> list[Reference]:
    """(name, schema-less table, target, on delete, columns, target columns) of each composite reference."""
    return connection.execute(
        """select k.conname, c.relname, f.relname, k.confdeltype::text,
                  array(select a.attname::text from unnest(k.conkey) with ordinality x (n, o)
                          join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.n order by x.o),
                  array(select a.attname::text from unnest(k.confkey) with ordinality x (n, o)
                          join pg_attribute a on a.attrelid = k.confrelid and a.attnum = x.n order by x.o)
             from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
             join pg_namespace n on n.oid = c.relnamespace
            where k.contype = 'f' and n.nspname = 'public' and cardinality(k.conkey) > 1 order by 1"""
    ).fetchall()


def points_across(connection: psycopg.Connection, world: World, reference: Reference) -> bool:
    """Whether a row of A can be made to reference a row of B by this constraint: all columns at once, or one."""
    _, table, target, _, columns, target_columns = reference
    assignments = []
    for column, target_column in zip(columns, target_columns, strict=True):
        if column == "organization_id":
            continue
        if column == "id":  # the row is itself the reference (a profile is a member): its organisation moves
            assignments.append(sql.SQL("organization_id = {}").format(sql.Literal(world.b.id)))
            continue
        value = connection.execute(
            sql.SQL("select {} from public.{} where organization_id = %s limit 1").format(
                sql.Identifier(target_column), sql.Identifier(target)
            ),
            [world.b.id],
        ).fetchone()
        assert value is not None, f"B holds no row of {target}"
        assignments.append(sql.SQL("{} = {}").format(sql.Identifier(column), sql.Literal(value[0])))
    attacks = [assignments, *([one] for one in assignments if len(assignments) > 1)]
    rows = connection.execute(
        sql.SQL("select ctid from public.{} where organization_id = %s limit 10").format(sql.Identifier(table)),
        [world.a.id],
    ).fetchall()
    return any(_succeeds(connection, table, attack, row) for attack in attacks for (row,) in rows)


def _succeeds(connection: psycopg.Connection, table: str, assignments: list[sql.Composed], row: str) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            # triggers may object first or clear the column: the constraint alone is asked
            connection.execute(sql.SQL("alter table public.{} disable trigger user").format(sql.Identifier(table)))
            connection.execute(
                sql.SQL("update public.{} set {} where ctid = {}").format(
                    sql.Identifier(table), sql.SQL(", ").join(assignments), sql.Literal(row)
                )
            )
            connection.execute("set constraints all immediate")
    except psycopg.errors.ForeignKeyViolation:
        return False
    return True


@pytest.fixture
def world(owner: psycopg.Connection, superuser: psycopg.Connection) -> World:
    return make_world(owner, superuser)


def test_no_reference_reaches_another_tenant(superuser: psycopg.Connection, world: World) -> None:
    found = references(superuser)
    assert len(found) > 30
    assert [reference[0] for reference in found if points_across(superuser, world, reference)] == []
