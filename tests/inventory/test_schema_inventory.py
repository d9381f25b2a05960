"""What the database itself holds about projects and properties."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any as Any_

import psycopg
import pytest

As = Callable[..., AbstractContextManager[psycopg.Connection]]


def one(connection: psycopg.Connection, query: str, values: Any_ = None) -> Any_:
    return connection.execute(query, values).fetchall()[0][0]


def test_a_new_project_has_the_default_pipelines_stages(as_person: As, builder: Any_) -> None:
    with as_person(builder.owner) as db:
        project = one(
            db, "insert into projects (organization_id, name) values (%s, 'Lake View') returning id", [builder.id]
        )
        stages = db.execute(
            "select name, kind, position from pipeline_stages where project_id = %s order by order_index", [project]
        ).fetchall()
        assert one(db, "select created_by from projects where id = %s", [project]) == builder.owner
    assert [name for name, _, _ in stages][:2] == ["New Lead", "Contacted"]
    assert {kind for _, kind, _ in stages} == {"open", "won", "lost"}
    assert [position for _, _, position in stages] == list(range(len(stages)))


def test_an_archived_project_gives_its_name_free(as_person: As, builder: Any_) -> None:
    with as_person(builder.owner) as db:
        db.execute("insert into projects (organization_id, name) values (%s, 'Lake View')", [builder.id])
        with pytest.raises(psycopg.errors.UniqueViolation), db.transaction():
            db.execute("insert into projects (organization_id, name) values (%s, 'lake view')", [builder.id])
        db.execute("update projects set archived_at = now() where name = 'Lake View'")
        db.execute("insert into projects (organization_id, name) values (%s, 'lake view')", [builder.id])
        with pytest.raises(psycopg.errors.UniqueViolation), db.transaction():
            db.execute("update projects set archived_at = null where name = 'Lake View'")


def test_archiving_takes_the_permission_to_delete(owner: psycopg.Connection, as_person: As, builder: Any_) -> None:
    owner.execute("update roles set permissions = permissions || '[\"project.edit\"]' where name = 'Sales Executive'")
    with as_person(builder.executive) as db:
        db.execute("update projects set description = 'By the lake'")
        with pytest.raises(psycopg.Error) as refused, db.transaction():
            db.execute("update projects set archived_at = now()")
    assert refused.value.sqlstate == "VQ005"
    assert one(owner, "select description from projects where id = %s", [builder.project]) == "By the lake"


@pytest.mark.parametrize(
    ("before", "after", "allowed"),
    [
        ("available", "reserved", True),
        ("available", "sold", True),
        ("available", "rented", True),
        ("reserved", "available", True),
        ("reserved", "sold", True),
        ("sold", "available", False),
        ("sold", "rented", False),
        ("sold", "reserved", True),
        ("rented", "available", True),
        ("rented", "sold", False),
    ],
)
def test_the_status_of_a_property_takes_only_known_steps(
    before: str, after: str, allowed: bool, as_person: As, builder: Any_
) -> None:
    with as_person(builder.owner) as db:
        if before != "available":
            db.execute("update properties set status = %s", [before])
        if allowed:
            db.execute("update properties set status = %s", [after])
            assert (
                one(db, "select count(*) from outbox where topic = 'property.updated' and key = %s", [builder.property])
                >= 1
            )
        else:
            with pytest.raises(psycopg.Error) as refused, db.transaction():
                db.execute("update properties set status = %s", [after])
            assert refused.value.sqlstate == "VQ002"
        with pytest.raises(psycopg.errors.CheckViolation), db.transaction():
            db.execute("update properties set price = -1")


def test_a_unit_stands_once_per_tower(owner: psycopg.Connection, builder: Any_) -> None:
    add = (
        "insert into properties (organization_id, project_id, title, type, tower, unit_number)"
        " values (%s, %s, 'Flat', 'apartment', %s, %s)"
    )
    owner.execute(add, [builder.id, builder.project, "B", "101"])
    owner.execute(add, [builder.id, builder.project, None, None])
    owner.execute(add, [builder.id, builder.project, None, None])
    with pytest.raises(psycopg.errors.UniqueViolation):
        owner.execute(add, [builder.id, builder.project, "a", "101"])


def test_one_image_is_featured(as_person: As, builder: Any_) -> None:
    add = "insert into property_images (organization_id, property_id, url, is_featured) values (%s, %s, %s, %s)"
    with as_person(builder.owner) as db:
        db.execute(add, [builder.id, builder.property, "https://example.in/1.jpg", True])
        db.execute(add, [builder.id, builder.property, "https://example.in/2.jpg", False])
        with pytest.raises(psycopg.errors.UniqueViolation), db.transaction():
            db.execute("update property_images set is_featured = true where url like '%%2.jpg'", [])
        db.execute("update property_images set is_featured = false")
        db.execute("update property_images set is_featured = true where url like '%%2.jpg'", [])
        with pytest.raises(psycopg.errors.CheckViolation), db.transaction():
            db.execute(add, [builder.id, builder.property, None, False])


def test_a_feature_stands_once(as_person: As, builder: Any_) -> None:
    add = "insert into property_features (organization_id, property_id, feature_name) values (%s, %s, %s)"
    with as_person(builder.owner) as db:
        db.execute(add, [builder.id, builder.property, "Pool"])
        with pytest.raises(psycopg.errors.UniqueViolation), db.transaction():
            db.execute(add, [builder.id, builder.property, "pool"])


def test_nothing_points_into_another_tenant(owner: psycopg.Connection, builder: Any_, other_builder: Any_) -> None:
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute(
            "insert into properties (organization_id, project_id, title, type) values (%s, %s, 'Flat', 'apartment')",
            [builder.id, other_builder.project],
        )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute(
            "insert into property_images (organization_id, property_id, url) values (%s, %s, 'https://example.in/x')",
            [builder.id, other_builder.property],
        )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        owner.execute("update projects set created_by = %s where id = %s", [other_builder.owner, builder.project])


def test_an_executive_sees_but_does_not_change(as_person: As, builder: Any_, other_builder: Any_) -> None:
    with as_person(builder.executive) as db:
        assert one(db, "select count(*) from properties") == 1
        assert db.execute("update properties set price = 1 where true").rowcount == 0
        assert db.execute("delete from projects where true").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute("insert into projects (organization_id, name) values (%s, 'Mine')", [builder.id])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute("update projects set organization_id = %s", [other_builder.id])


def test_the_public_sees_what_was_published_and_no_more(
    owner: psycopg.Connection, as_anon: As, builder: Any_, other_builder: Any_
) -> None:
    owner.execute(
        "insert into property_features (organization_id, property_id, feature_name) values (%s, %s, 'Gym')",
        [builder.id, builder.property],
    )
    with as_anon() as db:
        assert one(db, "select count(*) from properties") == 0
    with pytest.raises(psycopg.errors.CheckViolation):
        owner.execute("update projects set is_published = true where id = %s", [builder.project])
    owner.execute(
        "update projects set is_published = true, public_slug = 'sunset', enquiry_consent_text = 'You may call me.'"
        " where id = %s",
        [builder.project],
    )
    with as_anon() as db:
        assert db.execute("select id from projects").fetchall() == [(builder.project,)]
        assert one(db, "select public_price from properties") == 14500000
        assert one(db, "select feature_name from property_features") == "Gym"
        assert db.execute("select available, min_price from project_inventory").fetchall() == [(1, 14500000)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege), db.transaction():
            db.execute("select price from properties")
        slug = one(owner, "select slug from organizations where id = %s", [builder.id])
        assert db.execute("select * from private.find_public_project(%s, 'sunset')", [slug]).fetchall() == [
            (builder.id, builder.project, "Sunset Villas Builders")
        ]
    owner.execute("update properties set price_undisclosed = true")
    with as_anon() as db:
        assert one(db, "select public_price from properties") is None
    owner.execute("update organizations set status = 'suspended' where id = %s", [builder.id])
    with as_anon() as db:
        assert one(db, "select count(*) from projects") == 0
        assert db.execute("select * from private.find_public_project(%s, 'sunset')", [slug]).fetchall() == []


def test_what_is_in_use_is_archived_not_deleted(owner: psycopg.Connection, as_person: As, builder: Any_) -> None:
    with as_person(builder.owner) as db:
        with pytest.raises(psycopg.errors.ForeignKeyViolation), db.transaction():
            db.execute("delete from projects where id = %s", [builder.project])
        db.execute("delete from properties where id = %s", [builder.property])
        assert db.execute("delete from projects where id = %s", [builder.project]).rowcount == 1
    assert one(owner, "select count(*) from pipeline_stages where project_id = %s", [builder.project]) == 0


def test_an_organisation_goes_whole(owner: psycopg.Connection, builder: Any_, other_builder: Any_) -> None:
    owner.execute("delete from organizations where id = %s", [builder.id])
    assert owner.execute("select distinct organization_id from properties").fetchall() == [(other_builder.id,)]


def test_prices_and_statuses_are_audited(owner: psycopg.Connection, as_person: As, builder: Any_) -> None:
    with as_person(builder.owner) as db:
        db.execute("update properties set price = 15000000, status = 'reserved' where id = %s", [builder.property])
    [(columns, user)] = owner.execute(
        "select changed_columns, user_id from audit_logs where action = 'properties.update'"
    ).fetchall()
    assert columns == ["price", "status"]
    assert user == builder.owner
