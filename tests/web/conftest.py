"""The style guide served under the policy of the product, and a real Chromium to look at it."""

import asyncio
import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from playwright.sync_api import Response as Answer
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from vantage.web import styleguide
from vantage.web.build import STATIC, build
from vantage.web.responses import render

POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'"


@pytest.fixture(scope="session", autouse=True)
def static_files() -> None:
    build()


@dataclass
class Live:
    """The other end of `/live`: what the page said, and a way to answer it."""

    heard: list[Any] = field(default_factory=list)
    sockets: list[WebSocket] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None
    seq: int = 7

    def send(self, message: dict[str, Any]) -> None:
        assert self.loop is not None
        for socket in list(self.sockets):
            asyncio.run_coroutine_threadsafe(socket.send_json(message), self.loop).result(5)

    def drop(self) -> None:
        assert self.loop is not None
        for socket in list(self.sockets):
            asyncio.run_coroutine_threadsafe(socket.close(1011), self.loop).result(5)


@dataclass
class Site:
    url: str
    live: Live
    posts: list[tuple[str, dict[str, str], str]]


def make_app(live: Live, posts: list[tuple[str, dict[str, str], str]]) -> FastAPI:
    app = FastAPI()
    app.include_router(styleguide.router)
    app.mount("/static", StaticFiles(directory=STATIC))
    shown = {"count": 0}

    @app.middleware("http")
    async def policy(request: Request, call_next: RequestResponseEndpoint) -> Response:
        if request.method == "POST":
            posts.append((request.url.path, dict(request.headers), (await request.body()).decode(errors="replace")))
        answer = await call_next(request)
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    @app.get("/live-page")
    async def live_page(request: Request) -> Response:
        styleguide._furnish(request, live_url="/live")
        return render(request, "styleguide/live.html", {"count": 0})

    @app.get("/live-count")
    async def live_count() -> Response:
        shown["count"] += 1
        return Response(f"<b id='shown'>{shown['count']}</b>", media_type="text/html")

    @app.websocket("/live")
    async def live_socket(socket: WebSocket) -> None:
        await socket.accept()
        live.loop = asyncio.get_running_loop()
        live.sockets.append(socket)
        with suppress(WebSocketDisconnect, RuntimeError):
            live.heard.append(await socket.receive_json())
            await socket.send_json({"seq": live.seq})
            while True:
                live.heard.append(await socket.receive_json())
        live.sockets.remove(socket)

    return app


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    live = Live()
    posts: list[tuple[str, dict[str, str], str]] = []
    server = uvicorn.Server(
        uvicorn.Config(make_app(live, posts), port=0, log_level="error", lifespan="off", ws="websockets-sansio")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Site(f"http://127.0.0.1:{port}", live, posts)
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: while Playwright's sync interface is open, no async test can run in this process."""
    path = os.environ.get("VANTAGE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.fail("no Chromium: set VANTAGE_CHROMIUM, or install chromium, or leave these tests out with BROWSER=0")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1440, "height": 900})
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, site: Site) -> Iterator[Page]:
    """A page whose console must stay silent but for the refusals that a test provokes."""
    opened = context.new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    site.posts.clear()
    go = opened.goto

    def goto(url: str, **more: Any) -> Answer | None:
        answer = go(url, **more)
        if opened.locator("script[type=module]").count():
            opened.wait_for_function("document.documentElement.dataset.ready !== undefined")
        return answer

    opened.goto = goto  # type: ignore[method-assign]
    yield opened
    unexpected = [text for text in said if not text.startswith(("Failed to load resource", "WebSocket connection"))]
    assert unexpected == []


def triggers(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.headers.get("HX-Trigger", "{}"))
    return found
