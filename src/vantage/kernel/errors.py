"""Everything that can be refused, in one tree.

    VantageError                     status  code
    ├── Invalid                      422     invalid             what was sent can't be understood or taken
    │   └── InvalidCursor            422     invalid_cursor      a page marker that we did not make
    ├── Unauthenticated              401     unauthenticated     we don't know who asks
    ├── Forbidden                    403     forbidden           we know, and it isn't allowed
    │   └── ReadOnly                 403     read_only           the organisation is suspended or read-only
    ├── NotFound                     404     not_found           isn't there, or isn't yours: the same answer
    ├── Conflict                     409     conflict            contradicts what stands
    │   ├── QuotaExceeded            409     quota_exceeded      the plan's limit is reached
    │   ├── InvalidTransition        409     invalid_transition  this step isn't possible from here
    │   ├── LastOwner                409     last_owner          an organisation keeps one owner
    │   ├── AlreadyMember            409     already_member      one person, one organisation at a time
    │   └── Immutable                409     immutable           evidence isn't changed
    ├── StaleVersion                 412     stale_version       somebody else saved in between
    ├── TooLarge                     413     too_large           more bytes than the route takes
    ├── TooManyRequests              429     too_many_requests   slower, please; `retry_after` says how much
    └── Unavailable                  503     unavailable         ours to repair, worth trying again

`detail` is the sentence that a person reads: what is wrong and where. `way_out` says what to do about it.
`fields` names the inputs at fault. One handler turns any of them into problem+json or a page
(`vantage.platform.http.problems`). What is no VantageError is a defect: it is logged and answered without its text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One input at fault. `field` is its path as the sender wrote it (`contact.phone`, `leads.3.email`)."""

    field: str
    message: str
    code: str = "invalid"


class VantageError(Exception):
    """The root: carries what the person is told. `status` is HTTP's."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str = "", *, way_out: str = "", fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.way_out = way_out
        self.fields = tuple(fields)


class Invalid(VantageError):
    """What was sent can't be understood or taken."""

    status = 422
    code = "invalid"
    title = "Please check what you entered"


class InvalidCursor(Invalid):
    """A page marker that we did not make, or that was made for another order."""

    code = "invalid_cursor"
    title = "This page marker is not valid"


class Unauthenticated(VantageError):
    """We don't know who asks."""

    status = 401
    code = "unauthenticated"
    title = "Please sign in"


class Forbidden(VantageError):
    """We know who asks, and it isn't allowed."""

    status = 403
    code = "forbidden"
    title = "You may not do this"


class ReadOnly(Forbidden):
    """The organisation is suspended or read-only: nothing is written outside billing."""

    code = "read_only"
    title = "This organisation is read-only"


class NotFound(VantageError):
    """Isn't there, or belongs to somebody else: the same answer, byte for byte."""

    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(VantageError):
    """Contradicts what stands."""

    status = 409
    code = "conflict"
    title = "This contradicts what is stored"


class QuotaExceeded(Conflict):
    """The plan's limit is reached."""

    code = "quota_exceeded"
    title = "The plan's limit is reached"


class InvalidTransition(Conflict):
    """This step isn't possible from the present state."""

    code = "invalid_transition"
    title = "This step is not possible now"


class LastOwner(Conflict):
    """An organisation keeps at least one owner."""

    code = "last_owner"
    title = "An organisation needs an owner"


class AlreadyMember(Conflict):
    """One person belongs to one organisation at a time."""

    code = "already_member"
    title = "Already a member of an organisation"


class Immutable(Conflict):
    """Evidence isn't changed."""

    code = "immutable"
    title = "This can no longer be changed"


class StaleVersion(VantageError):
    """Somebody else saved in between (If-Match, or the form's version)."""

    status = 412
    code = "stale_version"
    title = "Somebody else changed this in between"


class TooLarge(VantageError):
    """More bytes than the route takes."""

    status = 413
    code = "too_large"
    title = "This is too large"


class TooManyRequests(VantageError):
    """Slower, please. `retry_after` is in whole seconds, at least 1."""

    status = 429
    code = "too_many_requests"
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: int, way_out: str = "") -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(detail, way_out=way_out or f"Try again in {self.retry_after} seconds.")


class Unavailable(VantageError):
    """Ours to repair, and worth trying again."""

    status = 503
    code = "unavailable"
    title = "Not available at the moment"
