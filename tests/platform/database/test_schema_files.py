"""How schema.sql is built, and what it says when a file is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from vantage.platform.database.install import InstallError, apply_schema, apply_seed, run_script
from vantage.platform.database.schema_files import SchemaFileError, build_schema, read_parts
from vantage.platform.database.sql_files import sql_root, statements


class Scratch(Protocol):
    """See conftest."""

    owner_url: str
    superuser_url: str


DUMP = """
    select format('%s %s %s', c.relkind, c.oid::regclass, array_to_string(c.relacl, ' ')) from pg_class c
     where c.relnamespace = any (array['public', 'private']::regnamespace[])
    union all select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint
     where connamespace = any (array['public', 'private']::regnamespace[])
    union all select pg_get_functiondef(oid) || array_to_string(proacl, ' ') from pg_proc
     where pronamespace = any (array['public', 'private']::regnamespace[])
    union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
    union all select format('%s %s %s %s', polrelid::regclass, polname, polcmd, pg_get_expr(polqual, polrelid))
      from pg_policy
    order by 1"""


def folder(tmp_path: Path, **files: str) -> Path:
    (tmp_path / "migrations").mkdir()
    for name, text in files.items():
        module, _, table = name.partition("__")
        file = tmp_path / "schema" / module / f"{table}.sql"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


TOWERS = """-- towers: what flats stand in

-- @section tables
create table public.towers (id int primary key);

-- @section policies

alter table public.towers enable row level security;
"""
FLATS = """-- flats
-- @section tables
create table public.flats (id int primary key, tower_id int);

-- @section references

alter table public.flats
  add constraint flats_tower_fkey foreign key (tower_id) references public.towers (id);
"""


def test_the_checked_in_file_is_what_its_files_say() -> None:
    if (sql_root() / "schema.sql").read_text(encoding="utf-8") != build_schema().text:
        pytest.fail("database/schema.sql is out of date: run `vantage db schema` and commit it")


def test_sections_come_in_order_over_all_modules(tmp_path: Path) -> None:
    root = folder(tmp_path, crm__flats=FLATS, inventory__towers=TOWERS)
    assert [(part.name, part.section) for part in read_parts(root)] == [
        ("inventory/towers.sql", "tables"),
        ("crm/flats.sql", "tables"),
        ("crm/flats.sql", "references"),
        ("inventory/towers.sql", "policies"),
    ]
    schema = build_schema(root)
    for start, part in schema.parts:
        lines = part.file.read_text().splitlines()
        assert schema.text.splitlines()[start - 1] == lines[part.line - 1]
        assert schema.source(start) == (part, part.line)
    assert schema.source(1) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-- x\n-- @section tabels\nselect 1;", r"crm/x.sql:2: unknown section 'tabels'"),
        ("-- @section tables\nselect 1;\n-- @section tables\nselect 2;", r"crm/x.sql:3: section 'tables' stands twice"),
        ("-- x\nselect 1;\n-- @section tables\n", r"crm/x.sql:2: SQL before the first line"),
        ("-- @section tables\nselect $schema$x$schema$;", r"crm/x.sql:1: the quote \$schema\$ is taken"),
    ],
)
def test_a_file_that_breaks_the_rules_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SchemaFileError, match=complaint):
        build_schema(folder(tmp_path, crm__x=text))


def test_a_folder_that_is_no_module_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaFileError, match="marketing"):
        build_schema(folder(tmp_path, marketing__x="-- @section tables\n"))


def test_the_version_is_that_of_the_newest_migration(tmp_path: Path) -> None:
    root = folder(tmp_path, crm__flats=FLATS)
    assert build_schema(root).version == 1
    (root / "migrations" / "0002_add_floor.sql").write_text("select 1;")
    assert build_schema(root).version == 2


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        # the server gives a position, and it gives none
        (FLATS.replace("public.towers (id)", "public.towerz (id)"), r"crm/flats.sql:7 \(section references\)"),
        (FLATS.replace("int primary key, tower_id int", "int primary key, tower_id intt"), r"crm/flats.sql:3 "),
        (FLATS.replace("references public", "referenzes public"), r"crm/flats.sql:8 \(section references\)"),
    ],
)
def test_a_refused_statement_is_told_with_its_source(
    tmp_path: Path, scratch: Callable[..., Scratch], broken: str, place: str
) -> None:
    database = scratch(shim=True)
    schema = build_schema(folder(tmp_path, crm__flats=broken, inventory__towers=TOWERS))
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        with pytest.raises(InstallError, match=place):
            apply_schema(owner, schema)
        assert owner.execute("select to_regclass('public.towers')").fetchone() == (None,), "all or nothing"


def test_twice_is_once(scratch: Callable[..., Scratch]) -> None:
    """The file itself, sent as one string by a role with the rights of Supabase's postgres."""
    text = (sql_root() / "schema.sql").read_text(encoding="utf-8")
    database = scratch(shim=True)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        run_script(owner, text)
        apply_seed(owner)
        first = owner.execute(DUMP.encode()).fetchall()
        owner.execute("update public.subscription_plans set description = 'changed by hand'")
        counts = owner.execute("select count(*), max(description) from public.subscription_plans").fetchone()
        run_script(owner, text)
        apply_seed(owner)
        assert owner.execute(DUMP.encode()).fetchall() == first
        assert owner.execute("select count(*), max(description) from public.subscription_plans").fetchone() == counts
        assert len(first) > 100


def test_another_version_is_refused_with_the_way_out(scratch: Callable[..., Scratch]) -> None:
    text = build_schema().text
    database = scratch(shim=True)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        run_script(owner, text)
        owner.execute("update private.schema_version set version = 999")
        with pytest.raises(psycopg.errors.RaiseException, match="version 999") as refused:
            run_script(owner, text)
        assert "vantage db migrate" in (refused.value.diag.message_hint or "")


def test_somebody_elses_tables_are_left_alone(scratch: Callable[..., Scratch]) -> None:
    database = scratch(shim=True)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("create table public.organizations (id int)")
        with pytest.raises(psycopg.errors.RaiseException, match="not from this schema"):
            run_script(owner, build_schema().text)


def test_statements_end_where_psql_ends_them() -> None:
    text = """-- one; not the end
    select ';', E'it\\'s;', "a;b", $$ ; $$, $tag$ $$;$$ $tag$ /* ; /* ; */ ; */ ;
    /* two; */ select 2 ;
    ; -- nothing
    select $1; select 'last'"""
    found = list(statements(text))
    assert [statement.line for statement in found] == [2, 3, 5, 5]
    assert found[0].text.endswith("*/ ;")
    assert found[-1].text == "select 'last'"


def test_a_project_with_supabases_old_defaults_ends_with_the_same_rights(scratch: Callable[..., Scratch]) -> None:
    """Until 2026 each new table and function in public was open to the API roles."""
    rights = []
    for old in (False, True):
        with psycopg.connect(scratch(shim=True).owner_url, autocommit=True) as owner:
            if old:
                for kind in ("tables", "functions", "sequences"):
                    owner.execute(
                        "alter default privileges in schema public"
                        f" grant all on {kind} to anon, authenticated, service_role".encode()
                    )
            run_script(owner, build_schema().text)
            found = owner.execute("""
                select grantee.rolname, kind, name, privilege from (
                  select oid::regclass::text, 'relation', (aclexplode(relacl)).* from pg_class
                   where relnamespace = any (array['public', 'private']::regnamespace[])
                  union all select oid::regprocedure::text, 'function', (aclexplode(proacl)).* from pg_proc
                   where pronamespace = any (array['public', 'private']::regnamespace[])
                ) as given (name, kind, grantor, grantee_id, privilege, grantable)
                left join pg_roles grantee on grantee.oid = grantee_id order by 1, 2, 3, 4""").fetchall()
            rights.append(found)
            assert not [right for right in found if right[0] is None], "nothing is given to PUBLIC"
    assert rights[0] == rights[1]
    assert len(rights[0]) > 100
