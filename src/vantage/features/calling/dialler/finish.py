"""Close a call exactly once: outcome, analysis, the lead, the next attempt, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from vantage.features.calling.conversation.analysis import analyse
from vantage.features.calling.conversation.understanding.models import Setting, Turn
from vantage.features.calling.dialler import store
from vantage.features.calling.rules.outcomes import REACHED, Outcome
from vantage.features.calling.rules.retries import next_call
from vantage.features.calling.rules.stage_rules import Ending, Heard, Interest, Score, Stage, move_after, score_after
from vantage.features.calling.rules.windows import CampaignHours, legal_hours
from vantage.kernel.clock import Clock
from vantage.platform.database import Database, WriteTx, worker

_LEAD_STATUS: dict[Outcome, str] = {
    "answered": "completed",
    "callback": "completed",
    "do_not_call": "completed",
    "voicemail": "voicemail",
    "busy": "busy",
    "no_answer": "no_answer",
    "rejected": "rejected",
    "cancelled": "cancelled",
    "invalid_number": "failed",
    "failed": "failed",
    "not_placed": "cancelled",
}
_CALL_ENDS: dict[str, Outcome] = {
    "voicemail": "voicemail",
    "do_not_call": "do_not_call",
    "callback": "callback",
    "busy": "callback",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How the line ended: the carrier's outcome, why our agent hung up, and what went wrong, if anything."""

    outcome: Outcome
    disconnect_reason: str | None = None
    error: str | None = None


async def finish_call(database: Database, clock: Clock, organization_id: UUID, call_id: UUID, ended: Ended) -> bool:
    """Close the call; False when it was closed before. An unanswered call never erases what is known of the lead."""
    known = await store.brief(database, organization_id, call_id)
    if known["finished"]:
        return False
    now = clock.now()
    said: list[dict[str, Any]] = known["said"]
    spoken = ended.outcome == "answered" and any(one["speaker"] == "lead" for one in said)
    analysis = analyse(_turns(said), _setting(known), ended.disconnect_reason) if spoken else None
    outcome = _outcome(ended, analysis)
    async with database.write(worker(organization_id)) as tx:
        place = await store.closing(tx, organization_id, call_id)
        retry = next_call(
            outcome,
            attempt=place["attempt"],
            max_attempts=place["max_attempts"],
            now=now,
            campaign=_hours(place),
            lead_zone=place["lead_zone"],
            legal=legal_hours(place["carrier"], rehearsed=place["rehearse"]),
            callback_at=_instant(analysis["callback_at"], place["lead_zone"]) if analysis else None,
        )
        result = {
            "ai_analysis": analysis,
            "disconnect_reason": ended.disconnect_reason or (analysis or {}).get("outcome") or outcome,
            "error": ended.error,
            "transferred": ended.disconnect_reason == "transferred",
        }
        if retry is not None:
            result["priority"] = retry.priority
        if not await store.finish(tx, organization_id, call_id, outcome, retry.at if retry else None, result):
            return False
        if place["lead_id"] is not None and outcome != "not_placed":
            await _tell_the_lead(
                tx, organization_id, call_id, place, outcome, analysis, retry.at if retry else None, now
            )
    return True


async def _tell_the_lead(
    tx: WriteTx,
    organization_id: UUID,
    call_id: UUID,
    place: Mapping[str, Any],
    outcome: Outcome,
    analysis: Mapping[str, Any] | None,
    retry_at: datetime | None,
    now: datetime,
) -> None:
    lead_id = UUID(place["lead_id"])
    heard = _heard(analysis)
    stages = [(one["id"], Stage(one["key"], one["kind"], one["order"])) for one in place["stages"] or []]
    here = next((stage for stage_id, stage in stages if stage_id == place["stage_id"]), None)
    target = move_after(outcome, heard, here, [stage for _, stage in stages]) if here else None
    before = Score(place["score"] or 0, ())
    score = score_after(before, outcome, heard)
    changed = score is not before
    found = analysis or {}
    summary = found.get("summary") or _unanswered(outcome)
    await store.learn(
        tx, organization_id, lead_id, call_id, summary[:500],
        call_status=_LEAD_STATUS[outcome], spoken=outcome in REACHED and analysis is not None, now=now,
        stage_id=next((UUID(stage_id) for stage_id, stage in stages if stage is target), None),
        score=score.value if changed else None,
        score_reasons=[f"{_words(code)} +{points}" if points else _words(code) for code, points in score.reasons] if changed else None,
        interest=found.get("interest"), budget_min=found.get("budget_min"), budget_max=found.get("budget_max"),
        configuration=found.get("configuration") or [], location=found.get("location"), timeline=found.get("timeline"),
        purpose=found.get("purpose"), callback_at=retry_at if outcome == "callback" else None, abusive=bool(found.get("abusive")),
    )  # fmt: skip
    if outcome == "do_not_call":
        await store.do_not_call(tx, organization_id, lead_id, "asked in a call")
    await store.note_call(
        tx, organization_id, lead_id, call_id, "call",
        {"outcome": outcome, "summary": summary, "attempt": place["attempt"], "retry_at": retry_at.isoformat() if retry_at else None},
    )  # fmt: skip
    if found.get("site_visit_at"):
        content = {"at": found["site_visit_at"], "text": f"Site visit agreed for {found['site_visit_at']}"}
        await store.note_call(tx, organization_id, lead_id, call_id, "visit", content)


def _outcome(ended: Ended, analysis: Mapping[str, Any] | None) -> Outcome:
    if ended.outcome != "answered":
        return ended.outcome
    if ended.disconnect_reason == "voicemail":
        return "voicemail"
    if analysis is None:
        return "answered"
    return _CALL_ENDS.get(str(analysis["outcome"]), "answered")


def _heard(analysis: Mapping[str, Any] | None) -> Heard | None:
    if analysis is None or analysis["outcome"] is None:
        return None
    return Heard(
        ending=cast("Ending", analysis["outcome"]),
        interest=cast("Interest | None", analysis["interest"]),
        budget=bool(analysis["budget_min"] or analysis["budget_max"]),
        configuration=bool(analysis["configuration"]),
        timeline=analysis["timeline"],
    )


def _turns(said: Sequence[Mapping[str, Any]]) -> list[Turn]:
    return [Turn("agent" if one["speaker"] == "agent" else "lead", one["text"]) for one in said]


def _setting(known: Mapping[str, Any]) -> Setting:
    zone = ZoneInfo(known["time_zone"])
    return Setting(
        now=datetime.fromisoformat(known["created_at"]).astimezone(zone),
        configurations=tuple(known["configurations"]),
        price_min=Decimal(known["price_min"]) if known["price_min"] else None,
        price_max=Decimal(known["price_max"]) if known["price_max"] else None,
        city=known["city"],
        project=known["project"],
    )


def _hours(place: Mapping[str, Any]) -> CampaignHours:
    def day(text: str | None) -> date | None:
        return date.fromisoformat(text) if text else None

    def clock(text: str | None) -> time | None:
        return time.fromisoformat(text) if text else None

    return CampaignHours(
        place["campaign_zone"], day(place["start_date"]), day(place["end_date"]), clock(place["time_start"]),
        clock(place["time_end"]),
    )  # fmt: skip


def _instant(text: str | None, zone: str) -> datetime | None:
    """A callback as the analysis writes it; a date alone means the morning of that day on the person's clock."""
    if text is None:
        return None
    if len(text) == len("2026-01-01"):
        return datetime.combine(date.fromisoformat(text), time(10), ZoneInfo(zone))
    return datetime.fromisoformat(text)


def _unanswered(outcome: Outcome) -> str:
    return {
        "no_answer": "Nobody answered.",
        "busy": "The line was busy.",
        "rejected": "The call was declined.",
        "voicemail": "A machine answered.",
        "invalid_number": "The number does not exist.",
        "answered": "Answered, nothing was said.",
    }.get(outcome, "The call did not come through.")


def _words(code: str) -> str:
    return code.replace("_", " ")
