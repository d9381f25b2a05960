"""Is this access token one that Supabase Auth signed for our project, and whom does it name?

Two kinds of keys, each with its own algorithms, never chosen by the token (ASVS 9.1.2): the project's public
signing keys (ES256, RS256; https://supabase.com/docs/guides/auth/signing-keys) and, where it is configured, the
legacy shared secret (HS256).
"""

import time
from typing import Any
from uuid import UUID

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from vantage.kernel.clock import Clock
from vantage.kernel.errors import Unauthenticated, Unavailable

PUBLIC_ALGORITHMS = ("ES256", "RS256")
SHARED_ALGORITHM = "HS256"
KEYS_FRESH_SECONDS = 600.0
"""Supabase's edge keeps the key set for ten minutes; asking more often brings nothing."""
KEYS_RETRY_SECONDS = 10.0
"""A token with an unknown key id may ask again after this: keys rotate, and attackers make key ids up."""


class TokenVerifier:
    """Verifies access tokens of one Supabase project."""

    def __init__(self, http: httpx.AsyncClient, url: str, clock: Clock, legacy_secret: str = "") -> None:
        self._http = http
        self._issuer = f"{url.rstrip('/')}/auth/v1"
        self._clock = clock
        self._secret = OctKey.import_key(legacy_secret) if legacy_secret else None
        self._keys: KeySet | None = None
        self._asked_at = -KEYS_FRESH_SECONDS

    async def person_of(self, token: str) -> UUID:
        """The person that a valid token of a signed-in user names. Raises Unauthenticated, Unavailable."""
        refused = Unauthenticated("The access token is not valid or has expired.", way_out="Sign in again.")
        try:
            header = jws.extract_compact(token.encode()).headers()
            algorithm, key_id = header.get("alg"), header.get("kid")
            if algorithm == SHARED_ALGORITHM and self._secret is not None:
                decoded = jwt.decode(token, self._secret, algorithms=[SHARED_ALGORITHM])
            elif algorithm in PUBLIC_ALGORITHMS and key_id:
                key = await self._public_key(str(key_id))
                if key is None or key.get("alg", algorithm) != algorithm:
                    raise refused
                decoded = jwt.decode(token, KeySet.import_key_set({"keys": [key]}), algorithms=[str(algorithm)])
            else:
                raise refused
            self._registry().validate(decoded.claims)
            if decoded.claims.get("role") != "authenticated" or decoded.claims.get("is_anonymous"):
                raise refused
            return UUID(str(decoded.claims["sub"]))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise refused from error

    def _registry(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=5,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": "authenticated"},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def _public_key(self, key_id: str) -> dict[str, Any] | None:
        found = self._find(key_id)
        waited = time.monotonic() - self._asked_at
        if waited > KEYS_FRESH_SECONDS or (found is None and waited > KEYS_RETRY_SECONDS):
            await self._fetch()
            found = self._find(key_id)
        return found

    def _find(self, key_id: str) -> dict[str, Any] | None:
        for key in self._keys.keys if self._keys else ():
            if key.kid == key_id:
                return dict(key.as_dict(private=False))
        return None

    async def _fetch(self) -> None:
        try:
            answer = await self._http.get(f"{self._issuer}/.well-known/jwks.json")
            answer.raise_for_status()
            self._keys = KeySet.import_key_set(answer.json()) if answer.json().get("keys") else None
        except (httpx.HTTPError, ValueError, JoseError) as error:
            if self._keys is None:
                raise Unavailable("Supabase Auth does not answer.", way_out="Try again in a minute.") from error
        self._asked_at = time.monotonic()
