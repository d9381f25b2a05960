"""Signing up, in and out. Every attempt is counted; a refusal never says which part was wrong."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from pydantic import EmailStr, TypeAdapter, ValidationError

from vantage.features.identity import store
from vantage.features.identity.models import NewAccount, SignedIn, TokenPair
from vantage.features.identity.passwords import check_new_password
from vantage.features.identity.provider import IdentityProvider, TokenProvider
from vantage.features.identity.tokens import ACCESS_LIFETIME, AccessTokens, digest, new_secret
from vantage.kernel.clock import Clock
from vantage.kernel.errors import Conflict, FieldError, Invalid, TooManyRequests, Unauthenticated
from vantage.platform.database import Database

SESSION_LIFETIME = timedelta(days=14)
WINDOW = timedelta(minutes=15)
PER_ACCOUNT = 10
PER_ADDRESS = 60
SIGN_UPS_PER_ADDRESS = 20

_EMAIL = TypeAdapter(EmailStr)
WRONG = "E-mail or password is wrong."


@dataclass(frozen=True, slots=True)
class Identity:
    """What the use cases of this module need; made once, by main."""

    database: Database
    accounts: IdentityProvider
    access_tokens: AccessTokens
    clock: Clock
    external_tokens: TokenProvider | None = None


def checked_email(email: str) -> str:
    """The address in lower case. Raises Invalid with the field `email`."""
    try:
        return str(_EMAIL.validate_python(email.strip())).lower()
    except ValidationError as error:
        sentence = "This is not an e-mail address. It should look like asha@example.in."
        raise Invalid(sentence, fields=[FieldError("email", sentence, "email")]) from error


async def sign_up(identity: Identity, *, email: str, password: str, full_name: str, client_address: str) -> NewAccount:
    """Make an account. Raises Invalid, Conflict (e-mail taken), TooManyRequests."""
    await _limit(identity, [(f"sign-up:address:{_key(client_address)}", SIGN_UPS_PER_ADDRESS)])
    address = checked_email(email)
    name = " ".join(full_name.split())
    if not 1 <= len(name) <= 120:
        sentence = "Tell us your name, in at most 120 characters."
        raise Invalid(sentence, fields=[FieldError("full_name", sentence, "required")])
    check_new_password(password, email=address)
    account = await identity.accounts.sign_up(address, password, name)
    if account is None:
        sentence = "There is an account with this e-mail. Sign in, or reset the password."
        raise Conflict(sentence, fields=[FieldError("email", sentence, "taken")])
    return account


async def sign_in(identity: Identity, *, email: str, password: str, client_address: str, user_agent: str) -> SignedIn:
    """Check a password and open a session. Raises Unauthenticated, TooManyRequests."""
    return await open_session(
        identity,
        await authenticate(identity, email=email, password=password, client_address=client_address),
        user_agent,
    )


async def authenticate(identity: Identity, *, email: str, password: str, client_address: str) -> UUID:
    """The person behind e-mail and password. Raises Unauthenticated, TooManyRequests."""
    address = email.strip().lower()
    await _limit(
        identity,
        [
            (f"sign-in:account:{_key(address)}", PER_ACCOUNT),
            (f"sign-in:address:{_key(client_address)}", PER_ADDRESS),
        ],
    )
    person_id = await identity.accounts.authenticate(address, password)
    if person_id is None:
        raise Unauthenticated(WRONG, way_out="Check both, or reset the password.")
    return person_id


async def open_session(
    identity: Identity, person_id: UUID, user_agent: str, *, admin_id: UUID | None = None
) -> SignedIn:
    """A session for a person who has been recognised. With `admin_id`, in support mode."""
    cookie = new_secret()
    session_id = await store.open_session(
        identity.database, person_id, digest(cookie), user_agent, SESSION_LIFETIME, admin_id
    )
    return SignedIn(session_id, person_id, cookie)


async def issue_tokens(
    identity: Identity, *, email: str, password: str, client_address: str, user_agent: str
) -> TokenPair:
    """OAuth2's password grant. Raises Unauthenticated, TooManyRequests."""
    if identity.external_tokens is not None:
        await _limit(identity, [(f"sign-in:address:{_key(client_address)}", PER_ADDRESS)])
        pair = await identity.external_tokens.token(email, password)
        if pair is None:
            raise Unauthenticated(WRONG, way_out="Check both, or reset the password.")
        return pair
    signed_in = await sign_in(
        identity, email=email, password=password, client_address=client_address, user_agent=user_agent
    )
    refresh_token = new_secret()
    await store.add_refresh_token(identity.database, signed_in.session_id, digest(refresh_token))
    return _pair(identity, signed_in.person_id, signed_in.session_id, refresh_token)


async def refresh_tokens(identity: Identity, refresh_token: str) -> TokenPair:
    """OAuth2's refresh grant: the token is good once. Raises Unauthenticated."""
    refused = Unauthenticated("The refresh token is not valid or was used before.", way_out="Sign in again.")
    if identity.external_tokens is not None:
        pair = await identity.external_tokens.refresh(refresh_token)
        if pair is None:
            raise refused
        return pair
    following = new_secret()
    session = await store.rotate_refresh_token(identity.database, digest(refresh_token), digest(following))
    if session is None:
        raise refused
    return _pair(identity, UUID(session["person_id"]), UUID(session["session_id"]), following)


async def sign_out(identity: Identity, session_id: UUID) -> None:
    """Close the session; twice is no error."""
    await store.close_session(identity.database, session_id)


def _pair(identity: Identity, person_id: UUID, session_id: UUID, refresh_token: str) -> TokenPair:
    access = identity.access_tokens.issue(person_id, session_id, identity.clock.now())
    return TokenPair(access, refresh_token, int(ACCESS_LIFETIME.total_seconds()))


async def _limit(identity: Identity, limits: Sequence[tuple[str, int]]) -> None:
    for key, most in limits:
        if not await store.within_rate(identity.database, key, most, WINDOW):
            raise TooManyRequests(
                "Too many attempts.",
                way_out=f"Wait {int(WINDOW.total_seconds() // 60)} minutes and try again.",
                retry_after=int(WINDOW.total_seconds()),
            )


def _key(value: str) -> str:
    """Addresses and e-mails are counted, not collected."""
    return hashlib.sha256(value.strip().lower().encode()).hexdigest()[:32]
