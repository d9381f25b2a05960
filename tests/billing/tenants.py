"""Organisations and people for tests of billing and calling, made as the owner of the database."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

import psycopg

Entering = Callable[..., AbstractContextManager[psycopg.Connection]]
"""The fixtures as_person and as_worker."""


def make_organization(owner: psycopg.Connection, name: str, **columns: str) -> UUID:
    """An organisation, born whole: on its trial of Pro, with pipeline and first project."""
    names = ["name", "slug", *columns]
    values = [name, f"{name.lower().replace(' ', '-')}-{uuid4().hex[:8]}", *columns.values()]
    query = "insert into public.organizations ({}) values ({}) returning id".format(
        ", ".join(names), ", ".join(["%s"] * len(values))
    )
    return scalar(owner, query, values)


def make_person(owner: psycopg.Connection, organization: UUID, system_role: str = "owner") -> UUID:
    """Somebody with an account, seated in the organisation."""
    person = uuid4()
    owner.execute(
        "insert into auth.users (id, email, raw_user_meta_data) values (%s, %s, '{}')",
        [person, f"{person}@example.in"],
    )
    owner.execute("select private.seat_member(%s, %s, %s, null)", [organization, person, system_role])
    return person


def scalar(connection: psycopg.Connection, query: str, values: list[Any] | None = None) -> Any:
    """The only value of the only row."""
    row = connection.execute(query.encode(), values or []).fetchone()
    assert row is not None
    return row[0]


def put_on(owner: psycopg.Connection, organization: UUID, plan: str) -> None:
    """A paid (or the free) plan from now on."""
    owner.execute("select private.set_plan(%s, %s)", [organization, plan])


def first_project(owner: psycopg.Connection, organization: UUID) -> UUID:
    """The project with which the organisation was born."""
    return scalar(owner, "select id from public.projects where organization_id = %s", [organization])


def add_leads(owner: psycopg.Connection, organization: UUID, project: UUID, first: int, count: int) -> list[UUID]:
    """Leads with invented Indian mobiles, one contact each, in one statement per table."""
    return [
        row[0]
        for row in owner.execute(
            """with people as (
                 insert into public.contacts (organization_id, name, phone)
                   select %(org)s, 'Lead ' || n, '+9170000' || lpad(n::text, 5, '0')
                     from generate_series(%(first)s::int, %(first)s::int + %(count)s::int - 1) n returning id)
               insert into public.leads (organization_id, contact_id, project_id)
                 select %(org)s, p.id, %(project)s from people p returning id""",
            {"org": organization, "project": project, "first": first, "count": count},
        ).fetchall()
    ]
