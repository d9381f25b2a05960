"""One row of a lead file as a lead, or the reason why it is none.

A row with a valid number is a lead; so is one without, if it has a valid e-mail address, though nobody can call it.
A row with neither, and an advertising network's own test lead, is refused. Nothing else refuses a row: what can't be
understood is said in `notes` and kept as it was written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from vantage.features.crm.lead_files import mapping as fields
from vantage.features.crm.lead_files.lead_file import SourceRow
from vantage.features.crm.lead_files.values import (
    clean_text,
    is_blank,
    normalize_configuration,
    normalize_timeline,
    one_line,
    read_consent,
    read_email,
    read_instant,
)
from vantage.kernel.money import PriceRange, parse_price
from vantage.kernel.phone import DEFAULT_REGION, Phone, is_blank_phone, parse_phones, phone_problem

MAX_NAME = 200
MAX_SHORT = 500
MAX_MESSAGE = 10_000
MAX_EXTRA_VALUE = 2_000
MAX_OTHER_PHONES = 5
INDIA = ZoneInfo("Asia/Kolkata")

_TEST_LEAD = re.compile(r"\s*<test lead:", re.IGNORECASE)
_TEST_EMAILS = frozenset({"test@fb.com", "test@meta.com"})
# Meta marks what kind of value stands in a cell: l:… a lead, c:… a campaign, p:… a phone.
_META_MARK = re.compile(r"^(?:l|ag|as|c|f):(?=\d)")
_SOURCES = {"fb": "Facebook", "ig": "Instagram", "msg": "Messenger", "wa": "WhatsApp", "an": "Audience Network"}
_LAKH_COLUMN = re.compile(r"\b(?:l|lac|lacs|lakh|lakhs)\b")
_CRORE_COLUMN = re.compile(r"\b(?:cr|crs|crore|crores)\b")
_BEDROOM_COLUMN = re.compile(r"\bbhk\b|\bbed ?rooms?\b|\bbeds?\b")
# What `safe_cell` put in front of a formula comes off again, so that an export can be imported.
_NEUTRALISED = re.compile(r"^'(?=[=+\-@\t\r＝＋－＠])")


@dataclass(frozen=True, slots=True)
class LeadRow:
    """A row that is a lead. Text is clean and bounded; `extra` holds the unmapped columns as they were written.

    `phone` None means that nobody can call this lead: `email` is then set, and `notes` says so. `received_at` is UTC.
    `notes` are sentences about what was left out or could not be understood.
    """

    line: int
    sheet: str | None = None
    name: str | None = None
    phone: Phone | None = None
    other_phones: tuple[Phone, ...] = ()
    email: str | None = None
    project: str | None = None
    source: str | None = None
    campaign: str | None = None
    budget: PriceRange | None = None
    budget_text: str | None = None
    configuration: str | None = None
    timeline: str | None = None
    locality: str | None = None
    city: str | None = None
    message: str | None = None
    received_at: datetime | None = None
    external_id: str | None = None
    consent: bool | None = None
    assigned_to: str | None = None
    extra: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """By what rows of one file are the same person: the number, else the e-mail address."""
        return self.phone.e164 if self.phone else (self.email or "")


@dataclass(frozen=True, slots=True)
class RowRefusal:
    """A row that is no lead: where it stands and why, in words for the person who can repair it."""

    line: int
    column: str
    reason: str
    sheet: str | None = None


class RowReader:
    """Reads the rows of one file under one mapping.

    `columns` is {column: field}; `region` reads numbers without country code; `zone` is where dates without offset
    were written; a date more than a day after `now` (UTC) is taken for a mistake and left out.
    Raises ValueError for a field that leads don't have.
    """

    def __init__(
        self,
        columns: Mapping[str, str],
        *,
        region: str = DEFAULT_REGION,
        zone: tzinfo = INDIA,
        month_first: bool = False,
        now: datetime | None = None,
    ) -> None:
        unknown = set(columns.values()) - set(fields.LEAD_FIELDS)
        if unknown:
            raise ValueError(f"Leads have no field {sorted(unknown)}.")
        self._columns = dict(columns)
        self._by_field: dict[str, list[str]] = {}
        for column, target in columns.items():
            self._by_field.setdefault(target, []).append(column)
        self._region, self._zone, self._month_first = region, zone, month_first
        self._latest = now + timedelta(days=1) if now else None
        self._units = {column: _unit(column) for column in columns}
        self._bedroom_columns = {c for c in columns if _BEDROOM_COLUMN.search(fields.plain_name(c))}
        self._phone_columns = [*self._by_field.get(fields.PHONE, ()), *self._by_field.get(fields.OTHER_PHONE, ())]

    def read(self, row: SourceRow) -> LeadRow | RowRefusal:
        """The lead of a row, or why it is none."""
        cells = {
            column: text if text[:1] != "'" else _NEUTRALISED.sub("", text, count=1)
            for column, text in row.cells.items()
        }
        test_column = _test_lead(cells)
        if test_column is not None:
            return RowRefusal(
                row.line, test_column, "This is the advertising network's own test lead, not a person.", row.sheet
            )
        notes: list[str] = []
        phones = self._phones(cells, notes)
        email_text = self._first(cells, fields.EMAIL)
        email = read_email(email_text)
        if email is None and not is_blank(email_text):
            notes.append(f"“{_short(email_text)}” is not an e-mail address.")
        if email in _TEST_EMAILS:
            return RowRefusal(
                row.line,
                self._by_field[fields.EMAIL][0],
                "This is the advertising network's own test lead, not a person.",
                row.sheet,
            )
        if not phones and email is None:
            return self._unreachable(row, cells, notes)
        if not phones:
            notes.append("There is no valid phone number, so this lead can't be called.")
        budget, budget_text = self._budget(cells)
        return LeadRow(
            line=row.line,
            sheet=row.sheet,
            name=self._name(cells, notes),
            phone=phones[0] if phones else None,
            other_phones=tuple(phones[1 : 1 + MAX_OTHER_PHONES]),
            email=email,
            project=self._text(cells, fields.PROJECT, notes),
            source=self._source(cells, notes),
            campaign=self._text(cells, fields.CAMPAIGN, notes),
            budget=budget,
            budget_text=budget_text,
            configuration=self._configuration(cells),
            timeline=normalize_timeline(self._first(cells, fields.TIMELINE)[:MAX_SHORT]),
            locality=self._joined(cells, fields.LOCALITY, ", ", MAX_SHORT, notes),
            city=self._text(cells, fields.CITY, notes),
            message=self._joined(cells, fields.MESSAGE, "\n", MAX_MESSAGE, notes),
            received_at=self._received_at(cells, notes),
            external_id=_META_MARK.sub("", self._text(cells, fields.EXTERNAL_ID, notes) or "", count=1) or None,
            consent=read_consent(self._first(cells, fields.CONSENT)),
            assigned_to=self._text(cells, fields.ASSIGNED_TO, notes),
            extra=self._extra(cells, notes),
            notes=tuple(notes),
        )

    def _phones(self, cells: Mapping[str, str], notes: list[str]) -> list[Phone]:
        found: dict[Phone, None] = {}
        for column in self._phone_columns:
            text = cells.get(column, "")
            phones = parse_phones(text, self._region)
            found.update(dict.fromkeys(phones))
            if not phones and not is_blank_phone(text):
                notes.append(f"{column}: {phone_problem(text, self._region)}")
        return list(found)

    def _unreachable(self, row: SourceRow, cells: Mapping[str, str], notes: list[str]) -> RowRefusal:
        column = next((column for column in self._phone_columns if cells.get(column)), None)
        if column is None:
            column = next(iter([*self._phone_columns, *self._by_field.get(fields.EMAIL, ())]), "")
        problems = notes or ["There is neither a phone number nor an e-mail address."]
        problems = [problem.removeprefix(f"{column}: ") for problem in problems]
        reason = " ".join([*problems, "A lead needs one of the two."])
        return RowRefusal(row.line, column, reason, row.sheet)

    def _name(self, cells: Mapping[str, str], notes: list[str]) -> str | None:
        whole = self._first(cells, fields.NAME)
        if not whole:
            whole = f"{self._first(cells, fields.FIRST_NAME)} {self._first(cells, fields.LAST_NAME)}"
        name = one_line(whole)
        return None if is_blank(name) else _bounded(name, MAX_NAME, "name", notes)

    def _source(self, cells: Mapping[str, str], notes: list[str]) -> str | None:
        source = self._text(cells, fields.SOURCE, notes)
        return _SOURCES.get(source.casefold(), source) if source else None

    def _budget(self, cells: Mapping[str, str]) -> tuple[PriceRange | None, str | None]:
        low = self._price(cells, fields.BUDGET_MIN)
        high = self._price(cells, fields.BUDGET_MAX)
        written = [one_line(self._first(cells, f)) for f in (fields.BUDGET, fields.BUDGET_MIN, fields.BUDGET_MAX)]
        text = " - ".join(part for part in written if not is_blank(part))[:MAX_SHORT] or None
        if low is None and high is None:
            return self._price(cells, fields.BUDGET), text
        bounds = (low.low if low else None, high.high if high else None)
        if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
            bounds = (bounds[1], bounds[0])
        return (None if bounds == (None, None) else PriceRange(*bounds)), text

    def _price(self, cells: Mapping[str, str], target: str) -> PriceRange | None:
        for column in self._by_field.get(target, ()):
            return parse_price(cells.get(column), self._units[column])
        return None

    def _configuration(self, cells: Mapping[str, str]) -> str | None:
        for column in self._by_field.get(fields.CONFIGURATION, ()):
            return normalize_configuration(
                cells.get(column, "")[:MAX_SHORT], bare_number_is_bedrooms=column in self._bedroom_columns
            )
        return None

    def _received_at(self, cells: Mapping[str, str], notes: list[str]) -> datetime | None:
        text = self._first(cells, fields.RECEIVED_AT)
        if is_blank(text):
            return None
        instant = read_instant(text, self._zone, month_first=self._month_first)
        if instant is None:
            notes.append(f"“{_short(text)}” is not a date that could be understood.")
        elif self._latest is not None and instant > self._latest:
            notes.append(f"“{_short(text)}” lies in the future and was left out.")
            return None
        return instant

    def _first(self, cells: Mapping[str, str], target: str) -> str:
        for column in self._by_field.get(target, ()):
            if text := cells.get(column, ""):
                return text
        return ""

    def _text(self, cells: Mapping[str, str], target: str, notes: list[str]) -> str | None:
        raw = self._first(cells, target)
        if not raw:
            return None
        text = one_line(raw)
        return None if is_blank(text) else _bounded(text, MAX_SHORT, target.replace("_", " "), notes)

    def _joined(self, cells: Mapping[str, str], target: str, between: str, limit: int, notes: list[str]) -> str | None:
        parts = [clean_text(text) for column in self._by_field.get(target, ()) if (text := cells.get(column))]
        if not parts:
            return None
        text = between.join(dict.fromkeys(part for part in parts if not is_blank(part)))
        if target != fields.MESSAGE:
            text = " ".join(text.split())
        return _bounded(text, limit, target, notes) or None

    def _extra(self, cells: Mapping[str, str], notes: list[str]) -> dict[str, str]:
        return {
            column: _bounded(text, MAX_EXTRA_VALUE, f"column “{column}”", notes)
            for column, raw in cells.items()
            if column not in self._columns and (text := clean_text(raw))
        }


def read_row(
    row: SourceRow,
    columns: Mapping[str, str],
    region: str = DEFAULT_REGION,
    *,
    zone: tzinfo = INDIA,
    month_first: bool = False,
    now: datetime | None = None,
) -> LeadRow | RowRefusal:
    """One row by itself; for a file make one `RowReader`, which looks at the mapping once."""
    return RowReader(columns, region=region, zone=zone, month_first=month_first, now=now).read(row)


def _unit(column: str) -> Literal["L", "Cr"] | None:
    """The unit that a column's name gives to its bare numbers: "Budget (L)"."""
    name = fields.plain_name(column)
    if _LAKH_COLUMN.search(name):
        return "L"
    return "Cr" if _CRORE_COLUMN.search(name) else None


def _test_lead(cells: Mapping[str, str]) -> str | None:
    """The column that shows a network's test lead: Meta's dummy data, Google's is_test."""
    for column, text in cells.items():
        if text[:1] in "< " and _TEST_LEAD.match(text):
            return column
        if column.casefold() == "is_test" and text.strip().casefold() in {"true", "1", "yes"}:
            return column
    return None


def _bounded(text: str, limit: int, what: str, notes: list[str]) -> str:
    if len(text) <= limit:
        return text
    notes.append(f"The {what} had {len(text):,} characters: it was cut to {limit:,}.")
    return text[:limit]


def _short(text: str) -> str:
    text = one_line(text)
    return text if len(text) <= 40 else text[:39] + "…"
