"""Two organisations to work in: one with people of every role, and one that must see nothing of it."""

import json
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg
import pytest


@dataclass(frozen=True, slots=True)
class House:
    """An organisation with an owner, a manager (all leads) and an executive (own leads)."""

    id: UUID
    owner: UUID
    manager: UUID
    executive: UUID
    project: UUID
    second_project: UUID
    stages: dict[str, UUID]
    """Of `project`, by template key."""


def enlist(owner: psycopg.Connection, name: str) -> UUID:
    """An account, whose profile its trigger makes."""
    person = uuid4()
    owner.execute(
        "insert into auth.users (id, email, raw_user_meta_data) values (%s, %s, %s)",
        [person, f"{person.hex}@example.in", json.dumps({"full_name": name})],
    )
    return person


def found(owner: psycopg.Connection, name: str, plan: str = "pro") -> House:
    [[organization]] = owner.execute(
        "insert into organizations (name, slug) values (%s, private.free_slug(%s)) returning id", [name, name]
    ).fetchall()
    owner.execute(
        "update subscriptions set plan_id = (select id from subscription_plans where slug = %s), status = 'active',"
        " trial_ends_at = null where organization_id = %s",
        [plan, organization],
    )
    roles: dict[str, UUID] = dict(
        owner.execute("select name, id from roles where organization_id = %s", [organization]).fetchall()
    )
    people = {}
    for name_of_person, system_role, role in [
        ("Asha Menon", "owner", None),
        ("Vikram Rao", "member", roles["Sales Manager"]),
        ("Neha Iyer", "member", roles["Sales Executive"]),
    ]:
        people[name_of_person] = enlist(owner, name_of_person)
        owner.execute(
            "select private.seat_member(%s, %s, %s, %s)", [organization, people[name_of_person], system_role, role]
        )
    [[project]] = owner.execute("select id from projects where organization_id = %s", [organization]).fetchall()
    [[second]] = owner.execute(
        "insert into projects (organization_id, name) values (%s, 'Downtown Tower') returning id", [organization]
    ).fetchall()
    stages = owner.execute(
        "select template_key, id from pipeline_stages where organization_id = %s and project_id = %s",
        [organization, project],
    ).fetchall()
    owner_id, manager, executive = people.values()
    return House(organization, owner_id, manager, executive, project, second, dict(stages))


@pytest.fixture
def house(owner: psycopg.Connection) -> House:
    return found(owner, "Sunset Homes")


@pytest.fixture
def other_house(owner: psycopg.Connection) -> House:
    return found(owner, "Moonrise Realty")
