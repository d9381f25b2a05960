"""Whole pages or fragments, messages that survive a redirect, links that stay on this site."""

import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.web.conftest import Live, make_app, triggers

from vantage.web.responses import FLASH_COOKIE

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(make_app(Live(), []))
    async with httpx.AsyncClient(transport=transport, base_url="http://vantage.test") as made:
        yield made


PAGES = (
    "",
    "/board",
    "/leads",
    "/calls",
    "/sign-in",
    "/enquiry",
    "/search?q=an",
    "/dialog",
    "/dialog?where=sheet",
    "/slot",
)


@pytest.mark.parametrize("path", PAGES)
async def test_every_component_renders(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"/styleguide{path}")
    assert answer.status_code == 200
    assert " style=" not in answer.text


async def test_htmx_gets_the_block_of_its_target(client: httpx.AsyncClient) -> None:
    whole = await client.get("/styleguide/leads")
    assert whole.text.startswith("<!doctype html>")
    part = await client.get("/styleguide/leads?q=vikram", headers={**PART, "HX-Target": "div#lead-list"})
    assert "<html" not in part.text
    assert "Vikram Singh" in part.text
    assert "Ananya" not in part.text
    assert part.text.strip().startswith("<div")
    assert "&lt;" not in part.text
    assert "HX-Target" in part.headers["Vary"]


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Request": "true", "HX-Request-Type": "full", "HX-Target": "div#lead-list"},
        {**PART, "HX-Target": "div#elsewhere"},
        {**PART, "HX-Target": "div#lead-list", "HX-History-Restore-Request": "true"},
    ],
)
async def test_otherwise_the_whole_page(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    assert (await client.get("/styleguide/leads", headers=headers)).text.startswith("<!doctype html>")


async def test_a_refused_form_keeps_what_was_typed(client: httpx.AsyncClient) -> None:
    headers = {**PART, "HX-Target": "div#lead-form"}
    refused = await client.post("/styleguide/form", data={"name": " ", "budget": "85 <b>"}, headers=headers)
    assert refused.status_code == 422
    assert 'value="85 &lt;b&gt;"' in refused.text
    assert 'aria-invalid="true"' in refused.text
    taken = await client.post("/styleguide/form", data={"name": "Meera"}, headers=headers)
    assert triggers(taken)["vantage:toast"] == {
        "message": "Saved Meera", "tone": "success", "undo": {"url": "/styleguide/undo", "label": ""},
    }  # fmt: skip
    assert triggers(taken)["vantage:close"] is True


async def test_a_message_survives_the_redirect_once(client: httpx.AsyncClient) -> None:
    sent = await client.post("/styleguide/redirect")
    assert (sent.status_code, sent.headers["Location"]) == (303, "/styleguide/leads")
    assert "HttpOnly" in sent.headers["Set-Cookie"]
    shown = await client.get(sent.headers["Location"])
    assert "Lead archived" in shown.text
    assert 'action="/styleguide/undo"' in shown.text
    assert "Lead archived" not in (await client.get("/styleguide/leads")).text


async def test_htmx_is_redirected_by_its_own_header(client: httpx.AsyncClient) -> None:
    sent = await client.post("/styleguide/redirect", headers=PART)
    assert (sent.status_code, sent.headers["HX-Redirect"]) == (200, "/styleguide/leads")


@pytest.mark.parametrize(
    "forged",
    [
        "!", "e30=", base64.urlsafe_b64encode(b"[1]").decode(), base64.urlsafe_b64encode(b"\xff").decode(),
        base64.urlsafe_b64encode(json.dumps({"message": "x", "tone": "info", "undo": 5}).encode()).decode(),
    ],
)  # fmt: skip
async def test_a_broken_cookie_is_no_message(client: httpx.AsyncClient, forged: str) -> None:
    answer = await client.get("/styleguide/leads", headers={"Cookie": f"{FLASH_COOKIE}={forged}"})
    assert answer.status_code == 200


async def test_a_forged_cookie_neither_runs_nor_leads_away(client: httpx.AsyncClient) -> None:
    evil = {
        "message": "<script>alert(1)</script>",
        "tone": '"><u>',
        "undo": {"url": "https://evil.example", "label": "<i>"},
    }
    packed = base64.urlsafe_b64encode(json.dumps(evil).encode()).decode()
    text = (await client.get("/styleguide/leads", headers={"Cookie": f"{FLASH_COOKIE}={packed}"})).text
    assert "<script>alert" not in text
    assert "evil.example" not in text
    assert '"><u>' not in text
