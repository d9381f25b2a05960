"""Which database: the addresses from environment and home, and how they relate."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from psycopg import ProgrammingError, conninfo

from vantage.platform.database.cluster import write_secret


class AddressError(ValueError):
    """No usable address; the message says what to set or run."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """What the environment says. None means that nothing was said, never that a default holds."""

    app: str | None = None
    """DATABASE_URL: the application's login."""
    admin: str | None = None
    """DATABASE_ADMIN_URL, else SUPABASE_DB_URL: the owner, or the superuser of a plain server."""
    direct: str | None = None
    """DATABASE_DIRECT_URL: a session connection for LISTEN."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Addresses":
        """Read the variables; an empty one counts as absent. Raises AddressError for one that is no address."""
        found: dict[str, str | None] = {}
        for name in ("DATABASE_URL", "DATABASE_ADMIN_URL", "SUPABASE_DB_URL", "DATABASE_DIRECT_URL"):
            value = environment.get(name, "").strip()
            try:
                conninfo.conninfo_to_dict(value)
            except ProgrammingError as error:
                raise AddressError(
                    f"{name} is no PostgreSQL address (postgresql://user:password@host/name)."
                ) from error
            found[name] = value or None
        return cls(
            found["DATABASE_URL"],
            found["DATABASE_ADMIN_URL"] or found["SUPABASE_DB_URL"],
            found["DATABASE_DIRECT_URL"],
        )

    @property
    def external(self) -> bool:
        """Whether any address was given: then the embedded server is never started, not even as a fallback."""
        return bool(self.app or self.admin)


_PLACE = ("user", "password", "host", "port", "dbname")


def saved_app_url(home: Path) -> str | None:
    """The address of vantage_app that `vantage db init` or `db role` has written for an external database."""
    file = _file(home)
    return file.read_text(encoding="utf-8").strip() if file.exists() else None


def save_app_url(home: Path, url: str) -> Path:
    """Keep the address, readable by its owner only; where it stands."""
    write_secret(_file(home), url + "\n")
    return _file(home)


def _file(home: Path) -> Path:
    return home / "database.url"


def with_user(url: str, user: str, password: str) -> str:
    """The same place for another login. Supabase's pooler wants the project behind the name: `app.<ref>`."""
    parts = conninfo.conninfo_to_dict(url)
    project = str(parts.get("user", "")).partition(".")[2]
    return to_url({**parts, "user": f"{user}.{project}" if project else user, "password": password})


def to_url(parts: Mapping[str, Any]) -> str:
    """A libpq connection as a URL."""
    rest = dict(parts)
    user, password, host, port, name = (str(rest.pop(key, "") or "") for key in _PLACE)
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    options = {key: str(value) for key, value in rest.items() if value is not None}
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    where = f"[{host}]" if ":" in host else quote(host, safe=",")
    return f"postgresql://{login}{'@' if login else ''}{where}{f':{port}' if port else ''}/{quote(name)}{query}"


def is_pooled(url: str) -> bool:
    """Whether the address is Supabase's pooler in transaction mode: no LISTEN, no prepared statements there."""
    return str(conninfo.conninfo_to_dict(url).get("port", "")) == "6543"


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = conninfo.conninfo_to_dict(url)
    parts.pop("password", None)
    return to_url(parts)
