"""After the call: the `ai_analysis` of a transcript, and the lead's score with its reasons. Pure."""

import re
from collections.abc import Sequence
from typing import Any

from .understanding.extract import understand
from .understanding.intent import acts
from .understanding.models import Found, Setting, Turn, Understanding
from .understanding.text import normalise

ENGINE = "offline-rules/1"
_GLAD = re.compile(
    r"\b(good|great|nice|perfect|liked|like|thanks?|thank you|wonderful|badhiya|achha|accha|saru|mast|sahi|dhanyavaad|shukriya|interested|pasand)\b"
)
_CROSS = re.compile(
    r"\b(bad|fraud|waste|angry|irritat\w*|again and again|complain\w*|sixth call|roz|pareshan|annoying|problem|cheat\w*|nonsense|too much|expensive)\b"
)
_UNANSWERED = {"voicemail", "silence"}
_NEXT = {
    "do_not_call": "never call again",
    "wrong_number": "correct the number",
    "abusive": "review by a manager",
    "already_bought": "close as bought elsewhere",
    "not_interested": "close",
    "site_visit": "prepare the site visit",
    "callback": "call back at the time asked for",
    "transfer": "a person takes over",
    "busy": "call again later",
    "voicemail": "call again later",
    "silence": "call again later",
    "other": "check by a person",
    "qualified": "propose matching units and a visit",
    "interested": "complete the requirement",
}


def score(known: Understanding) -> tuple[int, list[str]]:
    """0..100 with reasons: visit +40, budget +15, configuration +10, purpose +5, location +5, timeline (immediate +20,
    1-3 months +15, 3-6 months +8, 6+ months +3), callback +10, asked for a person +10; a refusal or wrong number is 0.
    """
    outcome = known.outcome.value if known.outcome else None
    if outcome in {"do_not_call", "wrong_number", "abusive", "already_bought", "not_interested"}:
        return 0, [f"outcome {outcome}"]
    points = [
        (40, "site visit agreed", known.site_visit_at),
        (15, "budget told", known.budget_max or known.budget_min),
        (10, "configuration told", known.configuration),
        (5, "purpose told", known.purpose),
        (5, "location told", known.location),
        (10, "callback asked for", known.callback_at),
        (10, "asked for a person", known.wants_human),
    ]
    total, reasons = 0, []
    for weight, reason, found in points:
        if found is not None:
            total += weight
            reasons.append(f"+{weight} {reason}")
    if known.timeline is not None:
        weight = {"immediate": 20, "1-3 months": 15, "3-6 months": 8, "6+ months": 3, "exploring": 0}[
            known.timeline.value
        ]
        total += weight
        reasons.append(f"+{weight} timeline {known.timeline.value}")
    return min(total, 100), reasons


def analyse(turns: Sequence[Turn], setting: Setting, disconnect_reason: str | None = None) -> dict[str, Any]:
    """JSON-ready `ai_analysis`. Money is decimal strings of rupees, instants ISO 8601 with offset.

    An unanswered call gives null for interest, score and every field, so that nothing known before is erased.
    """
    known = understand(turns, setting)
    outcome = known.outcome.value if known.outcome else None
    answered = outcome not in _UNANSWERED

    def value(found: Found[Any] | None) -> Any:
        return found.value if found is not None and answered else None

    def iso(found: Found[Any] | None) -> str | None:
        return found.value.isoformat() if found is not None and answered else None

    def rupees(found: Found[Any] | None) -> str | None:
        return format(found.value, ".2f") if found is not None and answered else None

    names = (
        "budget_min",
        "budget_max",
        "configuration",
        "location",
        "timeline",
        "purpose",
        "callback_at",
        "site_visit_at",
        "do_not_call",
        "wants_human",
        "abusive",
        "interest",
        "outcome",
    )
    found = {name: getattr(known, name) for name in names}
    proven = {name: each for name, each in found.items() if each is not None}
    points, reasons = score(known) if answered else (None, [])
    lines = [normalise(turn.text) for turn in turns if turn.speaker == "lead"]
    glad, cross = (
        sum(len(_GLAD.findall(line)) for line in lines),
        sum(len(_CROSS.findall(line)) for line in lines) + 3 * sum("abusive" in acts(line) for line in lines),
    )
    sentiment = round((glad - cross) / (glad + cross + 1), 2) if answered else None
    told = [
        f"{name.replace('_', ' ')} {', '.join(each.value) if isinstance(each.value, tuple) else each.value}"
        for name, each in proven.items()
        if name in {"configuration", "budget_max", "budget_min", "location", "timeline", "purpose"}
    ]
    summary = f"Outcome: {(outcome or 'unknown').replace('_', ' ')}. " + (
        f"Told: {'; '.join(told)}." if told and answered else "No requirement was told."
    )
    return {
        "engine": ENGINE,
        "summary": summary,
        "interest": value(known.interest),
        "sentiment": sentiment,
        "budget_min": rupees(known.budget_min),
        "budget_max": rupees(known.budget_max),
        "configuration": list(value(known.configuration) or []),
        "location": value(known.location),
        "timeline": value(known.timeline),
        "purpose": value(known.purpose),
        "objections": sorted(known.objections),
        "next_step": _NEXT.get(outcome or ""),
        "qualified": outcome in {"qualified", "site_visit"} if answered else None,
        "score": points,
        "reasons": reasons,
        "confidence": round(min((each.confidence for each in proven.values()), default=0.0), 2),
        "evidence": {name: each.turn for name, each in proven.items()},
        "callback_at": iso(known.callback_at),
        "site_visit_at": iso(known.site_visit_at),
        "do_not_call": bool(known.do_not_call),
        "abusive": bool(known.abusive),
        "wants_human": bool(known.wants_human),
        "outcome": outcome,
        "disconnect_reason": disconnect_reason,
    }
