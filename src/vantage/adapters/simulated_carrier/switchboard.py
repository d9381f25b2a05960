"""The life of every call: queued, ringing, answered, instructed by XML, ended, recorded."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import structlog

from vantage.adapters.simulated_carrier.answer_xml import (
    DialOut,
    Hangup,
    Instruction,
    InvalidXml,
    Redirect,
    Speak,
    Stream,
    Wait,
    parse,
)
from vantage.adapters.simulated_carrier.calls import Call, CallClock, CallRequest, Ended
from vantage.adapters.simulated_carrier.config import CarrierConfig
from vantage.adapters.simulated_carrier.faults import Faults
from vantage.adapters.simulated_carrier.journal import Journal
from vantage.adapters.simulated_carrier.party import Party, Ring, speaking_seconds
from vantage.adapters.simulated_carrier.stream import TEXT, MediaStream
from vantage.adapters.simulated_carrier.webhooks import Webhooks

log = structlog.get_logger("carrier")

_UNANSWERED = {
    "busy": 3010,
    "rejected": 3020,
    "no_answer": 3000,
    "ring_timeout": 6010,
    "out_of_service": 2010,
    "invalid": 2000,
}
_DIAL_STATUS = {"busy": "busy", "rejected": "busy", "ring_timeout": "timeout"}
_SOURCES = {"busy": "Callee", "rejected": "Callee", "ring_timeout": "Plivo"}
_MAX_REDIRECTS = 30
_MOST_CALLS = 100_000
_NO_SOUND = (
    'This carrier has no sound yet: only <Stream bidirectional="true" contentType="text/plain;charset=utf-8"> works.'
)


@dataclass(frozen=True, slots=True)
class Next:
    """Where the next document is, and the code (7011 to 7014) of a failure to get it."""

    url: str
    method: str
    failure: int
    extra: Mapping[str, str] = field(default_factory=dict)


class Switchboard:
    """All calls, in progress and ended, and the tasks that run them."""

    def __init__(
        self,
        config: CarrierConfig,
        faults: Faults,
        find_party: Callable[[str], Party],
    ) -> None:
        self._config = config
        self._faults = faults
        self._find_party = find_party
        self._journal = Journal(config.journal)
        self._webhooks = Webhooks(config, faults)
        self._queue: asyncio.Queue[Call] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.calls: dict[str, Call] = {}

    async def start(self) -> None:
        """Take up where the last process stopped: calls that it cut off end as failed."""
        calls = self._journal.read()
        cut_off = [call for call in calls if not call.ended]
        self.calls = {call.uuid: call for call in calls}
        for call in cut_off:
            call.close(Ended(9000, "Plivo"), self._config.rate_per_minute)
            # Even when it had been answered: nobody knows how it went, and nobody is billed.
            call.status = "failed"
            call.duration, call.bill_duration, call.cost = 0, 0, call.cost * 0
            self._spawn(self._tell_end(call))
        self._journal.rewrite(calls)
        self._spawn(self._dispatch())

    async def stop(self) -> None:
        """Stop at once. With a journal, the calls in progress end at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._webhooks.aclose()

    def place(self, request: CallRequest) -> Call:
        """Take a call; it starts when the rate of calls per second allows."""
        call = Call(request)
        self._forget_oldest()
        self.calls[call.uuid] = call
        self._journal.write(call)
        self._queue.put_nowait(call)
        return call

    def hangup(self, uuid: str) -> bool:
        """End or cancel a call on the customer's request; False when there is none."""
        call = self.calls.get(uuid)
        if call is None or call.ended or call.end.is_set():
            return False
        call.finish(Ended(4000 if call.answered_at else 1000, "API Request"))
        return True

    def transfer(self, uuid: str, url: str, method: str) -> bool:
        """Give the call new instructions; False when it is not in progress."""
        call = self.calls.get(uuid)
        if call is None or call.ended or call.answered_at is None:
            return False
        call.transfer = (url, method)
        call.transferred.set()
        return True

    def _forget_oldest(self) -> None:
        """Keep memory bounded in a demonstration that runs for weeks."""
        surplus = len(self.calls) - _MOST_CALLS
        ended = (uuid for uuid, call in self.calls.items() if call.ended)
        for uuid in list(islice(ended, max(0, surplus))):
            del self.calls[uuid]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _dispatch(self) -> None:
        """Start queued calls in order, no faster than the account may."""
        while True:
            call = await self._queue.get()
            self._spawn(self._run(call))
            if self._config.calls_per_second:
                await asyncio.sleep(1 / self._config.calls_per_second)

    async def _run(self, call: Call) -> None:
        party: Party | None = None
        try:
            if call.end_as is not None:
                raise call.end_as
            party = self._find_party(call.request.to)
            call.party = party.label
            call.clock = CallClock(
                self._config.speed if party.simulated else self._config.handset_speed,
                simulated=party.simulated,
            )
            await self._until_told_to_end(call, self._ring_and_talk(call, party))
            end = Ended(4010, "Plivo")
        except Ended as ended:
            end = ended
        except Exception:
            log.exception("the carrier broke a call", call=call.uuid)
            end = Ended(9000, "Plivo")
        call.close(end, self._config.rate_per_minute)
        call.end.set()
        self._journal.write(call)
        if party is not None:
            party.over(call)
        await self._tell_end(call)

    async def _until_told_to_end(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        """Run the call until it is over or somebody ends it from outside."""
        running = asyncio.create_task(work)
        told = asyncio.create_task(call.end.wait())
        try:
            await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
            if call.end_as is not None:
                raise call.end_as
            running.result()
        finally:
            for task in (running, told):
                task.cancel()
            await asyncio.gather(running, told, return_exceptions=True)

    async def _ring_and_talk(self, call: Call, party: Party) -> None:
        call.started_at = datetime.now(UTC)
        call.status = "ringing"
        await self._tell(call, "ring", "Ring", call.request.ring_url, call.request.ring_method)
        ring = await party.ring(call)
        if ring.outcome != "answered":
            raise Ended(_UNANSWERED[ring.outcome], _SOURCES.get(ring.outcome, "Carrier"))
        call.clock = CallClock(call.clock.speed, simulated=party.simulated)
        call.answered_at = datetime.now(UTC)
        call.status = "in-progress"
        call.machine = ring.machine
        self._journal.write(call)
        self._spawn(self._limit(call))
        extra = await self._detect_machine(call, ring)
        await self._obey(call, party, extra)

    async def _limit(self, call: Call) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_longest(call)):
                await call.end.wait()
            return
        if not call.ended:
            call.finish(Ended(4020, "Plivo"))

    async def _detect_machine(self, call: Call, ring: Ring) -> dict[str, str]:
        """Machine detection as asked: to its own address meanwhile, else with the answer."""
        wish = call.request.machine_detection
        if wish not in ("true", "hangup"):
            return {}
        verdict = {"Machine": "true" if ring.machine else "false"}
        if call.request.machine_detection_url:

            async def report() -> None:
                await asyncio.sleep(call.clock.wall(2.5))
                if call.ended:
                    return
                await self._tell(
                    call,
                    "machine",
                    "MachineDetection",
                    call.request.machine_detection_url,
                    call.request.machine_detection_method,
                    verdict,
                )
                if wish == "hangup" and ring.machine:
                    call.finish(Ended(9100, "Plivo"))

            self._spawn(report())
            return {}
        if wish == "hangup" and ring.machine:
            raise Ended(9100, "Plivo")
        return verdict

    async def _obey(self, call: Call, party: Party, extra: dict[str, str]) -> None:
        """Ask for instructions and carry them out, again after each redirect or transfer."""
        request = call.request
        first = Next(request.answer_url, request.answer_method, 7011, extra)
        document = await self._fetch(call, "StartApp", first)
        for _ in range(_MAX_REDIRECTS):
            following = await self._carry_out(call, party, document)
            if following is None:
                raise Ended(4010, "Plivo")
            document = await self._fetch(call, "Redirect", following)
        raise Ended(8014, "Error")

    async def _fetch(self, call: Call, event: str, at: Next) -> list[Instruction]:
        form = call.webhook(event, self._config.rate_per_minute) | dict(at.extra)
        response = await self._webhooks.ask(call, "answer", at.url, at.method, form)
        if response is None and call.request.fallback_url and event == "StartApp":
            response = await self._webhooks.ask(
                call, "answer", call.request.fallback_url, call.request.fallback_method, form
            )
        if response is None:
            raise Ended(at.failure, "Error")
        try:
            return parse(response.content)
        except InvalidXml as error:
            log.warning("answer is not valid", call=call.uuid, error=str(error))
            call.note("carrier", f"Invalid XML: {error}")
            raise Ended(at.failure + 1000, "Error") from error

    async def _carry_out(self, call: Call, party: Party, document: list[Instruction]) -> Next | None:
        """Run a document; returns the address that follows it, or None at its end."""
        run = asyncio.create_task(self._elements(call, party, document))
        moved = asyncio.create_task(call.transferred.wait())
        try:
            await asyncio.wait({run, moved}, return_when=asyncio.FIRST_COMPLETED)
            if call.transfer is not None:
                url, method = call.transfer
                call.transfer = None
                call.transferred.clear()
                return Next(url, method, 7013)
            return run.result()
        finally:
            for task in (run, moved):
                task.cancel()
            await asyncio.gather(run, moved, return_exceptions=True)

    async def _elements(self, call: Call, party: Party, document: list[Instruction]) -> Next | None:
        beside: list[asyncio.Task[None]] = []
        try:
            for element in document:
                match element:
                    case Speak():
                        for _ in range(element.loop):
                            await self._announce(call, party, element.text)
                    case Wait():
                        await call.clock.sleep(element.seconds)
                    case Redirect():
                        return Next(element.url, element.method, 7014)
                    case Hangup(schedule=schedule) if schedule > 0:
                        self._spawn(self._hang_up_later(call, schedule))
                    case Hangup():
                        code = {"rejected": 3020, "busy": 3010}.get(element.reason, 4000)
                        raise Ended(code, "Answer XML")
                    case Stream() if not (element.bidirectional and element.content_type.startswith(TEXT)):
                        call.note("carrier", _NO_SOUND)
                        raise Ended(8011, "Error")
                    case Stream() if element.keep_call_alive:
                        await self._stream(call, party, element)
                    case Stream():
                        beside.append(asyncio.create_task(self._stream(call, party, element)))
                    case DialOut():
                        if following := await self._dial_out(call, party, element):
                            return following
            return None
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _announce(self, call: Call, party: Party, text: str) -> None:
        call.note("agent", text, speaking_seconds(text))
        await call.clock.sleep(speaking_seconds(text))
        party.hears(text, done=True)

    async def _hang_up_later(self, call: Call, seconds: float) -> None:
        await asyncio.sleep(call.clock.wall(seconds))
        if not call.ended:
            call.finish(Ended(4020, "Answer XML"))

    async def _stream(self, call: Call, party: Party, element: Stream) -> None:
        def drop_after() -> int | None:
            fault = self._faults.strike("stream.drop", call.request.to)
            return fault.after if fault else None

        stream = MediaStream(call, element, party, self._config.auth_id, drop_after)

        async def status(event: str) -> None:
            await self._tell(
                call,
                "stream",
                event,
                element.status_callback_url,
                element.status_callback_method,
                {
                    "StreamID": stream.id,
                    "ServiceURL": element.url,
                    "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"),
                },
            )

        self._spawn(status("StartStream"))
        end = await stream.run()
        if end == "dropped":
            self._spawn(status("DroppedStream"))
        else:
            self._spawn(status("StopStream"))
        if end == "party":
            raise Ended(4000, "Callee")

    async def _dial_out(self, call: Call, party: Party, element: DialOut) -> Next | None:
        """Ring the numbers one after the other; whoever answers talks half a minute.

        The two parties' words are not carried between them: what a customer's software sees of
        a transfer (status, action address, times) is all that is simulated.
        """
        status = "no-answer"
        for number in element.numbers:
            leg = Call(
                CallRequest(
                    from_number=element.caller_id or call.request.from_number,
                    to=number,
                    answer_url="",
                    ring_timeout=int(element.timeout),
                ),
                clock=CallClock(call.clock.speed),
            )
            other = self._find_party(number)
            try:
                ring = await other.ring(leg)
                if ring.outcome == "answered":
                    status = "completed"
                    leg.answered_at = datetime.now(UTC)
                    call.note("carrier", f"Connected to {number}.")
                    party.hears("[You are connected to a colleague.]", done=True)
                    await call.clock.sleep(30.0)
                    break
                status = _DIAL_STATUS.get(ring.outcome, "no-answer")
            finally:
                leg.close(Ended(4000 if leg.answered_at else 1000, "Caller"), self._config.rate_per_minute)
                other.over(leg)
        if not element.action:
            return None
        if element.redirect:
            return Next(element.action, element.method, 7012, {"DialStatus": status})
        await self._tell(call, "answer", "Dial", element.action, element.method, {"DialStatus": status})
        return None

    async def _tell(
        self,
        call: Call,
        kind: str,
        event: str,
        url: str,
        method: str,
        extra: dict[str, str] | None = None,
    ) -> None:
        form = call.webhook(event, self._config.rate_per_minute) | (extra or {})
        await self._webhooks.tell(call, kind, url, method, form)

    async def _tell_end(self, call: Call) -> None:
        """The hang-up webhook; to the answer address when no other was given, as Plivo does."""
        request = call.request
        url = request.hangup_url or request.answer_url
        method = request.hangup_method if request.hangup_url else request.answer_method
        await self._tell(call, "hangup", "Hangup", url, method)


def _longest(call: Call) -> float:
    """Real seconds that the call may last; a fast simulation still gets a minute."""
    asked = float(call.request.time_limit)
    return call.clock.wall(asked) or min(60.0, asked)
