"""What the identity feature speaks of: people, the organisation they work in, and how they are signed in."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Organization:
    """The tenant, as its own people see it."""

    id: UUID
    name: str
    slug: str
    tier: str
    status: str
    time_zone: str
    currency: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One line of the team page. E-mail and roles are None for someone who has left."""

    id: UUID
    display_name: str
    email: str | None
    system_role: str | None
    role_name: str | None
    team_name: str | None
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account that was just made. Unconfirmed: the person has to follow the link in a mail first."""

    person_id: UUID
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that was just opened. `cookie` is the secret value for the browser."""

    session_id: UUID
    person_id: UUID
    cookie: str


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An OAuth2 answer: a short-lived access token and the refresh token that replaces it once."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "bearer"  # noqa: S105 - the scheme's name, not a secret
