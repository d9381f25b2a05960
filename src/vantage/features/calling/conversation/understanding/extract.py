"""From the turns of a call to an Understanding: every field with its turn and confidence, then outcome and interest."""

import re
from collections.abc import Sequence

from .budget import budget
from .callback import callback
from .configuration import configuration
from .devanagari import romanise
from .intent import OBJECTIONS, acts
from .location import location
from .models import Found, Interest, Outcome, Setting, Turn, Understanding
from .purpose import purpose
from .text import Heard, normalise, topics
from .timeline import timeline
from .visit import visit

_HELLO_ONLY = re.compile(
    r"^(?:\W*(?:hello|hallo|halo|hi|haan|ji|yes|kaun|who|is|this|bolo|boliye|speaking|namaste|kem cho|hey|hmm))*\W*$"
)
_RECONSIDERS = re.compile(r"\b(?:but|lekin|however|although|par|pan|actually|chalo|theek|ok)\b")


def listen(turns: Sequence[Turn]) -> list[Heard]:
    """The lead's turns, each with the agent's question before it."""
    heard: list[Heard] = []
    question = ""
    for at, turn in enumerate(turns):
        if turn.speaker == "agent":
            question = normalise(turn.text)
            continue
        heard.append(Heard(at, romanise(turn.text), normalise(turn.text), question, topics(question)))
        question = ""
    return heard


def understand(turns: Sequence[Turn], setting: Setting) -> Understanding:
    """All that the lead's words say. Unknown fields stay None; nothing is read from the agent's words alone."""
    heard = listen(turns)
    spoken = [each for each in heard if each.text.strip()]
    result = Understanding()
    if not spoken:
        last = max(len(turns) - 1, 0)
        at = heard[-1].turn if heard else last
        result.outcome, result.interest = Found("silence", at, 0.9), Found("none", at, 0.9)
        return result
    performed = {each.turn: acts(each.text) for each in spoken}
    first = spoken[0]
    if "voicemail" in performed[first.turn] and len(spoken) <= 2:
        result.outcome, result.interest = Found("voicemail", first.turn, 0.95), Found("none", first.turn, 0.95)
        return result
    result.purpose = purpose(spoken)
    result.budget_min, result.budget_max = budget(spoken, setting)
    if result.purpose is not None and result.purpose.value in {"rent", "lease"}:
        # A tenant's rent is no purchase price.
        result.budget_min = result.budget_max = None
    result.configuration = configuration(spoken, setting)
    result.location = location(spoken, setting)
    result.timeline = timeline(spoken, setting)
    result.site_visit_at = visit(spoken, setting)
    result.callback_at = callback(spoken, setting)
    if result.site_visit_at and result.callback_at and result.site_visit_at.value == result.callback_at.value:
        result.callback_at = None
    for each in spoken:
        done = performed[each.turn]
        if "do_not_call" in done:
            result.do_not_call = result.do_not_call or Found(True, each.turn, 0.95)
        if "abusive" in done:
            result.abusive = result.abusive or Found(True, each.turn, 0.9)
        if "wants_human" in done:
            result.wants_human = result.wants_human or Found(True, each.turn, 0.9)
        for name, pattern in OBJECTIONS.items():
            match = pattern.search(each.text)
            if match:
                result.objections.setdefault(name, Found(match.group(), each.turn, 0.8))
    _settle(result, spoken, performed)
    return result


def _requirement(result: Understanding) -> bool:
    return any((result.budget_min, result.budget_max, result.configuration, result.location, result.purpose)) or (
        result.timeline is not None and result.timeline.value != "exploring"
    )


def _last(name: str, spoken: Sequence[Heard], performed: dict[int, set[str]]) -> int | None:
    return next((each.turn for each in reversed(spoken) if name in performed[each.turn]), None)


def _settle(result: Understanding, spoken: Sequence[Heard], performed: dict[int, set[str]]) -> None:
    """Outcome, the first rule that fits, and the interest that follows from it."""
    final = spoken[-1].turn

    def end(outcome: Outcome, interest: Interest, turn: int, sure: float = 0.9) -> None:
        result.outcome, result.interest = Found(outcome, turn, sure), Found(interest, turn, sure - 0.1)

    if result.do_not_call:
        result.callback_at = result.site_visit_at = None
        return end("do_not_call", "none", result.do_not_call.turn, 0.95)
    wrong = _last("wrong_number", spoken, performed)
    if wrong is not None and not _requirement(result):
        return end("wrong_number", "none", wrong)
    if result.abusive and not result.site_visit_at:
        return end("abusive", "none", result.abusive.turn)
    bought = _last("already_bought", spoken, performed)
    if bought is not None and not result.site_visit_at and not (result.purpose and result.purpose.turn > bought):
        return end("already_bought", "none", bought)
    refused = _last("not_interested", spoken, performed)
    other = _last("other", spoken, performed)
    if refused is not None and not result.site_visit_at and not result.callback_at:
        opened = any(
            found is not None and found.turn > refused
            for found in (
                result.budget_max,
                result.budget_min,
                result.configuration,
                result.timeline,
                result.location,
                result.purpose,
            )
        )
        same = any(
            found is not None and found.turn == refused
            for found in (result.budget_max, result.budget_min, result.purpose, result.timeline)
        )
        if other is not None or any("injection" in done for done in performed.values()):
            return end("other", "none", other if other is not None else refused)
        if not opened and not same:
            return end("not_interested", "none", refused)
    if result.site_visit_at:
        return end("site_visit", "high", result.site_visit_at.turn)
    stated = _requirement(result) or any(
        re.search(
            r"\b(?:interested|interest (?:hai|to hai|chhe)|i want to buy|want to buy|lene hai|khareedna hai|pasand)\b",
            each.text,
        )
        and "not_interested" not in performed[each.turn]
        for each in spoken
    )
    if result.callback_at:
        return end("callback", "medium" if stated else "low", result.callback_at.turn)
    if other is not None and not (result.budget_max or result.budget_min):
        return end("other", "none" if "test" not in spoken[-1].text else "low", other)
    if result.wants_human:
        closing = any(
            re.search(
                r"\b(?:close|closing|book|deal|final\w*|cheque|token|payment|take \d|token|negotiat\w*|purchase today|now itself|whole floor)\b",
                each.text,
            )
            for each in spoken
        )
        return end("transfer", "high" if closing else "medium" if stated else "low", result.wants_human.turn)
    busy = _last("busy", spoken, performed)
    if (
        busy is not None
        and busy == final
        and not (result.budget_max or result.budget_min or (result.timeline and result.timeline.turn == busy))
        and not (result.configuration and result.purpose)
    ):
        return end("busy", "medium" if stated else "low", busy)
    injected = _last("injection", spoken, performed)
    if injected is not None and not _requirement(result):
        return end("other", "low", injected)
    if result.purpose and result.purpose.value == "rent":
        return end("other", "none", result.purpose.turn)
    firm = result.timeline is not None and result.timeline.value != "exploring"
    priced = result.budget_min or result.budget_max
    if priced and result.configuration and (result.purpose or firm):
        soon = result.timeline is not None and result.timeline.value in {"immediate", "1-3 months"}
        turns = [found.turn for found in (priced, result.configuration, result.purpose or result.timeline) if found]
        return end("qualified", "high" if soon else "medium", max(turns))
    wish = stated or any(
        re.search(r"\b(?:send|brochure|whatsapp|details|layout|price batao|show)\b", each.text) for each in spoken
    )
    exploring = result.timeline is not None and result.timeline.value == "exploring"
    if busy is not None and not _requirement(result):
        return end("busy", "low", busy)
    return end("interested", "low" if exploring or not wish else "medium", final, 0.7)
