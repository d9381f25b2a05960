"""Makes the demo organisation through the functions and policies that hold for everybody."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from argon2 import PasswordHasher
from psycopg import Connection
from psycopg.types.json import Jsonb

from vantage.main.demo.inventory import PROJECTS, DemoProject, units
from vantage.main.demo.people import COLLEAGUES, ORGANIZATION, Colleague, arriving_leads
from vantage.platform.database import Queries, person
from vantage.platform.database.actors import ENTER

QUERIES = Queries.load(__package__)
LEADS = 320
SHARE = 60
"""Leads that each executive starts with."""
LINES = 6
"""Calls at the same time: more could not be followed by eye."""
PER_MINUTE = 20
CALLER_ID = "+918000000100"


@dataclass(frozen=True, slots=True)
class Demo:
    """The organisation that was made, or found."""

    organization_id: UUID
    made: bool


def make_demo(owner: Connection, *, password: str, now: datetime, seed: int = 20260115) -> Demo:
    """Make the demo unless there is one. `owner` acts as the owner of the schema, in autocommit.

    One transaction: killed in the middle, nothing is left and the next start makes it again. The same seed
    makes the same organisation.
    """
    with owner.transaction():
        owner.execute("select pg_advisory_xact_lock(hashtextextended('vantage.demo', 0))")
        found = _value(owner, "find_demo")
        if found is not None:
            return Demo(found, made=False)
        return Demo(_make(owner, password, now, Random(seed)), made=True)  # noqa: S311 - invented people, no secrets


def _make(owner: Connection, password: str, now: datetime, random: Random) -> UUID:
    password_hash = PasswordHasher().hash(password)
    people = {
        colleague: _value(
            owner, "create_account", email=colleague.email, password_hash=password_hash, full_name=colleague.name
        )
        for colleague in COLLEAGUES
    }
    founder = people[COLLEAGUES[0]]
    with _acting(owner, founder):
        organization_id: UUID = _value(
            owner, "create_organization", name=ORGANIZATION, first_project=PROJECTS[0].name,
            details=Jsonb({"company_name": "Shree Developers LLP", "city": "Bengaluru", "state": "Karnataka"}),
        )  # fmt: skip
    _run(owner, "mark_demo", organization_id=organization_id, caller_id=CALLER_ID)
    _run(owner, "give_pro", organization_id=organization_id)
    for colleague, person_id in people.items():
        if colleague is not COLLEAGUES[0]:
            _run(owner, "seat_member", organization_id=organization_id, person_id=person_id,
                 system_role=colleague.system_role, role=colleague.role)  # fmt: skip
    with _acting(owner, founder):
        _run(owner, "set_pace", organization_id=organization_id, settings=Jsonb({"max_concurrent_calls": LINES}))
        _run(owner, "add_upi", organization_id=organization_id)
        _teams(owner, organization_id, people)
        projects = [(str(_project(owner, organization_id, one, random)), one.configurations) for one in PROJECTS]
        rows = list(arriving_leads(random, projects, now, LEADS))
        _run(owner, "accept_leads", rows=Jsonb(rows))
        for (project_id, _), project in zip(projects[:2], PROJECTS, strict=False):
            campaign_id = _value(
                owner, "create_campaign", organization_id=organization_id, project_id=UUID(project_id),
                name=f"{project.name}: call every enquiry", lines=LINES, per_minute=PER_MINUTE,
            )  # fmt: skip
            _run(owner, "start_campaign", organization_id=organization_id, campaign_id=campaign_id)
        for colleague, person_id in people.items():
            if colleague.role == "Sales Executive":
                _run(owner, "assign_leads", organization_id=organization_id, person_id=person_id, share=SHARE)
    return organization_id


def _teams(owner: Connection, organization_id: UUID, people: dict[Colleague, UUID]) -> None:
    teams: dict[str, UUID] = {}
    for colleague, person_id in people.items():
        if colleague.team and colleague.team not in teams:
            teams[colleague.team] = _value(owner, "create_team", organization_id=organization_id, name=colleague.team)
        if colleague.team:
            _run(
                owner, "join_team", organization_id=organization_id, person_id=person_id, team_id=teams[colleague.team]
            )


def _project(owner: Connection, organization_id: UUID, project: DemoProject, random: Random) -> UUID:
    project_id: UUID = _value(owner, "project_by_name", organization_id=organization_id, name=project.name) or _value(
        owner, "create_project", organization_id=organization_id, name=project.name
    )
    _run(
        owner,
        "describe_project",
        organization_id=organization_id,
        project_id=project_id,
        columns=Jsonb(project.columns),
    )
    _run(owner, "create_properties", organization_id=organization_id, project_id=project_id,
         units=Jsonb(list(units(project, random))))  # fmt: skip
    return project_id


@contextmanager
def _acting(owner: Connection, person_id: UUID) -> Iterator[None]:
    """What happens inside happens as this person, under the policies; the transaction goes on as the owner."""
    actor = person(person_id)
    owner.execute(ENTER, [actor.role, actor.claims])
    yield
    owner.execute(ENTER, ["none", ""])


def _run(owner: Connection, name: str, /, **values: object) -> None:
    QUERIES[name].check(values)
    owner.execute(QUERIES[name].text.encode(), values)


def _value(owner: Connection, name: str, /, **values: object) -> Any:
    QUERIES[name].check(values)
    row = owner.execute(QUERIES[name].text.encode(), values).fetchone()
    return row[0] if row else None
