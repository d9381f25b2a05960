"""Which call a webhook or a stream is about: a token of ours in its address, signed, so that nobody can name another.

The carrier's signature proves who calls; the token, which only we can make, says for which of our calls. The tenant
comes from there and never from anything that the request could choose.
"""

import base64
import hashlib
import hmac
import time
from uuid import UUID

STREAM_SECONDS = 300
"""A stream is opened right after the answer; later its address opens nothing."""


class CallTokens:
    """Makes and reads tokens. `secret` is this installation's own."""

    def __init__(self, secret: bytes) -> None:
        self._key = hashlib.sha256(b"call tokens\0" + secret).digest()

    def make(self, organization_id: UUID, call_id: UUID, *, purpose: str = "call", seconds: int = 86400) -> str:
        """A token for the addresses of one call, valid for `seconds`."""
        expires = int(time.time()) + seconds
        body = organization_id.bytes + call_id.bytes + expires.to_bytes(6, "big")
        signature = hmac.new(self._key, purpose.encode() + b"\0" + body, hashlib.sha256).digest()[:16]
        return base64.urlsafe_b64encode(body + signature).rstrip(b"=").decode()

    def read(self, token: str, *, purpose: str = "call") -> tuple[UUID, UUID] | None:
        """(organisation, call), or None for a token that is not ours, for another purpose, or too old."""
        try:
            raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        except ValueError:
            return None
        if len(raw) != 16 + 16 + 6 + 16:
            return None
        body, signature = raw[:38], raw[38:]
        expected = hmac.new(self._key, purpose.encode() + b"\0" + body, hashlib.sha256).digest()[:16]
        if not hmac.compare_digest(signature, expected) or int.from_bytes(body[32:], "big") < time.time():
            return None
        return UUID(bytes=body[:16]), UUID(bytes=body[16:32])
