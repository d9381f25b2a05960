"""`vantage db …` on a plain server of one's own, as somebody would type it."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo
from typer.testing import CliRunner, Result

from vantage.main.cli import db
from vantage.platform.database import Database, UnsafeRole
from vantage.platform.database.addresses import is_pooled, with_user, without_password
from vantage.platform.database.embedded import EmbeddedServer, start_embedded
from vantage.platform.database.install import apply_shim, run_script
from vantage.platform.database.schema_files import build_schema

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A plain PostgreSQL with nothing in it but an empty database: its logins may be changed, unlike the shared one's."""
    home = Path(tempfile.mkdtemp(prefix="vantage-plain-"))
    home.chmod(0o755)
    server = start_embedded(home)
    yield server
    server.stop()
    shutil.rmtree(home)


@pytest.fixture
def plain(server: EmbeddedServer) -> Iterator[str]:
    """The superuser's address of an empty database."""
    with psycopg.connect(server.superuser_url, autocommit=True) as admin:
        admin.execute("create database one template template0")
        yield conninfo.make_conninfo(server.superuser_url, dbname="one")
        admin.execute("drop database one with (force)")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command in an empty folder; the variables are its environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_URL", "DATABASE_ADMIN_URL", "SUPABASE_DB_URL", "DATABASE_DIRECT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("VANTAGE_HOME", str(tmp_path / "home"))

    def typed(*words: str, exit_code: int = 0, **variables: str) -> Result:
        result = CliRunner().invoke(db.app, words, env=variables)
        assert result.exit_code == exit_code, result.output + repr(result.exception)
        return result

    return typed


async def test_from_a_superusers_address_to_an_application_that_starts(plain: str, run: Run, tmp_path: Path) -> None:
    first = run("init", DATABASE_ADMIN_URL=plain)
    assert "applied the shim" in first.output
    assert "vantage_app" in first.output
    saved = tmp_path / "home" / "database.url"
    assert saved.stat().st_mode & 0o777 == 0o600
    address = saved.read_text().strip()
    async with Database(address):
        pass
    with psycopg.connect(plain) as admin:
        owners = admin.execute(
            "select distinct relowner::regrole::text from pg_class where relnamespace = any"
            " (array['public', 'private', 'jobs']::regnamespace[])"
        ).fetchall()
        assert owners == [("vantage_owner",)], "nothing belongs to the superuser"
        reach = admin.execute("""
            select rolname from pg_roles where rolname in ('anon', 'authenticated', 'service_role', 'vantage_worker')
              and has_schema_privilege(rolname, 'jobs', 'usage')""").fetchall()
        assert reach == [("vantage_worker",)]
    facts = json.loads(run("status", "--json", DATABASE_ADMIN_URL=plain).output)
    assert facts["fits"] is True
    assert facts["login"] == "vantage_app"
    assert run("url", DATABASE_ADMIN_URL=plain).output.strip() == address
    again = run("init", DATABASE_ADMIN_URL=plain)
    assert "installed" not in again.output
    assert "version 1" in run("migrate", DATABASE_ADMIN_URL=plain).output
    run("seed", DATABASE_ADMIN_URL=plain)


async def test_a_superusers_address_as_database_url_is_taken_by_init_and_refused_by_the_application(
    plain: str, run: Run
) -> None:
    result = run("init", DATABASE_URL=plain)
    assert "DATABASE_URL goes before that file" in result.output
    with pytest.raises(UnsafeRole, match="vantage db role"):
        await Database(plain).open()
    refused = run("status", exit_code=1, DATABASE_URL=plain)
    assert "vantage db role" in refused.output


def test_the_applications_login_may_not_set_up(plain: str, run: Run) -> None:
    run("init", DATABASE_ADMIN_URL=plain)
    app = run("url").output.strip()
    for command in ("migrate", "seed", "role"):
        refused = run(command, exit_code=1, DATABASE_URL=app)
        assert "DATABASE_ADMIN_URL" in refused.output


def test_role_gives_a_new_password_and_ends_the_old_one(plain: str, run: Run) -> None:
    run("init", DATABASE_ADMIN_URL=plain)
    before = run("url").output.strip()
    run("role", DATABASE_ADMIN_URL=plain)
    after = run("url").output.strip()
    psycopg.connect(after).close()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(before)


def test_an_unreachable_database_is_an_error_and_never_the_embedded_one(run: Run, tmp_path: Path) -> None:
    nowhere = "postgresql://vantage_app@127.0.0.1:1/none"
    for command in (["status"], ["migrate"], ["init"]):
        assert "cannot be reached" in run(*command, exit_code=1, DATABASE_URL=nowhere).output
    assert not (tmp_path / "home").exists()


def test_an_address_that_is_none_is_named(run: Run) -> None:
    assert "DATABASE_URL is no PostgreSQL address" in run("status", exit_code=1, DATABASE_URL="mysql://x").output


def test_an_older_schema_says_migrate(plain: str, run: Run) -> None:
    run("init", DATABASE_ADMIN_URL=plain)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute("update private.schema_version set version = 0")
        with pytest.raises(psycopg.errors.RaiseException, match="version 0"):
            run_script(admin, build_schema().text)
    assert "vantage db migrate" in run("status", exit_code=1).output


def test_schema_check_sees_a_change(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "schema" / "crm").mkdir(parents=True)
    (tmp_path / "migrations").mkdir()
    table = tmp_path / "schema" / "crm" / "towers.sql"
    table.write_text("-- @section tables\ncreate table public.towers (id int);\n")
    monkeypatch.setattr(db, "sql_root", lambda: tmp_path)
    monkeypatch.setattr(db, "build_schema", lambda: build_schema(tmp_path))
    run("schema")
    run("schema", "--check")
    table.write_text("-- @section tables\ncreate table public.towers (id bigint);\n")
    assert "run `vantage db schema`" in run("schema", "--check", exit_code=1).output
    run("schema")
    assert "bigint" in (tmp_path / "schema.sql").read_text()


def test_on_supabase_the_shim_is_left_out(plain: str, run: Run, tmp_path: Path) -> None:
    """What the dashboard's role meets there: the roles and auth are in place, so is a superuser that nobody may be."""
    with psycopg.connect(plain, autocommit=True) as admin:
        apply_shim(admin)
        admin.execute("create role supabase_admin superuser; alter role vantage_owner password 'from-the-dashboard'")
        try:
            dashboard = conninfo.make_conninfo(plain, user="vantage_owner", password="from-the-dashboard")
            result = run("init", SUPABASE_DB_URL=dashboard)
            assert "applied the shim" not in result.output
            assert "installed version" in result.output
            assert json.loads(run("status", "--json").output)["login"] == "vantage_app"
        finally:
            admin.execute("drop role supabase_admin")


def test_behind_supabases_pooler_the_login_keeps_the_projects_name() -> None:
    admin = "postgresql://postgres.abcd:p%40ss@aws-0-ap-south-1.pooler.supabase.com:6543/postgres?sslmode=require"
    assert with_user(admin, "vantage_app", "new") == (
        "postgresql://vantage_app.abcd:new@aws-0-ap-south-1.pooler.supabase.com:6543/postgres?sslmode=require"
    )
    assert "p%40ss" not in without_password(admin)
    assert is_pooled(admin)
    assert not is_pooled(admin.replace("6543", "5432"))


def test_psql_is_given_the_password_through_the_environment(
    plain: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "psql"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$PGPASSWORD" "$@" > {tmp_path}/seen\nexit 3\n')
    fake.chmod(0o755)
    run("psql", "--", "-c", "select 1", exit_code=3, DATABASE_URL="postgresql://me:secret@db/x", PATH=str(fake.parent))
    assert (tmp_path / "seen").read_text() == "secret postgresql://me@db/x -c select 1\n"
