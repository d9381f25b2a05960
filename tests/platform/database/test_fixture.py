"""The fixtures that everybody's tests stand on."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import psycopg
import pytest

Acting = Callable[..., AbstractContextManager[psycopg.Connection]]
SOMEBODY = UUID("0b5f2f9a-6f0e-4a41-9a7c-3a4f1c1f0001")


def add_account(owner: psycopg.Connection) -> None:
    owner.execute("insert into auth.users (id, email) values (%s, 'asha@example.in')", [SOMEBODY])


def test_a_row_of_one_test(owner: psycopg.Connection) -> None:
    add_account(owner)
    assert owner.execute("select count(*) from auth.users").fetchone() == (1,)


def test_is_gone_in_the_next(owner: psycopg.Connection) -> None:
    add_account(owner)
    assert owner.execute("select count(*) from auth.users").fetchone() == (1,)


def test_reference_rows_stay(owner: psycopg.Connection) -> None:
    assert owner.execute("select version from private.schema_version").fetchone() is not None
    assert owner.execute("select count(*) from public.permissions").fetchone() != (0,)


def test_actors_are_who_they_say(as_person: Acting, as_worker: Acting, as_anon: Acting) -> None:
    with as_person(SOMEBODY) as connection:
        assert connection.execute("select auth.uid(), auth.role()").fetchone() == (SOMEBODY, "authenticated")
        assert connection.execute("select session_user, current_user").fetchone() == ("vantage_app", "authenticated")
    with as_worker(SOMEBODY) as connection:
        assert connection.execute("select current_user").fetchone() == ("vantage_worker",)
    with as_anon() as connection:
        assert connection.execute("select current_user, auth.uid()").fetchone() == ("anon", None)


def test_an_expected_refusal_leaves_nothing_behind(as_anon: Acting, owner: psycopg.Connection) -> None:
    with as_anon() as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("delete from auth.users")
    with as_anon() as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_transaction_left_open_does_not_stop_the_next_test(database_url: str, superuser: psycopg.Connection) -> None:
    forgotten = psycopg.connect(database_url)
    forgotten.execute("select 1")
    forgotten.close()
