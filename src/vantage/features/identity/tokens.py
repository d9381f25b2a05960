"""Secrets that are handed out: random values known by their digest, and signed access tokens."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from vantage.kernel.errors import Unauthenticated

ACCESS_LIFETIME = timedelta(minutes=15)
ISSUER = "vantage"
ALGORITHM = "HS256"


def new_secret() -> str:
    """A random value of 256 bits for a cookie or a refresh token."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What is stored of such a value. Plain SHA-256 is enough: the value has 256 bits of its own."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Whom an access token names, and the session that can be revoked under it."""

    person_id: UUID
    session_id: UUID


class AccessTokens:
    """Signs and reads our own access tokens (JWT, HS256 and nothing else)."""

    def __init__(self, key: bytes) -> None:
        self._key = OctKey.import_key(key)

    def issue(self, person_id: UUID, session_id: UUID, now: datetime) -> str:
        """A token for 15 minutes from `now` (UTC)."""
        claims = {
            "iss": ISSUER,
            "aud": "authenticated",
            "sub": str(person_id),
            "sid": str(session_id),
            "iat": int(now.timestamp()),
            "exp": int((now + ACCESS_LIFETIME).timestamp()),
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key)

    def read(self, token: str, now: datetime) -> AccessClaims:
        """The claims of a token of ours. Raises Unauthenticated for anything else."""
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            registry = jwt.JWTClaimsRegistry(
                now=int(now.timestamp()),
                leeway=5,
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": "authenticated"},
                exp={"essential": True},
                sub={"essential": True},
                sid={"essential": True},
            )
            registry.validate(claims)
            return AccessClaims(UUID(claims["sub"]), UUID(claims["sid"]))
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise Unauthenticated(
                "The access token is not valid or has expired.",
                way_out="Get a new one from POST /api/v1/auth/token with your refresh token.",
            ) from error
