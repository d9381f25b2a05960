"""A mind with a phone: the party at the end of a simulated call."""

from vantage.adapters.simulated_carrier.calls import Call
from vantage.adapters.simulated_carrier.party import Line, Ring
from vantage.adapters.simulated_carrier.people.mind import Mind, Reply

_SILENCE = 7.0
_THINKING = 0.6


class Person:
    """See `Party`."""

    simulated = True

    def __init__(self, character: str, mind: Mind, number: str, engaged: set[str]) -> None:
        """`engaged` is the town's set of numbers on the phone: a second call finds them busy."""
        self.label = character
        self._mind = mind
        self._number = number
        self._engaged = engaged
        self._holds_the_line = False

    async def ring(self, call: Call) -> Ring:
        """Let it ring in the simulation's time; the caller's patience (ring_timeout) ends it."""
        if self._number in self._engaged:
            return Ring("busy")
        self._engaged.add(self._number)
        self._holds_the_line = True
        pickup = self._mind.ring()
        timeout = float(call.request.ring_timeout)
        await call.clock.sleep(min(pickup.seconds, timeout))
        if pickup.seconds > timeout:
            return Ring("ring_timeout")
        return Ring(pickup.outcome, machine=pickup.machine)

    async def converse(self, line: Line) -> None:
        """Answer turn by turn until it is enough."""
        await line.clock.sleep(_THINKING)
        if await self._act(line, self._mind.pick_up()):
            return
        while True:
            heard = await line.turn(_SILENCE)
            reply = self._mind.silence() if heard is None else self._mind.hear(heard)
            await line.clock.sleep(_THINKING)
            if await self._act(line, reply):
                return

    async def _act(self, line: Line, reply: Reply) -> bool:
        for words in reply.words:
            await line.say(words)
        return reply.hang_up

    def interrupts(self, text: str) -> tuple[float, str] | None:
        """See `Party.interrupts`."""
        return self._mind.interrupts(text)

    def hears(self, text: str, *, done: bool, interrupted: bool = False) -> None:
        """A person takes in whole turns, through `Line.turn`."""

    def overheard(self) -> None:
        """See `Party.overheard`."""
        self._mind.overheard()

    def over(self, call: Call) -> None:  # noqa: ARG002 - a person has one call at a time
        """The line is free again."""
        if self._holds_the_line:
            self._engaged.discard(self._number)
