"""The one phone rule of the product: what people write becomes E.164, or a sentence that says why not.

Numbers are judged by Google's metadata (`phonenumbers`); this module only undoes what people, portals and spreadsheets
do to a number before it reaches us. It never guesses a digit: a number that a spreadsheet has rounded is refused,
because the rounded number belongs to somebody else.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

DEFAULT_REGION = "IN"
MAX_TEXT = 200
"""Characters of a cell that are looked at: room for several numbers with names, not for a letter."""

# phonenumbers still gives the old name, and Python's and PostgreSQL's zone lists call it an alias.
_ZONE_ALIASES = {"Asia/Calcutta": "Asia/Kolkata"}

_SEPARATORS = re.compile(r"[/\\|;,&\r\n\t]+|\s+(?:or|and)\s+", re.IGNORECASE)
_WORDS_IN_BRACKETS = re.compile(r"\([^()\d+]*\)")
_LABEL_BEFORE = re.compile(r"^[^\W\d_][^\d+(]{0,30}(?=[\d+(])")
_WORDS_AFTER = re.compile(r"(?<=[\d\s])[\s\-–—]+[^\W\d_][^\d]*$")
_EXTENSION = re.compile(r"\s*(?:x|ext|extn|extension)\s*[.:#]?\s*\d{1,6}$", re.IGNORECASE)
_CODE_TWICE = re.compile(r"^\+\d{1,3}[\s\-]*(?=\+)")
_ALLOWED = re.compile(r"\+?[\d\s()\[\].\-‐-―_]+")
_WHOLE_FLOAT = re.compile(r"\d+\.0+")
_SCIENTIFIC = re.compile(r"(\d(?:\.\d+)?)[eE]\+?(\d{1,2})")
_RUN = re.compile(r"\+?\d{10,15}(?!\d)")
_EMPTY_WORDS = frozenset(
    {"", "-", "--", "na", "n/a", "n.a.", "nil", "none", "null", "not given", "not available", "not provided", "unknown"}
)


@dataclass(frozen=True, slots=True, order=True)
class Phone:
    """A valid number. `e164` is its only stored form (`+919845012345`)."""

    e164: str

    @property
    def region(self) -> str | None:
        """ISO 3166 region of the number, None for numbers of no country (`+800…`)."""
        return phonenumbers.region_code_for_number(phonenumbers.parse(self.e164))

    @property
    def is_mobile(self) -> bool:
        """True when the numbering plan says mobile, or can't tell mobile from fixed (as in North America)."""
        kind = phonenumbers.number_type(phonenumbers.parse(self.e164))
        return kind in (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)

    @property
    def zones(self) -> tuple[str, ...]:
        """IANA zones where the number may be; several for a country with several, none when unknown."""
        from phonenumbers import timezone  # noqa: PLC0415  # its prefix tables take memory that most never need

        zones = timezone.time_zones_for_number(phonenumbers.parse(self.e164))
        return tuple(_ZONE_ALIASES.get(zone, zone) for zone in zones if zone != "Etc/Unknown")

    def formatted(self) -> str:
        """As people write it with its country code: `+91 98450 12345`."""
        return _international(self.e164)

    def masked(self) -> str:
        """What a person without the right to see numbers is shown: `+91 98••• ••345`."""
        return mask_phone(self.e164)

    def reversed_digits(self) -> str:
        """The digits backwards (`543210548919`), so that "ends with" is a range on a btree index."""
        return self.e164[:0:-1]

    def __str__(self) -> str:
        return self.e164


def parse_phone(text: str | float | None, region: str = DEFAULT_REGION) -> Phone | None:
    """The first valid number in what a person, a portal or a spreadsheet wrote, or None.

    `region` (ISO 3166) is where a number without country code is read. `phone_problem` says why there is none.
    """
    return next(_valid_numbers(_as_text(text), region), None)


def parse_phones(text: str | float | None, region: str = DEFAULT_REGION) -> tuple[Phone, ...]:
    """All valid numbers of a cell in their order, each once ("98450 12345 / 080 2345 6789")."""
    return tuple(dict.fromkeys(_valid_numbers(_as_text(text), region)))


def phone_problem(text: str | float | None, region: str = DEFAULT_REGION) -> str | None:
    """Why no number was found, as a sentence for the person who can repair it; None when there is one."""
    written = _as_text(text)
    if is_blank_phone(written):
        return "There is no phone number."
    if next(_valid_numbers(written, region), None) is not None:
        return None
    shown = written if len(written) <= 40 else written[:39] + "…"
    tidy = _tidy(written)
    if _is_rounded(tidy):
        return (
            f"“{shown}” was shortened by a spreadsheet and has lost digits: "
            "format the column as text and export the file again."
        )
    if not any(character.isdigit() for character in tidy):
        return f"“{shown}” is not a phone number."
    if not _ALLOWED.fullmatch(tidy):
        return f"“{shown}” has letters or signs between its digits: write the digits alone, with the country code."
    return f"“{shown}” {_library_reason(tidy, region)}"


def is_blank_phone(text: str | None) -> bool:
    """True for nothing and for what people write instead of nothing ("NA", "-", "not given")."""
    return text is None or text.strip().casefold() in _EMPTY_WORDS


def mask_phone(e164: str) -> str:
    """The masked form of a stored number: country code, first two and last three digits stay.

    A national number of fewer than eight digits keeps its last two only, so that too little is left to guess from.
    """
    shown = _international(e164)
    code, _, national = shown.partition(" ")
    digits = sum(character.isdigit() for character in national)
    first, last = (2, 3) if digits >= 8 else (0, 2)
    masked, seen = [], 0
    for character in national:
        if character.isdigit():
            seen += 1
            masked.append(character if seen <= first or seen > digits - last else "•")
        else:
            masked.append(character)
    return f"{code} {''.join(masked)}"


def suffix_digits(text: str) -> str:
    """The digits of a search text backwards, to compare with `Phone.reversed_digits` as a prefix."""
    return "".join(character for character in _ascii_digits(text) if character.isdigit())[::-1]


def _valid_numbers(written: str, region: str) -> Iterator[Phone]:
    if is_blank_phone(written):
        return
    written = _WORDS_IN_BRACKETS.sub(" ", written)
    found = False
    parts = [part for part in _SEPARATORS.split(written) if part.strip()]
    for part in parts:
        for phone in _numbers_of_part(part, region):
            found = True
            yield phone
    if not found and len(parts) > 1:
        # "080/23456789", or a thousands format: 9,845,012,345
        whole = _one_number("".join(parts), region)
        if whole is not None:
            yield whole


def _numbers_of_part(part: str, region: str) -> Iterator[Phone]:
    whole = _one_number(part, region)
    if whole is not None:
        yield whole
        return
    tidy = _tidy(part)
    if not _ALLOWED.fullmatch(tidy):
        return
    # Two numbers with nothing but a space between: only runs that are whole numbers by themselves count.
    pieces = tidy.split()
    if len(pieces) > 1 and all(_RUN.fullmatch(piece) for piece in pieces):
        for piece in pieces:
            phone = _one_number(piece, region)
            if phone is not None:
                yield phone


def _one_number(part: str, region: str) -> Phone | None:
    tidy = _tidy(part)
    scientific = _SCIENTIFIC.fullmatch(tidy)
    if scientific:
        if _is_rounded(tidy):
            return None
        tidy = format(Decimal(tidy), "f")
    if not _ALLOWED.fullmatch(tidy):
        return None
    # phonenumbers gives up on a bracket around the code and reads a dot as a stop.
    tidy = ("+" if tidy.startswith("+") else "") + re.sub(r"\D", "", tidy)
    e164 = _e164(tidy, region)
    return Phone(e164) if e164 else None


@lru_cache(maxsize=4096)
def _e164(digits: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _tidy(part: str) -> str:
    """Without labels, extension, doubled country code and spreadsheet's decimals; digits as ASCII."""
    text = _WORDS_IN_BRACKETS.sub(" ", _ascii_digits(part)).strip().strip("'\"`").strip()
    text = _LABEL_BEFORE.sub("", text).strip()
    text = _EXTENSION.sub("", text)
    text = _WORDS_AFTER.sub("", text).strip()
    text = re.sub(r"^[(\[]\s*\+", "+", text)
    text = _CODE_TWICE.sub("", text)
    if _WHOLE_FLOAT.fullmatch(text):
        text = text.partition(".")[0]
    return text


def _is_rounded(tidy: str) -> bool:
    """True for 9.84501E+09: fewer digits written than the number has."""
    scientific = _SCIENTIFIC.fullmatch(tidy)
    if not scientific:
        return False
    significant = len(scientific[1].replace(".", ""))
    return significant < int(scientific[2]) + 1


def _as_text(value: str | float | None) -> str:
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        # A spreadsheet's own number is exact up to 15 digits: E.164 has no more.
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return unicodedata.normalize("NFKC", value[:MAX_TEXT]).strip()


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.digit(character)) if unicodedata.category(character) == "Nd" else character
        # Format characters (direction marks, zero-width spaces) come along when a number is copied from a chat.
        for character in text
        if unicodedata.category(character) != "Cf"
    )


def _library_reason(tidy: str, region: str) -> str:
    code = phonenumbers.country_code_for_region(region)
    digits = ("+" if tidy.startswith("+") else "") + re.sub(r"\D", "", tidy)
    way_out = f"write it with its country code, such as +{code} and the number."
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            return f"begins with a country code that doesn't exist: {way_out}"
        return f"is not a phone number: {way_out}"
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.TOO_SHORT | ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            return f"is too short for a phone number: {way_out}"
        case ValidationResult.TOO_LONG:
            return f"is too long for a phone number: {way_out}"
        case _:
            return f"is a number that +{number.country_code} doesn't give out: check its digits."


def _international(e164: str) -> str:
    try:
        return phonenumbers.format_number(phonenumbers.parse(e164), PhoneNumberFormat.INTERNATIONAL)
    except phonenumbers.NumberParseException:
        return e164
