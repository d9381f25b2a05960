"""The browser's phone: over its WebSocket, and once in a real browser."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from tests.adapters.house import House, MakeHouse
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from vantage.adapters.simulated_carrier.handset import mobile_number

NUMBER = "+919812300001"


class Phone:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def do(self, act: str, value: str = "") -> None:
        await self.socket.send(json.dumps({"do": act, "value": value}))

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """The next message that has these values."""
        async with asyncio.timeout(10):
            while True:
                message = json.loads(await self.socket.recv())
                if wanted.items() <= message.items():
                    return dict(message)

    async def line(self, who: str) -> dict[str, Any]:
        """The next whole line of this speaker."""
        while True:
            line = (await self.until(type="line"))["line"]
            if line["who"] == who and line["done"]:
                return dict(line)


@asynccontextmanager
async def phone(house: House, number: str = NUMBER, origin: str | None = None) -> AsyncIterator[Phone]:
    base = house.carrier.base_url
    address = f"{base.replace('http', 'ws')}/handset/ws?number={number.replace('+', '%2B')}"
    async with connect(address, origin=origin or base, proxy=None) as socket:  # type: ignore[arg-type]
        yield Phone(socket)


async def test_a_number_with_an_open_handset_rings_there_and_words_go_both_ways(house: House) -> None:
    async with phone(house) as mine:
        assert (await mine.until(type="state"))["phase"] == "idle"
        await house.client.dial(house.customer.dial())
        assert (await mine.until(type="state", phase="ringing"))["from"] == "+918045670000"
        await mine.do("answer")
        await mine.until(type="state", phase="talking")
        await mine.do("say", "Hello, who is it?")
        assert (await mine.line("me"))["text"] == "Hello, who is it?"
        assert (await mine.line("them"))["text"] == house.customer.script[0]
        await mine.do("press", "5")
        assert (await mine.line("key"))["text"] == "5"
        await mine.do("hangup")
        ended = await mine.until(type="ended")
        assert ended["answered"] and ended["by"] == "you"
    hangup = await house.customer.wait_for("hangup")
    assert (hangup["HangupCauseCode"], hangup["HangupSource"]) == ("4000", "Callee")
    assert house.customer.heard() == ["Hello, who is it?"]
    assert [frame["dtmf"]["digit"] for frame in house.customer.frames if frame["event"] == "dtmf"] == ["5"]


async def test_typing_while_the_agent_speaks_interrupts_it(make_house: MakeHouse) -> None:
    async with make_house(handset_speed=1.0) as house, phone(house) as mine:
        await house.client.dial(house.customer.dial())
        await mine.until(type="state", phase="ringing")
        await mine.do("answer")
        await mine.do("say", "Hello?")
        open_line = await mine.until(type="line")
        while open_line["line"]["who"] != "them":
            open_line = await mine.until(type="line")
        assert not open_line["line"]["done"]
        await mine.do("say", "Wait a second")
        cut = await mine.line("them")
        assert cut["cut"] and len(cut["text"]) < len(house.customer.script[0])
        await mine.do("hangup")
        await mine.until(type="ended")


async def test_declining_and_not_answering_are_told_as_such(house: House) -> None:
    async with phone(house) as mine:
        await house.client.dial(house.customer.dial())
        await mine.until(type="state", phase="ringing")
        await mine.do("decline")
        assert not (await mine.until(type="ended"))["answered"]
        assert (await house.customer.wait_for("hangup"))["HangupCauseCode"] == "3020"
        await house.client.dial(house.customer.dial(ring_timeout_seconds=1))
        await mine.until(type="ended")
        assert (await house.customer.wait_for("hangup", 2))["HangupCauseCode"] == "6010"


async def test_several_handsets_ring_each_for_its_own_number_and_a_busy_one_is_busy(house: House) -> None:
    async with phone(house) as one, phone(house, "+919812300002") as two:
        await house.client.dial(house.customer.dial("+919812300002"))
        await two.until(type="state", phase="ringing")
        await house.client.dial(house.customer.dial("+919812300002"))
        assert (await house.customer.wait_for("hangup"))["CallStatus"] == "busy"
        await house.client.dial(house.customer.dial(NUMBER))
        await one.until(type="state", phase="ringing")
        await one.do("decline")
        await two.do("answer")
        await two.until(type="state", phase="talking")
        await two.do("hangup")
        await two.until(type="ended")


async def test_a_page_that_comes_back_goes_on_where_it_was(house: House) -> None:
    async with phone(house) as mine:
        await house.client.dial(house.customer.dial())
        await mine.until(type="state", phase="ringing")
        await mine.do("answer")
        await mine.do("say", "Hello?")
        await mine.line("them")
    async with phone(house) as mine:
        state = await mine.until(type="state")
        assert state["phase"] == "talking"
        assert [line["text"] for line in state["lines"]][:2] == ["Hello?", house.customer.script[0]]
        await mine.do("hangup")
        await mine.until(type="ended")


async def test_a_number_rings_in_one_window_only(house: House) -> None:
    async with phone(house) as old, phone(house) as new:
        await new.until(type="state")
        with pytest.raises(ConnectionClosed) as closed:
            await old.until(type="never")
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 4409


async def test_wrong_numbers_and_foreign_pages_are_refused(house: House) -> None:
    async with phone(house, "12345") as mine:
        assert "ten digits" in (await mine.until(type="refused"))["why"]
    with pytest.raises(InvalidStatus):
        async with phone(house, origin="http://evil.example"):
            pass


async def test_the_page_has_no_inline_script_and_a_strict_policy(house: House) -> None:
    async with httpx.AsyncClient(base_url=house.carrier.base_url, trust_env=False) as http:
        page = await http.get("/handset/")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "style=" not in page.text and "onclick" not in page.text and "<style" not in page.text
        for name in ("handset.js", "handset.css", "icon.svg"):
            assert (await http.get(f"/handset/{name}")).status_code == 200


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("9812300001", NUMBER),
        ("098123 00001", NUMBER),
        ("+91 98123-00001", NUMBER),
        ("91 98123 00001", NUMBER),
        ("12345", None),
        ("+14155550100", None),
        ("hello", None),
        ("", None),
        ("2212345678", None),
    ],
)
def test_a_mobile_number_is_read_as_indians_write_it(typed: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(ValueError, match=r"digits|numbers"):
            mobile_number(typed)
    else:
        assert mobile_number(typed) == number


def chromium() -> str:
    program = os.environ.get("VANTAGE_CHROMIUM") or shutil.which("chromium")
    assert program, "No Chromium: set VANTAGE_CHROMIUM, install one, or leave it out with BROWSER=0."
    return program


@pytest.mark.browser
@pytest.mark.skipif(os.environ.get("BROWSER") == "0", reason="BROWSER=0 leaves browser tests out")
async def test_a_person_answers_talks_and_hangs_up_by_keyboard_in_a_real_browser(make_house: MakeHouse) -> None:
    from playwright.async_api import async_playwright, expect  # noqa: PLC0415

    async with make_house(handset_speed=8.0) as house, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        await page.goto(f"{house.carrier.base_url}/handset/")
        await page.keyboard.type("12345")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert").filter(has_text="ten digits")).to_be_visible()
        await page.fill("#number", "98123 00001")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Waiting for a call")).to_be_visible()
        await house.client.dial(house.customer.dial())
        await expect(page.get_by_role("heading", name="+91 80456 70000")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("What you say")).to_be_focused()
        await page.keyboard.type("Hello, my budget is 90 lakh")
        await page.keyboard.press("Enter")
        words = page.get_by_label("What is said")
        await expect(words).to_contain_text(house.customer.script[0])
        await page.get_by_role("button", name="Hang up").press("Enter")
        await expect(page.get_by_role("heading", name="Call ended")).to_be_visible()
        await expect(page.get_by_label("What was said")).to_contain_text("my budget is 90 lakh")
        await page.get_by_role("button", name="Done").press("Enter")
        await expect(page.get_by_role("heading", name="Waiting for a call")).to_be_visible()
        assert problems == []
        await browser.close()
        assert house.customer.heard() == ["Hello, my budget is 90 lakh"]
        assert (await house.customer.wait_for("hangup"))["HangupSource"] == "Callee"


@pytest.mark.browser
@pytest.mark.skipif(os.environ.get("BROWSER") == "0", reason="BROWSER=0 leaves browser tests out")
async def test_a_page_that_loses_its_connection_says_so_and_goes_on_with_the_call(make_house: MakeHouse) -> None:
    from playwright.async_api import async_playwright, expect  # noqa: PLC0415

    async with make_house(handset_speed=8.0) as house, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 390, "height": 844})
        await page.goto(f"{house.carrier.base_url}/handset/?number=9812300001")
        await expect(page.get_by_role("heading", name="Waiting for a call")).to_be_visible()
        await house.client.dial(house.customer.dial())
        await page.get_by_role("button", name="Answer").click()
        await page.get_by_label("What you say").fill("Hello?")
        await page.keyboard.press("Enter")
        words = page.get_by_label("What is said")
        await expect(words).to_contain_text(house.customer.script[0])
        handset = house.carrier.handsets.at("919812300001")
        assert handset is not None and handset._socket is not None
        await handset._socket.close(1011)
        await expect(page.get_by_text("The handset reconnects by itself")).to_be_visible()
        await expect(page.get_by_text("The handset reconnects by itself")).to_be_hidden()
        await expect(words).to_contain_text(house.customer.script[0])
        await page.get_by_label("What you say").fill("I am back")
        await page.keyboard.press("Enter")
        await expect(words).to_contain_text(house.customer.script[1])
        await page.get_by_role("button", name="Hang up").click()
        await expect(page.get_by_role("heading", name="Call ended")).to_be_visible()
        await browser.close()
        assert house.customer.heard() == ["Hello?", "I am back"]
