"""Signing up and in, the own person, and the birth of an organisation, as JSON."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from vantage.features.identity import store
from vantage.features.identity.onboarding import NewOrganization, found_organization
from vantage.features.identity.resolve import TheIdentity, TheResolver
from vantage.features.identity.sign_in import issue_tokens, refresh_tokens, sign_up
from vantage.kernel.errors import FieldError, Invalid
from vantage.platform.http.auth import Principal, Public, SignedIn
from vantage.platform.http.rate_limits import client_of
from vantage.platform.http.state import TheDatabase

router = APIRouter(prefix="/api/v1", tags=["identity"])

Anybody = Annotated[Principal | None, Public("who asks is what this route finds out; attempts are counted")]


class SignUp(BaseModel):
    """A new account."""

    model_config = ConfigDict(extra="forbid")
    email: str = Field(max_length=254, examples=["asha@example.in"])
    password: str = Field(max_length=1000, description="At least 10 characters.")
    full_name: str = Field(max_length=500, examples=["Asha Rao"])


class Person(BaseModel):
    """A person of the service."""

    id: UUID
    email: str | None
    full_name: str


class Tokens(BaseModel):
    """RFC 6749, section 5.1. `expires_in` is in seconds."""

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"  # noqa: S105 - the scheme's name, not a secret
    expires_in: int


class TokenRequest(BaseModel):
    """RFC 6749: `password` (username and password) or `refresh_token`."""

    grant_type: Literal["password", "refresh_token"]
    username: str = ""
    password: str = ""
    refresh_token: str = ""
    scope: str = ""
    client_id: str | None = None
    client_secret: str | None = None


class OrganizationOut(BaseModel):
    """A tenant, as its own people see it."""

    id: UUID
    name: str
    slug: str
    tier: Literal["free", "pro", "enterprise"]
    status: Literal["active", "read_only", "suspended"]
    time_zone: str
    currency: str
    created_at: datetime


class Me(BaseModel):
    """Who the token speaks for and what they may do."""

    id: UUID
    organization_id: UUID | None
    permissions: list[str]
    act_person_id: UUID | None = Field(description="The platform admin who works as this person in support mode.")


@router.post("/auth/signup", status_code=201)
async def post_signup(body: SignUp, request: Request, identity: TheIdentity, _: Anybody) -> Person:
    """Make an account. Sign in with POST /auth/token."""
    made = await sign_up(
        identity,
        email=body.email,
        password=body.password,
        full_name=body.full_name,
        client_address=client_of(request),
    )
    return Person(id=made.person_id, email=body.email.strip().lower(), full_name=" ".join(body.full_name.split()))


@router.post("/auth/token")
async def post_token(
    body: Annotated[TokenRequest, Form()], request: Request, response: Response, identity: TheIdentity, _: Anybody
) -> Tokens:
    """Get tokens for a password, or new ones for a refresh token (good once)."""
    response.headers["Cache-Control"] = "no-store"
    if body.grant_type == "refresh_token":
        if not body.refresh_token:
            raise _missing("refresh_token")
        pair = await refresh_tokens(identity, body.refresh_token)
    else:
        if not body.username or not body.password:
            raise _missing("username" if not body.username else "password")
        pair = await issue_tokens(
            identity,
            email=body.username,
            password=body.password,
            client_address=client_of(request),
            user_agent=request.headers.get("User-Agent", ""),
        )
    return Tokens(access_token=pair.access_token, refresh_token=pair.refresh_token, expires_in=pair.expires_in)


@router.get("/me")
async def get_me(principal: Annotated[Principal, SignedIn()]) -> Me:
    """The person behind the token."""
    return Me(
        id=principal.person_id,
        organization_id=principal.organization_id,
        permissions=sorted(principal.permissions),
        act_person_id=principal.act_person_id,
    )


@router.post("/organizations", status_code=201)
async def post_organization(
    body: NewOrganization, database: TheDatabase, resolver: TheResolver, principal: Annotated[Principal, SignedIn()]
) -> OrganizationOut:
    """Make an organisation with its roles, pipeline, first project and 14 days of Pro; the asking person owns it."""
    organization_id = await found_organization(database, principal, body)
    resolver.forget(principal.person_id)
    async with database.reading(principal.actor()) as tx:
        made = await store.organization(tx, organization_id)
    return OrganizationOut.model_validate(made, from_attributes=True)


def _missing(field: str) -> Invalid:
    return Invalid(f"`{field}` is missing.", fields=[FieldError(field, "This is needed.", "missing")])
