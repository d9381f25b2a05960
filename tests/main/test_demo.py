"""The demo organisation: whole, made once, and holding nothing that did not happen."""

from datetime import UTC, datetime

import psycopg
import pytest

from vantage.main.demo.make import LEADS, make_demo

NOW = datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


def test_the_demo_is_made_once_and_holds_no_invented_call(owner: psycopg.Connection) -> None:
    first = make_demo(owner, password="a long sentence", now=NOW)
    again = make_demo(owner, password="a long sentence", now=NOW)
    assert first.made
    assert not again.made
    assert again.organization_id == first.organization_id

    def count(table: str) -> int:
        row = owner.execute(f"select count(*) from public.{table}".encode()).fetchone()
        assert row is not None
        return int(row[0])

    assert count("organizations") == 1
    assert count("leads") == LEADS
    assert count("projects") == 3
    assert count("properties") == 96 + 18 + 24
    assert count("members") == 5
    for table in ("call_logs", "call_utterances", "lead_stage_transitions", "call_queue"):
        assert count(table) == 0, table


def test_the_demo_can_never_ring_a_real_person(owner: psycopg.Connection) -> None:
    made = make_demo(owner, password="a long sentence", now=NOW)
    with pytest.raises(psycopg.errors.CheckViolation, match="organizations_demo_carrier_check"):
        owner.execute(
            "update public.organizations set caller_id_verified_at = now(), carrier = 'plivo' where id = %s",
            [made.organization_id],
        )


def test_the_same_seed_makes_the_same_organisation(owner: psycopg.Connection) -> None:
    make_demo(owner, password="a long sentence", now=NOW)
    names = owner.execute("select name, phone from public.contacts order by phone, name limit 3").fetchall()
    owner.execute("delete from public.organizations")
    owner.execute("delete from auth.users")
    make_demo(owner, password="a long sentence", now=NOW)
    assert owner.execute("select name, phone from public.contacts order by phone, name limit 3").fetchall() == names
