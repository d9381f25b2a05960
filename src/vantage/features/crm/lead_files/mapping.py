"""Which column of a stranger's table is which field of a lead."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from vantage.kernel.phone import parse_phone

NAME: Final = "name"
FIRST_NAME: Final = "first_name"
LAST_NAME: Final = "last_name"
PHONE: Final = "phone"
OTHER_PHONE: Final = "other_phone"
EMAIL: Final = "email"
PROJECT: Final = "project"
SOURCE: Final = "source"
CAMPAIGN: Final = "campaign"
BUDGET: Final = "budget"
BUDGET_MIN: Final = "budget_min"
BUDGET_MAX: Final = "budget_max"
CONFIGURATION: Final = "configuration"
TIMELINE: Final = "timeline"
LOCALITY: Final = "locality"
CITY: Final = "city"
MESSAGE: Final = "message"
RECEIVED_AT: Final = "received_at"
EXTERNAL_ID: Final = "external_id"
CONSENT: Final = "consent"
ASSIGNED_TO: Final = "assigned_to"

LEAD_FIELDS: Final = (
    NAME,
    FIRST_NAME,
    LAST_NAME,
    PHONE,
    OTHER_PHONE,
    EMAIL,
    PROJECT,
    SOURCE,
    CAMPAIGN,
    BUDGET,
    BUDGET_MIN,
    BUDGET_MAX,
    CONFIGURATION,
    TIMELINE,
    LOCALITY,
    CITY,
    MESSAGE,
    RECEIVED_AT,
    EXTERNAL_ID,
    CONSENT,
    ASSIGNED_TO,
)
"""Everything that a column can be mapped to. A column mapped to nothing is kept with the lead as `extra`."""

REPEATABLE: Final = frozenset({OTHER_PHONE, MESSAGE, LOCALITY})
"""Fields that several columns may feed; the others take one column each."""

# Whole names first (certain), then words within a name (likely). Names are compared in lower case, signs as spaces.
_WHOLE: Final[Mapping[str, str]] = MappingProxyType(
    {
        name: target
        for target, names in {
            NAME: "name|full name|fullname|customer|customer name|client|client name|lead name|contact name|"
            "contact person|buyer name|enquirer name|your name|cust name|user name|visitor name|नाम|નામ",
            FIRST_NAME: "first name|firstname|given name|fname",
            LAST_NAME: "last name|lastname|surname|family name|lname",
            PHONE: "phone|phone number|phone no|mobile|mobile number|mobile no|contact|contact no|contact number|"
            "cell|cell phone|cell number|tel|telephone|whatsapp|whatsapp number|whatsapp no|msisdn|primary phone|"
            "primary mobile|mobile phone|ph|ph no|mob|mob no|फोन|मोबाइल|मोबाइल नंबर|મોબાઇલ",
            OTHER_PHONE: "alt mobile|alternate mobile|alt phone|alternate phone|alternate number|alt no|"
            "alternate contact|alternate no|other phone|other number|secondary phone|secondary mobile|phone 2|"
            "mobile 2|contact 2|landline|home phone|work phone|office phone",
            EMAIL: "email|e mail|mail|email id|mail id|email address|e mail address|e mail id|your email|ईमेल",
            PROJECT: "project|project name|property name|society|society name|site|site name|"
            "interested project|project interested in",
            SOURCE: "source|lead source|platform|channel|medium|portal|utm source",
            CAMPAIGN: "campaign|campaign name|utm campaign",
            BUDGET: "budget|price|price range|budget range|your budget|बजट",
            BUDGET_MIN: "min budget|minimum budget|budget min|budget from|price from|min price|budget minimum",
            BUDGET_MAX: "max budget|maximum budget|budget max|budget to|price to|max price|budget maximum",
            CONFIGURATION: "configuration|config|bhk|bhk type|unit type|property type|flat type|bedrooms|typology|"
            "requirement|type of property|unit",
            TIMELINE: "timeline|time frame|timeframe|purchase timeline|buying timeline|possession|plan to buy",
            LOCALITY: "locality|location|area|preferred location|preferred locality|sector|location preference",
            CITY: "city|town|city name|शहर",
            MESSAGE: "message|notes|note|remarks|remark|comments|comment|query|enquiry|inquiry|details|"
            "description|feedback|your message|टिप्पणी",
            RECEIVED_AT: "received on|received at|received|created time|created at|created on|created|date|"
            "date time|timestamp|enquiry date|lead date|visited on|visit date|date of visit|submitted at|"
            "submitted on|submission date|response date|time|created date|दिनांक",
            EXTERNAL_ID: "id|lead id|query id|enquiry id|inquiry id|response id|external id|leadgen id|ref no|"
            "reference|reference no|reference id",
            CONSENT: "consent|opt in|optin|whatsapp consent|marketing consent|i agree|agree to be contacted|"
            "consent to call",
            ASSIGNED_TO: "assigned to|sales person|salesperson|sales executive|owner|lead owner|agent|executive|"
            "attended by|sourced by|rm|relationship manager|handled by|sales rep",
        }.items()
        for name in names.split("|")
    }
)
_WITHIN: Final[Sequence[tuple[re.Pattern[str], str]]] = tuple(
    (re.compile(pattern), target)
    for pattern, target in (
        (r"\b(ad|adset|ad set|form|page|project manager|company|father|spouse|campaign|broker|firm) (id|name)\b", ""),
        (r"\b(alt|alternate|alternative|secondary|other|second|landline)\b.*\b(mobile|phone|number|no|contact)\b",
         OTHER_PHONE),
        (r"\b(phone|mobile|contact|whatsapp|cell)\b.*\b(number|no|num|num\w*)\b|\b(mobile|phone)\b", PHONE),
        (r"\be ?mail\b", EMAIL),
        (r"\b(min|minimum|from)\b.*\bbudget\b|\bbudget\b.*\b(min|minimum|from)\b", BUDGET_MIN),
        (r"\b(max|maximum|upto|up to)\b.*\bbudget\b|\bbudget\b.*\b(max|maximum)\b", BUDGET_MAX),
        (r"\bbudget\b|\bprice range\b", BUDGET),
        (r"\bconfiguration\b|\bbhk\b|\bbedrooms?\b|\b(property|unit|flat|apartment) type\b", CONFIGURATION),
        (r"\bwhen\b.*\b(buy|purchase|move|invest)|\btimeline\b|\bhow soon\b|\bplan\w* to (buy|purchase)", TIMELINE),
        (r"\bconsent\b|\bopt in\b|\bagree\b", CONSENT),
        (r"\b(preferred|which|interested) (location|locality|area)\b|\blocality\b", LOCALITY),
        (r"\b(created|received|submitted|enquiry|inquiry|visited?) (time|date|on|at)\b", RECEIVED_AT),
        (r"\b(first|given) name\b", FIRST_NAME),
        (r"\b(last|family) name\b|\bsurname\b", LAST_NAME),
        (r"\b(full|customer|client|lead|contact|buyer|visitor|your|guest) name\b|\bname of\b.*\b(customer|client|visitor)",
         NAME),
        (r"\bremarks?\b|\bcomments?\b|\bnotes?\b|\bmessage\b", MESSAGE),
        (r"\bassigned\b|\bsales (person|executive|rep)\b", ASSIGNED_TO),
        (r"\bproject\b", PROJECT),
    )
)  # fmt: skip
_EMAIL_LIKE = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_CERTAIN, _LIKELY, _SEEN = 1.0, 0.8, 0.6


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """A guess: `fields` is {column: field}, `confidence` {column: 0 to 1} for the columns guessed.

    `month_first` is True when the dates of the sample can only be read as Americans write them.
    """

    fields: dict[str, str]
    confidence: dict[str, float] = field(default_factory=dict)
    month_first: bool = False

    @property
    def reaches_people(self) -> bool:
        """True when a number or an e-mail address is among the columns: without either every row is refused."""
        return bool({PHONE, OTHER_PHONE, EMAIL} & set(self.fields.values()))


def guess_mapping(columns: Sequence[str], sample: Iterable[Mapping[str, str]] = ()) -> ColumnMapping:
    """Guess the field of each column from its name, and of nameless phones and e-mails from what the sample holds.

    A field is given to its surest column; the next phone column becomes a further number, anything else stays extra.
    """
    rows = list(sample)
    guesses = sorted(
        (
            (confidence, -index, column, target)
            for index, column in enumerate(columns)
            for target, confidence in [_by_name(column)]
            if target
        ),
        reverse=True,
    )
    fields: dict[str, str] = {}
    confidence: dict[str, float] = {}

    def give(column: str, target: str, sure: float) -> None:
        if target == PHONE and PHONE in fields.values():
            target = OTHER_PHONE
        if target in fields.values() and target not in REPEATABLE:
            return
        fields[column], confidence[column] = target, sure

    for sure, _, column, target in guesses:
        give(column, target, sure)
    for target, looks_like in ((PHONE, _phone_like), (EMAIL, _email_like)):
        if target in fields.values():
            continue
        for column in columns:
            if column not in fields and looks_like([row.get(column, "") for row in rows]):
                give(column, target, _SEEN)
                break
    if NAME in fields.values():
        for column in [column for column, target in fields.items() if target in (FIRST_NAME, LAST_NAME)]:
            del fields[column], confidence[column]
    dates = [row.get(column, "") for column, target in fields.items() if target == RECEIVED_AT for row in rows]
    ordered = {column: fields[column] for column in columns if column in fields}
    return ColumnMapping(ordered, {column: confidence[column] for column in ordered}, _month_first(dates))


def known_field(column: str) -> str | None:
    """The field that a column's name means, or None."""
    return _by_name(column)[0] or None


def check_mapping(fields: Mapping[str, str], columns: Sequence[str]) -> list[tuple[str, str]]:
    """What is wrong with a mapping that a person edited: (column, sentence) pairs, none when it can be used."""
    problems: list[tuple[str, str]] = []
    first: dict[str, str] = {}
    for column, target in fields.items():
        if column not in columns:
            problems.append((column, f"The file has no column “{column}”."))
        elif target not in LEAD_FIELDS:
            problems.append((column, f"“{target}” is no field of a lead."))
        elif target in first and target not in REPEATABLE:
            problems.append((column, f"“{first[target]}” is already used for {target}: choose one of the two."))
        else:
            first[target] = column
    if not problems and not ColumnMapping(dict(fields)).reaches_people:
        problems.append(("", "Choose the column with the phone number or the e-mail address."))
    return problems


def _by_name(column: str) -> tuple[str, float]:
    name = plain_name(column)
    whole = _WHOLE.get(name) or _WHOLE.get(re.sub(r" (l|lac|lacs|lakhs?|cr|crores?|inr|rs)$", "", name))
    if whole:
        return whole, _CERTAIN
    for pattern, target in _WITHIN:
        if pattern.search(name):
            return target, _LIKELY
    return "", 0.0


def plain_name(column: str) -> str:
    """A column's name for comparing: lower case, signs and underscores as single spaces."""
    text = unicodedata.normalize("NFKC", column).casefold()
    spaced = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in text)
    return " ".join(spaced.split())


def _phone_like(values: list[str]) -> bool:
    filled = [value for value in values if value.strip()]
    return bool(filled) and sum(parse_phone(value) is not None for value in filled) * 2 > len(filled)


def _email_like(values: list[str]) -> bool:
    filled = [value for value in values if value.strip()]
    return bool(filled) and sum(_EMAIL_LIKE.fullmatch(value.strip()) is not None for value in filled) * 2 > len(filled)


def _month_first(dates: list[str]) -> bool:
    pairs = [
        (int(m[1]), int(m[2])) for m in (re.match(r"\s*(\d{1,2})[/.\-](\d{1,2})[/.\-]\d{2,4}", d) for d in dates) if m
    ]
    return any(second > 12 for _, second in pairs) and not any(first > 12 for first, _ in pairs)
