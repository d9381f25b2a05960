from typing import Any

import psycopg
import pytest

from vantage.kernel.errors import (
    AlreadyMember,
    Conflict,
    Forbidden,
    Immutable,
    Invalid,
    InvalidTransition,
    LastOwner,
    NotFound,
    QuotaExceeded,
    ReadOnly,
    StaleVersion,
    Unavailable,
    VantageError,
)
from vantage.platform.http.database_errors import from_database


def database_error(state: str | None, **diagnostic: str) -> psycopg.Error:
    class Told(psycopg.Error):
        sqlstate = state

        @property
        def diag(self) -> Any:
            return type("Diag", (), {"__getattr__": lambda _self, name: diagnostic.get(name)})()

    return Told()


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("VQ001", QuotaExceeded),
        ("VQ002", InvalidTransition),
        ("VQ003", ReadOnly),
        ("VQ004", LastOwner),
        ("VQ005", Forbidden),
        ("VQ006", StaleVersion),
        ("VQ007", AlreadyMember),
        ("VQ008", Immutable),
        ("P0002", NotFound),
    ],
)
def test_our_own_states_pass_their_sentence_on(state: str, kind: type[VantageError]) -> None:
    refusal = from_database(database_error(state, message_primary="A sentence.", message_hint="Do that."))
    assert type(refusal) is kind
    assert (refusal.detail, refusal.way_out) == ("A sentence.", "Do that.")


@pytest.mark.parametrize(
    ("state", "diagnostic", "kind"),
    [
        ("23505", {}, Conflict),
        ("23503", {"message_detail": 'Key is still referenced from table "leads".'}, Conflict),
        ("23503", {"message_detail": 'Key (project_id)=(x) is not present in table "projects".'}, Invalid),
        ("23502", {"column_name": "name"}, Invalid),
        ("23514", {"constraint_name": "leads_score_check"}, Invalid),
        ("22P02", {}, Invalid),
        ("42501", {}, Forbidden),
        ("57014", {}, Unavailable),
        ("40001", {}, Unavailable),
        ("08006", {}, Unavailable),
        ("57P01", {}, Unavailable),
    ],
)
def test_standard_states_lose_their_inside(state: str, diagnostic: dict[str, str], kind: type[VantageError]) -> None:
    refusal = from_database(database_error(state, message_primary="table secret_table", **diagnostic))
    assert type(refusal) is kind
    assert "secret" not in refusal.detail + refusal.way_out


def test_a_taken_key_names_its_columns_without_values_and_tenant() -> None:
    detail = "Key (organization_id, phone)=(0000, +919800000001) already exists."
    refusal = from_database(database_error("23505", message_detail=detail))
    assert refusal is not None
    assert [one.field for one in refusal.fields] == ["phone"]
    assert "9800000001" not in repr(refusal.fields)


@pytest.mark.parametrize("state", ["42P01", "42703", "42601", "XX000"])
def test_defects_stay_defects(state: str) -> None:
    assert from_database(database_error(state)) is None
