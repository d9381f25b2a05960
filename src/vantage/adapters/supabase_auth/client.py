"""Signing up, in and on with Supabase Auth (https://supabase.com/docs/reference/self-hosting-auth).

Shape checked against its published documentation; not run against a live project.
"""

from typing import Any
from uuid import UUID

import httpx

from vantage.adapters.supabase_auth.verify import TokenVerifier
from vantage.features.identity.models import NewAccount, TokenPair
from vantage.kernel.errors import FieldError, Invalid, TooManyRequests, Unavailable

TAKEN = {"user_already_exists", "email_exists"}
WEAK = "weak_password"
SECONDS_TO_WAIT = 60


class SupabaseAuth:
    """IdentityProvider and TokenProvider over Supabase Auth's HTTP API. `key` is the anon or publishable key."""

    def __init__(self, http: httpx.AsyncClient, url: str, key: str, verifier: TokenVerifier) -> None:
        self._http = http
        self._base = f"{url.rstrip('/')}/auth/v1"
        self._key = key
        self._verifier = verifier

    async def sign_up(self, email: str, password: str, full_name: str) -> NewAccount | None:
        """A new account; None when the e-mail is taken. Unconfirmed where the project asks for confirmation."""
        answer = await self._post("/signup", {"email": email, "password": password, "data": {"full_name": full_name}})
        if answer.is_error:
            problem = _problem(answer)
            if problem in TAKEN:
                return None
            if problem == WEAK:
                sentence = "Supabase Auth asks for a stronger password."
                raise Invalid(sentence, fields=[FieldError("password", sentence, WEAK)])
            raise self._refusal(answer)
        body: dict[str, Any] = answer.json()
        user: dict[str, Any] = body.get("user") or body
        # with confirmation on, a taken address is answered with a made-up user that has no identities
        if user.get("identities") == []:
            return None
        return NewAccount(UUID(user["id"]), confirmed="access_token" in body)

    async def authenticate(self, email: str, password: str) -> UUID | None:
        """The person, or None when the two do not fit."""
        body = await self._token("password", {"email": email, "password": password})
        return UUID(body["user"]["id"]) if body else None

    async def token(self, email: str, password: str) -> TokenPair | None:
        """Supabase's own tokens for a password; None when it is wrong."""
        return _pair(await self._token("password", {"email": email, "password": password}))

    async def refresh(self, refresh_token: str) -> TokenPair | None:
        """Supabase's own tokens for a refresh token; None when it is not good."""
        return _pair(await self._token("refresh_token", {"refresh_token": refresh_token}))

    async def person_of(self, access_token: str) -> UUID:
        """The person whom a token names. Raises Unauthenticated."""
        return await self._verifier.person_of(access_token)

    async def _token(self, grant: str, body: dict[str, str]) -> dict[str, Any] | None:
        answer = await self._post(f"/token?grant_type={grant}", body)
        if answer.status_code in (400, 401, 403, 422):
            return None
        if answer.is_error:
            raise self._refusal(answer)
        found: dict[str, Any] = answer.json()
        return found

    async def _post(self, path: str, body: dict[str, Any]) -> httpx.Response:
        try:
            # a publishable key is not a JWT: it goes into `apikey` and never into Authorization
            return await self._http.post(self._base + path, json=body, headers={"apikey": self._key})
        except httpx.HTTPError as error:
            raise Unavailable("Supabase Auth does not answer.", way_out="Try again in a minute.") from error

    def _refusal(self, answer: httpx.Response) -> Exception:
        if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            return TooManyRequests("Supabase Auth allows no more attempts now.", retry_after=SECONDS_TO_WAIT)
        if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
            return Invalid(f"Supabase Auth refused: {answer.json().get('msg', 'no reason given')}")
        return Unavailable("Supabase Auth does not answer.", way_out="Try again in a minute.")


def _problem(answer: httpx.Response) -> str:
    try:
        body: dict[str, Any] = answer.json()
    except ValueError:
        return ""
    return str(body.get("error_code", ""))


def _pair(body: dict[str, Any] | None) -> TokenPair | None:
    if body is None:
        return None
    return TokenPair(body["access_token"], body["refresh_token"], int(body["expires_in"]))
