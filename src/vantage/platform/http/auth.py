"""Who may use a route, as a type in its signature.

    @router.get("/leads")
    async def leads(principal: Annotated[Principal, Requires("lead.view", "lead.view_team", "lead.view_own")]): ...

Every route declares exactly one of `Requires(...)`, `SignedIn()` and `Public(reason)`; `routes_without_access` finds
those that forgot, and a test fails on them. The database decides again, row by row: this is the friendly front door.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from fastapi import Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection
from starlette.routing import Mount

from vantage.kernel.errors import Forbidden, Unauthenticated
from vantage.kernel.permissions import ALL_PERMISSIONS, PERMISSIONS, PermissionKey
from vantage.platform.database.actors import Actor, person


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in person, as resolved for one request.

    `organization_id` is None for a person without organisation (or with a suspended one), and `permissions` is then
    empty. `act_person_id` is the platform admin who acts as this person in support mode.
    """

    person_id: UUID
    organization_id: UUID | None = None
    permissions: frozenset[str] = frozenset()
    act_person_id: UUID | None = None

    def may(self, *any_of: PermissionKey) -> bool:
        """Whether at least one of the keys is held."""
        return not self.permissions.isdisjoint(any_of)

    def actor(self) -> Actor:
        """The role and claims under which this person's transactions run."""
        return person(self.person_id, self.act_person_id)


class PrincipalResolver(Protocol):
    """Finds out who asks: implemented by identity, plugged in by main (`use_resolver`)."""

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        """The person behind this request or WebSocket; None when nobody is signed in.

        Raises Unauthenticated when credentials were sent and are not (or no longer) valid.
        """
        ...


def use_resolver(app: FastAPI, resolver: PrincipalResolver) -> None:
    """From now on `resolver` says who asks."""
    app.state.principal_resolver = resolver


async def resolve(connection: HTTPConnection) -> Principal | None:
    """Who asks, looked up once per request."""
    state = connection.scope.setdefault("state", {})
    if "principal" not in state:
        resolver: PrincipalResolver | None = getattr(connection.app.state, "principal_resolver", None)
        state["principal"] = await resolver(connection) if resolver else None
    principal: Principal | None = state["principal"]
    return principal


class Access:
    """A route's declaration of who may use it."""


@dataclass(frozen=True, slots=True)
class _AnyOf(Access):
    any_of: tuple[PermissionKey, ...]

    async def __call__(self, connection: HTTPConnection) -> Principal:
        principal = await _somebody(connection)
        if principal.may(*self.any_of):
            return principal
        if principal.organization_id is None:
            raise Forbidden(
                "You don't belong to an organisation yet.", way_out="Create one, or ask its owner for an invitation."
            )
        raise Forbidden(
            f"This needs the permission {' or '.join(self.any_of)}.",
            way_out="Ask an owner or admin of your organisation for a role that has it.",
        )


@dataclass(frozen=True, slots=True)
class _Somebody(Access):
    async def __call__(self, connection: HTTPConnection) -> Principal:
        return await _somebody(connection)


@dataclass(frozen=True, slots=True)
class _Anybody(Access):
    reason: str

    async def __call__(self, connection: HTTPConnection) -> Principal | None:
        try:
            return await resolve(connection)
        except Unauthenticated:  # a stale cookie must not close the door of the sign-in page
            connection.scope["state"]["principal"] = None
            return None


async def _somebody(connection: HTTPConnection) -> Principal:
    principal = await resolve(connection)
    if principal is None:
        raise Unauthenticated("Nobody is signed in.", way_out="Sign in, or send a bearer token.")
    return principal


def Requires(*any_of: PermissionKey) -> Any:  # noqa: N802  # reads as a type in a signature
    """A declaration (`Annotated[Principal, Requires("lead.view")]`) that lets in a member who holds at least one of the keys.

    Raises ValueError for a key that does not exist, when the module is imported.
    """
    if not any_of or not ALL_PERMISSIONS.issuperset(any_of):
        raise ValueError(f"{any_of} are not permissions; they are {', '.join(PERMISSIONS)}")
    return Depends(_AnyOf(any_of))


def SignedIn() -> Any:  # noqa: N802  # reads as a type in a signature
    """A declaration (`Annotated[Principal, SignedIn()]`) that lets in any person, also without organisation."""
    return Depends(_Somebody())


def Public(reason: str) -> Any:  # noqa: N802  # reads as a type in a signature
    """A declaration (`Annotated[Principal | None, Public("why")]`) that lets in everybody.

    The reason says why that is safe, or what else proves who asks (a carrier's signature).
    """
    if not reason.strip():
        raise ValueError("Public() needs the reason why everybody may use this route")
    return Depends(_Anybody(reason))


def access_of(dependant: Dependant) -> list[Access]:
    """What a route declares, its routers' declarations included."""
    call: object = dependant.call
    found = [call] if isinstance(call, Access) else []
    for inner in dependant.dependencies:
        found += access_of(inner)
    return found


def routes(app: FastAPI) -> Iterator[tuple[str, Sequence[str], list[Access]]]:
    """Every route as path, methods (empty: WebSocket) and declared access; static files and OpenAPI's own left out."""
    for context in iter_route_contexts(app.router.routes):
        if isinstance(context.original_route, Mount) or context.path == app.openapi_url:
            continue
        dependant: Dependant | None = getattr(context, "dependant", None)
        yield str(context.path), sorted(context.methods or ()), access_of(dependant) if dependant else []


def routes_without_access(app: FastAPI) -> list[str]:
    """The routes that don't declare exactly one access, as `GET /path`."""
    return [f"{','.join(methods) or 'WS'} {path}" for path, methods, access in routes(app) if len(access) != 1]
