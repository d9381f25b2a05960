import json
import logging
from collections.abc import AsyncIterator
from io import StringIO
from typing import Annotated, Any
from uuid import UUID

import httpx
import psycopg
import pytest
import structlog
from fastapi import FastAPI, Form, UploadFile, WebSocket
from pydantic import BaseModel
from starlette.requests import HTTPConnection

from vantage.kernel.errors import (
    FieldError,
    QuotaExceeded,
    TooManyRequests,
    Unauthenticated,
)
from vantage.platform.http.app import create_http_app
from vantage.platform.http.auth import Principal, Public, Requires, SignedIn, routes_without_access, use_resolver
from vantage.platform.http.csrf import HEADER, SESSION_COOKIE, is_valid, make_token
from vantage.platform.http.rate_limits import LocalRateLimiter, RateLimited, Rule
from vantage.platform.telemetry.logs import configure_logs

SECRET = b"a secret of at least 32 bytes, made for tests"
PERSON, ORGANIZATION = UUID(int=1), UUID(int=2)
Anybody = Annotated[Principal | None, Public("a test")]
ORIGIN = "http://vantage.test"


class Body(BaseModel):
    name: str
    password: int


async def resolver(connection: HTTPConnection) -> Principal | None:
    match connection.headers.get("Authorization", "") or connection.cookies.get(SESSION_COOKIE, ""):
        case "Bearer manager" | "manager":
            return Principal(PERSON, ORGANIZATION, frozenset({"lead.view"}))
        case "Bearer new":
            return Principal(PERSON)
        case "":
            return None
        case _:
            raise Unauthenticated("This session has ended.")


def routes(app: FastAPI) -> None:
    @app.get("/api/leads")
    async def leads(principal: Annotated[Principal, Requires("lead.view", "lead.view_own")]) -> str:
        return str(principal.organization_id)

    @app.get("/leads")
    async def page(principal: Annotated[Principal, Requires("audit.view")]) -> str:
        return str(principal)

    @app.get("/api/me")
    async def me(principal: Annotated[Principal, SignedIn()]) -> str:
        return str(principal.person_id)

    @app.get("/api/open")
    async def public(principal: Anybody) -> bool:
        return principal is not None

    @app.get("/api/raise/{what}")
    async def refuse(what: str, _who: Anybody) -> None:
        raise {
            "quota": QuotaExceeded("5 of 5.", way_out="Upgrade.", fields=[FieldError("projects", "full")]),
            "slow": TooManyRequests(retry_after=9),
            "defect": RuntimeError("password=hunter2 at /srv/secret"),
            "database": psycopg.ProgrammingError("relation secret_table does not exist"),
            "gone": psycopg.OperationalError("connection to 10.0.0.1 lost"),
        }[what]

    @app.get("/raise/defect")
    async def defect_page(_who: Anybody) -> None:
        raise RuntimeError("<script>hunter2")

    @app.post("/api/body")
    async def body(given: Body, _who: Anybody) -> str:
        return given.name

    @app.post("/form")
    async def form(_who: Anybody, name: Annotated[str, Form()]) -> str:
        return name

    @app.post("/upload", max_body_size=4096)
    async def upload(_who: Anybody, file: UploadFile) -> int:
        return len(await file.read())

    @app.get("/api/limited", dependencies=[RateLimited(Rule("test", 2, 60))])
    async def limited(_who: Anybody) -> None: ...

    @app.get("/api/long")
    async def long(_who: Anybody) -> str:
        return "x" * 5000

    @app.websocket("/live")
    async def live(socket: WebSocket, _who: Annotated[Principal, SignedIn()]) -> None:
        await socket.accept()
        await socket.send_text("hello")


@pytest.fixture
def app() -> FastAPI:
    made = create_http_app(secret=SECRET, max_body_bytes=2048)
    use_resolver(made, resolver)
    routes(made)
    return made


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as made:
        yield made


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert (found["status"], found["code"]) == (status, code)
    assert found["request_id"] == response.headers["X-Request-Id"]
    return found


# who may


async def test_a_key_that_is_held_opens(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/leads", headers={"Authorization": "Bearer manager"})
    assert response.json() == str(ORGANIZATION)


async def test_nobody_is_asked_to_sign_in(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/leads")
    problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_a_person_without_organisation_is_told_so(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/leads", headers={"Authorization": "Bearer new"})
    assert "organization" not in problem(response, 403, "forbidden")["title"]
    assert "invitation" in response.json()["way_out"]
    assert (await client.get("/api/me", headers={"Authorization": "Bearer new"})).json() == str(PERSON)


async def test_a_key_that_is_not_held_is_named(client: httpx.AsyncClient) -> None:
    response = await client.get("/leads", headers={"Authorization": "Bearer manager"})
    assert "audit.view" in problem(response, 403, "forbidden")["detail"]


async def test_a_bad_token_closes_doors_but_not_the_public_one(client: httpx.AsyncClient) -> None:
    bad = {"Authorization": "Bearer old"}
    problem(await client.get("/api/me", headers=bad), 401, "unauthenticated")
    assert (await client.get("/api/open", headers=bad)).json() is False


async def test_a_page_sends_nobody_to_sign_in_and_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/leads?stage=2", headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["Location"]) == (303, "/sign-in?next=%2Fleads%3Fstage%3D2")
    response = await client.get("/leads", headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == "/sign-in?next=%2Fleads"


def test_unknown_keys_and_empty_reasons_are_refused_at_import() -> None:
    for keys in ((), ("lead.fly",)):
        with pytest.raises(ValueError, match="not permissions"):
            Requires(*keys)
    with pytest.raises(ValueError, match="reason"):
        Public(" ")


def test_every_route_declares_its_access_and_forgetful_ones_are_found(app: FastAPI) -> None:
    assert routes_without_access(app) == []

    @app.get("/forgot")
    async def forgot() -> None: ...

    @app.websocket("/forgot-live")
    async def forgot_live(socket: WebSocket) -> None: ...

    assert routes_without_access(app) == ["GET /forgot", "WS /forgot-live"]


# what goes wrong


async def test_a_refusal_is_a_problem_with_a_way_out(client: httpx.AsyncClient) -> None:
    found = problem(await client.get("/api/raise/quota"), 409, "quota_exceeded")
    assert (found["detail"], found["way_out"]) == ("5 of 5.", "Upgrade.")
    assert found["fields"] == [{"field": "projects", "message": "full", "code": "invalid"}]


@pytest.mark.parametrize("what", ["defect", "database"])
async def test_a_defect_tells_nothing_of_the_inside(client: httpx.AsyncClient, what: str) -> None:
    response = await client.get(f"/api/raise/{what}")
    problem(response, 500, "internal")
    assert not {"hunter2", "secret", "RuntimeError", "Traceback"} & set(response.text.replace("_", " ").split())
    assert "hunter2" not in response.text
    assert response.headers["Content-Security-Policy"]


async def test_a_defect_of_a_page_is_a_page(client: httpx.AsyncClient) -> None:
    response = await client.get("/raise/defect", headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert "hunter2" not in response.text


async def test_a_lost_database_is_worth_trying_again(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/raise/gone")
    assert "10.0.0.1" not in json.dumps(problem(response, 503, "unavailable"))
    assert response.headers["Retry-After"] == "1"


async def test_wrong_values_are_named_and_not_repeated(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/body", json={"password": "hunter2"})
    assert [one["field"] for one in problem(response, 422, "invalid")["fields"]] == ["name", "password"]
    assert "hunter2" not in response.text


async def test_the_framework_refuses_in_our_words(client: httpx.AsyncClient) -> None:
    problem(await client.get("/api/nowhere"), 404, "not_found")
    response = await client.delete("/api/open")
    problem(response, 405, "method_not_allowed")
    assert response.headers["Allow"] == "GET"


async def test_slower_please(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/raise/slow")).headers["Retry-After"] == "9"
    assert [(await client.get("/api/limited")).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_beyond_the_limit_is_refused(client: httpx.AsyncClient, streamed: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 1000

    content: Any = pieces() if streamed else b" " * 3000
    response = await client.post("/api/body", content=content, headers={"Content-Type": "application/json"})
    problem(response, 413, "too_large")


async def test_a_route_may_take_more(client: httpx.AsyncClient) -> None:
    assert (await client.post("/upload", files={"file": b"x" * 3000})).json() == 3000
    problem(await client.post("/upload", files={"file": b"x" * 5000}), 413, "too_large")


# what every answer carries


async def test_headers(client: httpx.AsyncClient) -> None:
    response = await client.get("/api/open", headers={"X-Request-Id": "given-by-the-proxy"})
    assert response.headers["X-Request-Id"] == "given-by-the-proxy"
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in response.headers
    response = await client.get("https://vantage.test/api/open", headers={"X-Request-Id": "bad\tid"})
    assert UUID(response.headers["X-Request-Id"]).version == 7
    assert response.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_long_answers_are_compressed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/long")).headers["Content-Encoding"] == "gzip"


# other people's pages


def cookie(value: str = "manager") -> dict[str, str]:
    return {"Cookie": f"{SESSION_COOKIE}={value}"}


async def test_a_cookie_alone_changes_nothing(client: httpx.AsyncClient) -> None:
    body = {"name": "a", "password": 1}
    problem(await client.post("/api/body", json=body, headers=cookie()), 403, "forbidden")
    token = make_token(SECRET, "manager")
    assert (await client.post("/api/body", json=body, headers={**cookie(), HEADER: token})).json() == "a"
    stolen = make_token(SECRET, "somebody else")
    problem(await client.post("/api/body", json=body, headers={**cookie(), HEADER: stolen}), 403, "forbidden")


async def test_a_form_carries_its_token(client: httpx.AsyncClient) -> None:
    token = make_token(SECRET, "manager")
    assert (await client.post("/form", data={"name": "a", "csrf_token": token}, headers=cookie())).json() == "a"
    problem(await client.post("/form", data={"name": "a"}, headers=cookie()), 403, "forbidden")
    files = {"file": b"abc"}
    assert (await client.post("/upload", files=files, data={"csrf_token": token}, headers=cookie())).json() == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://vantage.test.evil.test"}, 403),
    ],
)
async def test_where_a_request_comes_from(client: httpx.AsyncClient, headers: dict[str, str], status: int) -> None:
    assert (await client.post("/form", data={"name": "a"}, headers=headers)).status_code == status


async def test_a_bearer_token_needs_no_second_proof(client: httpx.AsyncClient) -> None:
    headers = {"Authorization": "Bearer manager", **cookie()}
    assert (await client.post("/form", data={"name": "a"}, headers=headers)).status_code == 200


def test_tokens_differ_each_time_and_only_ours_are_valid() -> None:
    one, other = make_token(SECRET, "s"), make_token(SECRET, "s")
    assert one != other
    assert is_valid(SECRET, "s", one)
    assert is_valid(SECRET, "s", other)
    for bad in ("", ".", one[:-1], one + "0", "é." + one, make_token(b"another secret", "s")):
        assert not is_valid(SECRET, "s", bad)


async def open_socket(app: FastAPI, origin: str) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = {"host": "vantage.test", "origin": origin, "authorization": "Bearer manager"}
    scope = {
        "type": "websocket",
        "path": "/live",
        "raw_path": b"/live",
        "query_string": b"",
        "root_path": "",
        "scheme": "ws",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "server": ("vantage.test", 80),
    }
    await app(scope, receive, send)
    return sent


async def test_another_sites_page_opens_no_socket(app: FastAPI) -> None:
    opened = await open_socket(app, ORIGIN)
    assert [message["type"] for message in opened] == ["websocket.accept", "websocket.send"]
    refused = await open_socket(app, "https://evil.test")
    assert [(message["type"], message.get("code")) for message in refused] == [("websocket.close", 1008)]


# watched over


async def test_alive_ready_and_measured(app: FastAPI, client: httpx.AsyncClient) -> None:
    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).status_code == 200
    app.state.ready_checks["database"] = broken
    response = await client.get("/readyz")
    assert (response.status_code, response.json()["parts"]) == (503, {"database": "unavailable"})
    await client.get("/api/raise/quota")
    figures = await client.get("/metrics")
    assert 'route="/api/raise/{what}",status="409"' in figures.text
    problem(await client.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}), 404, "not_found")
    far = httpx.AsyncClient(transport=httpx.ASGITransport(app, client=("203.0.113.9", 1)), base_url=ORIGIN)
    async with far:
        problem(await far.get("/metrics"), 404, "not_found")


async def test_buckets_refill_and_forget() -> None:
    now = 0.0
    limiter = LocalRateLimiter(capacity=2, now=lambda: now)
    rule = Rule("r", 2, 10)
    assert [await limiter.take(rule, "a") for _ in range(3)] == [0, 0, 5]
    now = 5.0
    assert [await limiter.take(rule, "a") for _ in range(2)] == [0, 5]
    await limiter.take(rule, "b")
    await limiter.take(rule, "c")
    assert await limiter.take(rule, "a") == 0


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        create_http_app(secret=b"short")


@pytest.fixture
def logged() -> Any:
    stream = StringIO()
    before, level = logging.getLogger().handlers[:], logging.getLogger().level
    configure_logs("info", as_json=True, stream=stream)
    yield stream
    logging.getLogger().handlers[:] = before
    logging.getLogger().setLevel(level)
    structlog.reset_defaults()


async def test_the_access_log_knows_the_route_not_the_address(logged: StringIO, client: httpx.AsyncClient) -> None:
    await client.get("/api/raise/quota?q=asha")
    line = next(json.loads(one) for one in logged.getvalue().splitlines() if '"request"' in one)
    assert (line["route"], line["status"], line["method"]) == ("/api/raise/{what}", 409, "GET")
    assert line["request_id"]
    assert "asha" not in logged.getvalue()
