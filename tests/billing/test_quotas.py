"""Limits hold in the database, whoever adds and however many at once."""

import json
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from tests.billing.tenants import Entering, add_leads, first_project, make_organization, make_person, put_on, scalar
from tests.conftest import TestDatabase


def used(owner: psycopg.Connection, organization: UUID, feature: str) -> int:
    return scalar(owner, "select used from private.quota_state(%s, %s)", [organization, feature])


def test_counting_follows_insert_archive_restore_and_delete(owner: psycopg.Connection) -> None:
    org = make_organization(owner, "Counting")
    project = first_project(owner, org)
    leads = add_leads(owner, org, project, 0, 10)
    assert used(owner, org, "max_leads") == 10
    owner.execute("update public.leads set archived_at = now() where id = any(%s)", [leads[:4]])
    assert used(owner, org, "max_leads") == 6
    owner.execute("update public.leads set notes = 'x' where organization_id = %s", [org])
    assert used(owner, org, "max_leads") == 6
    owner.execute("update public.leads set archived_at = null where id = %s", [leads[0]])
    owner.execute("delete from public.leads where id = any(%s)", [leads[1:6]])
    assert used(owner, org, "max_leads") == 5
    assert used(owner, org, "max_projects") == 1


def test_the_refusal_names_limit_use_and_way_out(owner: psycopg.Connection) -> None:
    org = make_organization(owner, "Full house")
    put_on(owner, org, "free")
    project = first_project(owner, org)
    add_leads(owner, org, project, 0, 495)
    with pytest.raises(psycopg.Error) as refusal:
        add_leads(owner, org, project, 495, 6)
    diag = refusal.value.diag
    assert diag.sqlstate == "VQ001"
    assert diag.message_primary == "The Free plan allows 500 leads; 495 are in use, so 6 more cannot be added."
    assert diag.message_hint == "Archive leads that you no longer need, or move to the Pro plan."
    detail = json.loads(diag.message_detail or "")
    assert detail == {
        "feature": "max_leads", "plan": "free", "limit": 500, "used": 495, "asked": 6, "lifted_by": "Pro",
    }  # fmt: skip
    add_leads(owner, org, project, 495, 5)
    assert used(owner, org, "max_leads") == 500


def test_projects_and_people_are_limited_too(owner: psycopg.Connection) -> None:
    org = make_organization(owner, "Small firm")
    put_on(owner, org, "free")
    person = [make_person(owner, org) for _ in range(3)][-1]
    with pytest.raises(psycopg.Error, match="allows 3 people; 3 are in use") as refusal:
        make_person(owner, org)
    assert refusal.value.diag.sqlstate == "VQ001"
    # whoever leaves makes room
    owner.execute("update public.profiles set organization_id = null, role_id = null, system_role = 'member'"
                  " where id = %s", [person])  # fmt: skip
    make_person(owner, org)
    owner.execute("insert into public.projects (organization_id, name) values (%s, 'Second')", [org])
    with pytest.raises(psycopg.Error, match="allows 2 projects"):
        owner.execute("insert into public.projects (organization_id, name) values (%s, 'Third')", [org])


def test_unlimited_is_minus_one(owner: psycopg.Connection) -> None:
    org = make_organization(owner, "Large firm")
    put_on(owner, org, "enterprise")
    add_leads(owner, org, first_project(owner, org), 0, 600)
    assert owner.execute(
        "select quota_limit, used, remaining, lifted_by from private.quota_state(%s, 'max_leads')", [org]
    ).fetchone() == (-1, 600, -1, None)
    assert scalar(owner, "select private.reserve_quota(%s, 'max_leads', 1000000)", [org]) == 1_000_000


def test_a_lost_race_never_overshoots(clean_database: TestDatabase, owner: psycopg.Connection) -> None:
    """Twenty imports at once into 500 places: each asks how much fits and adds just that."""
    org = make_organization(owner, "Race")
    put_on(owner, org, "free")
    project = first_project(owner, org)

    def one_import(n: int) -> int:
        with psycopg.connect(clean_database.owner_url) as connection:
            fits = scalar(connection, "select private.reserve_quota(%s, 'max_leads', 40)", [org])
            add_leads(connection, org, project, n * 40, fits)
            return fits

    with ThreadPoolExecutor(10) as pool:
        accepted = list(pool.map(one_import, range(20)))
    assert sum(accepted) == 500
    assert used(owner, org, "max_leads") == 500
    assert scalar(owner, "select count(*) from public.leads where organization_id = %s", [org]) == 500


def test_metered_calls_are_taken_and_given_back(owner: psycopg.Connection) -> None:
    org = make_organization(owner, "Metered")
    put_on(owner, org, "free")
    reserve = "select private.reserve_quota(%s, 'ai_calls_per_month', %s)"
    assert scalar(owner, reserve, [org, 45]) == 45
    assert scalar(owner, reserve, [org, 10]) == 5
    assert scalar(owner, reserve, [org, 1]) == 0
    owner.execute("select private.release_quota(%s, 'ai_calls_per_month', 2)", [org])
    assert used(owner, org, "ai_calls_per_month") == 48
    # giving back more than was taken never makes room that is not there
    owner.execute("select private.release_quota(%s, 'ai_calls_per_month', 500)", [org])
    assert used(owner, org, "ai_calls_per_month") == 0


def test_the_month_is_the_organisations_own(owner: psycopg.Connection) -> None:
    india = make_organization(owner, "Pune")
    london = make_organization(owner, "London", time_zone="Europe/London")
    # 20:00 UTC on 31 January is 1 February in India and still January in London
    query = "select first_day::text, last_day::text from private.usage_period(%s, 'ai_calls_per_month', %s)"
    instant = "2028-01-31 20:00+00"
    assert owner.execute(query, [india, instant]).fetchone() == ("2028-02-01", "2028-02-29")
    assert owner.execute(query, [london, instant]).fetchone() == ("2028-01-01", "2028-01-31")


def test_nobody_asks_or_takes_for_another_organisation(
    owner: psycopg.Connection, as_worker: Entering, as_person: Entering
) -> None:
    mine, theirs = make_organization(owner, "Mine"), make_organization(owner, "Theirs")
    person = make_person(owner, mine)
    with pytest.raises(psycopg.Error) as refusal, as_worker(mine) as connection:
        connection.execute("select private.reserve_quota(%s, 'ai_calls_per_month', 10)", [theirs])
    assert refusal.value.diag.sqlstate == "VQ005"
    with as_person(person) as connection:
        rows = connection.execute("select feature_key, quota_limit, used from private.quotas() order by 1").fetchall()
    assert ("max_users", 10, 1) in rows
    assert len(rows) == 5
    with pytest.raises(psycopg.errors.InsufficientPrivilege), as_person(person) as connection:
        connection.execute("update public.usage_logs set usage_count = 0")


def test_usage_of_a_period_is_read_through_the_guides_index(owner: psycopg.Connection) -> None:
    org = make_organization(owner, "Index")
    owner.execute("set enable_seqscan = off")
    plan = owner.execute(
        "explain select * from public.usage_logs where organization_id = %s and period_start <= %s and period_end >= %s",
        [org, "2026-01-31", "2026-01-01"],
    ).fetchall()
    owner.execute("reset enable_seqscan")
    assert "idx_usage_logs_org_period" in str(plan)
