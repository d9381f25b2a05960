"""Webhooks: form-encoded, signed as Plivo signs, retried, and broken when a fault asks for it."""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx
import structlog
from plivo.utils.signature_v3 import construct_get_url, construct_post_url, get_signature_v3

from vantage.adapters.simulated_carrier.calls import Call
from vantage.adapters.simulated_carrier.config import CarrierConfig
from vantage.adapters.simulated_carrier.faults import Faults

log = structlog.get_logger("carrier")
_SERVER_ERROR = 500
_AT_ONCE = 48


def sign(method: str, url: str, form: dict[str, str], token: str) -> dict[str, str]:
    """The three headers that Plivo sends with a request to a customer's address."""
    nonce = secrets.token_hex(10)
    text = construct_get_url(url, dict(form)) if method == "GET" else construct_post_url(url, form)
    signature: str = get_signature_v3(token.encode(), bytes(text).decode(), nonce).decode()
    return {
        "X-Plivo-Signature-V3": signature,
        "X-Plivo-Signature-Ma-V3": signature,
        "X-Plivo-Signature-V3-Nonce": nonce,
    }


class Webhooks:
    """Sends every request that the carrier makes over HTTP, and remembers each for `/sim/`."""

    def __init__(self, config: CarrierConfig, faults: Faults) -> None:
        self._config = config
        self._faults = faults
        self._client = httpx.AsyncClient(
            trust_env=False,
            timeout=httpx.Timeout(config.webhook_timeout_seconds, pool=None),
            limits=httpx.Limits(max_connections=_AT_ONCE, max_keepalive_connections=_AT_ONCE),
        )
        # httpx looks through its whole queue at every request; a semaphore's queue is free.
        self._turnstile = asyncio.Semaphore(_AT_ONCE)
        self._held: dict[str, list[Callable[[], Awaitable[Any]]]] = defaultdict(list)
        self._late: set[asyncio.Task[Any]] = set()

    async def aclose(self) -> None:
        """Drop what is still late and close the connections."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        await self._client.aclose()

    async def tell(self, call: Call, kind: str, url: str, method: str, form: dict[str, str]) -> None:
        """Tell the customer of something; no answer is expected, and failure is only logged."""
        if not url:
            return

        async def send() -> None:
            await self._send(call, kind, url, method, form)

        held = self._held.pop(call.uuid, [])
        to = call.request.to
        if self._faults.strike("webhook.lose", to, kind):
            log.info("webhook lost on demand", call=call.uuid, kind=kind)
        elif delay := self._faults.strike("webhook.delay", to, kind):
            self._later(delay.seconds, send)
        elif self._faults.strike("webhook.reorder", to, kind):
            self._held[call.uuid].append(send)
            # The last webhook of a call has no next one to overtake it.
            self._later(2.0, lambda: self._release(call.uuid))
        else:
            await send()
            if self._faults.strike("webhook.double", to, kind):
                await send()
        for waiting in held:
            await waiting()

    async def ask(self, call: Call, kind: str, url: str, method: str, form: dict[str, str]) -> httpx.Response | None:
        """Ask the customer for XML; None when there is no usable (2xx) answer."""
        to = call.request.to
        if self._faults.strike("webhook.lose", to, kind):
            return None
        if delay := self._faults.strike("webhook.delay", to, kind):
            await asyncio.sleep(delay.seconds)
        response = await self._send(call, kind, url, method, form)
        if self._faults.strike("webhook.double", to, kind):
            response = await self._send(call, kind, url, method, form)
        return response if response is not None and response.is_success else None

    async def _release(self, uuid: str) -> None:
        for waiting in self._held.pop(uuid, []):
            await waiting()

    def _later(self, seconds: float, send: Callable[[], Awaitable[Any]]) -> None:
        async def wait() -> None:
            await asyncio.sleep(seconds)
            await send()

        task = asyncio.create_task(wait())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _send(self, call: Call, kind: str, url: str, method: str, form: dict[str, str]) -> httpx.Response | None:
        """One signed request, retried when the customer can't be reached or answers 5xx."""
        headers = sign(method, url, form, self._config.auth_token)
        if self._faults.strike("webhook.bad_signature", call.request.to, kind):
            headers["X-Plivo-Signature-V3"] = secrets.token_urlsafe(32)
            headers["X-Plivo-Signature-Ma-V3"] = headers["X-Plivo-Signature-V3"]
        response: httpx.Response | None = None
        for wait in (*self._config.webhook_retry_seconds, None):
            began = time.monotonic()
            try:
                async with self._turnstile:
                    if method == "GET":
                        response = await self._client.get(_with_query(url, form), headers=headers)
                    else:
                        response = await self._client.post(url, data=form, headers=headers)
            except httpx.HTTPError as error:
                response = None
                log.warning(
                    "webhook not delivered",
                    call=call.uuid,
                    kind=kind,
                    error=type(error).__name__,
                    seconds=round(time.monotonic() - began, 2),
                )
            if response is not None and response.status_code < _SERVER_ERROR:
                break
            if wait is None:
                break
            await asyncio.sleep(wait)
        if response is not None and not response.is_success:
            log.warning("webhook refused", call=call.uuid, kind=kind, status=response.status_code)
        return response


def _with_query(url: str, form: dict[str, str]) -> str:
    parts = urlsplit(url)
    query = "&".join(piece for piece in (parts.query, urlencode(form)) if piece)
    return urlunsplit(parts._replace(query=query))
