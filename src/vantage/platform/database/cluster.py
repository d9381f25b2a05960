"""One data folder of PostgreSQL: making it, starting the server on it, stopping it."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg

from vantage.platform.database.account import Account
from vantage.platform.database.binaries import Binaries, ServerError

SUPERUSER = "postgres"
_RECOVERY_SECONDS = 600.0
_STALE_SECONDS = 5.0


@dataclass(slots=True)
class Running:
    """A server that answers. `child` is set when this process started it and must reap it."""

    port: int
    pid: int
    child: subprocess.Popen[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder with the programs and the account that run it.

    Passwords stand in `<folder>.superuser`, readable by its owner only. The server listens on 127.0.0.1 and
    asks everyone for a password; there is no socket file, whose path may be too long.
    """

    folder: Path
    binaries: Binaries
    account: Account | None

    @property
    def initialised(self) -> bool:
        """Whether initdb has finished here."""
        return (self.folder / "PG_VERSION").exists()

    @property
    def password_file(self) -> Path:
        """Where the superuser's password stands."""
        return self.folder.with_name(f"{self.folder.name}.superuser")

    def address(self, port: int, database: str = "postgres") -> str:
        """URL of the superuser."""
        password = self.password_file.read_text(encoding="ascii")
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{database}"

    def initialise(self, *, sync: bool = True) -> None:
        """Make the data folder. A half-made one is left under another name, never taken for a cluster."""
        partial = self.folder.with_name(f"{self.folder.name}.tmp")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        write_secret(self.password_file, secrets.token_urlsafe(24))
        # initdb reads it as the server's account; /dev/stdin cannot be opened after the change of user.
        handed = partial.with_name(f"{partial.name}.password")
        write_secret(handed, self.password_file.read_text(encoding="ascii"))
        if self.account:
            os.chown(partial, self.account.uid, self.account.gid)
            os.chown(handed, self.account.uid, self.account.gid)
        try:
            self._initdb(partial, handed, sync=sync)
        finally:
            handed.unlink()
        partial.rename(self.folder)

    def _initdb(self, target: Path, password_file: Path, *, sync: bool) -> None:
        command = [str(self.binaries.program("initdb")), "-D", str(target), "-U", SUPERUSER, "-E", "UTF8"]
        command += ["--auth-local=scram-sha-256", "--auth-host=scram-sha-256", f"--pwfile={password_file}"]
        command += [] if sync else ["--no-sync"]
        # The built-in provider needs no locale of the operating system; servers before 17 do not have it.
        builtin = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        attempts = [builtin] if self.binaries.major >= 17 else [["--locale=C.UTF-8"], ["--no-locale"]]
        complaint = ""
        for locale in attempts:
            result = subprocess.run(
                [*command, *locale], check=False, capture_output=True, text=True, **self._process_options()
            )
            if result.returncode == 0:
                return
            complaint = result.stderr.strip()[-2000:]
        raise ServerError(f"initdb failed in {target}: {complaint}")

    def running(self) -> Running | None:
        """The server that runs on this folder, whoever started it; proved by a connection, not by a number."""
        lock = self._lock_file()
        if lock is None or lock.port is None:
            return None
        try:
            with psycopg.connect(self.address(lock.port), connect_timeout=5) as connection:
                row = connection.execute("select current_setting('data_directory')").fetchone()
        except (psycopg.Error, OSError):
            return None
        return Running(lock.port, lock.pid) if row and same_path(row[0], self.folder) else None

    def start(self, port: int | None = None, settings: Mapping[str, str] | None = None) -> Running:
        """Start the server, or return the one that runs. Raises ServerError with the end of the server's log.

        `port` is a wish: if another program has it, a free one is taken.
        """
        version = (self.folder / "PG_VERSION").read_text(encoding="ascii").strip()
        if version != str(self.binaries.major):
            raise ServerError(
                f"{self.folder} was made by PostgreSQL {version}, but {self.binaries.source} is "
                f"{self.binaries.version}. Install PostgreSQL {version} to use it, or back up with that version and "
                "restore into a new folder."
            )
        if running := self._settle_lock():
            return running
        for attempt in range(5):
            chosen = port if port and attempt == 0 and port_is_free(port) else free_port()
            child = self._spawn(chosen, settings or {})
            try:
                self._wait_until_ready(child, chosen)
            except ServerError as error:
                if "could not bind" not in str(error):
                    raise
            else:
                return Running(chosen, child.pid, child)
        raise ServerError("Five free ports in a row were taken by other programs before PostgreSQL could use them.")

    def stop(self, running: Running) -> None:
        """End the server quickly and cleanly: sessions are cut, everything committed stays. Waits for the end."""
        with suppress(ProcessLookupError):
            os.kill(running.pid, signal.SIGINT)
        if running.child:
            running.child.wait()
            return
        while (lock := self._lock_file()) and lock.pid == running.pid and is_server(lock.pid, self.folder):
            time.sleep(0.02)

    @property
    def log(self) -> Path:
        """What the server says before its own log begins, and why it did not start."""
        return self.folder.with_name(f"{self.folder.name}.log")

    def _spawn(self, port: int, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
        } | dict(settings)
        command = [str(self.binaries.program("postgres")), "-D", str(self.folder)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C in the terminal is for us, the server is stopped when we say so.
            child: subprocess.Popen[bytes] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._process_options(),
            )
        return child

    def _wait_until_ready(self, child: subprocess.Popen[bytes], port: int) -> None:
        deadline = time.monotonic() + _RECOVERY_SECONDS
        while True:
            try:
                psycopg.connect(self.address(port), connect_timeout=5).close()
            except psycopg.OperationalError as error:
                if child.poll() is not None:
                    raise ServerError(f"PostgreSQL did not start: {self._log_tail()}") from error
                if time.monotonic() > deadline:
                    child.send_signal(signal.SIGINT)
                    child.wait()
                    raise ServerError(f"PostgreSQL was not ready after ten minutes: {self._log_tail()}") from error
                time.sleep(0.02)
            else:
                return

    def _log_tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace").strip()[-2000:]

    def _process_options(self) -> dict[str, Any]:
        return self.account.popen_options() if self.account else {"umask": 0o077, "cwd": "/"}

    def _lock_file(self) -> "LockFile | None":
        return LockFile.read(self.folder / "postmaster.pid")

    def _settle_lock(self) -> Running | None:
        """Deal with a postmaster.pid from earlier: return the server that it names, or remove it as stale.

        After a crash, a kill or a restarted container its number may belong to nobody, to a process that has
        not been reaped yet, or to some other program; PostgreSQL itself then refuses to start.
        """
        deadline = time.monotonic() + _STALE_SECONDS
        while lock := self._lock_file():
            if running := self.running():
                return running
            if is_server(lock.pid, self.folder):
                # Alive but not answering: starting, recovering or shutting down.
                if time.monotonic() > deadline + _RECOVERY_SECONDS:
                    raise ServerError(f"The PostgreSQL of process {lock.pid} on {self.folder} does not answer.")
            elif not is_zombie(lock.pid) or time.monotonic() > deadline:
                (self.folder / "postmaster.pid").unlink(missing_ok=True)
                return None
            time.sleep(0.05)
        return None


@dataclass(frozen=True, slots=True)
class LockFile:
    """What postmaster.pid says: process id and, once the server has opened it, port."""

    pid: int
    port: int | None

    @classmethod
    def read(cls, path: Path) -> "LockFile | None":
        """The file's content; None when there is none."""
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return None
        pid = lines[0].strip() if lines else ""
        port = lines[3].strip() if len(lines) > 3 else ""
        return cls(abs(int(pid)) if pid.lstrip("-").isdigit() else 0, int(port) if port.isdigit() else None)


def is_server(pid: int, folder: Path) -> bool:
    """Whether a process is alive, no zombie, and a `postgres` with this data folder."""
    if pid <= 0 or is_zombie(pid):
        return False
    words = _command_line(pid)
    return "postgres" in Path(words[0] if words else "").name and any(
        flag == "-D" and same_path(value, folder) for flag, value in pairwise(words)
    )


def is_zombie(pid: int) -> bool:
    """Whether a process has ended but was not reaped; our own child is reaped here."""
    if pid <= 0:
        return False
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] == "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False
    answer = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip().startswith("Z")


def _command_line(pid: int) -> list[str]:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        if Path("/proc/self/cmdline").exists():
            return []
        answer = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return answer.stdout.split()
    return [word.decode(errors="replace") for word in raw.split(b"\0") if word]


def same_path(one: str | Path, other: str | Path) -> bool:
    """Whether two paths are the same place, links resolved."""
    return os.path.realpath(one) == os.path.realpath(other)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(port: int) -> bool:
    """Whether nobody listens on a port of 127.0.0.1 at this moment."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def write_secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all, never readable by others in between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    partial.replace(path)
