"""Every route says who may use it, and another tenant's id is answered like one that does not exist."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from tests.isolation.world import Maker
from tests.journey.house import House, running_house

from vantage.main.asgi import create_app
from vantage.main.settings import Settings
from vantage.platform.http.auth import routes, routes_without_access

Start = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def start(owner: psycopg.Connection, database_url: str, tmp_path: Path) -> Start:
    return lambda **settings: running_house(owner, database_url, tmp_path, **settings)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Any:
    return create_app(
        Settings(
            DATABASE_URL=database_url, VANTAGE_HOME=tmp_path, VANTAGE_SECRET="a secret of a test, long enough to sign"
        )  # type: ignore[call-arg]
    )


def test_every_route_declares_who_may_use_it(app: Any) -> None:
    assert routes_without_access(app) == []
    assert len(list(routes(app))) > 40


async def stranger(house: House) -> dict[str, str]:
    """The headers of somebody who owns another organisation."""
    person = {"email": f"s{uuid4().hex[:8]}@example.in", "password": "a long sentence", "full_name": "Sita Rao"}
    base = f"{house.url}/api/v1"
    assert (await house.http.post(f"{base}/auth/signup", json=person)).status_code == 201
    form = {"grant_type": "password", "username": person["email"], "password": person["password"]}
    token = (await house.http.post(f"{base}/auth/token", data=form)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    made = await house.http.post(f"{base}/organizations", json={"name": "Another firm"}, headers=headers)
    assert made.status_code == 201
    return headers


def without_what_differs(answer: httpx.Response) -> tuple[int, str]:
    """Status and body without the request's own id."""
    return answer.status_code, re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", answer.text)


async def test_another_tenants_ids_do_not_exist(start: Start) -> None:
    async with start(mix="eager=1") as house:
        Maker(house.owner).fill(house.tenant)
        headers, ids = await stranger(house), house.tenant.ids
        addresses = [
            ("GET", "/leads/{}", ids["lead"], None),
            ("PATCH", "/leads/{}", ids["lead"], {"notes": "mine now"}),
            ("POST", "/leads/{}/activities", ids["lead"], {"text": "hello"}),
            ("GET", "/campaigns/{}", ids["campaign"], None),
            ("POST", "/campaigns/{}/start", ids["campaign"], None),
            ("POST", "/campaigns/{}/cancel", ids["campaign"], None),
            ("GET", "/calls/{}", ids["call"], None),
            ("GET", "/imports/{}", ids["import"], None),
            ("GET", "/imports/{}/rejected.csv", ids["import"], None),
            ("GET", "/board?project_id={}", ids["project"], None),
        ]
        for method, address, theirs, body in addresses:
            asked = [
                await house.http.request(
                    method, f"{house.url}/api/v1{address.format(an_id)}", json=body, headers=headers
                )
                for an_id in (theirs, uuid4())
            ]
            assert asked[0].status_code == 404, f"{method} {address}: {asked[0].text}"
            assert without_what_differs(asked[0]) == without_what_differs(asked[1]), address
        for address in ("/leads", "/campaigns", "/calls"):
            answer = await house.http.get(f"{house.url}/api/v1{address}", headers=headers)
            assert answer.status_code == 200
            assert str(house.tenant.ids["lead"]) not in answer.text
        # nothing of theirs was changed
        assert house.rows("select notes from public.leads where id = %s", ids["lead"]) == [(None,)]


async def test_a_stale_version_is_refused_and_nothing_is_overwritten(start: Start) -> None:
    async with start(mix="eager=1") as house:
        headers = await stranger(house)
        base = f"{house.url}/api/v1"
        [project] = (await house.http.get(f"{base}/projects", headers=headers)).json()
        new = {"project_id": project["id"], "name": "Ravi", "phone": "98450 12345"}
        made = await house.http.post(f"{base}/leads", json=new, headers=headers)
        assert made.status_code == 201
        lead = f"{base}/leads/{made.json()['id']}"
        read = await house.http.get(lead, headers=headers)
        first = await house.http.patch(
            lead, json={"notes": "one"}, headers=headers | {"If-Match": read.headers["ETag"]}
        )
        assert first.status_code == 200
        second = await house.http.patch(
            lead, json={"notes": "two"}, headers=headers | {"If-Match": read.headers["ETag"]}
        )
        assert second.status_code == 412
        assert (await house.http.get(lead, headers=headers)).json()["notes"] == "one"
        again = await house.http.post(f"{base}/leads", json=new, headers=headers)
        assert (again.status_code, again.json()["verdict"]) == (200, "merged")


async def test_a_suspended_organisation_sees_nothing_from_the_next_statement_on(start: Start) -> None:
    """The token is still good and the principal still remembered: the database answers for itself."""
    async with start(mix="eager=1") as house:
        headers = await stranger(house)
        base = f"{house.url}/api/v1"
        me = (await house.http.get(f"{base}/me", headers=headers)).json()
        [project] = (await house.http.get(f"{base}/projects", headers=headers)).json()
        await house.http.post(
            f"{base}/leads", json={"project_id": project["id"], "phone": "98450 12345"}, headers=headers
        )
        assert len((await house.http.get(f"{base}/leads", headers=headers)).json()["items"]) == 1
        house.owner.execute(
            "update public.organizations set status = 'suspended' where id = %s", [me["organization_id"]]
        )
        assert (await house.http.get(f"{base}/leads", headers=headers)).json()["items"] == []


async def test_a_stranger_is_led_to_the_sign_in_and_a_wrong_address_is_told_kindly(start: Start) -> None:
    async with start(mix="eager=1") as house:
        page = {"Accept": "text/html"}
        board = await house.http.get(f"{house.url}/board", headers=page)
        assert (board.status_code, board.headers["Location"]) == (303, "/sign-in?next=%2Fboard")
        form = await house.http.get(f"{house.url}/sign-in?next=/board", headers=page)
        assert form.status_code == 200
        assert 'name="password"' in form.text
        wrong = await house.http.get(f"{house.url}/e/nobody/nothing", headers=page)
        assert wrong.status_code == 404
        assert "data-error" in wrong.text
        assert "no longer published" in wrong.text
