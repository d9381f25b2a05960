"""Who a transaction runs as: the role and the claims that policies read, exactly as on Supabase."""

import json
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A database role and the JSON of `request.jwt.claims`."""

    role: str
    claims: str


ANON = Actor("anon", '{"role":"anon"}')
"""Somebody who has not signed in: sees what is public on purpose."""


def person(person_id: UUID, act: UUID | None = None) -> Actor:
    """A signed-in person. `act` is the platform admin who acts as them in support mode.

    The database honours `act` only while an open row of `impersonation_sessions` names both.
    """
    claims: dict[str, object] = {"sub": str(person_id), "role": "authenticated"}
    if act is not None:
        claims["act"] = {"sub": str(act)}
    return Actor("authenticated", json.dumps(claims, separators=(",", ":")))


def worker(organization_id: UUID | None = None) -> Actor:
    """A job of one organisation; without one, only the functions that look across tenants answer."""
    claims = {"role": "vantage_worker"}
    if organization_id is not None:
        claims["organization_id"] = str(organization_id)
    return Actor("vantage_worker", json.dumps(claims, separators=(",", ":")))


ENTER = "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)"
"""First statement of every transaction of the application; its parameters are role and claims."""
