"""Claim due calls, judge the hour at the moment of dialling, write the row, dial. Never twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from vantage.features.calling.carrier import (
    Carrier,
    CarrierCall,
    CarrierError,
    CarrierNotReached,
    CarrierRefused,
    CarrierThrottled,
    CarrierUnknown,
    Dial,
)
from vantage.features.calling.dialler import store
from vantage.features.calling.dialler.finish import Ended, finish_call
from vantage.features.calling.dialler.store import Begun, Claimed, Orphan
from vantage.features.calling.dialler.tokens import CallTokens
from vantage.features.calling.rules.eligibility import MOST_CALLS_A_DAY
from vantage.features.calling.rules.outcomes import read_carrier
from vantage.features.calling.rules.windows import CampaignHours, legal_hours, may_call
from vantage.kernel.clock import Clock
from vantage.platform.database import Database

log = structlog.get_logger(__name__)

LEASE_SECONDS = 90
"""How long a worker may be silent before others take its calls over; renewed every third of it."""
BATCH = 50
DIALS_AT_ONCE = 10
NEVER_WEBHOOKED = timedelta(minutes=3)
"""A call in progress is asked about at the carrier when nothing was heard of it for so long."""


@dataclass
class Dialler:
    """One worker's dialler. `carriers` by the name in organizations.carrier; `public_url` is where webhooks reach us."""

    database: Database
    carriers: dict[str, Carrier]
    tokens: CallTokens
    clock: Clock
    public_url: str
    worker_id: str
    held: dict[UUID, Begun] = field(default_factory=dict)
    """Calls in progress by queue row: their leases are renewed until they end."""

    async def once(self) -> int:
        """One round: how many calls were dialled."""
        now = self.clock.now()
        claimed = await store.claim(self.database, self.worker_id, BATCH, LEASE_SECONDS, now)
        if not claimed:
            return 0
        ready, back = self._judge(claimed, now)
        await store.give_back(self.database, self.worker_id, back)
        if not ready:
            return 0
        begun = await store.begin(self.database, self.worker_id, [self._row(call, proof) for call, proof in ready])
        numbers = {call.queue_id: call for call, _ in ready}
        gate = asyncio.Semaphore(DIALS_AT_ONCE)

        async def dial(one: Begun) -> None:
            async with gate:
                await self._dial(one, numbers[one.queue_id])

        for one in begun:
            self.held[one.queue_id] = one
        await asyncio.gather(*(dial(one) for one in begun))
        return len(begun)

    async def renew(self) -> None:
        """Keep the leases of calls in progress; forget those that are over."""
        if self.held:
            mine = await store.renew(self.database, self.worker_id, list(self.held), LEASE_SECONDS)
            self.held = {queue_id: call for queue_id, call in self.held.items() if queue_id in mine}

    async def recover(self) -> int:
        """Take over what dead workers left: ask the carrier, never dial again blindly. How many calls."""
        orphans = await store.take_over(self.database, self.worker_id, LEASE_SECONDS)
        for orphan in orphans:
            self.held[orphan.queue_id] = Begun(orphan.organization_id, orphan.queue_id, orphan.call_log_id)
            await self._ask_about(orphan)
        return len(orphans)

    async def tend(self) -> int:
        """Let campaigns start, complete and pause by themselves; how many changed."""
        return await store.tend(self.database, self.clock.now())

    def _judge(
        self, claimed: Sequence[Claimed], now: datetime
    ) -> tuple[list[tuple[Claimed, dict[str, Any]]], list[dict[str, Any]]]:
        ready: list[tuple[Claimed, dict[str, Any]]] = []
        back: list[dict[str, Any]] = []
        for call in claimed:
            legal = legal_hours(call.carrier, rehearsed=call.rehearse_legal_hours)
            hours = CampaignHours(
                call.campaign_time_zone, call.start_date, call.end_date, call.time_start, call.time_end
            )
            verdict = may_call(now, hours, call.lead_time_zone, legal)
            returned: dict[str, Any] = {"organization_id": str(call.organization_id), "queue_id": str(call.queue_id)}
            if call.callee_number is None or call.caller_number is None or call.carrier not in self.carriers:
                reason = (
                    "no number to call" if call.callee_number is None else "the organisation has no number to call from"
                )
                back.append(returned | {"until": None, "reason": reason})
            elif not verdict.allowed:
                until = verdict.next_at.isoformat() if verdict.next_at else None
                back.append(returned | {"until": until, "reason": verdict.rule})
            elif call.calls_to_number_today >= MOST_CALLS_A_DAY and call.carrier != "simulated":
                until = (now + timedelta(hours=12)).isoformat()
                back.append(returned | {"until": until, "reason": "frequency_cap"})
            else:
                proof = verdict.proof | {
                    "consent_status": call.consent_status,
                    "consent_source": call.consent_source,
                    "consent_at": call.consent_at.isoformat() if call.consent_at else None,
                }
                ready.append((call, proof))
        return ready, back

    def _row(self, call: Claimed, proof: dict[str, Any]) -> dict[str, Any]:
        return {
            "organization_id": str(call.organization_id),
            "queue_id": str(call.queue_id),
            "attempt": call.attempt,
            "caller_number": call.caller_number,
            "callee_number": call.callee_number,
            "carrier": call.carrier,
            "proof": proof,
        }

    async def _dial(self, one: Begun, call: Claimed) -> None:
        assert call.caller_number is not None  # noqa: S101 - judged before
        assert call.callee_number is not None  # noqa: S101 - judged before
        carrier = self.carriers[call.carrier]
        since = self.clock.now()
        token = self.tokens.make(one.organization_id, one.call_log_id)
        await store.record_event(self.database, one.organization_id, one.call_log_id, "dialling", {})
        try:
            dialled = await carrier.dial(
                Dial(
                    caller_id=call.caller_number,
                    to=call.callee_number,
                    answer_url=f"{self.public_url}/carrier/answer?t={token}",
                    hangup_url=f"{self.public_url}/carrier/hangup?t={token}",
                    ring_url=f"{self.public_url}/carrier/ring?t={token}",
                )
            )
            facts = {"request_uuid": dialled.request_uuid}
            await store.record_event(self.database, one.organization_id, one.call_log_id, "dialling", facts)
        except CarrierUnknown:
            log.warning("dial answered with nothing to go by", call_id=str(one.call_log_id))
            await self._settle(carrier, one, call.callee_number, since)
        except (CarrierThrottled, CarrierNotReached) as error:
            await self._not_placed(one, str(error))
        except CarrierRefused as error:
            await finish_call(
                self.database,
                self.clock,
                one.organization_id,
                one.call_log_id,
                Ended("invalid_number" if error.status == 400 else "failed"),
            )
            self.held.pop(one.queue_id, None)

    async def _settle(self, carrier: Carrier, one: Begun, number: str, since: datetime) -> None:
        """After a dial without an answer: was it placed? Asked now and, until its lease lapses, again by recover()."""
        try:
            found = await carrier.find(number, since - timedelta(seconds=5))
        except CarrierError:
            return  # nobody knows yet: the lease lapses and recover() asks again
        if not found:
            await self._not_placed(one, "The carrier knows nothing of this call.")
            return
        await self._take_in(one, found[0])

    async def _ask_about(self, orphan: Orphan) -> None:
        one = Begun(orphan.organization_id, orphan.queue_id, orphan.call_log_id)
        for carrier in self.carriers.values():
            sid = orphan.call_sid or orphan.request_uuid
            try:
                known = await carrier.fetch(sid) if sid else None
                if known is None:
                    known = next(iter(await carrier.find(orphan.callee_number, orphan.created_at)), None)
            except CarrierError:
                continue
            if known is not None:
                await self._take_in(one, known)
                return
        if self.clock.now() - orphan.created_at > NEVER_WEBHOOKED or orphan.status == "created":
            await self._not_placed(one, "The carrier knows nothing of this call.")

    async def _take_in(self, one: Begun, known: CarrierCall) -> None:
        facts: dict[str, Any] = {"call_sid": known.call_uuid}
        if known.answered_at:
            facts["answered_at"] = known.answered_at.isoformat()
        if known.state != "ended":
            await store.record_event(self.database, one.organization_id, one.call_log_id, "ringing", facts)
            return
        word = read_carrier(known.hangup_name or "completed", known.hangup_code, answered=bool(known.duration_seconds))
        facts |= {
            "ended_at": (known.ended_at or self.clock.now()).isoformat(),
            "duration": known.duration_seconds or 0,
            "cost": str(known.cost or 0),
        }
        await store.record_event(self.database, one.organization_id, one.call_log_id, word.status, facts)
        await finish_call(
            self.database, self.clock, one.organization_id, one.call_log_id, Ended(word.outcome or "failed")
        )
        self.held.pop(one.queue_id, None)

    async def _not_placed(self, one: Begun, why: str) -> None:
        await finish_call(
            self.database, self.clock, one.organization_id, one.call_log_id, Ended("not_placed", error=why)
        )
        self.held.pop(one.queue_id, None)
