"""`vantage up`: everything on one machine, watched over by one process."""

import fcntl
import os
import signal
import socket
import string
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Annotated

import typer

from vantage.main.cli.db import reached
from vantage.main.cli.demo import prepare_demo
from vantage.main.settings import Settings, SettingsError, load_settings

BACK_OFF_SECONDS = (1.0, 2.0, 5.0, 15.0, 30.0)
STEADY_SECONDS = 60.0
"""A child that ran this long starts its back-off anew."""
STOP_SECONDS = 8.0


@dataclass
class Child:
    """A process of ours that is started again when it ends by itself."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[str] | None = None
    started: float = 0.0
    falls: int = 0
    again_at: float = 0.0
    readers: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Starts it in a group of its own, so that Ctrl-C reaches only us and we stop the children in order."""
        self.process = subprocess.Popen(  # noqa: S603  # our own commands
            self.command,
            env=dict(self.environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
        )
        self.started, self.again_at = time.monotonic(), 0.0
        reader = threading.Thread(target=_copy, args=(self.process.stdout, self.name), daemon=True)
        reader.start()

    def watch(self, now: float) -> None:
        """Notices a fall, and starts the child again after its back-off."""
        if self.process is not None and (status := self.process.poll()) is not None:
            self.falls = 1 if now - self.started > STEADY_SECONDS else self.falls + 1
            wait = BACK_OFF_SECONDS[min(self.falls, len(BACK_OFF_SECONDS)) - 1]
            typer.echo(f"{self.name} ended with status {status}; it starts again in {wait:g} s.", err=True)
            self.process, self.again_at = None, now + wait
        if self.process is None and now >= self.again_at:
            self.start()

    def stop(self) -> None:
        """Asks it to end, and ends it if it doesn't within `STOP_SECONDS`."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def up(
    demo: Annotated[bool, typer.Option("--demo", help="Make the demo organisation first, unless it is there.")] = False,
) -> None:
    """Start PostgreSQL (unless DATABASE_URL names one), web, worker and carrier; Ctrl-C stops them in order."""
    try:
        settings = load_settings()
        with _only_one(settings):
            _refuse_taken(settings.host, settings.port, "VANTAGE_PORT")
            _refuse_taken("127.0.0.1", settings.carrier_port, "VANTAGE_CARRIER_PORT")
            os.environ["VANTAGE_HOME"] = str(settings.home)
            with reached() as database:
                if database.app_url is None:
                    raise SettingsError("There is no login for the application: run `vantage db init` first.")
                logins = prepare_demo(settings, database) if demo else []
                environment = {**os.environ, **_for_children(settings)}
                environment["DATABASE_URL"] = database.app_url
                if database.direct_url:
                    environment["DATABASE_DIRECT_URL"] = database.direct_url
                environment.pop("DATABASE_ADMIN_URL", None)  # no child needs the owner's rights
                vantage = [sys.executable, "-m", "vantage.main.cli"]
                children = [
                    Child(
                        "carrier", [*vantage, "carrier", "--journal", str(settings.home / "carrier.jsonl")], environment
                    ),
                    Child("web", [*vantage, "serve"], environment),
                    Child("worker", [*vantage, "work"], environment),
                ]
                typer.echo(f"Database: {database.place}")
                typer.echo(f"Quinite Vantage: {settings.public_url or f'http://{settings.host}:{settings.port}'}")
                typer.echo(f"Handset: http://127.0.0.1:{settings.carrier_port}/handset/   (Ctrl-C stops everything)")
                for line in logins:
                    typer.echo(line)
                _supervise(children)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


def _supervise(children: list[Child]) -> None:
    """Runs until SIGINT or SIGTERM, then stops the children, last started first."""
    ending = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ending.set())
    try:
        while not ending.is_set():
            for child in children:
                child.watch(time.monotonic())
            ending.wait(0.2)
    finally:
        typer.echo("Stopping ...")
        for child in reversed(children):
            child.stop()


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.home / "up.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                f"`vantage up` is already running on {settings.home}. Stop it, or set another VANTAGE_HOME."
            ) from None
        yield


def _refuse_taken(host: str, port: int, name: str) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} of {host} can't be used ({error.strerror}). "
                f"Stop what uses it, or choose another: {name}={port + 1} vantage up"
            ) from None


def _for_children(settings: Settings) -> dict[str, str]:
    token = settings.carrier_auth_token
    return {
        "VANTAGE_CARRIER_AUTH_ID": settings.carrier_auth_id or _account_id(settings.stored_secret("carrier-account")),
        "VANTAGE_CARRIER_AUTH_TOKEN": token.get_secret_value() if token else settings.stored_secret("carrier"),
        "PYTHONUNBUFFERED": "1",
    }


def _account_id(secret: str) -> str:
    """The form that Plivo gives account ids: MA and 18 capital letters or digits."""
    letters = (string.ascii_uppercase + string.digits) * 8
    return "MA" + "".join(letters[byte] for byte in secret.encode()[:18])


def _copy(lines: IO[str] | None, name: str) -> None:
    for line in lines or ():
        sys.stdout.write(f"{name:<8}| {line}")
        sys.stdout.flush()
