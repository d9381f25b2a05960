"""Plivo's call API: /v1/Account/{auth_id}/Call/, answered as Plivo answers."""

import asyncio
import hmac
import json
import operator
import re
import uuid
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vantage.adapters.simulated_carrier.calls import Call, CallRequest
from vantage.adapters.simulated_carrier.config import CarrierConfig
from vantage.adapters.simulated_carrier.faults import Faults
from vantage.adapters.simulated_carrier.switchboard import Switchboard

Handler = Callable[[Request], Awaitable[Response]]

_NUMBER = re.compile(r"\+?[1-9]\d{6,14}")
_URL = re.compile(r"https?://\S+")
_METHODS = ("GET", "POST")
_URLS = ("answer_url", "hangup_url", "ring_url", "fallback_url", "machine_detection_url")
_MOST_DESTINATIONS = 1000
_LONGEST_RING = 120
_PAGE = 20


class BadRequest(Exception):
    """What Plivo answers with 400; the text is its `error`."""


def error(status: int, text: str) -> JSONResponse:
    """An error in Plivo's shape."""
    return JSONResponse({"api_id": str(uuid.uuid4()), "error": text}, status)


def guarded(config: CarrierConfig, handler: Handler) -> Handler:
    """HTTP Basic with auth id and token, and JSON errors."""

    async def wrapped(request: Request) -> Response:
        if not _knows(request, config):
            return error(
                401,
                "Could not verify your access level for that URL. You have to login with proper credentials.",
            )
        if request.path_params.get("auth_id", config.auth_id) != config.auth_id:
            return error(404, "not found")
        try:
            return await handler(request)
        except BadRequest as problem:
            return error(400, str(problem))

    return wrapped


def _knows(request: Request, config: CarrierConfig) -> bool:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        given = b64decode(encoded, validate=True)
    except (Base64Error, ValueError):
        return False
    return hmac.compare_digest(given, f"{config.auth_id}:{config.auth_token}".encode())


async def json_body(request: Request) -> dict[str, Any]:
    """The request's JSON object, or its form. Raises BadRequest."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(await request.form())
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError as problem:
        raise BadRequest("invalid json body") from problem
    if not isinstance(body, dict):
        raise BadRequest("invalid json body")
    return body


class CallApi:
    """The handlers."""

    def __init__(self, config: CarrierConfig, switchboard: Switchboard, faults: Faults) -> None:
        self._config = config
        self._switchboard = switchboard
        self._faults = faults

    def routes(self) -> list[Route]:
        """All routes, behind Basic authentication."""
        base = "/v1/Account/{auth_id}/Call/"
        table: list[tuple[str, str, Handler]] = [
            (base, "POST", self.create),
            (base, "GET", self.list),
            (base + "{uuid}/", "GET", self.get),
            (base + "{uuid}/", "POST", self.transfer),
            (base + "{uuid}/", "DELETE", self.hangup),
        ]
        return [Route(path, guarded(self._config, handler), methods=[method]) for path, method, handler in table]

    async def create(self, request: Request) -> Response:
        """Place one call, or one to each of several numbers divided by `<`."""
        wishes = _read(await json_body(request))
        first = wishes[0].to
        if self._faults.strike("create.refuse", first):
            return error(400, "refused on demand")
        if self._faults.strike("create.throttle", first):
            return JSONResponse(
                {"api_id": str(uuid.uuid4()), "error": "too many requests"},
                429,
                {"Retry-After": "1"},
            )
        calls = [self._switchboard.place(wish) for wish in wishes]
        if slow := self._faults.strike("create.hang", first):
            await asyncio.sleep(slow.seconds)
        if self._faults.strike("create.error", first):
            return error(500, "internal error on demand")
        one = len(calls) == 1
        return JSONResponse(
            {
                "api_id": str(uuid.uuid4()),
                "message": "call fired" if one else "calls fired",
                "request_uuid": calls[0].uuid if one else [call.uuid for call in calls],
            },
            201,
        )

    async def hangup(self, request: Request) -> Response:
        """End a call, or cancel a queued one."""
        if self._switchboard.hangup(request.path_params["uuid"]):
            return Response(status_code=204)
        return error(404, "call not found")

    async def transfer(self, request: Request) -> Response:
        """Give the person's leg a new answer address."""
        body = await json_body(request)
        if str(body.get("legs", "aleg")) != "aleg":
            raise BadRequest("legs: this carrier transfers the aleg only")
        url = str(body.get("aleg_url") or "")
        if not _URL.fullmatch(url):
            raise BadRequest("aleg_url is missing or is not a valid URL")
        method = _method(body, "aleg_method")
        call_uuid = request.path_params["uuid"]
        if not self._switchboard.transfer(call_uuid, url, method):
            return error(404, "call not found")
        return JSONResponse(
            {
                "api_id": str(uuid.uuid4()),
                "message": "transfer executed",
                "call_uuids": [call_uuid],
            },
            202,
        )

    async def get(self, request: Request) -> Response:
        """The record of an ended call; with ?status=live or queued the call in progress."""
        call = self._switchboard.calls.get(request.path_params["uuid"])
        status = request.query_params.get("status")
        if call is None or _state(call) != (status or "ended"):
            return error(404, "call not found")
        shown = call.live_record() if status else call.detail_record(self._config.auth_id, self._config.rate_per_minute)
        return JSONResponse({"api_id": str(uuid.uuid4()), **shown})

    async def list(self, request: Request) -> Response:
        """Records of ended calls by page, newest first; or uuids of live or queued calls."""
        query = request.query_params
        calls = self._switchboard.calls.values()
        if status := query.get("status"):
            uuids = [call.uuid for call in calls if _state(call) == status]
            return JSONResponse({"api_id": str(uuid.uuid4()), "calls": uuids})
        limit, offset = _page(query.get("limit"), query.get("offset"))
        chosen = [call for call in calls if call.ended and _matches(call, query)]
        chosen.sort(key=lambda call: call.ended_at or call.created_at, reverse=True)
        base = f"/v1/Account/{self._config.auth_id}/Call/?limit={limit}&offset="
        return JSONResponse(
            {
                "api_id": str(uuid.uuid4()),
                "meta": {
                    "limit": limit,
                    "offset": offset,
                    "count": len(chosen),
                    "next": f"{base}{offset + limit}" if offset + limit < len(chosen) else None,
                    "previous": f"{base}{max(0, offset - limit)}" if offset else None,
                },
                "objects": [
                    call.detail_record(self._config.auth_id, self._config.rate_per_minute)
                    for call in chosen[offset : offset + limit]
                ],
            }
        )


def _state(call: Call) -> str:
    if call.ended:
        return "ended"
    return "queued" if call.status == "queued" else "live"


def _page(limit: str | None, offset: str | None) -> tuple[int, int]:
    try:
        wanted, start = int(limit or _PAGE), int(offset or 0)
    except ValueError as problem:
        raise BadRequest("limit and offset must be whole numbers") from problem
    if not 0 < wanted <= _PAGE or start < 0:
        raise BadRequest(f"limit must be 1 to {_PAGE}, offset 0 or more")
    return wanted, start


def _matches(call: Call, query: Any) -> bool:
    def digits(name: str) -> str:
        return str(query.get(name, "")).strip().lstrip("+")

    if digits("to_number") not in ("", call.request.to):
        return False
    if digits("from_number") not in ("", call.request.from_number):
        return False
    if query.get("hangup_cause_code") not in (None, str(call.cause.code if call.cause else "")):
        return False
    ended = (call.ended_at or call.created_at).replace(tzinfo=None)
    tests: dict[str, Callable[[datetime, datetime], bool]] = {
        "end_time__gte": operator.ge,
        "end_time__gt": operator.gt,
        "end_time__lte": operator.le,
        "end_time__lt": operator.lt,
    }
    for name, test in tests.items():
        if value := query.get(name):
            try:
                at = datetime.fromisoformat(value).replace(tzinfo=None)
            except ValueError as problem:
                raise BadRequest(f"{name} must look like 2026-01-31 09:30:00 (UTC)") from problem
            if not test(ended, at):
                return False
    return True


def _method(body: dict[str, Any], name: str) -> str:
    method = str(body.get(name) or "POST").upper()
    if method not in _METHODS:
        raise BadRequest(f"{name} must be GET or POST")
    return method


def _number(value: object, name: str) -> str:
    number = re.sub(r"[\s()-]", "", str(value or ""))
    if not number:
        raise BadRequest(f"{name} parameter is missing")
    if not _NUMBER.fullmatch(number):
        raise BadRequest(f"{name} parameter is not a valid phone number")
    return number.lstrip("+")


def _whole(body: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = body.get(name)
    if value is None or value == "":
        return default
    try:
        whole = int(value)
    except (TypeError, ValueError) as problem:
        raise BadRequest(f"{name} must be a whole number") from problem
    if not least <= whole <= most:
        raise BadRequest(f"{name} must be {least} to {most}")
    return whole


def _read(body: dict[str, Any]) -> list[CallRequest]:
    """The calls that a body asks for. Raises BadRequest."""
    from_number = _number(body.get("from"), "from")
    destinations = [_number(one, "to") for one in str(body.get("to") or "").split("<")]
    if len(destinations) > _MOST_DESTINATIONS:
        raise BadRequest(f"to parameter holds more than {_MOST_DESTINATIONS} numbers")
    if from_number in destinations:
        raise BadRequest("src and destination cannot overlap")
    urls = {name: str(body.get(name) or "") for name in _URLS}
    if not urls["answer_url"]:
        raise BadRequest("answer_url parameter is missing")
    for name, url in urls.items():
        if url and not _URL.fullmatch(url):
            raise BadRequest(f"{name} parameter is not a valid URL")
    detection = str(body.get("machine_detection") or "").lower()
    if detection not in ("", "true", "false", "hangup"):
        raise BadRequest("machine_detection must be true or hangup")
    return [
        CallRequest(
            from_number=from_number,
            to=to,
            answer_url=urls["answer_url"],
            hangup_url=urls["hangup_url"],
            ring_url=urls["ring_url"],
            fallback_url=urls["fallback_url"],
            machine_detection_url=urls["machine_detection_url"],
            answer_method=_method(body, "answer_method"),
            hangup_method=_method(body, "hangup_method"),
            ring_method=_method(body, "ring_method"),
            fallback_method=_method(body, "fallback_method"),
            machine_detection=detection,
            machine_detection_method=_method(body, "machine_detection_method"),
            ring_timeout=_whole(body, "ring_timeout", _LONGEST_RING, 0, 600) or _LONGEST_RING,
            time_limit=_whole(body, "time_limit", 14400, 1, 86400),
            caller_name=str(body.get("caller_name") or "")[:50],
        )
        for to in destinations
    ]
