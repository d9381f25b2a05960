"""Identity's way to the database. Sign-in runs as the worker: before it, there is no person to run as."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from psycopg.types.json import Jsonb

from vantage.features.identity.models import MemberRow, Organization
from vantage.platform.database import Database, Queries, ReadTx, WriteTx, worker

QUERIES = Queries.load(__package__)
SIGN_IN = worker()
"""No organisation: only the functions that may look across tenants answer."""


async def account_by_email(database: Database, email: str) -> dict[str, Any] | None:
    """{id, encrypted_password, banned, confirmed} or None."""
    return await database.run(
        SIGN_IN, QUERIES["account_by_email"].scalar(cast("type[dict[str, Any] | None]", dict), email=email)
    )


async def create_account(database: Database, email: str, password_hash: str, full_name: str) -> UUID | None:
    """The new person's id, or None when the e-mail is taken."""
    ask = QUERIES["create_account"].scalar(
        cast("type[UUID | None]", UUID), email=email, password_hash=password_hash, full_name=full_name
    )
    return await database.run(SIGN_IN, ask)


async def set_password(database: Database, person_id: UUID, password_hash: str) -> None:
    """Replace the password and end every session."""
    await database.run(SIGN_IN, QUERIES["set_password"].rows(person_id=person_id, password_hash=password_hash))


async def rehash_password(database: Database, person_id: UUID, password_hash: str) -> None:
    """Store the same password under stronger parameters; sessions stay."""
    await database.run(SIGN_IN, QUERIES["rehash_password"].rows(person_id=person_id, password_hash=password_hash))


async def within_rate(database: Database, key: str, most: int, per: timedelta) -> bool:
    """Count one attempt; whether it was still within the limit."""
    return await database.run(SIGN_IN, QUERIES["within_rate"].scalar(bool, key=key, most=most, per=per))


async def open_session(
    database: Database,
    person_id: UUID,
    digest: bytes,
    user_agent: str,
    lifetime: timedelta,
    admin_id: UUID | None = None,
) -> UUID:
    """The id of a new session."""
    ask = QUERIES["open_session"].scalar(
        UUID, person_id=person_id, digest=digest, user_agent=user_agent, lifetime=lifetime, admin_id=admin_id
    )
    return await database.run(SIGN_IN, ask)


async def session_principal(
    database: Database, *, digest: bytes | None = None, session_id: UUID | None = None
) -> dict[str, Any] | None:
    """What private.session_principal() says, or None."""
    ask = QUERIES["session_principal"].scalar(
        cast("type[dict[str, Any] | None]", dict), digest=digest, session_id=session_id
    )
    return await database.run(SIGN_IN, ask)


async def principal(database: Database, person_id: UUID) -> dict[str, Any] | None:
    """What private.principal() says of a person whom somebody else has signed in, or None."""
    await database.run(SIGN_IN, QUERIES["ensure_profile"].rows(person_id=person_id))
    return await database.run(
        SIGN_IN, QUERIES["principal"].scalar(cast("type[dict[str, Any] | None]", dict), person_id=person_id)
    )


async def close_session(database: Database, session_id: UUID) -> None:
    """Revoke it; twice is no error."""
    await database.run(SIGN_IN, QUERIES["close_session"].rows(session_id=session_id))


async def add_refresh_token(database: Database, session_id: UUID, digest: bytes) -> None:
    """Remember the session's first refresh token."""
    await database.run(SIGN_IN, QUERIES["add_refresh_token"].rows(session_id=session_id, digest=digest))


async def rotate_refresh_token(database: Database, digest: bytes, next_digest: bytes) -> dict[str, Any] | None:
    """{session_id, person_id, act} when the token was good; it is used up with this call."""
    ask = QUERIES["rotate_refresh_token"].scalar(
        cast("type[dict[str, Any] | None]", dict), digest=digest, next_digest=next_digest
    )
    return await database.run(SIGN_IN, ask)


async def create_organization(tx: WriteTx, name: str, first_project: str | None, details: Mapping[str, str]) -> UUID:
    """Make the asking person's organisation whole; its id. Raises AlreadyMember."""
    return await tx.scalar(
        QUERIES["create_organization"], UUID, name=name, first_project=first_project, details=Jsonb(dict(details))
    )


async def organization(tx: ReadTx, organization_id: UUID) -> Organization:
    """The own organisation. Raises NotFound."""
    return await tx.one(QUERIES["organization"], Organization, organization_id=organization_id)


async def members(tx: ReadTx, organization_id: UUID) -> list[MemberRow]:
    """Everyone of the organisation, those who have left last."""
    return await tx.all(QUERIES["members"], MemberRow, organization_id=organization_id)
