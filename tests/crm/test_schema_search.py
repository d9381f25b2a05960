"""Search and board: what they find, and that they find it through an index, as a member under row security."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from vantage.platform.database.actors import ENTER, person

As = Callable[..., AbstractContextManager[psycopg.Connection]]


def fill(owner: psycopg.Connection, house: Any, count: int, offset: int) -> None:
    """`count` leads, numbered from `offset`; every tenth of the executive."""
    owner.execute(
        "with people as (insert into contacts (organization_id, name, phone, email)"
        "  select %(org)s, 'Person ' || n || case when n %% 500 = 0 then ' Deshpande' else '' end,"
        "         '+9199999' || lpad(n::text, 5, '0'), 'p' || n || '@example.in'"
        "    from generate_series(%(from)s::int, %(to)s::int) n returning id, phone)"
        " insert into leads (organization_id, contact_id, project_id, stage_id, assigned_to, score, budget_max, notes)"
        " select %(org)s, id, %(project)s, case when right(phone, 1) = '7' then %(other_stage)s else %(stage)s end::uuid,"
        "        case when right(phone, 1) = '0' then %(executive)s end::uuid, right(phone, 2)::int, 5000000,"
        "        case when right(phone, 3) = '123' then 'wants a terrace' end from people",
        {
            "org": house.id,
            "from": offset,
            "to": offset + count - 1,
            "project": house.project,
            "stage": house.stages["new_lead"],
            "other_stage": house.stages["qualified"],
            "executive": house.executive,
        },
    )


@pytest.fixture
def filled(owner: psycopg.Connection, superuser: psycopg.Connection, house: Any, other_house: Any) -> Any:
    for one_house, offset in ((house, 0), (other_house, 4000)):
        owner.execute(
            "update subscriptions set plan_id = (select id from subscription_plans where slug = 'enterprise')"
            " where organization_id = %s",
            [one_house.id],
        )
        fill(owner, one_house, 4000, offset)
    for table in ("leads", "contacts"):
        superuser.execute(f"vacuum analyze public.{table}".encode())
    return house


def names(db: psycopg.Connection, typed: str) -> list[str]:
    return [
        name
        for (name,) in db.execute(
            "select c.name from private.search_leads(%s, 200) f join lead_cards c on c.id = f.lead_id", [typed]
        ).fetchall()
    ]


def test_search_finds_by_name_number_address_and_note(as_person: As, filled: Any, other_house: Any) -> None:
    with as_person(filled.manager) as db:
        assert len(names(db, "deshp")) == 8
        assert names(db, "person 1500 desh") == ["Person 1500 Deshpande"]
        assert sorted(names(db, "01234")) == ["Person 1234"]
        assert names(db, "+91 99999 01234") == ["Person 1234"]
        assert names(db, "p1234@example.in") == ["Person 1234"]
        assert len(names(db, "TERRACE")) == 4
        assert names(db, "5000 deshpande") == names(db, "!!! ':*&|") == names(db, "") == []
    with as_person(filled.executive) as db:
        assert names(db, "01234") == []
        assert names(db, "01230") == ["Person 1230"]
    with as_person(other_house.manager) as db:
        assert len(names(db, "deshpande")) == 8
        assert names(db, "01234") == []


def plans(superuser: psycopg.Connection, house: Any, query: str, values: Any) -> str:
    """The plans of every statement that `query` runs as the manager, functions included."""
    said: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        said.append(notice.message_primary or "")

    superuser.execute("load 'auto_explain'")
    superuser.add_notice_handler(hear)
    try:
        with superuser.transaction():
            superuser.execute("set local auto_explain.log_min_duration = 0")
            superuser.execute("set local auto_explain.log_nested_statements = on")
            superuser.execute("set local auto_explain.log_analyze = on")
            superuser.execute("set local client_min_messages = log")
            superuser.execute("set local random_page_cost = 1.1")
            superuser.execute(ENTER, [person(house.manager).role, person(house.manager).claims])
            superuser.execute(query.encode(), values)
    finally:
        superuser.remove_notice_handler(hear)
    return "\n".join(said)


@pytest.mark.parametrize(
    ("typed", "index"),
    [("deshpande", "contacts_search_idx"), ("01234", "contacts_phone_reversed_idx"), ("terrace", "leads_search_idx")],
)
def test_search_uses_its_index(typed: str, index: str, superuser: psycopg.Connection, filled: Any) -> None:
    plan = plans(superuser, filled, "select * from private.search_leads(%s)", [typed])
    assert re.search(rf"Scan (using|on) {index}", plan), plan
    assert "Seq Scan on contacts" not in plan, plan
    assert "Seq Scan on leads" not in plan, plan


def test_the_board_counts_from_the_index_alone(superuser: psycopg.Connection, filled: Any) -> None:
    plan = plans(
        superuser,
        filled,
        "select stage_id, count(*), sum(value) from leads where organization_id = %s and project_id = %s"
        " and archived_at is null group by stage_id",
        [filled.id, filled.project],
    )
    assert "Index Only Scan using leads_board_idx" in plan, plan
    cards = plans(
        superuser,
        filled,
        "select id from leads where organization_id = %s and project_id = %s and stage_id = %s and archived_at is null"
        " order by score desc, id limit 20",
        [filled.id, filled.project, filled.stages["new_lead"]],
    )
    assert re.search(r"Index (Only )?Scan using leads_board_idx", cards), cards
    assert "Sort" not in cards, cards


def test_visible_numbers_ask_no_function_per_row(superuser: psycopg.Connection, filled: Any) -> None:
    plan = plans(superuser, filled, "select * from lead_cards order by created_at desc limit 50", [])
    assert re.search(r"Function Scan on masked_contact.*never executed", plan), plan
