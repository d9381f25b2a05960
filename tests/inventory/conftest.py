"""One organisation with an owner and an executive, and a stranger's beside it."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest


@dataclass(frozen=True, slots=True)
class Builder:
    id: UUID
    owner: UUID
    executive: UUID
    project: UUID
    property: UUID
    """Flat A-101, available at 1.45 crore rupees."""


def found(owner: psycopg.Connection, name: str) -> Builder:
    [[organization]] = owner.execute(
        "insert into organizations (name, slug) values (%s, private.free_slug(%s)) returning id", [name, name]
    ).fetchall()
    people = []
    for system_role in ("owner", "member"):
        person = uuid4()
        people.append(person)
        owner.execute("insert into auth.users (id, email) values (%s, %s)", [person, f"{person.hex}@example.in"])
        owner.execute(
            "select private.seat_member(%s, %s, %s, case when %s = 'member' then"
            " (select id from roles where organization_id = %s and name = 'Sales Executive') end)",
            [organization, person, system_role, system_role, organization],
        )
    [[project]] = owner.execute("select id from projects where organization_id = %s", [organization]).fetchall()
    [[flat]] = owner.execute(
        "insert into properties (organization_id, project_id, title, type, price, tower, unit_number)"
        " values (%s, %s, 'Flat A-101', 'apartment', 14500000, 'A', '101') returning id",
        [organization, project],
    ).fetchall()
    owner_id, executive = people
    return Builder(organization, owner_id, executive, project, flat)


@pytest.fixture
def builder(owner: psycopg.Connection) -> Builder:
    return found(owner, "Sunset Villas Builders")


@pytest.fixture
def other_builder(owner: psycopg.Connection) -> Builder:
    return found(owner, "Moonrise Builders")
