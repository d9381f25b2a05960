"""private.accept_leads(): the verdict on each row, and what stands in the database after it."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

As = Callable[..., AbstractContextManager[psycopg.Connection]]


def one(connection: psycopg.Connection, query: str, values: Any = None) -> Any:
    return connection.execute(query, values).fetchall()[0][0]


def accept(
    db: psycopg.Connection, project: UUID | None, *rows: dict[str, Any], upload: UUID | None = None
) -> list[Any]:
    """(verdict, column, lead) per row."""
    return db.execute(
        "select verdict, column_name, lead_id from private.accept_leads(%s::jsonb, %s, %s)",
        [json.dumps(rows), project, upload],
    ).fetchall()


def verdicts(answers: list[Any]) -> list[str]:
    return [answer[0] for answer in answers]


def number(n: int) -> str:
    """Invented: 99999 is a block of no operator."""
    return f"+9199999{n:05d}"


def new_import(db: psycopg.Connection, organization: UUID, project: UUID) -> UUID:
    found = one(
        db,
        "insert into lead_imports (organization_id, project_id, file_name, file_key, file_digest)"
        " values (%s, %s, 'walk-ins.xlsx', 'imports/1', %s) returning id",
        [organization, project, "0" * 64],
    )
    assert isinstance(found, UUID)
    return found


def test_a_new_person_becomes_contact_and_lead(as_worker: As, house: Any) -> None:
    with as_worker(house.id) as db:
        [(verdict, column, lead)] = accept(
            db,
            house.project,
            {
                "phone": number(1),
                "email": "Ravi@Example.in",
                "name": " Ravi Kumar ",
                "source": "99acres",
                "budget_min": 8000000,
                "budget_max": 12000000,
                "configuration": ["2 BHK", "3 BHK"],
                "message": "Is it ready?",
                "consent_status": "granted",
                "custom_fields": {"broker": "Mehta"},
            },
        )
        assert (verdict, column) == ("created", None)
        assert db.execute(
            "select stage_id, touches, value, configuration, source, custom_fields from leads where id = %s", [lead]
        ).fetchall() == [(house.stages["new_lead"], 1, 12000000, ["2 BHK", "3 BHK"], "99acres", {"broker": "Mehta"})]
        assert db.execute("select name, phone, email, consent_status, consent_source from contacts").fetchall() == [
            ("Ravi Kumar", number(1), "ravi@example.in", "granted", "99acres")
        ]
        assert one(db, "select content ->> 'message' from lead_activities where lead_id = %s", [lead]) == "Is it ready?"
        assert one(db, "select count(*) from outbox where topic = 'lead.created' and key = %s", [lead]) == 1


def test_a_repeat_is_a_touch_and_overwrites_nothing(as_worker: As, house: Any) -> None:
    with as_worker(house.id) as db:
        [(_, _, lead)] = accept(db, house.project, {"phone": number(1), "name": "Ravi Kumar", "budget_max": 9000000})
        assert accept(
            db,
            house.project,
            {"phone": number(1), "name": "R K", "email": "ravi@example.in", "budget_max": 1, "location": "Baner"},
        ) == [("merged", None, lead)]
        assert db.execute("select touches, budget_max, location from leads").fetchall() == [(2, 9000000, "Baner")]
        assert db.execute("select name, email from contacts").fetchall() == [("Ravi Kumar", "ravi@example.in")]
        assert one(db, "select count(*) from lead_activities where type = 'enquiry'") == 2


def test_another_project_is_a_lead_beside_it(as_worker: As, house: Any) -> None:
    with as_worker(house.id) as db:
        answers = accept(
            db, house.project, {"phone": number(1)}, {"phone": number(1), "project_id": str(house.second_project)}
        )
        assert verdicts(answers) == ["created", "created"]
        assert one(db, "select count(*) from contacts") == 1
        assert one(db, "select count(distinct project_id) from leads") == 2


def test_repeats_within_a_batch_are_one_lead(as_worker: As, house: Any) -> None:
    with as_worker(house.id) as db:
        answers = accept(
            db,
            house.project,
            {"email": "a@example.in", "name": "Asha"},
            {"phone": number(1), "email": "A@example.in", "location": "Wakad"},
            {"phone": number(1), "name": "Someone else"},
            {"email": "b@example.in"},
            {"email": "b@example.in", "notes": "evening"},
        )
        assert verdicts(answers) == ["created", "merged", "merged", "created", "merged"]
        assert db.execute("select name, phone from contacts order by phone").fetchall() == [
            ("Asha", number(1)),
            (None, None),
        ]
        assert db.execute("select touches, location, notes from leads order by touches").fetchall() == [
            (2, None, "evening"),
            (3, "Wakad", None),
        ]


def test_a_person_known_by_address_gains_the_number(as_worker: As, house: Any) -> None:
    with as_worker(house.id) as db:
        accept(db, house.project, {"email": "a@example.in"})
        assert verdicts(accept(db, house.project, {"phone": number(1), "email": "a@example.in"})) == ["merged"]
        assert verdicts(accept(db, house.project, {"email": "A@Example.in"})) == ["merged"]
        # another number with the same address is another person: families share addresses
        assert verdicts(accept(db, house.project, {"phone": number(2), "email": "a@example.in"})) == ["created"]
        assert one(db, "select count(*) from contacts") == 2


def test_a_further_number_finds_its_person(as_worker: As, house: Any) -> None:
    with as_worker(house.id) as db:
        accept(db, house.project, {"phone": number(1), "further_phones": [number(2), "rubbish"]})
        assert verdicts(accept(db, house.project, {"phone": number(2)})) == ["merged"]
        assert db.execute("select phone, further_phones from contacts").fetchall() == [(number(1), [number(2)])]


def test_what_cannot_be_reached_is_rejected_with_column_and_reason(as_worker: As, house: Any, other_house: Any) -> None:
    with as_worker(house.id) as db:
        answers = db.execute(
            "select verdict, column_name, reason from private.accept_leads(%s::jsonb, %s)",
            [
                json.dumps(
                    [
                        {"name": "Nobody", "phone": "12345", "email": "none"},
                        {"phone": "12345", "email": "ok@example.in"},
                        {"phone": number(1), "reject_column": "email", "reject_reason": "The network's test lead."},
                        {"phone": number(2), "project_id": str(other_house.project)},
                    ]
                ),
                house.project,
            ],
        ).fetchall()
        assert [answer[:2] for answer in answers] == [
            ("rejected", "phone"),
            ("created", None),
            ("rejected", "email"),
            ("rejected", "project_id"),
        ]
        assert answers[0][2] == "Neither a valid phone number nor a valid e-mail address."
        assert answers[2][2] == "The network's test lead."
        assert one(db, "select count(*) from leads") == 1


def test_a_delivery_counts_once(as_worker: As, house: Any) -> None:
    row = {"phone": number(1), "external_key": "meta:17"}
    with as_worker(house.id) as db:
        [(_, _, lead)] = accept(db, house.project, row, row)[:1]
        assert accept(db, house.project, row) == [("merged", None, lead)]
        assert db.execute("select touches from leads").fetchall() == [(1,)]
        assert one(db, "select count(*) from lead_activities") == 1
        assert one(db, "select count(*) from outbox where topic like 'lead.%%'", []) == 1


def test_the_plan_takes_what_fits_and_says_why_not_the_rest(
    owner: psycopg.Connection, as_worker: As, house: Any
) -> None:
    owner.execute(
        "update subscriptions set plan_id = (select id from subscription_plans where slug = 'free')"
        " where organization_id = %s",
        [house.id],
    )
    with as_worker(house.id) as db:
        first = accept(db, house.project, *({"phone": number(n)} for n in range(498)))
        assert verdicts(first) == ["created"] * 498
        answers = db.execute(
            "select verdict, column_name, reason from private.accept_leads(%s::jsonb, %s)",
            [
                json.dumps(
                    [
                        {"phone": number(0)},
                        {"phone": number(1000)},
                        {"phone": number(1000)},
                        {"phone": number(1001)},
                        {"phone": number(1002)},
                        {"phone": number(1)},
                        {"phone": number(1002)},
                    ]
                ),
                house.project,
            ],
        ).fetchall()
        assert [answer[0] for answer in answers] == [
            "merged",
            "created",
            "merged",
            "created",
            "rejected",
            "merged",
            "rejected",
        ]
        assert answers[4][1] == "quota"
        assert "Free plan allows 500 leads" in answers[4][2]
        assert "Pro plan" in answers[4][2]
        assert one(db, "select count(*) from leads") == 500
        # the refused left nothing behind
        assert one(db, "select count(*) from contacts where phone = %s", [number(1002)]) == 0
    assert (
        one(
            owner,
            "select usage_count from usage_logs where organization_id = %s and feature_key = 'max_leads'",
            [house.id],
        )
        == 500
    )


def test_an_import_goes_on_where_it_stopped(as_person: As, as_worker: As, house: Any) -> None:
    with as_person(house.manager) as db:
        upload = new_import(db, house.id, house.project)
    rows = [{"line": n, "phone": number(n % 3), "raw": {"Phone": str(n)}} for n in range(2, 8)]
    rows.append({"line": 8, "phone": "", "raw": {"Phone": "="}})
    with as_worker(house.id) as db:
        before = accept(db, house.project, *rows[:4], upload=upload)
    with as_worker(house.id) as db:
        assert accept(db, house.project, *rows[:4], upload=upload) == before
        accept(db, house.project, *rows[4:], upload=upload)
        counts = db.execute("select created_count, merged_count, rejected_count from lead_imports").fetchall()
        assert counts == [(3, 3, 1)]
        assert db.execute(
            "select line, column_name, raw from lead_import_rows where verdict = 'rejected'"
        ).fetchall() == [(8, "phone", {"Phone": "="})]
        assert one(db, "select sum(touches) from leads") == 6
        for status in ("reading", "writing"):
            db.execute("update lead_imports set status = %s", [status])
        with pytest.raises(psycopg.errors.CheckViolation), db.transaction():
            db.execute("update lead_imports set status = 'done', total_rows = 8, finished_at = now()")
        db.execute("update lead_imports set status = 'done', total_rows = 7, finished_at = now()")


def test_two_at_once_lose_nothing_and_double_nothing(clean_database: Any, as_worker: As, house: Any) -> None:
    def take_in(offset: int) -> None:
        for start in range(0, 200, 50):
            rows = [{"phone": number((offset + start + n) % 220), "name": str(offset)} for n in range(50)]
            if offset % 2:
                rows.reverse()
            with as_worker(house.id) as db:
                accept(db, house.project, *rows)

    threads = [threading.Thread(target=take_in, args=[n]) for n in (0, 7, 13, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with as_worker(house.id) as db:
        assert one(db, "select count(*) from leads") == one(db, "select count(*) from contacts") == 220
        assert one(db, "select sum(touches) from leads") == 800
        assert one(db, "select count(*) from lead_activities") == 800


def test_rights_are_asked(owner: psycopg.Connection, as_person: As, as_worker: As, as_anon: As, house: Any) -> None:
    with as_person(house.executive) as db:
        [(verdict, _, lead)] = accept(db, house.project, {"phone": number(1), "assigned_to": str(house.manager)})
        assert verdict == "created"
        # somebody who sees own leads only gets what they add
        assert one(db, "select assigned_to from leads where id = %s", [lead]) == house.executive
        assert one(db, "select created_by from leads where id = %s", [lead]) == house.executive
        with pytest.raises(psycopg.Error) as refused, db.transaction():
            accept(db, house.project, {"phone": number(2)}, upload=uuid4())
        assert refused.value.sqlstate == "VQ005"
    with as_anon() as db, pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
        accept(db, house.project, {"phone": number(2)})
    owner.execute("update organizations set status = 'read_only'")
    with as_worker(house.id) as db, pytest.raises(psycopg.Error) as refused, db.transaction():
        accept(db, house.project, {"phone": number(2)})
    assert refused.value.sqlstate == "VQ003"


def test_an_archived_lead_comes_back(as_person: As, house: Any) -> None:
    with as_person(house.manager) as db:
        [(_, _, lead)] = accept(db, house.project, {"phone": number(1)})
        db.execute("update leads set archived_at = now() where id = %s", [lead])
        assert accept(db, house.project, {"phone": number(1)}) == [("merged", None, lead)]
        assert one(db, "select archived_at from leads where id = %s", [lead]) is None


@pytest.mark.verify
def test_a_large_file_takes_seconds(as_person: As, as_worker: As, owner: psycopg.Connection, house: Any) -> None:
    owner.execute(
        "update subscriptions set plan_id = (select id from subscription_plans where slug = 'enterprise')"
        " where organization_id = %s",
        [house.id],
    )
    with as_person(house.manager) as db:
        upload = new_import(db, house.id, house.project)
    started = time.monotonic()
    for batch in range(50):
        rows = [
            {
                "line": n + 2,
                "phone": f"+9198{n * 9 // 10:08d}",
                "name": f"Person {n}",
                "source": "walk_in",
                "email": f"p{n * 9 // 10}@example.in",
                "budget_max": 7500000,
                "external_key": f"row:{n}",
            }
            for n in range(batch * 2000, batch * 2000 + 2000)
        ]
        with as_worker(house.id) as db:
            accept(db, house.project, *rows, upload=upload)
    seconds = time.monotonic() - started
    with as_worker(house.id) as db:
        assert db.execute("select created_count, merged_count from lead_imports").fetchall() == [(90000, 10000)]
        assert one(db, "select sum(touches) from leads") == 100000
    print(f"100,000 rows in {seconds:.1f} s")  # noqa: T201
