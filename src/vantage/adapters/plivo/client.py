"""A thin client of Plivo's call API.

Not the official SDK: that one posts a call up to three times when the server answers 5xx, and a
call is not idempotent. This one sends each request exactly once and tells "not placed" from
"may have been placed".
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx

from vantage.features.calling.carrier import (
    CarrierCall,
    CarrierCallState,
    CarrierNotReached,
    CarrierRefused,
    CarrierThrottled,
    CarrierUnknown,
    Dial,
    Dialled,
)

PLIVO_API = "https://api.plivo.com"
_NOT_FOUND = 404
_TOO_MANY = 429
_PAGE = 20


class PlivoCarrier:
    """Calls over Plivo's REST API, or over anything that speaks it.

    `base_url` is the address before `/v1/Account`. `client` may be shared; when none is given,
    one is made and `aclose` closes it.
    """

    def __init__(
        self,
        auth_id: str,
        auth_token: str,
        *,
        base_url: str = PLIVO_API,
        timeout_seconds: float = 10.0,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._account = f"{base_url.rstrip('/')}/v1/Account/{auth_id}"
        self._auth = httpx.BasicAuth(auth_id, auth_token)
        self._timeout = timeout_seconds
        self._owned = client is None
        # httpx retries nothing by default; a proxy of the environment is for Plivo itself only.
        self._client = client or httpx.AsyncClient(trust_env=base_url == PLIVO_API)

    async def aclose(self) -> None:
        """Close the connections, unless the client was handed in."""
        if self._owned:
            await self._client.aclose()

    async def dial(self, call: Dial) -> Dialled:
        """Place one call; see `Carrier.dial`."""
        body: dict[str, object] = {
            "from": call.caller_id,
            "to": call.to,
            "answer_url": call.answer_url,
            "answer_method": "POST",
            "hangup_url": call.hangup_url,
            "hangup_method": "POST",
            "ring_timeout": call.ring_timeout_seconds,
            "time_limit": call.time_limit_seconds,
        }
        if call.ring_url:
            body |= {"ring_url": call.ring_url, "ring_method": "POST"}
        if call.machine_detection_url:
            body |= {
                "machine_detection": "true",
                "machine_detection_url": call.machine_detection_url,
                "machine_detection_method": "POST",
            }
        answer = _json(await self._send("POST", "/Call/", json=body))
        uuid = answer.get("request_uuid")
        if not isinstance(uuid, str) or not uuid:
            raise CarrierUnknown("The carrier accepted the call without naming it: ask `find` before dialling again.")
        return Dialled(uuid)

    async def hangup(self, uuid: str) -> bool:
        """End or cancel a call; False when there is none in progress."""
        response = await self._send("DELETE", f"/Call/{uuid}/", missing_is_fine=True)
        return response.status_code != _NOT_FOUND

    async def fetch(self, uuid: str) -> CarrierCall | None:
        """The call's record if it ended, else its live or queued state, else None."""
        for state in ("ended", "live", "queued"):
            params = {} if state == "ended" else {"status": state}
            response = await self._send("GET", f"/Call/{uuid}/", params=params, missing_is_fine=True)
            if response.status_code != _NOT_FOUND:
                return _call(_json(response), state)
        return None

    async def find(self, to: str, since: datetime) -> list[CarrierCall]:
        """Calls to this number in progress, or ended since `since` (UTC)."""
        found: dict[str, CarrierCall] = {}
        # Queued before live before ended: a call only moves forward, so none slips between.
        for state in ("queued", "live"):
            listed = _json(await self._send("GET", "/Call/", params={"status": state}))
            for uuid in listed.get("calls", []):
                call = await self.fetch(str(uuid))
                if call is not None and _digits(call.to) == _digits(to):
                    found[call.call_uuid] = call
        offset = 0
        while True:
            page = _json(
                await self._send(
                    "GET",
                    "/Call/",
                    params={
                        "to_number": _digits(to),
                        "end_time__gte": since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
                        "limit": str(_PAGE),
                        "offset": str(offset),
                    },
                )
            )
            records = page.get("objects", [])
            for record in records:
                ended = _call(record, "ended")
                found[ended.call_uuid] = ended
            offset += _PAGE
            if len(records) < _PAGE:
                return list(found.values())

    async def _send(
        self,
        method: str,
        path: str,
        *,
        json: Mapping[str, object] | None = None,
        params: Mapping[str, str] | None = None,
        missing_is_fine: bool = False,
    ) -> httpx.Response:
        """One request, sent once.

        Raises CarrierNotReached, CarrierRefused, CarrierThrottled, CarrierUnknown.
        """
        try:
            response = await self._client.request(
                method,
                self._account + path,
                json=json,
                params=params,
                auth=self._auth,
                timeout=self._timeout,
                follow_redirects=False,
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise CarrierNotReached(f"No connection to the carrier at {self._account}: {error}") from error
        except httpx.HTTPError as error:
            raise CarrierUnknown(f"The carrier did not answer {method} {path}: {type(error).__name__}") from error
        status = response.status_code
        if response.is_success or (missing_is_fine and status == _NOT_FOUND):
            return response
        if status == _TOO_MANY:
            wish = response.headers.get("retry-after", "")
            raise CarrierThrottled(_reason(response), float(wish) if wish.isdigit() else None)
        if response.is_client_error:
            raise CarrierRefused(status, _reason(response))
        raise CarrierUnknown(f"The carrier answered {method} {path} with {status}.")


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError as error:
        raise CarrierUnknown("The carrier's answer is not JSON.") from error
    if not isinstance(body, dict):
        raise CarrierUnknown("The carrier's answer is not a JSON object.")
    return body


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"])
    except (ValueError, KeyError, TypeError):
        return response.text[:200] or response.reason_phrase


def _digits(number: str) -> str:
    return "".join(character for character in number if character.isdigit())


def _instant(value: object) -> datetime | None:
    if not isinstance(value, str) or not value:
        return None
    instant = datetime.fromisoformat(value)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _call(record: Mapping[str, Any], state: str) -> CarrierCall:
    """Both shapes that Plivo has: the detail record, and the live or queued call."""
    if state != "ended":
        moving: CarrierCallState = "live" if state == "live" else "queued"
        return CarrierCall(
            call_uuid=str(record["call_uuid"]),
            state=moving,
            to="+" + _digits(str(record.get("to", ""))),
            caller_id="+" + _digits(str(record.get("from", ""))),
        )
    code = record.get("hangup_cause_code")
    return CarrierCall(
        call_uuid=str(record["call_uuid"]),
        state="ended",
        to="+" + _digits(str(record.get("to_number", ""))),
        caller_id="+" + _digits(str(record.get("from_number", ""))),
        answered_at=_instant(record.get("answer_time")),
        ended_at=_instant(record.get("end_time")),
        duration_seconds=int(record.get("call_duration") or 0),
        cost=Decimal(str(record.get("total_amount") or "0")),
        hangup_code=int(code) if code is not None else None,
        hangup_name=record.get("hangup_cause_name"),
        hangup_source=record.get("hangup_source"),
    )
