"""Who asks: from the cookie of a page or the bearer token of the API to a Principal."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from vantage.features.identity import store
from vantage.features.identity.sign_in import Identity
from vantage.features.identity.tokens import digest
from vantage.kernel.errors import Unauthenticated
from vantage.platform.http.auth import Principal
from vantage.platform.http.csrf import SESSION_COOKIE

REMEMBERED_SECONDS = 3.0
"""How long a process believes what it has just looked up. Rights over rows are not remembered at all: the
database looks them up in every statement. This spares a burst of requests of one page its second round trip."""
CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class KnownPerson(Principal):
    """A principal with what the page's frame shows. `organization` is {} for somebody without one."""

    session_id: UUID | None = None
    name: str = ""
    email: str = ""
    system_role: str = "member"
    role_name: str = ""
    act_name: str = ""
    support_until: str = ""
    organization: tuple[tuple[str, Any], ...] = ()

    def of_organization(self, key: str, default: str = "") -> Any:
        """A value of the organisation: name, slug, tier, status, time_zone, is_demo, carrier."""
        return dict(self.organization).get(key, default)


class Resolver:
    """Implements PrincipalResolver; remembers for a moment (see REMEMBERED_SECONDS)."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._known: OrderedDict[bytes, tuple[float, KnownPerson]] = OrderedDict()

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """The person behind a cookie or bearer token. Raises Unauthenticated for a token that is not good."""
        header = connection.headers.get("Authorization", "")
        if header:
            scheme, _, token = header.partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated(
                    "The Authorization header is not a bearer token.", way_out="Send `Bearer <token>`."
                )
            return await self._remembered(b"t" + digest(token), token=token)
        cookie = connection.cookies.get(SESSION_COOKIE)
        if not cookie:
            return None
        return await self._remembered(b"c" + digest(cookie))

    def forget(self, person_id: UUID) -> None:
        """What was known of a person is no longer true: signed out, joined, left."""
        for key in [key for key, (_, known) in self._known.items() if known.person_id == person_id]:
            del self._known[key]

    async def _remembered(self, key: bytes, token: str = "") -> KnownPerson:
        seen, known = self._known.get(key, (0.0, None))
        if known is not None and time.monotonic() - seen < REMEMBERED_SECONDS:
            return known
        self._known.pop(key, None)
        found = await (self._of_token(token) if token else self._of_cookie(key[1:]))
        if found is None:
            raise Unauthenticated("You have been signed out.", way_out="Sign in again.")
        known = known_person(found)
        self._known[key] = (time.monotonic(), known)
        if len(self._known) > CAPACITY:
            self._known.popitem(last=False)
        return known

    async def _of_cookie(self, value_digest: bytes) -> dict[str, Any] | None:
        return await store.session_principal(self._identity.database, digest=value_digest)

    async def _of_token(self, token: str) -> dict[str, Any] | None:
        external = self._identity.external_tokens
        if external is not None:
            return await store.principal(self._identity.database, await external.person_of(token))
        claims = self._identity.access_tokens.read(token, self._identity.clock.now())
        return await store.session_principal(self._identity.database, session_id=claims.session_id)


def known_person(found: dict[str, Any]) -> KnownPerson:
    """What private.principal() answered, as a value."""
    organization: dict[str, Any] = found["organization"] or {}
    return KnownPerson(
        person_id=UUID(found["person_id"]),
        organization_id=UUID(organization["id"]) if organization else None,
        permissions=frozenset(found["permissions"]),
        act_person_id=UUID(found["act_person_id"]) if found["act_person_id"] else None,
        session_id=UUID(found["session_id"]) if found.get("session_id") else None,
        name=found["name"] or "",
        email=found["email"] or "",
        system_role=found["system_role"],
        role_name=found["role_name"] or "",
        act_name=found["act_name"] or "",
        support_until=found["support_until"] or "",
        organization=tuple(organization.items()),
    )


def _identity(connection: HTTPConnection) -> Identity:
    identity: Identity = connection.app.state.identity
    return identity


TheIdentity = Annotated[Identity, Depends(_identity)]
"""`identity: TheIdentity` in a route's signature."""


def _resolver(connection: HTTPConnection) -> Resolver:
    resolver: Resolver = connection.app.state.principal_resolver
    return resolver


TheResolver = Annotated[Resolver, Depends(_resolver)]
"""`resolver: TheResolver`, for a route after which what is known of a person is no longer true."""
