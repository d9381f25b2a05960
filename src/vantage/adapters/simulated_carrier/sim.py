"""What no real carrier offers: faults on demand, who sits where, what was really said.

Behind the same credentials as the call API. Words are in `/sim/calls`, so that a test can compare
what the customer wrote down with what was said.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vantage.adapters.simulated_carrier.calls import Call
from vantage.adapters.simulated_carrier.config import CarrierConfig
from vantage.adapters.simulated_carrier.faults import KINDS, Fault, Faults
from vantage.adapters.simulated_carrier.people import Town
from vantage.adapters.simulated_carrier.people.characters import CHARACTERS
from vantage.adapters.simulated_carrier.rest import BadRequest, error, guarded, json_body
from vantage.adapters.simulated_carrier.switchboard import Switchboard


class SimApi:
    """The handlers under `/sim/`."""

    def __init__(self, config: CarrierConfig, switchboard: Switchboard, faults: Faults, town: Town) -> None:
        self._config = config
        self._switchboard = switchboard
        self._faults = faults
        self._town = town

    def routes(self) -> list[Route]:
        """All routes."""
        table = [
            ("/sim/faults", "GET", self.list_faults),
            ("/sim/faults", "POST", self.add_fault),
            ("/sim/faults", "DELETE", self.clear_faults),
            ("/sim/calls", "GET", self.list_calls),
            ("/sim/calls/{uuid}", "GET", self.get_call),
            ("/sim/people/{number}", "GET", self.get_person),
            ("/sim/people/{number}", "PUT", self.seat),
        ]
        return [Route(path, guarded(self._config, handler), methods=[method]) for path, method, handler in table]

    async def list_faults(self, request: Request) -> Response:  # noqa: ARG002 - a route
        """The rules in force, and the kinds there are."""
        return JSONResponse({"faults": self._faults.listed(), "kinds": KINDS})

    async def add_fault(self, request: Request) -> Response:
        """Put a rule in force: kind, event, to, count, seconds, after."""
        body = await json_body(request)
        try:
            fault = self._faults.add(
                Fault(
                    kind=str(body["kind"]),
                    event=str(body.get("event", "*")),
                    to=str(body.get("to", "*")),
                    count=int(body.get("count", 1)),
                    seconds=float(body.get("seconds", 0)),
                    after=int(body.get("after", 1)),
                )
            )
        except KeyError as problem:
            raise BadRequest(f"kind is missing; there are: {', '.join(KINDS)}") from problem
        except (TypeError, ValueError) as problem:
            raise BadRequest(str(problem)) from problem
        return JSONResponse({"id": fault.id}, 201)

    async def clear_faults(self, request: Request) -> Response:  # noqa: ARG002 - a route
        """Nothing goes wrong any more."""
        self._faults.clear()
        return Response(status_code=204)

    async def list_calls(self, request: Request) -> Response:
        """All calls, oldest first, with what was said; `?to=` narrows to one number."""
        to = request.query_params.get("to", "").strip().lstrip("+")
        return JSONResponse(
            {"calls": [_shown(call) for call in self._switchboard.calls.values() if to in ("", call.request.to)]}
        )

    async def get_call(self, request: Request) -> Response:
        """One call with what was said."""
        call = self._switchboard.calls.get(request.path_params["uuid"])
        return error(404, "call not found") if call is None else JSONResponse(_shown(call))

    async def get_person(self, request: Request) -> Response:
        """Who sits at the number, with the secret."""
        number = request.path_params["number"].lstrip("+")
        wishes = self._town.wishes_at(number)
        return JSONResponse(
            {
                "number": number,
                "character": self._town.character_at(number),
                "wishes": {name: getattr(wishes, name) for name in wishes.__dataclass_fields__},
            }
        )

    async def seat(self, request: Request) -> Response:
        """Seat a character at the number: {"character": "busy"}."""
        character = str((await json_body(request)).get("character", ""))
        if character not in CHARACTERS:
            raise BadRequest(f"character: one of {', '.join(CHARACTERS)}")
        self._town.pin(request.path_params["number"].lstrip("+"), character)
        return Response(status_code=204)


def _shown(call: Call) -> dict[str, Any]:
    return {
        "uuid": call.uuid,
        "to": call.request.to,
        "from": call.request.from_number,
        "party": call.party,
        "status": call.status,
        "ended": call.ended,
        "hangup_code": call.cause.code if call.cause else None,
        "hangup_source": call.source,
        "duration": call.duration,
        "said": [
            {
                "speaker": spoken.speaker,
                "text": spoken.text,
                "at_ms": spoken.at_ms,
                "until_ms": spoken.until_ms,
                "interrupted": spoken.interrupted,
            }
            for spoken in call.said
        ],
    }
