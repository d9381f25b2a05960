"""Every table × every verb × everybody: tried for real. What is allowed stands in allowed.txt; all else must
show no row and change no row."""

from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from tests.isolation.attack import VERBS, Table, inserted, tables, touched, visible
from tests.isolation.world import World, make_world

ALLOWED = Path(__file__).with_name("allowed.txt")
STRANGERS = (
    "outsider",
    "other worker",
    "nobody",
    "removed",
    "suspended",
    "lapsed support",
    "platform admin",
    "worker without claims",
    "anonymous",
)
# What strangers see on purpose, of rows that are no tenant's or their own.
PUBLIC = {"permissions", "subscription_plans"}
OFFERED_PLANS = 2
# A's project is published; test_strangers_see_what_is_published_and_offered_alone draws the line.
PUBLISHED = {
    ("projects", "select"),
    ("properties", "select"),
    ("property_images", "select"),
    ("property_features", "select"),
}
# The operator's admins read what is the platform's own: their sessions in support mode, the platform's audit.
OWN = {("impersonation_sessions", "select"), ("platform_audit_logs", "select")}


def allowed() -> dict[tuple[str, str], list[str]]:
    """The table, read from its file."""
    lines = [line.split(None, 2) for line in ALLOWED.read_text().splitlines() if not line.startswith("#")]
    return {(table, verb): [] if actors == "-" else actors.split(", ") for table, verb, actors in lines}


@pytest.fixture
def world(owner: psycopg.Connection, superuser: psycopg.Connection) -> World:
    return make_world(owner, superuser)


def attempt(superuser: psycopg.Connection, table: Table, verb: str, world: World, actor: str) -> bool:
    """Whether the actor gets at organisation A by this verb."""
    tenant: UUID = world.a.id
    with superuser.transaction(force_rollback=True):
        if verb == "select":
            return visible(superuser, table, world.actors[actor], tenant) > 0
        if verb == "insert":
            return inserted(superuser, table, world.actors[actor], tenant)
        return touched(superuser, table, world.actors[actor], tenant, verb)


def matrix(
    superuser: psycopg.Connection, world: World, only: set[str] | None = None
) -> dict[tuple[str, str], list[str]]:
    """Who succeeds, by table and verb."""
    return {
        (table.name, verb): [actor for actor in world.actors if attempt(superuser, table, verb, world, actor)]
        for table in tables(superuser)
        if only is None or table.name in only
        for verb in VERBS
    }


def written(found: dict[tuple[str, str], list[str]]) -> str:
    """The matrix as the file holds it."""
    return "".join(f"{table:24} {verb:7} {', '.join(actors) or '-'}\n" for (table, verb), actors in found.items())


def test_everybody_gets_what_the_table_says_and_no_more(superuser: psycopg.Connection, world: World) -> None:
    found = written(matrix(superuser, world))
    head = "".join(line for line in ALLOWED.read_text().splitlines(keepends=True) if line.startswith("#"))
    expected = ALLOWED.read_text().removeprefix(head)
    assert found.splitlines() == expected.splitlines()


def test_no_stranger_stands_in_the_table(superuser: psycopg.Connection) -> None:
    """The file itself may not allow what the product promises never to do."""
    bad = []
    for line in ALLOWED.read_text().splitlines():
        if line.startswith("#"):
            continue
        table, verb, *rest = line.split(None, 2)
        actors = set(rest[0].split(", ")) if rest else set()
        if (table, verb) in OWN:
            actors.discard("platform admin")
        if (table, verb) in PUBLISHED:
            actors.discard("anonymous")
        if table not in PUBLIC and actors & set(STRANGERS):
            bad.append(line)
        if table in PUBLIC and verb != "select" and actors - {"-"}:
            bad.append(line)
    assert bad == []


def test_strangers_see_what_is_published_and_offered_alone(superuser: psycopg.Connection, world: World) -> None:
    """B has published nothing; a plan that is no longer offered is nobody's to see."""
    by_name = {table.name: table for table in tables(superuser)}
    for name in ("projects", "properties", "property_images", "property_features"):
        with superuser.transaction(force_rollback=True):
            assert visible(superuser, by_name[name], world.actors["anonymous"], world.b.id) == 0, name
    for actor in world.actors.values():
        with superuser.transaction(force_rollback=True):
            assert visible(superuser, by_name["subscription_plans"], actor, world.a.id) == OFFERED_PLANS


def test_the_world_holds_a_row_of_every_table(superuser: psycopg.Connection, world: World) -> None:
    empty = []
    for table in tables(superuser):
        if table.tenant_column:
            row = superuser.execute(
                f"select count(*) from public.{table.name} where {table.tenant_column} = %s".encode(), [world.a.id]
            ).fetchone()
        else:
            row = superuser.execute(f"select count(*) from public.{table.name}".encode()).fetchone()
        assert row is not None
        if row[0] == 0:
            empty.append(table.name)
    assert empty == []
