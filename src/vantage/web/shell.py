"""What surrounds every page, as values: who is here, where one can go, what has just happened.

Whoever wires the application puts a `Shell` on `request.state.shell`; a request without one (sign-in,
enquiry form) gets the empty shell.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class NavItem:
    """One link of the side bar. `label` is already translated; `count` is shown when not None."""

    label: str
    url: str
    icon: str
    count: int | None = None
    live: bool = False
    """Show the count as something that happens now (calls in progress)."""
    keys: str = ""
    """Keyboard way there, such as `g l`; listed in the help dialog."""


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Links under one heading; the first group usually has none."""

    items: tuple[NavItem, ...]
    label: str = ""


@dataclass(frozen=True, slots=True)
class Impersonation:
    """A platform admin acts as someone: shown in a banner that cannot be closed."""

    person: str
    organization: str
    until: datetime
    end_url: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The way back from something just done: a POST to `url`."""

    url: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Flash:
    """One sentence about what just happened. `tone`: success, info, warning or error."""

    message: str
    tone: str = "success"
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything the layout shows around a page's own content. Empty texts and None are left out."""

    person: str = ""
    role: str = ""
    email: str = ""
    organization: str = ""
    plan: str = ""
    nav: tuple[NavGroup, ...] = ()
    csrf_token: str = ""
    language: str = "en"
    time_zone: str = "Asia/Kolkata"
    account_url: str = "/settings/profile"
    sign_out_url: str = "/sign-out"
    settings_url: str = ""
    search_url: str = ""
    """Where the command palette asks (`?q=`); empty: no palette."""
    live_url: str = ""
    """Path of the live WebSocket; empty: none is opened."""
    live_seq: int | None = None
    """Number of the last event this page's data already contains; None: whatever is newest."""
    new_url: str = ""
    """Where the key `c` and the palette's first entry make a new lead."""
    impersonation: Impersonation | None = None
    simulation: str = ""
    """A sentence when calls are simulated, shown as a quiet banner."""
    flashes: tuple[Flash, ...] = field(default=())
