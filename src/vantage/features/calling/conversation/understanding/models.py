"""Values that the understanding reads and returns. Money is Decimal rupees, instants are aware datetimes."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

Speaker = Literal["agent", "lead"]
Timeline = Literal["immediate", "1-3 months", "3-6 months", "6+ months", "exploring"]
Purpose = Literal["self_use", "investment", "rent", "lease"]
Interest = Literal["high", "medium", "low", "none"]
Outcome = Literal[
    "voicemail",
    "silence",
    "do_not_call",
    "wrong_number",
    "abusive",
    "already_bought",
    "not_interested",
    "site_visit",
    "callback",
    "transfer",
    "busy",
    "other",
    "qualified",
    "interested",
]


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance of a call, in the order spoken; `text` is what the recogniser or the script gave."""

    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known before the call and decides between readings: never itself a source of an answer.

    `now` is the aware start of the call, from which relative dates count. The price range (rupees) tells
    whether a bare "70" means lakh or crore; `configurations` whether "office" is a product here.
    """

    now: datetime
    configurations: tuple[str, ...] = ()
    price_min: Decimal | None = None
    price_max: Decimal | None = None
    city: str | None = None
    project: str | None = None


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value with its proof: `turn` is the index in the call's turns, `confidence` lies in 0..1."""

    value: T
    turn: int
    confidence: float


@dataclass(slots=True)
class Understanding:
    """Everything the lead has said so far; None (or False, or empty) means that it was not said."""

    budget_min: Found[Decimal] | None = None
    budget_max: Found[Decimal] | None = None
    configuration: Found[tuple[str, ...]] | None = None
    location: Found[str] | None = None
    timeline: Found[Timeline] | None = None
    purpose: Found[Purpose] | None = None
    callback_at: Found[datetime | date] | None = None
    site_visit_at: Found[datetime | date] | None = None
    do_not_call: Found[bool] | None = None
    wants_human: Found[bool] | None = None
    abusive: Found[bool] | None = None
    objections: dict[str, Found[str]] = field(default_factory=dict)
    interest: Found[Interest] | None = None
    outcome: Found[Outcome] | None = None
