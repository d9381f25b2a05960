"""Who checks passwords: our own accounts, or Supabase Auth. Sessions and rights are ours in both cases."""

from typing import Protocol
from uuid import UUID

from vantage.features.identity import store
from vantage.features.identity.models import NewAccount, TokenPair
from vantage.features.identity.passwords import hash_password, needs_rehash, verify_password
from vantage.platform.database import Database


class IdentityProvider(Protocol):
    """What sign-in needs of a provider of accounts."""

    async def sign_up(self, email: str, password: str, full_name: str) -> NewAccount | None:
        """Make an account; None when the e-mail is taken. The password was checked by our own rule before."""

    async def authenticate(self, email: str, password: str) -> UUID | None:
        """The person, or None when e-mail or password are wrong or the account is barred."""


class TokenProvider(Protocol):
    """A provider that hands out and verifies API tokens of its own."""

    async def token(self, email: str, password: str) -> TokenPair | None:
        """Tokens for a password; None when it is wrong."""

    async def refresh(self, refresh_token: str) -> TokenPair | None:
        """New tokens for a refresh token; None when it is not good."""

    async def person_of(self, access_token: str) -> UUID:
        """The person whom a token names. Raises Unauthenticated."""


class LocalAccounts:
    """Accounts in `auth.users` of our own database, passwords as argon2id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def sign_up(self, email: str, password: str, full_name: str) -> NewAccount | None:
        """See IdentityProvider. The hash is made first: a taken e-mail takes as long as a free one."""
        person_id = await store.create_account(self._database, email, await hash_password(password), full_name)
        return NewAccount(person_id) if person_id else None

    async def authenticate(self, email: str, password: str) -> UUID | None:
        """See IdentityProvider. Wrong e-mail and wrong password take the same time."""
        account = await store.account_by_email(self._database, email)
        stored = account["encrypted_password"] if account else None
        fits = await verify_password(password, stored)
        if not fits or account is None or stored is None or account["banned"]:
            return None
        person_id = UUID(account["id"])
        if needs_rehash(stored):
            await store.rehash_password(self._database, person_id, await hash_password(password))
        return person_id
