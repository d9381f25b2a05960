"""What the database itself holds about leads, their people and their stages."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

As = Callable[..., AbstractContextManager[psycopg.Connection]]


def one(connection: psycopg.Connection, query: str, values: Any = None) -> Any:
    return connection.execute(query, values).fetchall()[0][0]


def new_lead(db: psycopg.Connection, house: Any, number: str, assigned_to: UUID | None = None) -> UUID:
    # without RETURNING: a person of whom one sees no lead yet is not seen
    contact = uuid4()
    db.execute(
        "insert into contacts (organization_id, id, name, phone, email) values (%s, %s, 'Ravi Kumar', %s, %s)",
        [house.id, contact, number, f"ravi{number[-4:]}@example.in"],
    )
    found = one(
        db,
        "insert into leads (organization_id, contact_id, project_id, assigned_to, budget_max)"
        " values (%s, %s, %s, %s, 9000000) returning id",
        [house.id, contact, house.project, assigned_to],
    )
    assert isinstance(found, UUID)
    return found


@pytest.fixture
def lead(owner: psycopg.Connection, house: Any) -> UUID:
    """Of the executive."""
    return new_lead(owner, house, "+919999900001", house.executive)


@pytest.fixture
def loose_lead(owner: psycopg.Connection, house: Any) -> UUID:
    """Nobody's yet."""
    return new_lead(owner, house, "+919999900002")


def test_a_move_is_one_transition_and_one_event(as_person: As, house: Any, lead: UUID) -> None:
    with as_person(house.executive) as db:
        db.execute("update leads set stage_id = %s where id = %s", [house.stages["qualified"], lead])
        db.execute("select set_config('vantage.source', 'ai_call', true)")
        db.execute("update leads set stage_id = %s where id = %s", [house.stages["won"], lead])
        moves = db.execute("select from_stage_id, to_stage_id, source, moved_by from lead_stage_transitions").fetchall()
        # a person's move is manual, whatever it claims
        assert sorted(moves) == sorted(
            [
                (house.stages["new_lead"], house.stages["qualified"], "manual", house.executive),
                (house.stages["qualified"], house.stages["won"], "manual", house.executive),
            ]
        )
        assert one(db, "select count(*) from outbox where topic = 'lead.moved' and key = %s", [lead]) == 2
        db.execute("update leads set notes = 'evening' where id = %s", [lead])
        assert one(db, "select count(*) from outbox where topic = 'lead.updated' and key = %s", [lead]) == 1
        assert one(db, "select count(*) from lead_timeline where lead_id = %s and type = 'stage'", [lead]) == 2


def test_the_worker_says_how_it_came_to_move(as_worker: As, house: Any, lead: UUID) -> None:
    call = uuid4()
    with as_worker(house.id) as db:
        db.execute(
            "select set_config('vantage.source', 'ai_call', true), set_config('vantage.call_id', %s, true),"
            " set_config('vantage.reason', 'Budget and time fit', true)",
            [str(call)],
        )
        db.execute(
            "update leads set stage_id = %s, score = 80, call_status = 'completed', last_call_id = %s",
            [house.stages["qualified"], call],
        )
        assert db.execute("select source, moved_by, call_id, reason from lead_stage_transitions").fetchall() == [
            ("ai_call", None, call, "Budget and time fit")
        ]


def test_a_stage_of_another_project_is_refused(
    owner: psycopg.Connection, house: Any, other_house: Any, lead: UUID
) -> None:
    [[foreign_stage]] = owner.execute(
        "select id from pipeline_stages where project_id = %s limit 1", [house.second_project]
    ).fetchall()
    for column, value in {
        "stage_id": foreign_stage,
        "project_id": other_house.project,
        "contact_id": uuid4(),
        "assigned_to": other_house.owner,
        "created_by": other_house.owner,
    }.items():
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            owner.execute(f"update leads set {column} = %s where id = %s".encode(), [value, lead])


def test_an_executive_works_on_the_own_leads_only(as_person: As, house: Any, lead: UUID, loose_lead: UUID) -> None:
    with as_person(house.executive) as db:
        assert db.execute("select id from leads").fetchall() == [(lead,)]
        assert one(db, "select count(*) from contacts") == 1
        assert db.execute("update leads set notes = 'mine' where true").rowcount == 1
        assert db.execute("delete from leads where true").rowcount == 0
        assert db.execute("delete from contacts where true").rowcount == 0
        for statement in (
            "update leads set assigned_to = null",
            f"update leads set assigned_to = '{house.manager}'",
            "update leads set archived_at = now()",
        ):
            with pytest.raises(psycopg.Error) as refused, db.transaction():
                db.execute(statement.encode())
            assert refused.value.sqlstate == "VQ005"
        for column in (
            "score = 100",
            "call_status = 'completed'",
            "touches = 9",
            "stage_entered_at = now()",
            f"organization_id = '{uuid4()}'",
            f"created_by = '{house.manager}'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
                db.execute(f"update leads set {column}".encode())
        # one's own new lead does not vanish
        mine = new_lead(db, house, "+919999900003")
        assert one(db, "select assigned_to from leads where id = %s", [mine]) == house.executive
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute(
                "insert into lead_activities (organization_id, lead_id, type) values (%s, %s, 'note')",
                [house.id, loose_lead],
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute(
                "insert into lead_activities (organization_id, lead_id, type) values (%s, %s, 'enquiry')",
                [house.id, lead],
            )
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute(
                "insert into lead_activities (organization_id, lead_id, type, created_by) values (%s, %s, 'note', %s)",
                [house.id, lead, house.manager],
            )
        db.execute(
            "insert into lead_activities (organization_id, lead_id, type, content)"
            " values (%s, %s, 'note', '{\"text\": \"Called back\"}')",
            [house.id, lead],
        )
        assert one(db, "select created_by from lead_activities where type = 'note'") == house.executive


def test_numbers_are_masked_without_the_permission(
    owner: psycopg.Connection, as_person: As, house: Any, lead: UUID, loose_lead: UUID
) -> None:
    query = "select name, phone, email, is_masked from lead_cards where id = %s"
    with as_person(house.executive) as db:
        assert db.execute(query, [lead]).fetchall() == [("Ravi Kumar", "+919999900001", "ravi0001@example.in", False)]
    owner.execute("update roles set permissions = permissions - 'lead.view_numbers' where name = 'Sales Executive'")
    hidden = one(owner, "select contact_id from leads where id = %s", [loose_lead])
    with as_person(house.executive) as db:
        assert one(db, "select count(*) from contacts") == 0
        assert db.execute(query, [lead]).fetchall() == [("Ravi Kumar", "+91•••••••001", "r•••@example.in", True)]
        assert db.execute("select * from private.masked_contact(%s, %s)", [house.id, hidden]).fetchall() == []
        assert db.execute("select * from private.search_leads('900001')").fetchall() == []
        assert db.execute("select lead_id from private.search_leads('ravi')").fetchall() == [(lead,)]
        assert db.execute("select * from private.search_leads('ravi0001')").fetchall() == []


def test_assignment_is_told_and_ends_with_the_membership(
    owner: psycopg.Connection, as_person: As, house: Any, loose_lead: UUID
) -> None:
    with as_person(house.manager) as db:
        db.execute("update leads set assigned_to = %s where id = %s", [house.executive, loose_lead])
        assert db.execute("select type, content ->> 'to', created_by from lead_activities").fetchall() == [
            ("assignment", str(house.executive), house.manager)
        ]
    with as_person(house.owner) as db:
        db.execute("select private.remove_member(%s)", [house.executive])
        assert one(db, "select assigned_to from leads where id = %s", [loose_lead]) is None
    with as_person(house.manager) as db, pytest.raises(psycopg.errors.CheckViolation), db.transaction():
        db.execute("update leads set assigned_to = %s where id = %s", [house.executive, loose_lead])


def test_a_person_stands_once(owner: psycopg.Connection, house: Any, other_house: Any) -> None:
    add = "insert into contacts (organization_id, phone, email) values (%s, %s, %s)"
    owner.execute(add, [house.id, "+919999900009", "a@example.in"])
    owner.execute(add, [other_house.id, "+919999900009", "a@example.in"])
    owner.execute(add, [house.id, None, "a@example.in"])
    for phone, email in (("+919999900009", None), (None, "A@example.in")):
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute(add, [house.id, phone, email])
    for phone, email in ((None, None), ("99999", None), ("+0999990000", None), (None, "nobody")):
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(add, [house.id, phone, email])


def test_do_not_call_carries_its_time_and_is_told_and_audited(
    as_person: As, owner: psycopg.Connection, house: Any, lead: UUID
) -> None:
    with as_person(house.executive) as db:
        db.execute("update contacts set do_not_call = true, do_not_call_reason = 'Asked us not to'")
        assert one(db, "select do_not_call_at is not null from contacts")
        assert one(db, "select count(*) from outbox where topic = 'contact.updated'") == 1
        db.execute("update contacts set do_not_call = false")
        assert db.execute("select do_not_call_at, do_not_call_reason from contacts").fetchall() == [(None, None)]
    audited = owner.execute("select changed_columns from audit_logs where action = 'contacts.update'").fetchall()
    assert all("do_not_call" in columns for (columns,) in audited)
    assert len(audited) == 2


def test_one_default_pipeline(owner: psycopg.Connection, house: Any) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute(
            "insert into pipelines (organization_id, name, is_default) values (%s, 'Rentals', true)", [house.id]
        )
    assert one(owner, "select private.birth_pipeline(%s)", [house.id]) == one(
        owner, "select id from pipelines where organization_id = %s", [house.id]
    )


def test_a_stage_is_not_taken_from_under_its_leads(as_person: As, house: Any, lead: UUID) -> None:
    with as_person(house.manager) as db:
        with pytest.raises(psycopg.Error) as refused, db.transaction():
            db.execute("update pipeline_stages set archived_at = now() where id = %s", [house.stages["new_lead"]])
        assert refused.value.sqlstate == "VQ002"
        with pytest.raises(psycopg.errors.ForeignKeyViolation), db.transaction():
            db.execute("delete from pipeline_stages where id = %s", [house.stages["new_lead"]])
        db.execute("update leads set stage_id = %s", [house.stages["won"]])
        db.execute("update pipeline_stages set archived_at = now() where id = %s", [house.stages["new_lead"]])
        # the next one takes in what arrives
        assert (
            one(db, "select stage_id from leads where id = %s", [new_lead(db, house, "+919999900008")])
            == house.stages["contacted"]
        )
        db.execute("delete from leads where stage_id = %s", [house.stages["contacted"]])
        with pytest.raises(psycopg.Error) as refused, db.transaction():
            db.execute(
                "update pipeline_stages set archived_at = now() where kind = 'open' and project_id = %s",
                [house.project],
            )
        assert refused.value.sqlstate == "VQ002"


def test_leads_people_and_organisations_can_be_deleted(
    owner: psycopg.Connection, as_person: As, house: Any, other_house: Any, lead: UUID, loose_lead: UUID
) -> None:
    with as_person(house.manager) as db:
        db.execute("update leads set stage_id = %s", [house.stages["won"]])
        db.execute(
            "insert into lead_activities (organization_id, lead_id, type) values (%s, %s, 'note')", [house.id, lead]
        )
        assert db.execute("delete from leads where id = %s", [lead]).rowcount == 1
        assert one(db, "select count(*) from outbox where topic = 'lead.deleted'") == 1
        assert db.execute("delete from contacts where phone = '+919999900002'").rowcount == 1
    for table in ("leads", "lead_activities", "lead_stage_transitions"):
        assert one(owner, f"select count(*) from {table}") == 0
    assert (
        one(
            owner,
            "select usage_count from usage_logs where organization_id = %s and feature_key = 'max_leads'",
            [house.id],
        )
        == 0
    )
    assert one(owner, "select count(*) from audit_logs where action in ('leads.delete', 'contacts.delete')") >= 2
    new_lead(owner, house, "+919999900005")
    owner.execute("delete from organizations where id = %s", [house.id])
    assert one(owner, "select count(*) from contacts") == 0
    assert one(owner, "select count(*) from projects where organization_id = %s", [other_house.id]) == 2


def test_version_counts_edits(as_person: As, house: Any, lead: UUID) -> None:
    with as_person(house.manager) as db:
        db.execute("update leads set notes = 'a'")
        db.execute("update leads set notes = 'b'")
        assert one(db, "select version from leads") == 3
        assert db.execute("update leads set notes = 'c' where version = 2").rowcount == 0


def test_a_team_lead_sees_the_teams_leads(owner: psycopg.Connection, as_person: As, house: Any, lead: UUID) -> None:
    owner.execute(
        "update roles set permissions = permissions - 'lead.view' || '[\"lead.view_team\"]' where name = 'Sales Manager'"
    )
    with as_person(house.manager) as db:
        assert one(db, "select count(*) from leads") == 0
        assert one(db, "select count(*) from contacts") == 0
    [[team]] = owner.execute(
        "insert into teams (organization_id, name) values (%s, 'West') returning id", [house.id]
    ).fetchall()
    owner.execute("update members set team_id = %s where id = any(%s)", [team, [house.manager, house.executive]])
    loose = new_lead(owner, house, "+919999900007")
    with as_person(house.manager) as db:
        assert db.execute("select id, phone from lead_cards").fetchall() == [(lead, "+919999900001")]
        assert one(db, "select lead_id from private.search_leads('900001')") == lead
        assert db.execute("select * from private.search_leads('900007')").fetchall() == []
        assert db.execute("update leads set notes = 'x' where id = %s", [loose]).rowcount == 0
        # whoever hands a lead on must go on seeing it
        db.execute("update leads set assigned_to = %s where id = %s", [house.manager, lead])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute("update leads set assigned_to = %s where id = %s", [house.owner, lead])


def test_the_service_role_reads_cards(owner: psycopg.Connection, lead: UUID) -> None:
    with owner.transaction():
        owner.execute("set local role service_role")
        assert owner.execute("select id, phone from lead_cards").fetchall() == [(lead, "+919999900001")]
