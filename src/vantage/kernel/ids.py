"""Identifiers made in Python, so that a row's id is known before it is written."""

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A new UUID of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then 74 random bits.

    Ids made later sort later, to the millisecond, so new rows land at the end of an index. The time within it is
    readable: what must not be guessed (tokens, secrets) is made by `secrets`, never by this.
    """
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return UUID(int=value)


def parse_id(text: str) -> UUID | None:
    """The UUID that `text` writes in its usual form of 36 characters, or None when it writes none.

    Stricter than `UUID()`, which also takes braces and `urn:uuid:`; an id in a URL has one spelling.
    """
    try:
        value = UUID(text)
    except ValueError:
        return None
    return value if str(value) == text.lower() else None
