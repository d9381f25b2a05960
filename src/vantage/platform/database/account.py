"""PostgreSQL refuses to run as root: choosing another account, and what that account can reach."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vantage.platform.database.binaries import Binaries, ServerError

SYSTEM_USER = "vantage-postgres"


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user that the server runs as when we are root."""

    name: str
    uid: int
    gid: int

    def popen_options(self) -> dict[str, Any]:
        """Arguments of subprocess that drop every privilege before the program starts."""
        return {"user": self.uid, "group": self.gid, "extra_groups": [], "umask": 0o077, "cwd": "/"}

    def can_enter(self, folder: Path) -> bool:
        """Whether the account may traverse to a folder. Asked of the kernel, not computed from mode bits."""
        test = subprocess.run(["/bin/sh", "-c", 'test -x "$0"', str(folder)], check=False, **(self.popen_options()))
        return test.returncode == 0


def server_account(configured: str | None = None) -> Account | None:
    """Whom the server runs as: None means ourselves, which is the case for everyone but root.

    Order: the configured user, `postgres`, a system user made for this purpose, `nobody`.
    Raises ServerError when the configured user does not exist or none can be had.
    """
    if os.geteuid() != 0:
        return None
    if configured:
        if account := _lookup(configured):
            return account
        raise ServerError(f"There is no user {configured!r} on this machine to run PostgreSQL as.")
    if account := _lookup("postgres") or _lookup(SYSTEM_USER):
        return account
    if useradd := shutil.which("useradd"):
        command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
        subprocess.run(command, check=False, capture_output=True)
    if account := _lookup(SYSTEM_USER) or _lookup("nobody"):
        return account
    raise ServerError("PostgreSQL does not run as root and there is no other user: run the command as a plain user.")


def _lookup(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid) if entry.pw_uid != 0 else None


def reachable(binaries: Binaries, account: Account | None, store: Path = Path("/var/lib/vantage/pg")) -> Binaries:
    """The same programs where the account can run them: copied to `store` when their folder is closed to it.

    The rights of existing folders are never changed.
    """
    if account is None or _runs(binaries.bindir, account):
        return binaries
    if not binaries.tree:
        raise ServerError(f"The user {account.name} cannot run {binaries.bindir / 'postgres'}.")
    target = store / f"{binaries.version}-{binaries.tree[0].name}"
    copied = target / binaries.bindir.relative_to(binaries.tree[0].parent)
    if not copied.is_dir():
        partial = target.with_name(f"{target.name}.{os.getpid()}.tmp")
        partial.mkdir(parents=True)
        for folder in binaries.tree:
            shutil.copytree(folder, partial / folder.name, symlinks=True)
        _open_to_all(store, partial)
        try:
            partial.rename(target)
        except OSError:
            if not copied.is_dir():
                raise
            shutil.rmtree(partial)  # another launcher finished the same copy first
    if not _runs(copied, account):
        raise ServerError(f"The user {account.name} cannot run {copied / 'postgres'}: is {store} mounted noexec?")
    return Binaries(copied, binaries.version, binaries.source)


def _open_to_all(store: Path, tree: Path) -> None:
    # Our own folders only, made a moment ago under whatever umask root has.
    for folder in (store.parent, store):
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or (os.access(path, os.X_OK) and path.stat().st_mode & 0o100)
            path.chmod(0o755 if executable else 0o644)


def _runs(bindir: Path, account: Account) -> bool:
    try:
        test = subprocess.run(
            [bindir / "postgres", "--version"], check=False, capture_output=True, **account.popen_options()
        )
    except OSError:
        return False
    return test.returncode == 0
