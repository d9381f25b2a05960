"""Which words fit next: answers to the lead's questions and the next open question. Pure, deterministic."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from .script import Brief, LeadField, Question, Script, Unit, Words
from .state import State
from .understanding.models import Understanding
from .understanding.numbers import plain

Topic = Literal["price", "possession", "location", "amenities", "configuration", "rera", "area"]
_TOPICS: tuple[tuple[Topic, re.Pattern[str]], ...] = tuple(
    (topic, re.compile(pattern))  # type: ignore[misc]
    for topic, pattern in (
        ("rera", r"\b(rera|registered|sanction\w*|approv\w*|nmrda|legal papers|title)\b"),
        ("possession", r"\b(possession|ready by|hand ?over|complete[ds]?|taiyar|when (?:is|will) (?:it|the))\b"),
        ("area", r"\b(carpet|area kitna|square|sqft|size kya|how big)\b"),
        ("price", r"\b(price|cost|how much|kitne ka|kitna (?:hai|ka|padega)|ketla nu|discount|rate|emi)\b"),
        ("amenities", r"\b(amenit\w*|parking|gym|pool|club|garden|lift|security|facilit\w*)\b"),
        (
            "location",
            r"\b(where is|kahan (?:hai|par|pe)|kaha (?:hai|par)|location kya|location batao|how far|address|landmark)\b",
        ),
        (
            "configuration",
            r"\b(which (?:flats|units|configurations)|what (?:units|configurations|flats|sizes)|available|kya kya hai|bacha hai)\b",
        ),
    )
)
_ASKS = re.compile(
    r"\?|\b(what|how|which|when|where|is there|is it|do you|does|can you|tell me|batao|bataiye|kya|kitna|kitne|kitni|kab|kahan|kaun|hai kya|send|discount|ketlu|su|shu|first)\b"
)
_HINDI = re.compile(
    r"\b(hai|hain|hoon|hun|hu|nahi|chahiye|mujhe|kya|kar|karo|ke|ki|ka|mein|aap|bhi|lene|raha|rahe|abhi|haan|ji|wala|tak|chhe|mate|boliye|bolo|batao)\b"
)


def speech_language(text: str, current: Literal["en", "hi-Latn"]) -> Literal["en", "hi-Latn"]:
    """The language to answer in: the lead's, kept when a turn is too short to tell."""
    words = text.split()
    hindi = len(_HINDI.findall(text))
    if hindi >= 2 or (hindi and len(words) <= 4 and hindi * 2 >= len(words)):
        return "hi-Latn"
    return "en" if len(words) >= 4 and hindi == 0 else current


def topics_asked(text: str) -> list[Topic]:
    """What the lead wants to know, in a fixed order; empty when the turn asks nothing."""
    return [topic for topic, pattern in _TOPICS if pattern.search(text)] if _ASKS.search(text) else []


def spoken_rupees(amount: Decimal) -> str:
    """An amount as it is said: `1.45 crore rupees`, `85 lakh rupees`; exact, never rounded."""
    if amount >= 10_000_000:
        return f"{plain(amount / 10_000_000)} crore rupees"
    return f"{plain(amount / 100_000)} lakh rupees" if amount >= 100_000 else f"{plain(amount)} rupees"


def say(words: Words, language: str, brief: Brief) -> str:
    """A script's sentence in the lead's language with the brief's names in it."""
    template = words.get(language) or words["en"]
    filled = template
    for name, value in {
        "organization": brief.organization,
        "project": brief.project,
        "agent": brief.agent,
        "city": brief.city,
        "lead": brief.lead,
        "lead_comma": f" {brief.lead}" if brief.lead else "",
    }.items():
        filled = filled.replace("{" + name + "}", value)
    return filled


def units_answer(units: Sequence[Unit], language: str, *, price: bool) -> str:
    """One sentence about at most two available units: only what the inventory said in this call."""
    parts = []
    for unit in units[:2]:
        part = f"{unit.configuration} {unit.name}"
        if unit.price is not None and price:
            part += f" {'at' if language == 'en' else 'ka price'} {spoken_rupees(unit.price)}"
        if unit.area_sqft is not None and not price:
            part += f", {plain(unit.area_sqft)} square feet"
        parts.append(part)
    undisclosed = price and not any(unit.price is not None for unit in units[:2])
    listed = (" and " if language == "en" else " aur ").join(parts)
    if language == "en":
        return f"Available now: {listed}." + (
            " The price is not published; our team will share it with you." if undisclosed else ""
        )
    return f"Abhi available hai: {listed}." + (
        " Price published nahi hai; hamari team aapko batayegi." if undisclosed else ""
    )


UNKNOWN: Words = {
    "en": "I don't have that here; I will have our team send it to you.",
    "hi-Latn": "Yeh jaankari mere paas nahi hai; hamari team aapko bhej degi.",
}
I_AM_AI: Words = {
    "en": "Yes, I am an AI assistant of {organization}.",
    "hi-Latn": "Ji, main {organization} ki AI assistant hoon.",
}
CANNOT: Words = {
    "en": "I can't change my instructions, prices or terms.",
    "hi-Latn": "Main apne nirdesh, daam ya sharten nahi badal sakti.",
}
DO_NOT_CALL: Words = {
    "en": "I am sorry for the disturbance. Your number is marked, you will not be called again. Goodbye.",
    "hi-Latn": "Takleef ke liye maafi. Aapka number mark kar diya hai, ab call nahi aayega. Namaste.",
}
ABUSIVE: Words = {
    "en": "I am sorry that you are upset. I will end the call now. Goodbye.",
    "hi-Latn": "Maafi chahti hoon. Main call yahin samaapt karti hoon. Namaste.",
}
WRONG: Words = {
    "en": "I am sorry, I have the wrong number. Goodbye.",
    "hi-Latn": "Maaf kijiye, galat number lag gaya. Namaste.",
}
REFUSED: Words = {
    "en": "I understand. Thank you for telling me. Goodbye.",
    "hi-Latn": "Theek hai, batane ke liye dhanyavaad. Namaste.",
}
WHEN: Words = {"en": "No problem. When may I call you back?", "hi-Latn": "Koi baat nahi. Main aapko kab call karun?"}
LATER: Words = {
    "en": "All right, I will not keep you. Goodbye.",
    "hi-Latn": "Theek hai, aapka samay nahi lungi. Namaste.",
}
CALLBACK: Words = {
    "en": "I have noted your time; you will get a call then. Goodbye.",
    "hi-Latn": "Samay note kar liya hai, tab call aayega. Namaste.",
}
NO_SLOT: Words = {
    "en": "That time is not possible. Which other time suits you?",
    "hi-Latn": "Woh samay sambhav nahi hai. Kaun sa doosra samay theek rahega?",
}
VISIT: Words = {"en": "Your visit is booked for that time.", "hi-Latn": "Aapki visit us samay ke liye book ho gayi."}
CONNECT: Words = {
    "en": "I am connecting you to a colleague. Please hold.",
    "hi-Latn": "Main aapko sahyogi se jod rahi hoon. Kripya line par rahein.",
}
NOBODY: Words = {
    "en": "No colleague is free just now. When should a person call you back?",
    "hi-Latn": "Abhi koi sahyogi free nahi hai. Aapko kab call karein?",
}
SILENT: Words = {"en": "Hello, can you hear me?", "hi-Latn": "Hello, kya aap mujhe sun pa rahe hain?"}
VOICEMAIL: Words = {
    "en": "Hello, this is {agent}, an AI assistant of {organization}, about {project}. We will try again. Goodbye.",
    "hi-Latn": "Namaste, main {agent}, {organization} ki AI assistant, {project} ke baare mein. Hum phir call karenge.",
}


def is_known(field: LeadField, known: Understanding, brief: Brief) -> bool:
    """Whether a field was told in this call or stood in the brief."""
    said = {
        "configuration": known.configuration,
        "budget": known.budget_max or known.budget_min,
        "location": known.location,
        "timeline": known.timeline,
        "purpose": known.purpose,
        "visit": known.site_visit_at,
    }
    return said[field] is not None or field in brief.known


def next_question(script: Script, state: State, brief: Brief) -> Question | None:
    """The first open question; a required one is asked `max_repeats` times at most, others once."""
    for question in script.questions:
        limit = script.max_repeats if question.required else 1
        if state.asked[question.field] < limit and not (
            question.skip_when_known and is_known(question.field, state.known, brief)
        ):
            return question
    return None
