"""A call's script as data, and the brief that binds it to an organisation, a project and a lead."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from .understanding.models import Found, Setting, Understanding

LeadField = Literal["configuration", "budget", "location", "timeline", "purpose", "visit"]
Words = dict[str, str]
"""A sentence per language: `en` and `hi-Latn`."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question bound to a lead field; `required` ones are asked again once when the answer is unclear."""

    field: LeadField
    words: Words
    required: bool = False
    skip_when_known: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """What may be said. Templates know {organization}, {project}, {agent}, {lead}, {city}; nothing else."""

    opening: Words
    questions: tuple[Question, ...]
    objections: dict[str, Words]
    call_to_action: Words
    closing: Words
    never_say: tuple[str, ...] = ()
    max_turns: int = 24
    max_silences: int = 2
    max_repeats: int = 2


@dataclass(frozen=True, slots=True)
class Brief:
    """What this call may state. `facts` are sentences by topic (location, amenities, possession, rera ...)."""

    organization: str
    project: str
    city: str = ""
    agent: str = "Asha"
    lead: str = ""
    language: Literal["en", "hi-Latn"] = "en"
    time_zone: str = "Asia/Kolkata"
    configurations: tuple[str, ...] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    facts: dict[str, str] = field(default_factory=dict)
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unit:
    """An available unit as the inventory has it this second; `price` is rupees, None when undisclosed."""

    name: str
    configuration: str
    price: Decimal | None = None
    area_sqft: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """What to look for in the inventory; empty fields don't narrow."""

    configurations: tuple[str, ...] = ()
    budget_min: Decimal | None = None
    budget_max: Decimal | None = None


class Tools(Protocol):
    """What the conversation may do in the world; implemented by the calling feature and by rehearsals."""

    async def search_inventory(self, criteria: Criteria) -> list[Unit]:
        """Available units that fit, best first."""
        ...

    async def record_intent(self, understanding: Understanding) -> None:
        """Store what is known so far."""
        ...

    async def schedule_callback(self, at: Found[object]) -> bool:
        """Plan a call back; False when that time can't be promised."""
        ...

    async def book_site_visit(self, at: Found[object]) -> bool:
        """Book a visit; False when the slot isn't free."""
        ...

    async def transfer(self, reason: str) -> bool:
        """Hand the call to a person; False when nobody is there."""
        ...

    async def mark_do_not_call(self, reason: str) -> None:
        """Never call this number again."""
        ...

    async def end_call(self, reason: str) -> None:
        """Hang up once the last words are spoken."""
        ...


def setting_of(brief: Brief, now: datetime) -> Setting:
    """How the understanding reads this call's words; `now` is aware and already in the lead's zone."""
    return Setting(
        now=now,
        configurations=brief.configurations,
        price_min=brief.price_min,
        price_max=brief.price_max,
        city=brief.city or None,
        project=brief.project,
    )


DEFAULT = Script(
    opening={
        "en": "Hello{lead_comma}, this is {agent}, an AI assistant calling from {organization} about {project}. Is this a good time to talk?",
        "hi-Latn": "Namaste{lead_comma}, main {agent}, {organization} ki AI assistant bol rahi hoon, {project} ke baare mein. Kya abhi baat ho sakti hai?",
    },
    questions=(
        Question(
            "configuration",
            {
                "en": "What kind of home are you looking for, and how many bedrooms?",
                "hi-Latn": "Aap kitne BHK ka ghar dekh rahe hain?",
            },
            required=True,
        ),
        Question(
            "budget", {"en": "What budget do you have in mind?", "hi-Latn": "Aapka budget kitna rahega?"}, required=True
        ),
        Question(
            "purpose",
            {
                "en": "Is it for your own use or as an investment?",
                "hi-Latn": "Yeh apne rehne ke liye hai ya investment ke liye?",
            },
        ),
        Question("timeline", {"en": "When are you planning to buy?", "hi-Latn": "Aap kab tak lene ka soch rahe hain?"}),
        Question("location", {"en": "Which area do you prefer?", "hi-Latn": "Aapko kaun sa area pasand hai?"}),
    ),
    objections={
        "price": {
            "en": "I understand. I can note your limit, so that our team suggests only what fits.",
            "hi-Latn": "Main samajh sakti hoon. Aapki limit note kar leti hoon, team wahi dikhayegi jo fit ho.",
        },
        "location": {
            "en": "I understand; a visit shows best how far it really is.",
            "hi-Latn": "Samajh sakti hoon; visit se doori ka sahi andaza milta hai.",
        },
        "loan": {
            "en": "Our team can explain the papers a bank asks for.",
            "hi-Latn": "Bank kaun se kaagaz maangta hai, hamari team samjha degi.",
        },
        "family": {"en": "Of course, please talk it over at home.", "hi-Latn": "Zaroor, ghar mein baat kar lijiye."},
        "trust": {
            "en": "That is a fair question; our team will send you the documents.",
            "hi-Latn": "Sahi sawaal hai; team aapko documents bhej degi.",
        },
        "possession": {
            "en": "I will note that the date of possession matters to you.",
            "hi-Latn": "Possession ki tareekh aapke liye zaroori hai, main note karti hoon.",
        },
    },
    call_to_action={
        "en": "Would you like to visit the site? Which day suits you?",
        "hi-Latn": "Kya aap site visit karna chahenge? Kaun sa din theek rahega?",
    },
    closing={"en": "Thank you for your time. Goodbye.", "hi-Latn": "Samay dene ke liye dhanyavaad. Namaste."},
    never_say=("guaranteed returns", "assured return", "last unit"),
)


def with_opening(script: Script, opening: Words) -> Script:
    """The script with another opening; one that doesn't disclose the AI is refused with ValueError."""
    for language, words in opening.items():
        if "ai " not in f"{words.lower()} " and "automated" not in words.lower():
            raise ValueError(
                f"The opening in {language!r} doesn't say that an AI is calling: add it, for example 'an AI assistant'."
            )
    return replace(script, opening=opening)
