"""Supabase Auth against a stand-in made from its documentation: real HTTP, real keys."""

import base64
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from vantage.adapters.supabase_auth import SupabaseAuth, TokenVerifier
from vantage.kernel.clock import FixedClock
from vantage.kernel.errors import Unauthenticated

URL = "https://project.supabase.example"
NOW = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)
LEGACY = "a-legacy-secret-of-at-least-32-bytes!"
PERSON = UUID("0b5f2f9a-6f0e-4a41-9a7c-3a4f1c1f0001")


class StandIn:
    """Keeps accounts in memory; answers as GoTrue documents it."""

    def __init__(self) -> None:
        self.key = ECKey.generate_key("P-256", {"kid": "k1", "alg": "ES256", "use": "sig"})
        self.accounts: dict[str, tuple[UUID, str]] = {}
        self.refresh_tokens: dict[str, UUID] = {}
        self.confirmation = False
        self.key_requests = 0

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/auth/v1/signup", self.signup, methods=["POST"]),
                Route("/auth/v1/token", self.token, methods=["POST"]),
                Route("/auth/v1/.well-known/jwks.json", self.keys),
            ]
        )

    async def keys(self, _: Request) -> JSONResponse:
        self.key_requests += 1
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def signup(self, request: Request) -> JSONResponse:
        assert request.headers["apikey"] == "sb_publishable_x"
        assert "Authorization" not in request.headers
        body = json.loads(await request.body())
        if body["email"] in self.accounts:
            if self.confirmation:
                return JSONResponse({"id": str(uuid4()), "email": body["email"], "identities": []})
            return JSONResponse(
                {"code": 422, "error_code": "user_already_exists", "msg": "User already registered"}, 422
            )
        person = uuid4()
        self.accounts[body["email"]] = (person, body["password"])
        user = {"id": str(person), "email": body["email"], "identities": [{"provider": "email"}]}
        return JSONResponse(user if self.confirmation else self.session(person) | {"user": user})

    async def token(self, request: Request) -> JSONResponse:
        body = json.loads(await request.body())
        if request.query_params["grant_type"] == "refresh_token":
            person = self.refresh_tokens.pop(body["refresh_token"], None)
            if person is None:
                return JSONResponse({"code": 400, "error_code": "refresh_token_not_found", "msg": "Invalid"}, 400)
            return JSONResponse(self.session(person))
        known = self.accounts.get(body["email"])
        if known is None or known[1] != body["password"]:
            return JSONResponse(
                {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}, 400
            )
        return JSONResponse(self.session(known[0]))

    def session(self, person: UUID) -> dict[str, object]:
        refresh = uuid4().hex
        self.refresh_tokens[refresh] = person
        return {
            "access_token": self.sign(sub=str(person)),
            "refresh_token": refresh,
            "expires_in": 3600,
            "token_type": "bearer",
            "user": {"id": str(person)},
        }

    def sign(self, *, key: object = None, header: dict[str, str] | None = None, **changes: object) -> str:
        claims = {
            "iss": f"{URL}/auth/v1",
            "aud": "authenticated",
            "role": "authenticated",
            "sub": str(PERSON),
            "iat": int(NOW.timestamp()),
            "exp": int((NOW + timedelta(hours=1)).timestamp()),
            "is_anonymous": False,
        } | changes
        return jwt.encode(header or {"alg": "ES256", "kid": "k1"}, claims, key or self.key)  # type: ignore[arg-type]


def signed_with(secret: bytes, token: str) -> str:
    """The claims of a good token under an HS256 signature of `secret`."""
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1"}').rstrip(b"=").decode()
    signed = f"{header}.{token.split('.')[1]}"
    signature = hmac.new(secret, signed.encode(), "sha256").digest()
    return f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


@asynccontextmanager
async def supabase(stand_in: StandIn, legacy: str = "") -> AsyncIterator[SupabaseAuth]:
    transport = httpx.ASGITransport(app=stand_in.app())
    async with httpx.AsyncClient(transport=transport) as http:
        yield SupabaseAuth(http, URL, "sb_publishable_x", TokenVerifier(http, URL, FixedClock(NOW), legacy))


async def test_a_person_signs_up_in_and_on() -> None:
    async with supabase(StandIn()) as auth:
        account = await auth.sign_up("asha@example.in", "a long sentence", "Asha Rao")
        assert account is not None
        assert account.confirmed
        assert await auth.authenticate("asha@example.in", "a long sentence") == account.person_id
        pair = await auth.token("asha@example.in", "a long sentence")
        assert pair is not None
        assert await auth.person_of(pair.access_token) == account.person_id
        following = await auth.refresh(pair.refresh_token)
        assert following is not None
        assert await auth.refresh(pair.refresh_token) is None


async def test_wrong_passwords_and_taken_addresses() -> None:
    async with supabase(StandIn()) as auth:
        await auth.sign_up("asha@example.in", "a long sentence", "Asha Rao")
        assert await auth.authenticate("asha@example.in", "another sentence") is None
        assert await auth.sign_up("asha@example.in", "a long sentence", "Asha Rao") is None


async def test_a_project_that_asks_for_confirmation() -> None:
    stand_in = StandIn()
    stand_in.confirmation = True
    async with supabase(stand_in) as auth:
        account = await auth.sign_up("asha@example.in", "a long sentence", "Asha Rao")
        assert account is not None
        assert not account.confirmed
        assert await auth.sign_up("asha@example.in", "a long sentence", "Asha Rao") is None


@pytest.mark.parametrize(
    "token",
    [
        lambda s: s.sign(exp=int((NOW - timedelta(minutes=1)).timestamp())),
        lambda s: s.sign(aud="somebody else"),
        lambda s: s.sign(iss="https://other.supabase.example/auth/v1"),
        lambda s: s.sign(role="service_role"),
        lambda s: s.sign(role="anon"),
        lambda s: s.sign(is_anonymous=True),
        lambda s: s.sign(sub="not a uuid"),
        lambda s: s.sign(key=ECKey.generate_key("P-256", {"kid": "k1"})),
        lambda s: s.sign(header={"alg": "ES256", "kid": "unknown"}),
        lambda s: s.sign(key=OctKey.import_key(LEGACY), header={"alg": "HS256"}),
        # the public key used as the shared secret: the classic confusion of algorithms
        lambda s: signed_with(s.key.as_pem(private=False), s.sign()),
        lambda _: "nonsense",
        lambda _: "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.",
    ],
)
async def test_tokens_that_are_not_good(token: object) -> None:
    stand_in = StandIn()
    async with supabase(stand_in) as auth:
        with pytest.raises(Unauthenticated):
            await auth.person_of(token(stand_in))  # type: ignore[operator]


async def test_the_legacy_secret_has_its_own_key() -> None:
    stand_in = StandIn()
    async with supabase(stand_in, LEGACY) as auth:
        token = stand_in.sign(key=OctKey.import_key(LEGACY), header={"alg": "HS256"})
        assert await auth.person_of(token) == PERSON
        assert await auth.person_of(stand_in.sign()) == PERSON


async def test_made_up_key_ids_do_not_make_us_ask_each_time() -> None:
    stand_in = StandIn()
    async with supabase(stand_in) as auth:
        for n in range(5):
            with pytest.raises(Unauthenticated):
                await auth.person_of(stand_in.sign(header={"alg": "ES256", "kid": f"made-up-{n}"}))
    assert stand_in.key_requests == 1
