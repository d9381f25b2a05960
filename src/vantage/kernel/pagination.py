"""Pages by key: "what comes after this row", never "skip 10,000".

A cursor is the sort values of a page's last row, as opaque text. It grants nothing (row security decides what a page
shows), so it isn't signed; it is checked against the types that the list sorts by.
"""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Generic, TypeVar
from uuid import UUID

from vantage.kernel.errors import Invalid, InvalidCursor

T = TypeVar("T")

SortValue = str | int | bool | datetime | Decimal | UUID | None

DEFAULT_LIMIT = 50
MAXIMUM_LIMIT = 200
MAXIMUM_CURSOR_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page and the marker of the next; `next_cursor` is None on the last."""

    items: Sequence[T]
    next_cursor: str | None = None


def page_limit(limit: int | None) -> int:
    """How many rows to give: `DEFAULT_LIMIT` when not asked. Raises Invalid outside 1 to `MAXIMUM_LIMIT`."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAXIMUM_LIMIT:
        raise Invalid(f"A page has 1 to {MAXIMUM_LIMIT} rows, not {limit}.")
    return limit


def encode_cursor(values: Sequence[SortValue]) -> str:
    """The sort values of a page's last row as URL-safe text, exact for instants (microseconds) and money."""
    plain = [_written(value) for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode()).rstrip(b"=").decode()


def decode_cursor(cursor: str, kinds: Sequence[type]) -> tuple[SortValue, ...]:
    """The sort values in `cursor`, of exactly `kinds` (each may be null). Raises InvalidCursor for anything else."""
    if len(cursor) > MAXIMUM_CURSOR_CHARACTERS:
        raise _unreadable()
    try:
        plain = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(plain, list) or len(plain) != len(kinds):
            raise _unreadable()
        return tuple(_read(value, kind) for value, kind in zip(plain, kinds, strict=True))
    except (binascii.Error, UnicodeError, ValueError, InvalidOperation, RecursionError):
        raise _unreadable() from None


def _written(value: SortValue) -> str | int | bool | None:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value


def _read(value: object, kind: type) -> SortValue:
    if value is None:
        return None
    if kind in (int, bool) and type(value) is kind:
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise _unreadable()
    if kind is str:
        return value
    if kind is datetime:
        instant = datetime.fromisoformat(value)
        if instant.tzinfo is None:
            raise _unreadable()
        return instant
    if kind is UUID:
        return UUID(value)
    if kind is Decimal:
        number = Decimal(value)
        if not number.is_finite():
            raise _unreadable()
        return number
    raise _unreadable()


def _unreadable() -> InvalidCursor:
    return InvalidCursor(
        "The page marker was not made by this list.",
        way_out="Start again from the first page, without `cursor`.",
    )
