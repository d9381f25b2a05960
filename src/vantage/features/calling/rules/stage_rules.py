"""What a call does to a lead: where its card goes and what it scores.

The rules speak of a stage's kind and template key, never of its name, which people change. A machine never
takes a card out of won or lost, and never moves one back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vantage.features.calling.rules.outcomes import Outcome

StageKind = Literal["open", "won", "lost"]
Interest = Literal["high", "medium", "low", "none"]
Ending = Literal[
    "voicemail", "silence", "do_not_call", "wrong_number", "abusive", "already_bought", "not_interested",
    "site_visit", "callback", "transfer", "busy", "other", "qualified", "interested",
]  # fmt: skip

_LOST: frozenset[Ending] = frozenset({"do_not_call", "wrong_number", "abusive", "already_bought", "not_interested"})
_TARGETS: dict[Ending, str] = {
    "site_visit": "site_visit",
    "qualified": "qualified",
    "transfer": "qualified",
    "interested": "contacted",
    "callback": "contacted",
    "busy": "contacted",
    "other": "contacted",
}
_INTEREST_POINTS: dict[Interest, int] = {"high": 45, "medium": 28, "low": 12, "none": 0}


@dataclass(frozen=True, slots=True)
class Stage:
    """A column of the project's board. `order` grows to the right."""

    key: str | None
    kind: StageKind
    order: int


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answered call brought out, as far as the rules care."""

    ending: Ending
    interest: Interest | None = None
    budget: bool = False
    configuration: bool = False
    timeline: Literal["immediate", "1-3 months", "3-6 months", "6+ months", "exploring"] | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """0 to 100 and what it is made of, largest part first: (code, points)."""

    value: int
    reasons: tuple[tuple[str, int], ...]


def move_after(outcome: Outcome, heard: Heard | None, now_in: Stage, stages: Sequence[Stage]) -> Stage | None:
    """The stage to which the card goes; None to leave it.

    An unanswered call moves nothing. A refusal goes to the project's first lost stage. Everything else goes
    forward only: to the stage of that key, or, where people removed it, to the nearest open one before it.
    """
    if now_in.kind != "open" or heard is None or outcome not in {"answered", "callback", "do_not_call"}:
        return None
    if heard.ending in _LOST:
        return min((stage for stage in stages if stage.kind == "lost"), key=_order, default=None)
    wanted = _TARGETS.get(heard.ending)
    if wanted is None:
        return None
    target = _open_stage(wanted, stages)
    return target if target is not None and target.order > now_in.order else None


def score_after(previous: Score, outcome: Outcome, heard: Heard | None) -> Score:
    """The lead's score after a call. One that reached nobody, or brought out nothing, leaves what was known."""
    if heard is None or outcome not in {"answered", "callback", "do_not_call"}:
        return previous
    if heard.ending in _LOST:
        return Score(0, ((heard.ending, 0),))
    if heard.interest is None and not (heard.budget or heard.configuration or heard.timeline):
        return previous
    parts = [
        (f"interest_{heard.interest}", _INTEREST_POINTS[heard.interest] if heard.interest else 0),
        ("budget_known", 12 if heard.budget else 0),
        ("configuration_known", 8 if heard.configuration else 0),
        (f"timeline_{heard.timeline}", _timeline_points(heard)),
        (
            f"ending_{heard.ending}",
            {"site_visit": 20, "qualified": 12, "transfer": 12, "callback": 5}.get(heard.ending, 0),
        ),
    ]
    reasons = tuple(sorted(((code, points) for code, points in parts if points), key=lambda part: -part[1]))
    return Score(min(100, sum(points for _, points in reasons)), reasons)


def _timeline_points(heard: Heard) -> int:
    return {"immediate": 15, "1-3 months": 12, "3-6 months": 6, "6+ months": 2}.get(heard.timeline or "", 0)


_PATH = ("new_lead", "contacted", "qualified", "site_visit", "negotiation")


def _open_stage(key: str, stages: Sequence[Stage]) -> Stage | None:
    known = {stage.key: stage for stage in stages if stage.kind == "open"}
    for candidate in reversed(_PATH[: _PATH.index(key) + 1]):
        if candidate in known:
            return known[candidate]
    return None


def _order(stage: Stage) -> int:
    return stage.order
