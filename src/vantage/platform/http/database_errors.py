"""What PostgreSQL refuses, in the words of our error tree.

The database's own rules raise SQLSTATEs of class VQ, whose message is written for people and is passed on. Messages of
the standard classes name tables, columns and values, so they are replaced; only names of columns come through.
"""

import re
from collections.abc import Mapping
from typing import Final

import psycopg
from psycopg_pool import PoolTimeout, TooManyRequests

from vantage.kernel.errors import (
    AlreadyMember,
    Conflict,
    FieldError,
    Forbidden,
    Immutable,
    Invalid,
    InvalidTransition,
    LastOwner,
    NotFound,
    QuotaExceeded,
    ReadOnly,
    StaleVersion,
    Unavailable,
    VantageError,
)

OWN: Final[Mapping[str, type[VantageError]]] = {
    "VQ001": QuotaExceeded,
    "VQ002": InvalidTransition,
    "VQ003": ReadOnly,
    "VQ004": LastOwner,
    "VQ005": Forbidden,
    "VQ006": StaleVersion,
    "VQ007": AlreadyMember,
    "VQ008": Immutable,
    "P0002": NotFound,
}
_SOON: Final = "Try again in a moment; nothing was changed."
_KEY: Final = re.compile(r"\(([^()]+)\)=")


def from_database(error: psycopg.Error) -> VantageError | None:
    """The refusal that `error` means to a person, or None when it is a defect of ours."""
    state, diagnostic = error.sqlstate, error.diag
    if state is not None and state in OWN:
        return OWN[state](diagnostic.message_primary or "", way_out=diagnostic.message_hint or "")
    columns = _columns(diagnostic)
    match state:
        case "23505":
            return Conflict(
                "This is already there.",
                way_out="Open the existing one, or choose another value.",
                fields=[FieldError(column, "is already taken", "taken") for column in columns],
            )
        case "23503" if "still referenced" in (diagnostic.message_detail or ""):
            return Conflict("This is still in use.", way_out="Remove what uses it first, or archive it instead.")
        case "23503":
            return Invalid(
                "This names something that is not there.",
                fields=[FieldError(column, "names something that is not there", "unknown") for column in columns],
            )
        case "23502":
            column = diagnostic.column_name or ""
            return Invalid("A value is missing.", fields=[FieldError(column, "is needed", "missing")])
        case "23514":
            return Invalid(f"A value is outside of what is allowed ({diagnostic.constraint_name or 'a check'}).")
        case "42501":
            return Forbidden("Your role does not allow this.", way_out="Ask an owner or admin of your organisation.")
        case "57014" | "25P03":
            return Unavailable("This took too long and was stopped.", way_out="Ask for less at once, or try again.")
        case "40001" | "40P01" | "55P03":
            return Unavailable("Somebody else is writing the same.", way_out=_SOON)
        case "25006":
            return Unavailable("The database takes no writes at the moment.", way_out=_SOON)
        case None if isinstance(error, PoolTimeout | TooManyRequests | psycopg.OperationalError):
            return Unavailable("The database does not answer.", way_out=_SOON)
        case str() if state.startswith("22"):
            return Invalid("A value has the wrong form.")
        case str() if state.startswith(("08", "53", "57P")):
            return Unavailable("The database does not answer.", way_out=_SOON)
    return None


def _columns(diagnostic: psycopg.errors.Diagnostic) -> list[str]:
    """The columns that a violated key names, without the tenant's, and never their values."""
    key = _KEY.search(diagnostic.message_detail or "")
    names = [name.strip().strip('"') for name in key.group(1).split(",")] if key else []
    return [name for name in names if name != "organization_id"]
