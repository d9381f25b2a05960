"""Forward steps: in order, once, whole or not at all, and never past a lock."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import psycopg
import pytest

from vantage.platform.database import migrations
from vantage.platform.database.install import apply_schema
from vantage.platform.database.migrations import MigrationError, migrate, pending, read_migrations, recorded_version
from vantage.platform.database.schema_files import build_schema
from vantage.platform.database.sql_files import sql_root


class Scratch(Protocol):
    """See conftest."""

    owner_url: str
    superuser_url: str


@pytest.fixture
def fresh(scratch: Callable[..., Scratch], tmp_path: Path) -> str:
    """The owner's address of a database that has version 1 of a very small schema."""
    (tmp_path / "first" / "migrations").mkdir(parents=True)
    (tmp_path / "first" / "schema").mkdir()
    url = scratch(shim=True).owner_url
    with psycopg.connect(url, autocommit=True) as owner:
        apply_schema(owner, build_schema(tmp_path / "first"))
    return url


def folder(tmp_path: Path, **files: str) -> Path:
    target = tmp_path / "migrations"
    target.mkdir(exist_ok=True)
    for name, text in files.items():
        (target / f"{name.removeprefix('m')}.sql").write_text(text)
    return target


def test_each_runs_once_and_is_recorded(fresh: str, tmp_path: Path) -> None:
    found = read_migrations(
        folder(
            tmp_path,
            m0002_towers="create table public.towers (id int); -- a ; b",
            m0003_floors="alter table public.towers add column floors int; select 1;",
        )
    )
    with psycopg.connect(fresh, autocommit=True) as owner:
        assert [step.version for step in migrate(owner, found)] == [2, 3]
        assert recorded_version(owner) == 3
        assert list(migrate(owner, found)) == []
        assert owner.execute("select version, checksum from private.schema_migrations order by 1").fetchall() == [
            (step.version, step.checksum) for step in found
        ]


def test_a_refused_step_is_undone_whole_and_told_with_its_line(fresh: str, tmp_path: Path) -> None:
    found = read_migrations(
        folder(tmp_path, m0002_towers="create table public.towers (id int);\nselect 1;\nselect nonsense;")
    )
    with psycopg.connect(fresh, autocommit=True) as owner:
        with pytest.raises(MigrationError, match=r"0002_towers.sql:3: .*nonsense"):
            list(migrate(owner, found))
        assert recorded_version(owner) == 1
        assert owner.execute("select to_regclass('public.towers')").fetchone() == (None,)


def test_a_changed_step_is_refused(fresh: str, tmp_path: Path) -> None:
    where = folder(tmp_path, m0002_towers="create table public.towers (id int);")
    with psycopg.connect(fresh, autocommit=True) as owner:
        list(migrate(owner, read_migrations(where)))
        folder(tmp_path, m0002_towers="create table public.towers (id bigint);")
        with pytest.raises(MigrationError, match="was changed after it ran"):
            pending(owner, read_migrations(where))


def test_a_newer_database_is_refused(fresh: str) -> None:
    with psycopg.connect(fresh, autocommit=True) as owner:
        owner.execute("update private.schema_version set version = 7")
        with pytest.raises(MigrationError, match=r"version 7.*knows 1"):
            pending(owner, [])


def test_an_empty_database_is_told_to_begin(scratch: Callable[..., Scratch]) -> None:
    with (
        psycopg.connect(scratch(shim=True).owner_url, autocommit=True) as owner,
        pytest.raises(MigrationError, match="vantage db init"),
    ):
        pending(owner, [])


def test_a_locked_table_is_waited_for_in_short_turns(
    fresh: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "_LOCK_TIMEOUT", "50ms")
    monkeypatch.setattr(migrations, "_ATTEMPTS", 2)
    found = read_migrations(
        folder(
            tmp_path,
            m0002_towers="create table public.towers (id int);",
            m0003_floors="alter table public.towers add column floors int;",
        )
    )
    with psycopg.connect(fresh, autocommit=True) as owner, psycopg.connect(fresh) as reader:
        list(migrate(owner, found[:1]))
        reader.execute("select from public.towers")
        monkeypatch.setattr(time, "sleep", lambda _: None)
        with pytest.raises(MigrationError, match="stayed locked through 2 attempts"):
            list(migrate(owner, found))
        assert recorded_version(owner) == 2
        monkeypatch.setattr(time, "sleep", lambda _: reader.rollback())
        assert [step.version for step in migrate(owner, found)] == [3]


def test_two_migrators_do_the_work_once(fresh: str, tmp_path: Path) -> None:
    found = read_migrations(folder(tmp_path, m0002_towers="create table public.towers (id int); select pg_sleep(0.2);"))
    done: list[int] = []

    def one() -> None:
        with psycopg.connect(fresh, autocommit=True) as owner:
            done.extend(step.version for step in migrate(owner, found))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [2]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [(["m0003_gap"], "should have the number 0002"), (["m2_short"], "is no migration")],
)
def test_names_must_be_in_order(tmp_path: Path, names: list[str], complaint: str) -> None:
    with pytest.raises(MigrationError, match=complaint):
        read_migrations(folder(tmp_path, **dict.fromkeys(names, "select 1;")))


def test_the_archive_is_never_run() -> None:
    with pytest.raises(MigrationError, match=r"superseded by schema\.sql and never run"):
        read_migrations(sql_root() / "migrations" / "archive")
    assert not any("archive" in step.file for step in read_migrations())
