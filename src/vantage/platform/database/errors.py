"""What PostgreSQL refuses, in the words of our own error tree.

Class VQ are the SQLSTATEs that our functions raise: their message is a sentence for the person and their hint
the way out. Of PostgreSQL's own refusals only what cannot leak is told: never DETAIL, which shows key values
of rows that the person may not see.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from vantage.kernel.errors import (
    AlreadyMember,
    Conflict,
    FieldError,
    Forbidden,
    Immutable,
    Invalid,
    InvalidTransition,
    LastOwner,
    QuotaExceeded,
    ReadOnly,
    StaleVersion,
    Unavailable,
    VantageError,
)

OWN_STATES: dict[str, type[VantageError]] = {
    "VQ001": QuotaExceeded,
    "VQ002": InvalidTransition,
    "VQ003": ReadOnly,
    "VQ004": LastOwner,
    "VQ005": Forbidden,
    "VQ006": StaleVersion,
    "VQ007": AlreadyMember,
    "VQ008": Immutable,
}

# connection lost or refused, out of resources, shutting down, timeouts, deadlock: worth trying again
_TEMPORARY = re.compile(r"08...|53...|57P..|57014|55P03|40001|40P01|25P03|25P04")


@contextmanager
def translated() -> Iterator[None]:
    """Raise VantageErrors in place of the driver's; what is a defect of ours stays a psycopg.Error."""
    try:
        yield
    except psycopg.Error as error:
        if (ours := translate(error)) is not None:
            raise ours from error
        raise


def translate(error: psycopg.Error) -> VantageError | None:
    """The error to tell a person; None for a defect of ours (a wrong name in SQL, for example)."""
    state, diag = error.sqlstate or "", error.diag
    sentence, hint = diag.message_primary or "", diag.message_hint or ""
    fields = [FieldError(diag.column_name, sentence)] if diag.column_name else []
    if own := OWN_STATES.get(state):
        return own(sentence, way_out=hint, fields=fields)
    if not state:  # the connection ended before the server could answer
        return _unavailable() if isinstance(error, psycopg.OperationalError) else None
    if state in {"23514", "23502"} or state.startswith("22"):
        return _invalid(error, sentence, hint, fields)
    if state == "23505":
        return Conflict("This is there already.", way_out="Look for it, or give another name or number.")
    if state == "23503":
        return Conflict(
            "This refers to something that is not there, or something else still refers to it.",
            way_out="Reload the page and choose again.",
        )
    if state == "42501":
        return Forbidden("Your role does not allow this.", way_out="Ask an owner or admin of your organisation.")
    if _TEMPORARY.fullmatch(state):
        return _unavailable()
    return None


def _invalid(error: psycopg.Error, sentence: str, hint: str, fields: list[FieldError]) -> Invalid:
    diag = error.diag
    if diag.constraint_name:  # PostgreSQL's own words name tables and constraints; ours name the field
        table = diag.table_name or ""
        column = diag.constraint_name.removeprefix(f"{table}_").removesuffix("_check")
        return Invalid(
            f"The value of {column} is not allowed.", fields=[FieldError(column, "This value is not allowed.")]
        )
    if error.sqlstate == "23502":
        column = diag.column_name or ""
        return Invalid(f"{column} is missing.", fields=[FieldError(column, "This is needed.")])
    if error.sqlstate == "23514":  # raised by a function of ours, in a sentence
        return Invalid(sentence, way_out=hint, fields=fields)
    return Invalid("A value has the wrong form or is out of range.")


def _unavailable() -> Unavailable:
    return Unavailable("The database does not answer at the moment.", way_out="Try again in a minute.")
