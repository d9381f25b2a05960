"""What the agent can do in the world during a call: the conversation's tools on our database."""

from datetime import date, datetime
from uuid import UUID

from vantage.features.calling.conversation.script import Criteria, Unit
from vantage.features.calling.conversation.understanding.models import Found, Understanding
from vantage.features.calling.dialler import store
from vantage.kernel.clock import Clock
from vantage.platform.database import Database


class CallTools:
    """Implements conversation.script.Tools for one call. Inventory is read at the second in which it is spoken of."""

    def __init__(self, database: Database, clock: Clock, organization_id: UUID, call_id: UUID) -> None:
        self._database = database
        self._clock = clock
        self._call = (organization_id, call_id)

    async def search_inventory(self, criteria: Criteria) -> list[Unit]:
        """Available units of the call's project; undisclosed prices stay undisclosed."""
        return await store.available_units(self._database, *self._call, criteria)

    async def record_intent(self, understanding: Understanding) -> None:
        """Nothing now: what was said is in the utterances, and is written to the lead when the call is closed."""

    async def schedule_callback(self, at: Found[object]) -> bool:
        """Whether that time can be promised: any time still to come; the windows move it if they must."""
        return _ahead(at.value, self._clock.now())

    async def book_site_visit(self, at: Found[object]) -> bool:
        """Whether the visit can be noted: any time still to come. It stands on the timeline for a person to confirm."""
        return _ahead(at.value, self._clock.now())

    async def transfer(self, reason: str) -> bool:  # noqa: ARG002 - the Protocol's
        """Nobody can be connected yet: the agent offers a call back by a person."""
        return False

    async def mark_do_not_call(self, reason: str) -> None:
        """Nothing now: the outcome says it, and closing the call writes it on the number."""

    async def end_call(self, reason: str) -> None:
        """Nothing now: the stream hangs up when the last words are spoken."""


def _ahead(value: object, now: datetime) -> bool:
    if isinstance(value, datetime):
        return value > now
    return isinstance(value, date) and value >= now.date()
