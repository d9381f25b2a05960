"""PostgreSQL without an installation: a server of our own below `$VANTAGE_HOME/postgres`."""

import fcntl
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from vantage.platform.database.account import Account, reachable, server_account
from vantage.platform.database.addresses import with_user
from vantage.platform.database.binaries import PROVIDERS, BinaryProvider, ServerError, locate
from vantage.platform.database.cluster import Cluster, Running, write_secret

DATABASE = "vantage"

# The server writes a log per weekday and overwrites last week's.
_SETTINGS = {
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgres-%a.log",
    "log_rotation_age": "1d",
    "log_truncate_on_rotation": "on",
}


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A server that runs. `started_here` says whether this process started it and so should stop it."""

    cluster: Cluster
    running: Running
    started_here: bool

    @property
    def superuser_url(self) -> str:
        """The superuser's address; it applies the shim and nothing else."""
        return self.cluster.address(self.running.port, DATABASE)

    @property
    def owner_url(self) -> str:
        """Address of vantage_owner: what DATABASE_ADMIN_URL is elsewhere."""
        return with_user(self.superuser_url, "vantage_owner", self.secret("owner"))

    @property
    def app_url(self) -> str:
        """Address of vantage_app: what DATABASE_URL is elsewhere."""
        return with_user(self.superuser_url, "vantage_app", self.secret("app"))

    def secret(self, name: str) -> str:
        """A password, generated once and kept beside the data folder, readable by its owner only."""
        file = self.cluster.folder.with_name(f"{self.cluster.folder.name}.{name}")
        if not file.exists():
            write_secret(file, secrets.token_urlsafe(24))
        return file.read_text(encoding="ascii")

    def stop(self) -> None:
        """Stop the server if this process started it; everything committed stays."""
        if self.started_here:
            with _locked(self.cluster.folder):
                self.cluster.stop(self.running)


def embedded_data(home: Path, account: Account | None) -> Path | None:
    """The data folder that is there already, the newest major first; None before the first start."""
    found = [
        folder
        for root in _roots(home)
        if root.is_dir()
        for folder in root.iterdir()
        if folder.name.isdigit() and (folder / "PG_VERSION").exists()
    ]
    data = max(found, key=lambda folder: int(folder.name), default=None)
    if data and account and not account.can_enter(data.parent):
        raise ServerError(
            f"The database stands in {data}, but the user {account.name}, as which PostgreSQL runs when we are root, "
            "cannot reach it. Run the command as the user that made it, or open the folders above to others (chmod o+x)."
        )
    return data


def start_embedded(
    home: Path, *, user: str | None = None, providers: tuple[BinaryProvider, ...] = PROVIDERS
) -> EmbeddedServer:
    """Start the server of this home, making its data folder first if there is none; or find it running.

    `user` is whom it runs as when we are root. Raises ServerError with the way out. Takes about a second the first
    time and a tenth of one later.
    """
    home = home.absolute()
    account = server_account(user)
    existing = embedded_data(home, account)
    binaries = reachable(locate(int(existing.name) if existing else None, providers), account)
    folder = existing or _new_root(home, account) / str(binaries.major)
    cluster = Cluster(folder, binaries, account)
    with _locked(folder):
        if not cluster.initialised:
            cluster.initialise()
        note = folder.with_name(f"{folder.name}.port")
        wish = note.read_text(encoding="ascii").strip() if note.exists() else ""
        running = cluster.start(int(wish) if wish.isdigit() else None, _SETTINGS)
        write_secret(note, str(running.port))
        server = EmbeddedServer(cluster, running, started_here=running.child is not None)
        try:
            _ensure_database(server)
        except BaseException:
            if server.started_here:
                cluster.stop(running)
            raise
    return server


def _ensure_database(server: EmbeddedServer) -> None:
    with psycopg.connect(server.cluster.address(server.running.port), autocommit=True) as admin:
        if admin.execute("select from pg_database where datname = %s", [DATABASE]).fetchone() is None:
            admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(DATABASE)))


def _roots(home: Path) -> tuple[Path, Path]:
    """Where data may stand: in the home; or, when root's home is closed to the server's account, beside /var/lib."""
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return home / "postgres", Path("/var/lib/vantage") / f"postgres-{digest}"


def _new_root(home: Path, account: Account | None) -> Path:
    inside, outside = _roots(home)
    inside.mkdir(parents=True, exist_ok=True, mode=0o711)
    if account is None or account.can_enter(inside):
        return inside
    outside.mkdir(parents=True, exist_ok=True, mode=0o711)
    if not account.can_enter(outside):
        raise ServerError(
            f"Neither {inside} nor {outside} can be entered by the user {account.name}, as which PostgreSQL runs when "
            "we are root. Set VANTAGE_HOME to a folder that others may enter, or run the command as a plain user."
        )
    (inside / "moved").write_text(f"The data stands in {outside}: this folder is closed to {account.name}.\n")
    return outside


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One launcher at a time per data folder; released by the system if we are killed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
