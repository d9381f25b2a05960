"""After the shim, vantage_owner may do what Supabase's `postgres` may do, and is refused what that is refused."""

from collections.abc import Callable, Iterator
from typing import Protocol
from uuid import uuid4

import psycopg
import pytest

from vantage.platform.database.install import InstallError, apply_shim


class Scratch(Protocol):
    """See conftest."""

    owner_url: str
    superuser_url: str


@pytest.fixture
def shimmed(scratch: Callable[..., Scratch]) -> Scratch:
    return scratch(shim=True)


@pytest.fixture
def as_owner(shimmed: Scratch) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shimmed.owner_url, autocommit=True) as connection:
        yield connection


def test_again_changes_nothing(shimmed: Scratch) -> None:
    query = """
        select c.oid::regclass::text, c.relacl::text, c.relowner::regrole::text from pg_class c
         where relnamespace = 'auth'::regnamespace
        union all select rolname, null, rolsuper::text || rolbypassrls || rolcanlogin from pg_roles
        union all select nspname, nspacl::text, nspowner::regrole::text from pg_namespace
        order by 1"""
    with psycopg.connect(shimmed.superuser_url, autocommit=True) as superuser:
        before = superuser.execute(query).fetchall()
        apply_shim(superuser)
        assert superuser.execute(query).fetchall() == before


def test_the_owner_is_no_superuser_and_bypasses_row_security(as_owner: psycopg.Connection) -> None:
    row = as_owner.execute(
        "select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolcanlogin from pg_roles"
        " where rolname = current_user"
    ).fetchone()
    assert row == (False, True, True, True, True)
    assert as_owner.execute("show search_path").fetchone() == ('"$user", public, extensions',)


def test_users_have_the_35_columns_and_no_default_id(as_owner: psycopg.Connection) -> None:
    columns = as_owner.execute(
        "select attname, atthasdef from pg_attribute where attrelid = 'auth.users'::regclass and attnum > 0"
    ).fetchall()
    assert len(columns) == 35
    assert ("id", False) in columns and ("email", False) in columns and ("created_at", False) in columns


@pytest.mark.parametrize(
    "statement",
    [
        "create or replace trigger probe after insert on auth.users for each row execute function public.nothing()",
        "create table public.child (id uuid primary key references auth.users (id) on delete cascade)",
        "create view public.users_view as select id from auth.users",
        "insert into auth.users (id, email) values (gen_random_uuid(), 'ravi@example.in')",
        "update auth.users set email = 'x@example.in'",
        "delete from auth.users",
        (
            "create role probe_app login noinherit; grant authenticated, anon to probe_app;"
            " alter role authenticated set statement_timeout = '8s'; alter role authenticated reset statement_timeout;"
            " drop role probe_app"
        ),
        "set role authenticated",
        "set role service_role",
        "create table public.live (id int primary key); alter publication supabase_realtime add table public.live",
        "create schema private",
    ],
)
def test_allowed_as_on_supabase(as_owner: psycopg.Connection, statement: str) -> None:
    as_owner.execute("create function public.nothing() returns trigger language plpgsql as 'begin return new; end'")
    as_owner.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "alter table auth.users add column nickname text",
        "create index on auth.users (created_at)",
        "create table auth.mine (id int)",
        "create function auth.mine() returns int language sql as 'select 1'",
        "create or replace function auth.uid() returns uuid language sql as 'select null::uuid'",
        "create policy probe on auth.users using (true)",
        "set session_replication_role = replica",
        "set role supabase_auth_admin",
        "alter default privileges for role supabase_auth_admin grant select on tables to anon",
        "create role probe superuser",
        "create function public.f() returns int leakproof language sql as 'select 1'",
    ],
)
def test_refused_as_on_supabase(as_owner: psycopg.Connection, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_owner.execute(statement.encode())


def test_a_new_table_has_what_a_new_project_grants(as_owner: psycopg.Connection) -> None:
    """Nothing to read or write, and the TRUNCATE that Supabase leaves behind: schema.sql has to take it away."""
    as_owner.execute("create table public.bare (id int)")
    rights = as_owner.execute("""
        select privilege from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
               privilege where has_table_privilege('anon', 'public.bare', privilege)""").fetchall()
    assert [right for (right,) in rights] == ["truncate", "references", "trigger"]


def test_claims_are_read_as_on_supabase(as_owner: psycopg.Connection) -> None:
    ask = "select auth.uid(), auth.role(), auth.email(), auth.jwt() ->> 'aal'"
    somebody = uuid4()
    assert as_owner.execute(ask).fetchone() == (None, None, None, None)
    with as_owner.transaction():
        as_owner.execute(
            "select set_config('request.jwt.claims', json_build_object('sub', %s::uuid, 'role', 'authenticated',"
            " 'email', 'asha@example.in', 'aal', 'aal1')::text, true)",
            [somebody],
        )
        assert as_owner.execute(ask).fetchone() == (somebody, "authenticated", "asha@example.in", "aal1")
    # After a transaction the setting is '' and not null; the functions answer null all the same.
    assert as_owner.execute(ask).fetchone() == (None, None, None, None)


def test_auth_tables_show_nothing_to_anybody_else(as_owner: psycopg.Connection) -> None:
    for role in ("anon", "authenticated"):
        as_owner.execute(f"set role {role}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_owner.execute("select * from auth.users")
        as_owner.execute("reset role")


def test_it_refuses_a_supabase_project(scratch: Callable[..., Scratch]) -> None:
    with psycopg.connect(scratch().superuser_url, autocommit=True) as superuser:
        superuser.execute("create schema storage")
        with pytest.raises(InstallError, match=r"supabase_shim.sql.*is a Supabase project"):
            apply_shim(superuser)
        assert superuser.execute("select to_regnamespace('auth')").fetchone() == (None,)


def test_it_refuses_whoever_is_no_superuser(shimmed: Scratch) -> None:
    with (
        psycopg.connect(shimmed.owner_url, autocommit=True) as owner,
        pytest.raises(InstallError, match="must be applied by a superuser; vantage_owner is none"),
    ):
        apply_shim(owner)
